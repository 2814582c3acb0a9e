#include "net/address.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char advice[] = "write HOST:PORT with a numeric host, as 127.0.0.1:8080, [::1]:8080 "
                             "or localhost:0 (port 0: any free port)";

/* A port of one to five digits, at most 65535. */
static bool address_parse_port(const char *text, uint16_t *out)
{
    uint32_t port = 0;
    size_t digits = 0;
    for (; text[digits] != '\0'; digits++) {
        if (digits == 5 || text[digits] < '0' || text[digits] > '9') return false;
        port = port * 10 + (uint32_t)(text[digits] - '0');
    }
    if (digits == 0 || port > UINT16_MAX) return false;
    *out = (uint16_t)port;
    return true;
}

/* The text's host part without brackets into `host`, true when it is numeric. */
static bool address_parse_host(const char *text, size_t length, char *host, size_t host_bytes)
{
    unsigned char binary[sizeof(struct in6_addr)];
    bool v6 = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    if (v6) {
        text += 1;
        length -= 2;
    }
    if (length >= host_bytes) return false;
    memcpy(host, text, length);
    host[length] = '\0';
    if (!v6 && strcmp(host, "localhost") == 0) snprintf(host, host_bytes, "127.0.0.1");
    return inet_pton(v6 ? AF_INET6 : AF_INET, host, binary) == 1;
}

enum err address_parse(const char *text, struct address *out, struct err_note *note)
{
    *out = (struct address){ .port = 0 };
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !address_parse_port(colon + 1, &out->port)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "\"%.100s\" does not end in a port from 0 to 65535; %s", text, advice);
    }
    if (!address_parse_host(text, (size_t)(colon - text), out->host, sizeof out->host)) {
        return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                            "\"%.100s\" does not begin with a numeric host; %s", text, advice);
    }
    return ERR_OK;
}

void address_url(const struct address *address, char *out, unsigned long out_bytes)
{
    bool v6 = strchr(address->host, ':') != NULL;
    snprintf(out, out_bytes, v6 ? "http://[%s]:%u" : "http://%s:%u", address->host,
             (unsigned)address->port);
}
