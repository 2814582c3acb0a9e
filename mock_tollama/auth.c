#include "mock/auth.h"

#include <string.h>

#include "base/mem.h"

enum err auth_add(struct auth *auth, const char *key, struct err_note *note)
{
    size_t length = strlen(key);
    if (length == 0 || length > AUTH_KEY_BYTES_MAX || strpbrk(key, " \t\r\n") != NULL) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "an API key has 1 to %d characters and no blanks",
                            (int)AUTH_KEY_BYTES_MAX);
    }
    if (auth->count == AUTH_KEYS_MAX) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0, "there are more than %d API keys",
                            (int)AUTH_KEYS_MAX);
    }
    auth->keys[auth->count++] = mem_copy_string(key);
    return ERR_OK;
}

enum err auth_add_list(struct auth *auth, const char *list, struct err_note *note)
{
    enum err rc = ERR_OK;
    while (rc == ERR_OK && list != NULL && *list != '\0') {
        char key[AUTH_KEY_BYTES_MAX + 2] = "";
        size_t length = strcspn(list, ",");
        size_t kept = length < sizeof key - 1 ? length : sizeof key - 1;
        memcpy(key, list, kept);
        if (length > 0) rc = auth_add(auth, key, note);
        list += length + (list[length] == ',');
    }
    return rc;
}

void auth_deinit(struct auth *auth)
{
    for (size_t i = 0; i < auth->count; i++)
        mem_free(auth->keys[i]);
    *auth = (struct auth){ .count = 0 };
}

/* Looks at every byte of `given`, wherever the first difference is. */
static bool same(const char *given, size_t length, const char *key)
{
    size_t key_length = strlen(key);
    unsigned difference = length != key_length;
    for (size_t i = 0; i < length; i++)
        difference |= (unsigned)(unsigned char)(given[i] ^ key[i < key_length ? i : key_length]);
    return difference == 0;
}

const char *auth_refusal(const struct auth *auth, const char *header)
{
    static const char SCHEME[] = "Bearer ";
    if (auth->count == 0) return NULL;
    if (header == NULL || header[0] == '\0') return "missing bearer token";
    if (strncmp(header, SCHEME, sizeof SCHEME - 1) != 0) {
        return "authorization scheme must be Bearer";
    }
    const char *token = header + sizeof SCHEME - 1;
    token += strspn(token, " \t");
    size_t length = strlen(token);
    while (length > 0 && (token[length - 1] == ' ' || token[length - 1] == '\t'))
        length--;
    if (length == 0) return "missing bearer token";
    bool known = false;
    for (size_t i = 0; i < auth->count; i++) {
        bool hit = same(token, length, auth->keys[i]);
        known = known || hit;
    }
    return known ? NULL : "invalid api key";
}
