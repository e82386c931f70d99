/* A disk that forgets what was not synced.
 *
 * Preloaded into a program, it keeps below LOSSES_MIRROR a copy of every file below LOSSES_ROOT, as the file was when it was
 * last synced; names change in both places at once. After the program is killed, the mirror is what a power failure would
 * have left. Nothing is really written to a disk, so this is also fast.
 *
 * A sync of a path that has LOSSES_IGNORED in it does nothing: with that, a proof shows that it would see a loss.
 *
 * While the file LOSSES_FULL exists, the disk is full: no path below LOSSES_ROOT that has LOSSES_FULL_FOR in it can be written. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void give_up(const char *what, const char *path) {
    fprintf(stderr, "unsynced: %s %s: %s\n", what, path, strerror(errno));
    abort();
}

/* The mirrored path of a path below the root; 0 when it is elsewhere. */
static int mirrored(const char *path, char *mirror) {
    const char *root = getenv("LOSSES_ROOT"), *target = getenv("LOSSES_MIRROR");
    char absolute[PATH_MAX];
    if (!root || !target) return 0;
    if (path[0] != '/') {
        char folder[PATH_MAX / 2];
        if (!getcwd(folder, sizeof folder)) return 0;
        snprintf(absolute, sizeof absolute, "%s/%s", folder, path);
        path = absolute;
    }
    size_t length = strlen(root);
    if (strncmp(path, root, length) != 0 || path[length] != '/') return 0;
    return snprintf(mirror, PATH_MAX, "%s%s", target, path + length) < PATH_MAX;
}

/* Copies the file as it is now. The program's own descriptor is read: opening and closing the file anew would release the
 * locks that SQLite holds on it. Who copies last has read last: the mirror's file is locked meanwhile. */
static void copy(int source, const char *mirror) {
    char part[65536];
    struct stat status;
    int target = open(mirror, O_RDWR | O_CREAT, 0600);
    if (target < 0) give_up("open", mirror);
    if (flock(target, LOCK_EX) != 0 || fstat(source, &status) != 0) give_up("lock", mirror);
    off_t at = 0;
    while (at < status.st_size) {
        ssize_t count = pread(source, part, sizeof part, at);
        if (count < 0) give_up("read", mirror);
        if (count == 0) break;
        if (pwrite(target, part, (size_t)count, at) != count) give_up("write", mirror);
        at += count;
    }
    if (ftruncate(target, at) != 0) give_up("truncate", mirror);
    close(target);
}

static int synced(int file) {
    char name[64], path[PATH_MAX], mirror[PATH_MAX];
    struct stat status;
    int before = errno;
    if (fstat(file, &status) != 0) return -1;
    if (!S_ISREG(status.st_mode)) return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return -1;
    path[length] = 0;
    const char *ignored = getenv("LOSSES_IGNORED");
    int is_ignored = (ignored && strstr(path, ignored)) || strstr(path, " (deleted)");
    if (!is_ignored && mirrored(path, mirror)) copy(file, mirror);
    errno = before;
    return 0;
}

static int is_full(int file) {
    char name[64], path[PATH_MAX], mirror[PATH_MAX];
    const char *full = getenv("LOSSES_FULL"), *for_path = getenv("LOSSES_FULL_FOR");
    int before = errno, result = 0;
    if (full && access(full, F_OK) == 0) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", file);
        ssize_t length = readlink(name, path, sizeof path - 1);
        path[length < 0 ? 0 : length] = 0;
        result = strstr(path, for_path) && mirrored(path, mirror);
    }
    errno = result ? ENOSPC : before;
    return result;
}

ssize_t pwrite64(int file, const void *data, size_t count, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return is_full(file) ? -1 : real(file, data, count, at);
}

ssize_t pwrite(int file, const void *data, size_t count, off_t at) { return pwrite64(file, data, count, at); }

ssize_t write(int file, const void *data, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return is_full(file) ? -1 : real(file, data, count);
}

int fsync(int file) { return synced(file); }
int fdatasync(int file) { return synced(file); }

static int both(const char *function, const char *from, const char *to) {
    char mirror_from[PATH_MAX], mirror_to[PATH_MAX];
    int (*real)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, function);
    int is_mirrored = mirrored(from, mirror_from) && mirrored(to, mirror_to);
    int result = real(from, to);
    int before = errno;
    /* what was never synced is not in the mirror */
    if (result == 0 && is_mirrored && real(mirror_from, mirror_to) != 0 && errno != ENOENT) give_up(function, mirror_from);
    errno = before;
    return result;
}

int rename(const char *from, const char *to) { return both("rename", from, to); }
int link(const char *from, const char *to) { return both("link", from, to); }

static int one(const char *function, const char *path) {
    char mirror[PATH_MAX];
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, function);
    int is_mirrored = mirrored(path, mirror);
    int result = real(path);
    int before = errno;
    if (result == 0 && is_mirrored && real(mirror) != 0 && errno != ENOENT) give_up(function, mirror);
    errno = before;
    return result;
}

int unlink(const char *path) { return one("unlink", path); }
int rmdir(const char *path) { return one("rmdir", path); }

int mkdir(const char *path, mode_t mode) {
    char mirror[PATH_MAX];
    int (*real)(const char *, mode_t) = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");
    int is_mirrored = mirrored(path, mirror);
    int result = real(path, mode);
    int before = errno;
    if (result == 0 && is_mirrored && real(mirror, mode) != 0 && errno != EEXIST) give_up("mkdir", mirror);
    errno = before;
    return result;
}
