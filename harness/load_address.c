#include "harness/load_address.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char scheme[] = "http://";

static enum err refuse(const char *url, const char *why, struct err_note *note)
{
    return err_note_set(note, ERR_USAGE, NULL, 0, 0,
                        "\"%.120s\" %s; write http://HOST:PORT, as http://127.0.0.1:8080", url,
                        why);
}

/* "host:port", "[::1]:port" or "host" into its parts. */
static bool split(const char *authority, char *name, size_t name_bytes, char *port,
                  size_t port_bytes)
{
    const char *end = authority + strlen(authority);
    const char *bracket = authority[0] == '[' ? strchr(authority, ']') : NULL;
    if (authority[0] == '[' && bracket == NULL) return false;
    const char *from = bracket == NULL ? authority : authority + 1;
    const char *colon = strchr(bracket == NULL ? authority : bracket, ':');
    const char *stop = bracket != NULL ? bracket : colon != NULL ? colon : end;
    if (bracket != NULL && bracket[1] != ':' && bracket[1] != '\0') return false;
    int name_length = snprintf(name, name_bytes, "%.*s", (int)(stop - from), from);
    int port_length = snprintf(port, port_bytes, "%s", colon == NULL ? "80" : colon + 1);
    size_t digits = strspn(port, "0123456789");
    return name_length > 0 && (size_t)name_length < name_bytes && port_length > 0 &&
           (size_t)port_length < port_bytes && port[digits] == '\0';
}

enum err load_address_find(const char *url, struct load_address *out, struct err_note *note)
{
    char name[LOAD_HOST_MAX];
    char port[8];
    *out = (struct load_address){ .socket_length = 0 };
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return refuse(url, "does not begin with http:// (the load generator has no TLS)", note);
    }
    const char *authority = url + sizeof scheme - 1;
    size_t length = strcspn(authority, "/");
    if (length == 0 || length >= sizeof out->host || strpbrk(authority, "?#@ \t\r\n") != NULL) {
        return refuse(url, "is no address of a service", note);
    }
    snprintf(out->host, sizeof out->host, "%.*s", (int)length, authority);
    size_t path = strlen(authority + length);
    if (path >= sizeof out->path) return refuse(url, "has too long a path", note);
    snprintf(out->path, sizeof out->path, "%s", authority + length);
    while (path > 0 && out->path[path - 1] == '/')
        out->path[--path] = '\0';
    if (!split(out->host, name, sizeof name, port, sizeof port)) {
        return refuse(url, "names no host and port", note);
    }
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(name, port, &hints, &list);
    if (rc != 0) {
        return err_note_set(note, ERR_NOT_FOUND, NULL, 0, 0, "%.120s: the host %.80s: %s", url,
                            name, gai_strerror(rc));
    }
    memcpy(&out->socket, list->ai_addr, list->ai_addrlen);
    out->socket_length = list->ai_addrlen;
    freeaddrinfo(list);
    return ERR_OK;
}
