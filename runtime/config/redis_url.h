#ifndef CONFIG_REDIS_URL_H
#define CONFIG_REDIS_URL_H
/* Where the second-level cache is: redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE].
 *
 * HOST is a name, an IPv4 address or an IPv6 address in brackets; the port is 6379 and the database
 * 0 when they are left out. In USER and PASSWORD %XX stands for a byte other than NUL, so that a
 * password may hold '@', ':' or '/'.
 *
 * Example: redis://:s%40same@[::1]:7000/2 is the password "s@same", host "::1", port 7000,
 * database 2. */

#include <stdint.h>

#include "base/err.h"
#include "base/options.h"

enum { REDIS_URL_DATABASE_MAX = 65535 };

struct redis_url {
    char host[OPTION_TEXT_MAX]; /* without brackets */
    char user[OPTION_TEXT_MAX]; /* "": none */
    char password[OPTION_TEXT_MAX];
    uint16_t port;
    uint32_t database; /* 0 .. REDIS_URL_DATABASE_MAX */
};

/* NULL, or a sentence that says what is wrong and never repeats the password (static). `text` has
 * less than OPTION_TEXT_MAX bytes. */
MUST_USE const char *redis_url_parse(const char *text, struct redis_url *out);

/* The same URL with *** for user and password, for people's eyes; a text without an '@' is copied
 * as it is. */
void redis_url_hide(const char *text, char out[OPTION_TEXT_MAX]);

#endif
