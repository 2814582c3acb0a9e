#include "runtime/secrets.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define TOKEN_VARIABLE "TSFM_FORECAST_API_TOKEN"
#define KEY_VARIABLE "TSFM_UPSTREAM_API_KEY"

/* Lower case. A text whose letters are nothing but a row of these is a placeholder:
 * "your-token-here", "MySecretPassword1". To refuse another: one word here. */
static const char *const words[] = {
    "a",      "add",    "admin",  "api",    "auth",   "bearer",  "change", "changeit",
    "dear",   "default", "demo",  "dev",    "do",     "dummy",   "enter",  "example",
    "fake",   "fill",   "fixme",  "foo",    "bar",    "forecast", "generate", "goes",
    "here",   "in",     "insert", "is",     "it",     "key",     "local",  "me",
    "my",     "none",   "not",    "null",   "of",     "passwd",  "password", "paste",
    "please", "placeholder", "prod", "put", "random", "real",    "replace", "sample",
    "secret", "secure", "set",    "staging", "string", "super",  "temp",   "test",
    "testing", "the",   "this",   "to",     "todo",   "token",   "tsfm",   "use",
    "user",   "value",  "very",   "with",   "your",   "abc",     "qwerty", "letmein",
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether `letters` can be cut into words; place by place, which ends are reachable. */
static bool is_row_of_words(const char *letters, size_t length)
{
    bool reached[SECRET_MAX + 1] = { true };
    for (size_t at = 0; at < length; at++) {
        if (!reached[at]) continue;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            size_t word = strlen(words[i]);
            if (at + word <= length && memcmp(letters + at, words[i], word) == 0) {
                reached[at + word] = true;
            }
        }
    }
    return reached[length];
}

static bool is_one_letter_repeated(const char *letters, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        if (letters[i] != letters[0]) return false;
    }
    return true;
}

static bool is_one_character(const char *text)
{
    return text[strspn(text, (char[]){ text[0], '\0' })] == '\0';
}

bool secret_is_placeholder(const char *text)
{
    char letters[SECRET_MAX + 1];
    size_t count = 0;
    size_t length = strlen(text);
    if (length == 0) return true;
    bool template = (text[0] == '<' && text[length - 1] == '>') ||
                    (text[0] == '{' && text[length - 1] == '}') ||
                    (text[0] == '$' && (text[1] == '{' || text[1] == '('));
    if (template || is_one_character(text)) return true;
    for (size_t i = 0; i < length && count < SECRET_MAX; i++) {
        if (is_letter(text[i])) letters[count++] = lower(text[i]);
    }
    /* Digits alone may be a secret; "xxxx-xxxx-1" is none. */
    if (count == 0) return false;
    if (count > 1 && is_one_letter_repeated(letters, count)) return true;
    return is_row_of_words(letters, count);
}

static const char *find(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
            return *environment + length + 1;
        }
    }
    return NULL;
}

/* The value without the white space around it; refused when no header can carry it. */
static enum err take(const char *name, const char *value, char out[SECRET_MAX + 1],
                     struct err_note *note)
{
    static const char space[] = " \t\r\n";
    value += strspn(value, space);
    size_t length = strlen(value);
    while (length > 0 && strchr(space, value[length - 1]) != NULL) length--;
    if (length == 0) {
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            "%s is empty; unset it to do without, or give it a value", name);
    }
    if (length > SECRET_MAX) {
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            "%s is longer than %d characters", name, SECRET_MAX);
    }
    for (size_t i = 0; i < length; i++) {
        if (value[i] > ' ' && value[i] < 0x7F) continue;
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            "%s holds a character that a header cannot carry (position %zu); use "
                            "letters, digits and punctuation",
                            name, i + 1);
    }
    memcpy(out, value, length);
    out[length] = '\0';
    return ERR_OK;
}

static enum err refuse_weak(const char *token, struct err_note *note)
{
    if (secret_is_placeholder(token)) {
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            TOKEN_VARIABLE " is a placeholder, not a secret; make one, for example "
                            "with: openssl rand -hex 32");
    }
    if (strlen(token) < SECRET_TOKEN_MIN) {
        return err_note_set(note, ERR_INVALID, NULL, 0, 0,
                            TOKEN_VARIABLE " is shorter than %d characters and can be guessed; "
                            "make one, for example with: openssl rand -hex 32",
                            SECRET_TOKEN_MIN);
    }
    return ERR_OK;
}

enum err secrets_load(struct secrets *out, char *const *environment, struct err_note *note)
{
    *out = (struct secrets){ .api_token = "" };
    const char *token = find(environment, TOKEN_VARIABLE);
    const char *key = find(environment, KEY_VARIABLE);
    enum err rc = ERR_OK;
    if (token != NULL) rc = take(TOKEN_VARIABLE, token, out->api_token, note);
    if (token != NULL && rc == ERR_OK) rc = refuse_weak(out->api_token, note);
    if (key != NULL && rc == ERR_OK) rc = take(KEY_VARIABLE, key, out->upstream_key, note);
    return rc;
}
