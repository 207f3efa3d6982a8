/* A disk that fails on command: put before the C library by LD_PRELOAD, it makes the n-th write, fsync, rename or
 * opening for writing of this process fail, inside SQLite too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, RENAME = 4, OPEN = 8 };
enum { ONCE = 0, FOR_GOOD = 1, SHORT = 2 }; /* SHORT: half of a write arrives, then it fails for good */

static int armed_calls, left, error_code, manner, seen, failures;

void fault_arm(int calls, int after, int code, int how) {
    armed_calls = calls; left = after; error_code = code; manner = how; seen = failures = 0;
}
void fault_disarm(void) { armed_calls = 0; }
int fault_failures(void) { return failures; }

/* 0: go on, 1: fail, 2: write half */
static int strikes(int call) {
    if (!(armed_calls & call)) return 0;
    int number = seen++;
    if (number < left) return 0;
    if (number > left && manner == ONCE) return 0;
    failures++;
    if (number == left && manner == SHORT && call == WRITE) return 2;
    errno = error_code;
    return 1;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    int struck = fd > 2 ? strikes(WRITE) : 0;
    return struck == 1 ? -1 : real(fd, data, struck ? (size + 1) / 2 : size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite);
    int struck = strikes(WRITE);
    return struck == 1 ? -1 : real(fd, data, struck ? (size + 1) / 2 : size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64);
    int struck = strikes(WRITE);
    return struck == 1 ? -1 : real(fd, data, struck ? (size + 1) / 2 : size, at);
}
int ftruncate(int fd, off_t size) { REAL(ftruncate); return strikes(WRITE) ? (errno = error_code, -1) : real(fd, size); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); return strikes(WRITE) ? (errno = error_code, -1) : real(fd, size); }
/* Nothing here loses its power, so waiting for the real disk would prove nothing. */
int fsync(int fd) { (void)fd; return strikes(SYNC) ? -1 : 0; }
int fdatasync(int fd) { (void)fd; return strikes(SYNC) ? -1 : 0; }
int rename(const char *from, const char *to) { REAL(rename); return strikes(RENAME) ? -1 : real(from, to); }

#define OPENS(name, parameters, values)                                                      \
    int name parameters {                                                                    \
        REAL(name);                                                                          \
        mode_t mode = 0;                                                                     \
        if (flags & (O_CREAT | O_TMPFILE)) {                                                 \
            va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more);  \
        }                                                                                    \
        if ((flags & O_ACCMODE) != O_RDONLY && strikes(OPEN)) return -1;                     \
        return real values;                                                                  \
    }
OPENS(open, (const char *path, int flags, ...), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), (path, flags, mode))
OPENS(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
OPENS(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
