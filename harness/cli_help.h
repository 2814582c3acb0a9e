#ifndef HARNESS_CLI_HELP_H
#define HARNESS_CLI_HELP_H
/* What `tollgate --help` and the --help of its first verbs print. Used by cli.c; verbs with a file
 * of their own keep theirs beside their options. */

extern const char cli_help_main[];
/* Between the two stand the options of reports and targets. */
extern const char cli_help_run[];
extern const char cli_help_run_end[];
extern const char cli_help_check[];
extern const char cli_help_list[];

#endif
