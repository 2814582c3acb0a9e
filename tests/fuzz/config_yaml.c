/* A configuration file; one that is taken can be printed, and what is printed is taken again. */

#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct runtime_config first;
    static struct runtime_config second;
    struct err_note note = { .err = ERR_OK };
    struct config_source source = { .path = fuzz_file(data, size) };
    if (config_load(&first, &source, &note) != ERR_OK) {
        assert(note.sentence[0] != '\0');
        return 0;
    }
    struct buf printed;
    buf_init(&printed, BUF_UNBOUNDED);
    config_write(&printed, &first);
    source.path = fuzz_file(buf_text(&printed), printed.length);
    enum err rc = config_load(&second, &source, &note);
    assert(rc == ERR_OK);
    assert(memcmp(&first.engine, &second.engine, sizeof first.engine) == 0);
    buf_deinit(&printed);
    return 0;
}
