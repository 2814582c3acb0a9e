#include "harness/repository_path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* A whole path without ".", ".." and doubled slashes; "" when it is too long. By its words alone:
 * the file may be gone. */
static void make_whole(const char *path, char out[PATH_MAX])
{
    char text[2 * PATH_MAX];
    char folder[PATH_MAX] = "";
    size_t length = 0;
    out[0] = '\0';
    if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL) return;
    int need = snprintf(text, sizeof text, "%s/%s", folder, path);
    if (need < 0 || need >= PATH_MAX) return;
    for (const char *at = text; *at != '\0';) {
        size_t word = strcspn(at, "/");
        if (word == 2 && strncmp(at, "..", 2) == 0) {
            while (length > 0 && out[--length] != '/') {
            }
        } else if (word > 0 && !(word == 1 && at[0] == '.')) {
            out[length++] = '/';
            memcpy(out + length, at, word);
            length += word;
        }
        at += word;
        at += *at == '/';
    }
    out[length] = '\0';
}

/* What follows `root` in `path`; NULL when it lies elsewhere. */
static const char *within(const char *path, const char *root)
{
    size_t length = strlen(root);
    bool inside = length > 0 && strncmp(path, root, length) == 0 && path[length] == '/';
    return inside ? path + length + 1 : NULL;
}

/* The same, also when `root` is named by way of a link. */
static const char *within_named(const char *path, const char *root)
{
    char whole[PATH_MAX];
    char real[PATH_MAX];
    if (root == NULL || root[0] == '\0') return NULL;
    make_whole(root, whole);
    const char *rest = within(path, whole);
    if (rest == NULL && realpath(root, real) != NULL) rest = within(path, real);
    return rest;
}

static const char *within_checkout(const char *path)
{
    char folder[PATH_MAX];
    char mark[PATH_MAX + 8];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strrchr(folder, '/'); slash != NULL; slash = strrchr(folder, '/')) {
        *slash = '\0';
        snprintf(mark, sizeof mark, "%s/.git", folder);
        if (file_exists(mark)) return within(path, folder);
    }
    return NULL;
}

static const char *within_repository(const char *path)
{
    const char *rest = within_named(path, getenv("GITHUB_WORKSPACE"));
    if (rest == NULL) rest = within_named(path, getenv("CI_PROJECT_DIR"));
    if (rest == NULL) rest = within_checkout(path);
    if (rest == NULL) rest = within_named(path, ".");
    return rest;
}

void repository_path(struct buf *out, const char *path)
{
    char whole[PATH_MAX];
    char real[PATH_MAX];
    make_whole(path, whole);
    const char *rest = within_repository(whole);
    if (rest == NULL && realpath(path, real) != NULL) rest = within_repository(real);
    buf_puts(out, rest != NULL ? rest : path);
}
