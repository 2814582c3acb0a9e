#include "mock/control_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 256 };

bool control_is_loopback(const char *host)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET6, host, &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* "host:port" or "[v6]:port" without the port; false when it is neither. */
static bool host_of(const char *text, char out[HOST_MAX])
{
    bool literal = text[0] == '[';
    const char *begin = text + literal;
    size_t length = strcspn(begin, literal ? "]" : ":");
    const char *rest = begin + length + (literal && begin[length] == ']');
    if (length == 0 || length >= HOST_MAX || (literal && begin[length] != ']')) return false;
    if (rest[0] == ':') rest += 1 + strspn(rest + 1, "0123456789");
    if (rest[0] != '\0') return false;
    memcpy(out, begin, length);
    out[length] = '\0';
    return true;
}

static bool is_local(const char *text, const struct address *own)
{
    char host[HOST_MAX];
    if (!host_of(text, host)) return false;
    return strcasecmp(host, "localhost") == 0 || control_is_loopback(host) ||
           strcmp(host, own->host) == 0;
}

const char *control_refusal(struct http_exchange *exchange, const struct address *own)
{
    const char *host = http_exchange_header(exchange, "Host");
    const char *origin = http_exchange_header(exchange, "Origin");
    if (host != NULL && !is_local(host, own)) {
        return "the control interface answers to this machine's own names only; ask for "
               "http://127.0.0.1";
    }
    if (origin == NULL) return NULL;
    const char *site = strstr(origin, "://");
    if (site != NULL && is_local(site + 3, own)) return NULL;
    return "pages of other sites do not command this mock";
}
