/*
 * Lets the files below one folder fail as those on a full or a broken disk do. Loaded with
 * LD_PRELOAD; `failing_disk.rs` compiles it.
 *
 *   FAILING_DISK_ROOT     the folder
 *   FAILING_DISK_CONTROL  a file with a `struct control` in it, which a test writes and reads
 *
 * A full disk takes what overwrites, and refuses what makes a file longer: the write that finds too
 * little room is short, the next is ENOSPC. One that copies on write refuses both. A sync that fails
 * is told once to every descriptor, as Linux tells it, and after that syncs succeed. A process that
 * begins later is told of none. A disk that is busy keeps syncs waiting.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "folder.h"

#if !defined(__LP64__)
#error "offsets are passed to the kernel in one register"
#endif

enum { PIECES_MAX = 1024, FILES_MAX = 65536, ABOUT_BYTES = 256, POLL_MICROS = 1000 };

/* The places are those of `failing_disk.rs`. */
struct control {
    int64_t room;             /* bytes by which files may still grow; negative: no limit */
    uint64_t broken_syncs;    /* how many failures there were that syncs have to tell of */
    uint64_t refused_writes;  /* ours */
    uint64_t failed_syncs;    /* ours */
    uint64_t refuses;         /* whether what overwrites needs room, too */
    uint64_t held;            /* whether syncs wait */
    char about[ABOUT_BYTES];  /* only files with this in their path fail */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile struct control *control;
/* How many failures each descriptor was told of. */
static uint64_t told[FILES_MAX];
static uint64_t told_at_start;

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("FAILING_DISK_ROOT");
    const char *file = getenv("FAILING_DISK_CONTROL");
    if (!folder || !file)
        return;
    int fd = syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
    if (fd < 0 || !look_below(folder))
        abort();
    control = mmap(0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED)
        abort();
    syscall(SYS_close, fd);
    told_at_start = control->broken_syncs;
    for (int file = 0; file < FILES_MAX; file++)
        told[file] = told_at_start;
}

static int may_fail(int fd)
{
    char name[PATH_BYTES];
    return control && is_file_of_ours(fd, name) && strstr(name, (const char *)control->about);
}

static ssize_t write_at(int fd, const struct iovec *data, int pieces, off_t at)
{
    if (at >= 0)
        return syscall(SYS_pwritev, fd, data, pieces, at, 0);
    return syscall(SYS_writev, fd, data, pieces);
}

/* How many of so many bytes still fit. */
static size_t fitting(int fd, size_t bytes, off_t at)
{
    struct stat file;
    if (syscall(SYS_fstat, fd, &file) != 0)
        abort();
    if (syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND)
        at = file.st_size;
    else if (at < 0)
        at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    int64_t growth = control->refuses ? bytes : at + (int64_t)bytes - file.st_size;
    int64_t room = control->room;
    if (room < 0 || growth <= 0)
        return bytes;
    if (growth <= room) {
        control->room = room - growth;
        return bytes;
    }
    control->room = 0;
    int64_t rest = (int64_t)bytes - (growth - room);
    return rest > 0 ? rest : 0;
}

/* The first of the pieces, `bytes` together. */
static int shortened(const struct iovec *data, int pieces, size_t bytes, struct iovec *to)
{
    int count = 0;
    for (; count < pieces && bytes > 0; count++) {
        to[count] = data[count];
        if (to[count].iov_len > bytes)
            to[count].iov_len = bytes;
        bytes -= to[count].iov_len;
    }
    return count;
}

/* What all writes share: `at` is the place, or -1 for the descriptor's own. */
static ssize_t write_pieces(int fd, const struct iovec *data, int pieces, off_t at)
{
    struct iovec first[PIECES_MAX];
    size_t bytes = 0;
    ssize_t written = -1;
    if (pieces > PIECES_MAX || !may_fail(fd))
        return write_at(fd, data, pieces, at);
    for (int i = 0; i < pieces; i++)
        bytes += data[i].iov_len;
    pthread_mutex_lock(&lock);
    size_t fits = fitting(fd, bytes, at);
    if (fits < bytes)
        control->refused_writes++;
    if (fits > 0 || bytes == 0)
        written = write_at(fd, first, shortened(data, pieces, fits, first), at);
    else
        errno = ENOSPC;
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    struct iovec piece = { (void *)data, bytes };
    return write_pieces(fd, &piece, 1, -1);
}

ssize_t writev(int fd, const struct iovec *data, int pieces)
{
    return write_pieces(fd, data, pieces, -1);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at)
{
    struct iovec piece = { (void *)data, bytes };
    return write_pieces(fd, &piece, 1, at);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t at)
{
    return pwrite(fd, data, bytes, at);
}

ssize_t pwritev(int fd, const struct iovec *data, int pieces, off_t at)
{
    return write_pieces(fd, data, pieces, at);
}

ssize_t pwritev64(int fd, const struct iovec *data, int pieces, off64_t at)
{
    return pwritev(fd, data, pieces, at);
}

static int sync_as(long call, int fd)
{
    if (fd >= 0 && fd < FILES_MAX && may_fail(fd)) {
        while (control->held)
            usleep(POLL_MICROS);
        pthread_mutex_lock(&lock);
        int fails = told[fd] < control->broken_syncs;
        told[fd] = control->broken_syncs;
        control->failed_syncs += fails;
        pthread_mutex_unlock(&lock);
        if (fails) {
            errno = EIO;
            return -1;
        }
    }
    return syscall(call, fd);
}

int fsync(int fd)
{
    return sync_as(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_as(SYS_fdatasync, fd);
}

int close(int fd)
{
    if (fd >= 0 && fd < FILES_MAX)
        told[fd] = told_at_start;
    return syscall(SYS_close, fd);
}
