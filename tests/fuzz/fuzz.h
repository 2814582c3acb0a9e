#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H
/* What the fuzz targets share. A target is one file: it gives any bytes to one parser, and asserts
 * what must hold of whatever the parser lets through. To add one: the file, a folder of examples in
 * corpus/, and a line in CMakeLists.txt. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Always returns 0. Called by libFuzzer, or once per corpus file by corpus_main.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For parsers that read files: a file in memory with these bytes. Its path stays valid, and its
 * content the same, until the next call. */
const char *fuzz_file(const void *data, size_t size);
/* A NUL-terminated copy of exactly this size, so that a sanitizer sees a read behind its end; owned
 * by the caller (mem_free). */
char *fuzz_text(const uint8_t *data, size_t size);

#endif
