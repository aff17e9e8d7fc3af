/*
 * Logs what a process does to the files below one folder, in one order, so that a test can work out
 * what a power cut at any moment would leave. Loaded with LD_PRELOAD; `recorder.rs` compiles it,
 * and `recording.rs` reads what it writes.
 *
 *   POWER_CUT_ROOT  the folder
 *   POWER_CUT_LOG   the log, appended to; several processes may share it, one after another
 *
 * An operation and its line in the log are one step under one lock, so the log's order is the
 * kernel's. A sync is two lines, its begin and its end, and what is between them is not covered by
 * it. sync_file_range is left alone: it makes nothing durable. HTTP answers are logged as they
 * leave, since they are the promises that a test holds the disk to.
 *
 * While `<log>.halt` exists, the process ends at its next operation, before it: a SIGKILL whose
 * place in the log is exact.
 *
 * Every call goes to the kernel directly, so nothing here depends on which libc is loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "folder.h"

#if !defined(__LP64__)
#error "offsets are passed to the kernel in one register"
#endif

enum { PIECES_MAX = 1024, SOCKETS_MAX = 65536 };

/* The numbers are those of `recording.rs`. */
enum kind {
    WRITE = 1,
    TRUNCATE,
    SYNC_BEGIN,
    SYNC_END,
    CREATE,
    MAKE_FOLDER,
    RENAME,
    REMOVE,
    REMOVE_FOLDER,
    LINK,
    ANSWER,
};

struct head {
    uint32_t magic;
    uint32_t kind;
    uint32_t path_bytes;
    uint32_t other_bytes;
    uint64_t data_bytes;
    uint64_t at;
    uint64_t id;
};

static const uint32_t MAGIC = 0x54425243;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char halt[PATH_BYTES];
static int log_fd = -1;
static uint64_t syncs;
/* Sockets on which an HTTP answer has begun: what follows belongs to it. */
static unsigned char answers[SOCKETS_MAX];

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("POWER_CUT_ROOT");
    const char *log = getenv("POWER_CUT_LOG");
    if (!folder || !log || strlen(log) + 6 >= PATH_BYTES || !look_below(folder))
        return;
    strcpy(halt, log);
    strcat(halt, ".halt");
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
    log_fd = syscall(SYS_openat, AT_FDCWD, log, flags, 0600);
    if (log_fd < 0)
        abort();
}

static void enter(void)
{
    pthread_mutex_lock(&lock);
    if (syscall(SYS_faccessat, AT_FDCWD, halt, F_OK) == 0)
        syscall(SYS_exit_group, 137);
}

static void leave(void)
{
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
}

/* A log that lacks a line would prove nothing: better no process at all. */
static void append(struct head head, const char *path, const char *other,
                   const struct iovec *data, int pieces)
{
    struct iovec all[PIECES_MAX + 3];
    int error = errno;
    head.magic = MAGIC;
    head.path_bytes = path ? strlen(path) : 0;
    head.other_bytes = other ? strlen(other) : 0;
    all[0] = (struct iovec){ &head, sizeof head };
    all[1] = (struct iovec){ (void *)path, head.path_bytes };
    all[2] = (struct iovec){ (void *)other, head.other_bytes };
    int count = 3;
    size_t left = head.data_bytes;
    for (int i = 0; i < pieces && left > 0; i++) {
        size_t bytes = data[i].iov_len < left ? data[i].iov_len : left;
        all[count++] = (struct iovec){ data[i].iov_base, bytes };
        left -= bytes;
    }
    size_t whole = sizeof head + head.path_bytes + head.other_bytes + head.data_bytes;
    if (syscall(SYS_writev, log_fd, all, count) != (long)whole)
        abort();
    errno = error;
}

/* The whole path that a call means, if it lies below the folder. */
static int resolve(int folder, const char *path, char *whole)
{
    int error = errno;
    whole[0] = 0;
    if (log_fd >= 0 && path) {
        if (path[0] == '/')
            strncat(whole, path, PATH_BYTES - 1);
        else if (folder != AT_FDCWD || syscall(SYS_getcwd, whole, PATH_BYTES) > 0) {
            if (folder != AT_FDCWD)
                name_of(folder, whole);
            strncat(whole, "/", PATH_BYTES - 1 - strlen(whole));
            strncat(whole, path, PATH_BYTES - 1 - strlen(whole));
        }
    }
    errno = error;
    return is_below(whole) && root_bytes > 0;
}

static int is_answer(int fd, const char *name, const struct iovec *data, int pieces)
{
    if (strncmp(name, "socket:", 7) != 0 || fd >= SOCKETS_MAX || pieces < 1)
        return 0;
    if (data[0].iov_len >= 5 && memcmp(data[0].iov_base, "HTTP/", 5) == 0)
        answers[fd] = 1;
    return answers[fd];
}

/* What all writes share: `at` is the place, or -1 for the descriptor's own. */
static ssize_t write_pieces(int fd, const struct iovec *data, int pieces, off_t at, int flags)
{
    char name[PATH_BYTES];
    int is_ours = is_file_of_ours(fd, name);
    int answers_it = !is_ours && is_answer(fd, name, data, pieces);
    ssize_t written;
    if (is_ours || answers_it)
        enter();
    if (flags >= 0) {
        struct msghdr message = { .msg_iov = (struct iovec *)data, .msg_iovlen = pieces };
        written = syscall(SYS_sendmsg, fd, &message, flags);
    } else if (at >= 0)
        written = syscall(SYS_pwritev, fd, data, pieces, at, 0);
    else
        written = syscall(SYS_writev, fd, data, pieces);
    if (written > 0 && pieces > PIECES_MAX && (is_ours || answers_it))
        abort();
    if (written > 0 && is_ours) {
        if (at < 0)
            at = syscall(SYS_lseek, fd, 0, SEEK_CUR) - written;
        append((struct head){ .kind = WRITE, .at = at, .data_bytes = written }, name, 0, data,
               pieces);
    }
    if (written > 0 && answers_it) {
        uint64_t id = (uint64_t)getpid() << 32 | (uint32_t)fd;
        append((struct head){ .kind = ANSWER, .id = id, .data_bytes = written }, 0, 0, data,
               pieces);
    }
    if (is_ours || answers_it)
        leave();
    return written;
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    struct iovec piece = { (void *)data, bytes };
    return write_pieces(fd, &piece, 1, -1, -1);
}

