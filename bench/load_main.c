/* bench-load's command line: one load, one line of figures. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/instant.h"
#include "load.h"

static const char HELP[] =
    "usage: bench-load --to PORT [options]     (on 127.0.0.1)\n"
    "\n"
    "  --shape tsfm|tollama  POST /tsfm/forecast (default), or the model's /v1/forecast\n"
    "  --path PATH           another path for that body\n"
    "  --connections N       one request at a time on each (32)\n"
    "  --keys N              distinct requests, one after the other (1)\n"
    "  --seconds S           how long (2)\n"
    "  --requests N          at most so many\n"
    "  --period-us N         each connection sends once per period (0: as soon as answered)\n"
    "  --spread-us N         over which the requests of one period are spread (the period)\n"
    "  --expect TEXT         an answer without this text counts as an error\n"
    "  --pid N               also: CPU microseconds per request that this process used\n"
    "\n"
    "Prints: requests errors rps p50_us p90_us p99_us min_us max_us cpu_us body_bytes\n";

struct options {
    struct load_config load;
    long pid;
};

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (end != text && *end == '\0') return value;
    fprintf(stderr, "bench-load: \"%s\" is no whole number\n", text);
    exit(2);
}

static void set_shape(struct options *options, const char *text)
{
    bool tollama = strcmp(text, "tollama") == 0;
    options->load.shape = tollama ? REQUEST_TOLLAMA : REQUEST_TSFM;
    options->load.path = tollama ? "/v1/forecast" : "/tsfm/forecast";
}

static void set(struct options *options, int option, const char *text)
{
    struct load_config *load = &options->load;
    switch (option) {
    case 't': load->port = (uint16_t)number(text); break;
    case 's': set_shape(options, text); break;
    case 'p': load->path = text; break;
    case 'c': load->connections = (uint32_t)number(text); break;
    case 'k': load->keys = (uint32_t)number(text); break;
    case 'd': load->duration_ns = (uint64_t)(strtod(text, NULL) * 1e9); break;
    case 'n': load->requests_max = number(text); break;
    case 'e': load->period_ns = number(text) * NS_PER_US; break;
    case 'r': load->spread_ns = number(text) * NS_PER_US; break;
    case 'x': load->expect = text; break;
    case 'i': options->pid = (long)number(text); break;
    default: fputs(HELP, option == 'h' ? stdout : stderr); exit(option == 'h' ? 0 : 2);
    }
}

static struct options options_parse(int argc, char **argv)
{
    static const struct option LONG[] = {
        { "to", required_argument, NULL, 't' },        { "shape", required_argument, NULL, 's' },
        { "path", required_argument, NULL, 'p' },      { "keys", required_argument, NULL, 'k' },
        { "seconds", required_argument, NULL, 'd' },   { "requests", required_argument, NULL, 'n' },
        { "period-us", required_argument, NULL, 'e' },
        { "spread-us", required_argument, NULL, 'r' },
        { "expect", required_argument, NULL, 'x' },    { "pid", required_argument, NULL, 'i' },
        { "connections", required_argument, NULL, 'c' }, { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    struct options options = { .load = { .host = "127.0.0.1", .path = "/tsfm/forecast",
                                         .connections = 32, .keys = 1,
                                         .duration_ns = 2 * NS_PER_S } };
    for (int option; (option = getopt_long(argc, argv, "", LONG, NULL)) != -1;) {
        set(&options, option, optarg);
    }
    if (options.load.spread_ns == 0) options.load.spread_ns = options.load.period_ns;
    if (options.load.port == 0 || options.load.connections == 0 || options.load.keys == 0) {
        set(&options, '?', NULL);
    }
    return options;
}

/* User and system time of a process, from /proc; 0 when there is none. */
static double cpu_us(long pid)
{
    char path[64];
    char text[1024];
    unsigned long user = 0;
    unsigned long system = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = pid > 0 ? fopen(path, "r") : NULL;
    if (file == NULL) return 0;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *at = strrchr(text, ')'); /* the name may hold blanks */
    if (at == NULL ||
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2) {
        return 0;
    }
    return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv);
    struct load_result result;
    double cpu_before = cpu_us(options.pid);
    load_run(&options.load, &result);
    double cpu = cpu_us(options.pid) - cpu_before;
    double seconds = (double)result.elapsed_ns / 1e9;
    double requests = (double)result.requests;
    printf("%llu %llu %.0f %.1f %.1f %.1f %.1f %.1f %.2f %llu\n",
           (unsigned long long)result.requests, (unsigned long long)result.errors,
           seconds > 0 ? requests / seconds : 0, load_quantile_us(&result, 500000),
           load_quantile_us(&result, 900000), load_quantile_us(&result, 990000),
           load_quantile_us(&result, 0), load_quantile_us(&result, 1000000),
           requests > 0 ? cpu / requests : 0, (unsigned long long)result.body_bytes);
    load_result_deinit(&result);
    return 0;
}
