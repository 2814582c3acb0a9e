#include <assert.h>

#include "net/http_client_private.h"

static void set_long(struct http_call *call, CURLoption option, long value)
{
    CURLcode rc = curl_easy_setopt(call->easy, option, value);
    assert(rc == CURLE_OK);
}

/* libcurl parses the certificates once and keeps them for later connections. */
void http_call_tls_init(struct http_call *call)
{
    const struct http_client_config *client = &call->client->config;
    bool verified = !client->tls_unverified;
    set_long(call, CURLOPT_SSL_VERIFYPEER, verified ? 1 : 0);
    set_long(call, CURLOPT_SSL_VERIFYHOST, verified ? 2 : 0);
    set_long(call, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    if (client->ca_file == NULL) return;
    CURLcode rc = curl_easy_setopt(call->easy, CURLOPT_CAINFO, client->ca_file);
    assert(rc == CURLE_OK);
    curl_easy_setopt(call->easy, CURLOPT_CAPATH, NULL); /* that file and no other */
}

bool http_code_is_tls(CURLcode code)
{
    switch ((int)code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return true;
    default: return false;
    }
}
