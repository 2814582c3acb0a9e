#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { FILE_CHUNK = 64 * 1024 };

static enum err note_errno(struct err_note *note, const char *path, const char *what)
{
    enum err err = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    return err_note_set(note, err, path, 0, 0, "cannot %s: %s", what, strerror(errno));
}

/* Reads to the end of `fd`, or until more than `bytes_max` bytes came. */
static enum err read_all(int fd, const char *path, size_t bytes_max, char **out, size_t *length,
                         struct err_note *note)
{
    char *data = NULL;
    size_t used = 0;
    size_t room = 0;
    for (;;) {
        if (room - used < FILE_CHUNK) {
            room = room == 0 ? 2 * (size_t)FILE_CHUNK : room * 2;
            data = mem_resize(data, room, 1);
        }
        ssize_t got = read(fd, data + used, FILE_CHUNK - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            enum err err = note_errno(note, path, "read this file");
            mem_free(data);
            return err;
        }
        if (got == 0) break;
        used += (size_t)got;
        if (used > bytes_max) {
            mem_free(data);
            return err_note_set(note, ERR_TOO_LARGE, path, 0, 0,
                                "the file is too large; allowed: at most %zu bytes", bytes_max);
        }
    }
    data[used] = '\0';
    *out = data;
    *length = used;
    return ERR_OK;
}

enum err file_read(const char *path, size_t bytes_max, char **out, size_t *length,
                   struct err_note *note)
{
    *out = NULL;
    *length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return note_errno(note, path, "open this file");
    enum err err = ERR_OK;
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        err = err_note_set(note, ERR_INVALID, path, 0, 0, "this is a folder; a file is needed");
    } else {
        err = read_all(fd, path, bytes_max, out, length, note);
    }
    close(fd);
    return err;
}

/* False with errno set. */
static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = write(fd, bytes, length);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Creates `path` or empties it, and fills it. False with errno set. */
static bool write_plain(const char *path, const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    bool ok = write_all(fd, bytes, length);
    int saved = errno;
    if (close(fd) != 0 && ok) return false;
    errno = saved;
    return ok;
}

enum { TEMPORARY_MAX = ERR_PATH_MAX + 32 };

/* Where the bytes for `path` go: a name beside it, or itself (`*plain`) when it must never be
 * replaced: /dev/stdout, a pipe. */
static enum err choose_name(const char *path, char temporary[TEMPORARY_MAX], bool *plain,
                            struct err_note *note)
{
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode)) {
        return err_note_set(note, ERR_INVALID, path, 0, 0,
                            "this is a folder; a file name is needed");
    }
    *plain = exists && !S_ISREG(st.st_mode);
    int need = snprintf(temporary, TEMPORARY_MAX, "%s.%ld.part", path, (long)getpid());
    if (need < 0 || need >= TEMPORARY_MAX) {
        return err_note_set(note, ERR_INVALID, path, 0, 0, "the file's name is too long");
    }
    return ERR_OK;
}

enum err file_clear(const char *path, struct err_note *note)
{
    char temporary[TEMPORARY_MAX];
    bool plain = false;
    enum err err = choose_name(path, temporary, &plain, note);
    if (err != ERR_OK) return err;
    if (plain) {
        return access(path, W_OK) == 0 ? ERR_OK : note_errno(note, path, "write this file");
    }
    if (!write_plain(temporary, "", 0)) return note_errno(note, path, "write this file");
    unlink(temporary);
    if (unlink(path) == 0 || errno == ENOENT) return ERR_OK;
    return note_errno(note, path, "replace this file");
}

enum err file_write(const char *path, const void *bytes, size_t length, struct err_note *note)
{
    char temporary[TEMPORARY_MAX];
    bool plain = false;
    enum err chosen = choose_name(path, temporary, &plain, note);
    if (chosen != ERR_OK) return chosen;
    if (plain) {
        if (write_plain(path, bytes, length)) return ERR_OK;
        return note_errno(note, path, "write this file");
    }
    if (!write_plain(temporary, bytes, length) || rename(temporary, path) != 0) {
        enum err err = note_errno(note, path, "write this file");
        unlink(temporary);
        return err;
    }
    return ERR_OK;
}

enum err file_make_folder(const char *path, struct err_note *note)
{
    char *partial = mem_copy_string(path);
    enum err err = ERR_OK;
    size_t length = strlen(partial);
    for (size_t i = 1; i <= length && err == ERR_OK; i++) {
        if (partial[i] != '/' && partial[i] != '\0') continue;
        char kept = partial[i];
        partial[i] = '\0';
        int failure = mkdir(partial, 0777) == 0 ? 0 : errno;
        if (failure != 0 && !file_is_folder(partial)) {
            err = err_note_set(note, ERR_IO, partial, 0, 0, "cannot make this folder: %s",
                               failure == EEXIST ? "a file of this name is in the way"
                                                 : strerror(failure));
        }
        partial[i] = kept;
    }
    mem_free(partial);
    return err;
}

const char *file_beside(struct arena *arena, const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || name[0] == '/') return name;
    return arena_printf(arena, "%.*s%s", (int)(slash - path + 1), path, name);
}

bool file_is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

void file_open_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        if (open("/dev/null", O_RDWR) != fd) return;
    }
}

int file_close_standard(int code, int lost)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "error: cannot write to standard output: %s\n", strerror(errno));
    return code == 0 ? lost : code;
}
