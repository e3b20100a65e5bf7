#include <curl/curl.h>

// curl takes its settings through functions of varying arguments, which Swift cannot call.

static inline CURLcode crossdock_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crossdock_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode crossdock_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

// What is sent is read from `source` by `reader`.
static inline CURLcode crossdock_curl_set_reader(CURL *handle, curl_read_callback reader, void *source) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_READFUNCTION, reader);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_READDATA, source) : code;
}

// The last code the far side has answered; 0 where it said nothing.
static inline long crossdock_curl_answer(CURL *handle) {
    long code = 0;
    return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK ? code : 0;
}

static inline CURLcode crossdock_curl_begin(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }
