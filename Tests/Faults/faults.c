// Put before libc by LD_PRELOAD, it lets a disk or a clock fail while the program runs. What fails is named by files in
// the folder FAULTS_FOLDER; each is looked for at every call, so that a fault can come and go in the life of a process:
//   full      no file can grow
//   readonly  nothing can be written, made, renamed or removed
//   fsync     nothing becomes durable
//   tear      holds a number N: the N-th write to a write-ahead log is cut in half, and the process is killed
//   clock     holds seconds by which the wall clock is set off, for example -3600
// Files 0 to 2 are spared, so that the process can tell what it meets.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(result, name, ...)                                                       \
    static result (*real)(__VA_ARGS__);                                               \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)

static int place(char *path, size_t size, const char *name) {
    const char *folder = getenv("FAULTS_FOLDER");
    return folder && snprintf(path, size, "%s/%s", folder, name) < (int)size;
}

static int is_armed(const char *name) {
    char path[1024];
    int before = errno;
    int found = place(path, sizeof path, name) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
    errno = before;
    return found;
}

// The number in a control file; 0 when there is none.
static long number(const char *name) {
    char path[1024], text[32] = {0};
    int before = errno;
    long value = 0;
    if (place(path, sizeof path, name)) {
        int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
        if (file >= 0) {
            if (syscall(SYS_read, file, text, sizeof text - 1) > 0) value = atol(text);
            syscall(SYS_close, file);
        }
    }
    errno = before;
    return value;
}

// The errno with which a write up to that end of a file fails; 0 when it does not.
static int refusal(int file, off_t end) {
    struct stat state;
    if (file <= 2 || fstat(file, &state) != 0 || !S_ISREG(state.st_mode)) return 0;
    if (is_armed("readonly")) return EROFS;
    if (end > state.st_size && is_armed("full")) return ENOSPC;
    return 0;
}

static int refuse(int reason) {
    errno = reason;
    return -1;
}

// Whether this write is to be cut in half; the process then ends in it.
static int is_torn(int file) {
    static atomic_long seen;
    char link[64], path[1024];
    if (file <= 2 || !is_armed("tear")) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 4 || memcmp(path + length - 4, "-wal", 4) != 0) return 0;
    return atomic_fetch_add(&seen, 1) + 1 == number("tear");
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    int reason = refusal(file, at + (off_t)count);
    if (reason) return refuse(reason);
    if (is_torn(file)) {
        real(file, bytes, count / 2, at);
        die();
    }
    return real(file, bytes, count, at);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { return pwrite64(file, bytes, count, at); }

ssize_t write(int file, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    int reason = file > 2 ? refusal(file, lseek(file, 0, SEEK_CUR) + (off_t)count) : 0;
    return reason ? refuse(reason) : real(file, bytes, count);
}

int ftruncate64(int file, off64_t length) {
    REAL(int, "ftruncate64", int, off64_t);
    int reason = refusal(file, length);
    return reason ? refuse(reason) : real(file, length);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int fsync(int file) {
    REAL(int, "fsync", int);
    return is_armed("fsync") ? refuse(EIO) : real(file);
}

int fdatasync(int file) {
    REAL(int, "fdatasync", int);
    return is_armed("fsync") ? refuse(EIO) : real(file);
}

static int is_for_writing(const char *path, int flags) {
    return (flags & (O_WRONLY | O_RDWR | O_CREAT)) && strncmp(path, "/dev/", 5) != 0;
}

#define OPEN(name)                                                                    \
    int name(const char *path, int flags, ...) {                                      \
        REAL(int, #name, const char *, int, ...);                                     \
        va_list rest;                                                                 \
        va_start(rest, flags);                                                        \
        mode_t mode = va_arg(rest, mode_t);                                           \
        va_end(rest);                                                                 \
        if (is_for_writing(path, flags) && is_armed("readonly")) return refuse(EROFS); \
        return real(path, flags, mode);                                               \
    }
OPEN(open)
OPEN(open64)

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return is_armed("readonly") ? refuse(EROFS) : real(from, to);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    return is_armed("readonly") ? refuse(EROFS) : real(path);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    return is_armed("readonly") ? refuse(EROFS) : real(path, mode);
}

// By how much the wall clock is off, looked up fifty times a second.
static long shift(void) {
    static atomic_long value, looked;
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, &now);
    long tick = now.tv_sec * 50 + now.tv_nsec / 20000000;
    if (atomic_exchange(&looked, tick) != tick) atomic_store(&value, number("clock"));
    return atomic_load(&value);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int status = real(clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
    return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    REAL(int, "gettimeofday", struct timeval *, void *);
    int status = real(now, zone);
    if (status == 0) now->tv_sec += shift();
    return status;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}