ssize_t writev(int fd, const struct iovec *data, int pieces)
{
    return write_pieces(fd, data, pieces, -1, -1);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at)
{
    struct iovec piece = { (void *)data, bytes };
    return write_pieces(fd, &piece, 1, at, -1);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at)
{
    return pwrite(fd, data, bytes, at);
}

ssize_t pwritev(int fd, const struct iovec *data, int pieces, off_t at)
{
    return write_pieces(fd, data, pieces, at, -1);
}

ssize_t pwritev64(int fd, const struct iovec *data, int pieces, off64_t at)
{
    return pwritev(fd, data, pieces, at);
}

ssize_t send(int fd, const void *data, size_t bytes, int flags)
{
    struct iovec piece = { (void *)data, bytes };
    return write_pieces(fd, &piece, 1, -1, flags);
}

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    char whole[PATH_BYTES];
    struct stat state;
    if (!(flags & (O_CREAT | O_TRUNC)) || !resolve(folder, path, whole))
        return syscall(SYS_openat, folder, path, flags, mode);
    enter();
    int was_there = syscall(SYS_newfstatat, folder, path, &state, 0) == 0;
    int fd = syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= 0 && !was_there) {
        if (syscall(SYS_fstat, fd, &state) != 0)
            abort();
        append((struct head){ .kind = CREATE, .at = state.st_mode & 07777 }, whole, 0, 0, 0);
    }
    if (fd >= 0 && was_there && (flags & O_TRUNC))
        append((struct head){ .kind = TRUNCATE }, whole, 0, 0, 0);
    leave();
    return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name, parameters, folder)                          \
    int name parameters                                         \
    {                                                           \
        va_list rest;                                           \
        va_start(rest, flags);                                  \
        mode_t mode = mode_of(flags, rest);                     \
        va_end(rest);                                           \
        return open_at(folder, path, flags, mode);              \
    }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int folder, const char *path, int flags, ...), folder)
OPEN(openat64, (int folder, const char *path, int flags, ...), folder)

int creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int creat64(const char *path, mode_t mode)
{
    return creat(path, mode);
}

int ftruncate(int fd, off_t bytes)
{
    char name[PATH_BYTES];
    if (!is_file_of_ours(fd, name))
        return syscall(SYS_ftruncate, fd, bytes);
    enter();
    int result = syscall(SYS_ftruncate, fd, bytes);
    if (result == 0)
        append((struct head){ .kind = TRUNCATE, .at = bytes }, name, 0, 0, 0);
    leave();
    return result;
}

int ftruncate64(int fd, off64_t bytes)
{
    return ftruncate(fd, bytes);
}

static int sync_as(long call, int fd)
{
    char name[PATH_BYTES];
    if (!is_file_of_ours(fd, name))
        return syscall(call, fd);
    enter();
    uint64_t id = (uint64_t)getpid() << 32 | ++syncs;
    uint64_t is_of_data = call == SYS_fdatasync;
    append((struct head){ .kind = SYNC_BEGIN, .at = is_of_data, .id = id }, name, 0, 0, 0);
    leave();
    int result = syscall(call, fd);
    enter();
    if (result == 0)
        append((struct head){ .kind = SYNC_END, .id = id }, 0, 0, 0, 0);
    leave();
    return result;
}

int fsync(int fd)
{
    return sync_as(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_as(SYS_fdatasync, fd);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    char old[PATH_BYTES], new[PATH_BYTES];
    int is_ours = resolve(from_folder, from, old) && resolve(to_folder, to, new);
    if (is_ours)
        enter();
    int result = syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (is_ours) {
        if (result == 0)
            append((struct head){ .kind = RENAME }, old, new, 0, 0);
        leave();
    }
    return result;
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    char old[PATH_BYTES], new[PATH_BYTES];
    int is_ours = resolve(from_folder, from, old) && resolve(to_folder, to, new);
    if (is_ours)
        enter();
    int result = syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    if (is_ours) {
        if (result == 0)
            append((struct head){ .kind = LINK }, old, new, 0, 0);
        leave();
    }
    return result;
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int folder, const char *path, int flags)
{
    char whole[PATH_BYTES];
    if (!resolve(folder, path, whole))
        return syscall(SYS_unlinkat, folder, path, flags);
    enter();
    int result = syscall(SYS_unlinkat, folder, path, flags);
    enum kind kind = flags & AT_REMOVEDIR ? REMOVE_FOLDER : REMOVE;
    if (result == 0)
        append((struct head){ .kind = kind }, whole, 0, 0, 0);
    leave();
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    char whole[PATH_BYTES];
    if (!resolve(folder, path, whole))
        return syscall(SYS_mkdirat, folder, path, mode);
    enter();
    int result = syscall(SYS_mkdirat, folder, path, mode);
    if (result == 0)
        append((struct head){ .kind = MAKE_FOLDER }, whole, 0, 0, 0);
    leave();
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}
