#include <spawn.h>

// glibc shows these two (2.29 and 2.34, posix_spawn_file_actions_addclosefrom_np(3)) only to programs that ask for its
// extensions, which Swift does not.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
