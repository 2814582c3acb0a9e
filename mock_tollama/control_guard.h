#ifndef MOCK_CONTROL_GUARD_H
#define MOCK_CONTROL_GUARD_H
/* Who may command a mock that only its own machine is to command. The address a call comes from is
 * not enough: a page of any site can make a browser on this machine call, under a name of its own
 * that it lets point here (then `Host` has that name), or across sites (then there is `Origin`).
 *
 *     Host: 127.0.0.1:11435           passes, as localhost, [::1] and the port's own address do
 *     Host: evil.example              refused
 *     Origin: https://evil.example    refused, as "null" is */

#include "net/address.h"
#include "net/http_server.h"

bool control_is_loopback(const char *host);
/* NULL: it passes; else the sentence of its refusal. `own` is where it was asked. */
const char *control_refusal(struct http_exchange *exchange, const struct address *own);

#endif
