#ifndef TESTS_FUZZ_RUN_FIXTURE_H
#define TESTS_FUZZ_RUN_FIXTURE_H
/* A run of a small scenario, for the harness' readers of what its observers wrote. */

#include "harness/run.h"

/* Initialised; release it with run_deinit(). What it borrows is made once and stays. */
void run_fixture(struct run *run);

#endif
