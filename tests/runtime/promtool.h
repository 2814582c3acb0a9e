#ifndef TESTS_RUNTIME_PROMTOOL_H
#define TESTS_RUNTIME_PROMTOOL_H
/* Prometheus' own checker of a page of metrics. */

enum { PROMTOOL_SAID_MAX = 8192 };

/* What `promtool check metrics` says of `page`, and its exit code. */
int promtool_run(const char *page, char said[PROMTOOL_SAID_MAX]);
/* Fails the test at any complaint but those about names that dashboards have used for years. */
void promtool_check(const char *page);

#endif
