#include "harness/target.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "harness/load_address.h"
#include "net/address.h"
#include "net/port.h"

const char target_help[] =
    "\n"
    "another service instead of the bundled runtime (docs/target.md); --world is real then:\n"
    "  --target URL           judge the service that runs there; it uses the mock as its model\n"
    "                         server, at the address given by --mock-listen\n"
    "  --target-command TEXT  start it for each scenario: by /bin/sh, {upstream} and {port} "
    "filled\n"
    "                         in; without --target it is to serve http://127.0.0.1:{port}\n"
    "  --mock-listen H:P      where the mock listens\n"
    "  --strict               exit 3 when an expectation could not be observed\n";

const char **target_slot(struct target_options *target, const char *word)
{
    if (strcmp(word, "--target") == 0) return &target->url;
    if (strcmp(word, "--target-command") == 0) return &target->command;
    if (strcmp(word, "--mock-listen") == 0) return &target->mock_listen;
    return NULL;
}

bool target_is_given(const struct target_options *target)
{
    return target->url != NULL || target->command != NULL;
}

bool target_is_shared(const struct target_options *target)
{
    return target->url != NULL || target->mock_listen != NULL;
}

static enum err refuse(struct err_note *note, const char *sentence)
{
    return err_note_set(note, ERR_USAGE, NULL, 0, 0, "%s", sentence);
}

enum err target_check(const struct target_options *target, struct err_note *note)
{
    struct address mock;
    struct load_address service;
    if (!target_is_given(target)) {
        if (target->mock_listen == NULL) return ERR_OK;
        return refuse(note, "--mock-listen is for a service of your own: name it with --target");
    }
    if (target->url != NULL) {
        enum err rc = load_address_find(target->url, &service, note);
        if (rc != ERR_OK) return rc;
    }
    if (target->mock_listen != NULL) {
        enum err rc = address_parse(target->mock_listen, &mock, note);
        if (rc != ERR_OK) return rc;
        if (mock.port == 0) {
            return refuse(note, "--mock-listen needs a port: the service must know where its model "
                                "server is");
        }
    } else if (target->command == NULL) {
        return refuse(note, "--target needs --mock-listen HOST:PORT, the model server that the "
                            "service was set up to use, or --target-command to start it");
    }
    if (target->command == NULL) return ERR_OK;
    if (target->url == NULL && strstr(target->command, "{port}") == NULL) {
        return refuse(note,
                      "--target-command does not say {port}, so where does the service listen? "
                      "Add it, or name the address with --target");
    }
    if (target->mock_listen == NULL && strstr(target->command, "{upstream}") == NULL) {
        return refuse(note, "--target-command does not say {upstream}, so which model server does "
                            "the service use? Add it, or place the mock with --mock-listen");
    }
    return ERR_OK;
}

uint16_t target_free_port(void)
{
    struct address address = { .host = "127.0.0.1", .port = 0 };
    struct err_note note = { .err = ERR_OK };
    int fd = -1;
    if (port_bind(&address, PORT_ALONE, &fd, &note) != ERR_OK) return 0;
    close(fd);
    return address.port;
}

const char *target_command(struct arena *arena, const char *command, const char *upstream,
                           uint16_t port)
{
    static const char upstream_mark[] = "{upstream}";
    static const char port_mark[] = "{port}";
    struct buf out;
    buf_init(&out, BUF_UNBOUNDED);
    while (*command != '\0') {
        if (strncmp(command, upstream_mark, sizeof upstream_mark - 1) == 0) {
            buf_puts(&out, upstream);
            command += sizeof upstream_mark - 1;
        } else if (strncmp(command, port_mark, sizeof port_mark - 1) == 0) {
            buf_put_u64(&out, port);
            command += sizeof port_mark - 1;
        } else {
            buf_putc(&out, *command++);
        }
    }
    const char *text = arena_copy_text(arena, buf_text(&out), out.length);
    buf_deinit(&out);
    return text;
}
