#ifndef RUNTIME_DESCRIPTORS_H
#define RUNTIME_DESCRIPTORS_H
/* File descriptors: each caller and each attempt costs one. */

#include <stdint.h>

#include "config/config.h"

/* What the process needs when every limit of the configuration is used up. */
uint64_t descriptors_needed(const struct runtime_config *config);
/* Raises the soft limit to the hard one; what it is then (UINT64_MAX: not known or none). */
uint64_t descriptors_raise(void);

#endif
