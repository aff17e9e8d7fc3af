/*
 * Of the files below one folder: which is a descriptor's. For libraries that are loaded with
 * LD_PRELOAD; every call goes to the kernel directly, and `errno` stays what it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static char root[PATH_BYTES];
static size_t root_bytes;

/* Which folder it is; without one, nothing is below it. */
static int look_below(const char *folder)
{
    if (strlen(folder) >= PATH_BYTES)
        return 0;
    strcpy(root, folder);
    root_bytes = strlen(root);
    return 1;
}

static int is_below(const char *path)
{
    static const char gone[] = " (deleted)";
    size_t bytes = strlen(path);
    if (strncmp(path, root, root_bytes) != 0 || (path[root_bytes] && path[root_bytes] != '/'))
        return 0;
    return bytes < sizeof gone || strcmp(path + bytes - (sizeof gone - 1), gone) != 0;
}

/* The name under which a descriptor's file is known now; empty where it has none. */
static void name_of(int fd, char *name)
{
    char link[64] = "/proc/self/fd/";
    char digits[16];
    int at = 0, to = strlen(link);
    name[0] = 0;
    if (fd < 0 || root_bytes == 0)
        return;
    for (int rest = fd; at == 0 || rest > 0; rest /= 10)
        digits[at++] = '0' + rest % 10;
    while (at > 0)
        link[to++] = digits[--at];
    link[to] = 0;
    long bytes = syscall(SYS_readlinkat, AT_FDCWD, link, name, PATH_BYTES - 1);
    name[bytes > 0 ? bytes : 0] = 0;
}

static int is_file_of_ours(int fd, char *name)
{
    int error = errno;
    name_of(fd, name);
    errno = error;
    return root_bytes > 0 && is_below(name);
}
