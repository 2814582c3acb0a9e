#include "config/redis_url.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char scheme[] = "redis://";

enum { PORT_DEFAULT = 6379 };

/* The text is cut into pieces in place: [begin, end). */
struct piece {
    const char *begin;
    const char *end;
};

static size_t length_of(struct piece piece)
{
    return (size_t)(piece.end - piece.begin);
}

/* The last `c` of the piece, NULL when there is none. */
static const char *find_last(struct piece piece, char c)
{
    return memrchr(piece.begin, c, length_of(piece));
}

static const char *find_first(struct piece piece, char c)
{
    return memchr(piece.begin, c, length_of(piece));
}

static void copy(struct piece piece, char out[OPTION_TEXT_MAX])
{
    assert(length_of(piece) < OPTION_TEXT_MAX);
    memcpy(out, piece.begin, length_of(piece));
    out[length_of(piece)] = '\0';
}

/* One to `digits_max` digits up to `most`. */
static bool parse_number(struct piece piece, size_t digits_max, uint32_t most, uint32_t *out)
{
    if (length_of(piece) < 1 || length_of(piece) > digits_max) return false;
    *out = 0;
    for (const char *at = piece.begin; at < piece.end; at++) {
        if (*at < '0' || *at > '9') return false;
        *out = *out * 10 + (uint32_t)(*at - '0');
    }
    return *out <= most;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool decode(struct piece piece, char out[OPTION_TEXT_MAX])
{
    size_t length = 0;
    for (const char *at = piece.begin; at < piece.end; at++) {
        char c = *at;
        if (c == '%') {
            if (piece.end - at < 3) return false;
            int high = hex_value(at[1]);
            int low = hex_value(at[2]);
            if (high < 0 || low < 0 || high + low == 0) return false;
            c = (char)(high * 16 + low);
            at += 2;
        }
        out[length++] = c;
    }
    out[length] = '\0';
    return true;
}

static bool parse_login(struct piece login, struct redis_url *out)
{
    const char *colon = find_first(login, ':');
    if (colon == NULL) return false;
    return decode((struct piece){ login.begin, colon }, out->user) &&
           decode((struct piece){ colon + 1, login.end }, out->password) &&
           out->password[0] != '\0';
}

static bool is_host(struct piece host, bool brackets)
{
    if (length_of(host) == 0) return false;
    for (const char *at = host.begin; at < host.end; at++) {
        bool word = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                    (*at >= '0' && *at <= '9') || *at == '.' || *at == '-' || *at == '_';
        if (!word && !(brackets && *at == ':')) return false;
    }
    return true;
}

static const char *parse_place(struct piece place, struct redis_url *out)
{
    static const char advice[] = "no host; write redis://HOST:PORT/DATABASE, for example "
                                 "redis://127.0.0.1:6379/0, with an IPv6 address in brackets";
    struct piece host = place;
    struct piece port = { place.end, place.end };
    bool brackets = length_of(place) > 0 && *place.begin == '[';
    const char *end = find_last(place, brackets ? ']' : ':');
    if (brackets) {
        if (end == NULL) return advice;
        host = (struct piece){ place.begin + 1, end };
        port.begin = end + 1;
        if (port.begin < port.end && *port.begin != ':') return advice;
    } else if (end != NULL) {
        host.end = end;
        port.begin = end;
    }
    if (!is_host(host, brackets)) return advice;
    copy(host, out->host);

    uint32_t number = PORT_DEFAULT;
    if (port.begin < port.end) {
        port.begin++;
        bool known = parse_number(port, 5, UINT16_MAX, &number);
        if (!known || number == 0) return "its port is not a number from 1 to 65535";
    }
    out->port = (uint16_t)number;
    return NULL;
}

const char *redis_url_parse(const char *text, struct redis_url *out)
{
    *out = (struct redis_url){ .port = PORT_DEFAULT };
    size_t length = strlen(text);
    assert(length < OPTION_TEXT_MAX);
    if (strncmp(text, scheme, strlen(scheme)) != 0) {
        return "it does not begin with redis://, as redis://:PASSWORD@HOST:PORT/DATABASE does";
    }
    struct piece rest = { text + strlen(scheme), text + length };
    const char *at = find_last(rest, '@');
    if (at != NULL) {
        if (!parse_login((struct piece){ rest.begin, at }, out)) {
            return "what stands before its @ is not USER:PASSWORD or :PASSWORD, with %XX for a "
                   "byte that would be read as something else";
        }
        rest.begin = at + 1;
    }
    struct piece place = rest;
    const char *slash = find_first(rest, '/');
    if (slash != NULL) {
        place.end = slash;
        struct piece database = { slash + 1, rest.end };
        bool known = length_of(database) == 0 ||
                     parse_number(database, 5, REDIS_URL_DATABASE_MAX, &out->database);
        if (!known) return "its database is not a number from 0 to 65535";
    }
    return parse_place(place, out);
}

void redis_url_hide(const char *text, char out[OPTION_TEXT_MAX])
{
    const char *at = strrchr(text, '@');
    if (at == NULL) {
        snprintf(out, OPTION_TEXT_MAX, "%s", text);
    } else {
        snprintf(out, OPTION_TEXT_MAX, "%s***%s", scheme, at);
    }
}
