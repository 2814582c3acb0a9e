#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/metrics_parts.h"

/* The names are those of Prometheus' own client libraries, so that ready-made dashboards work. A
 * figure that the system does not give is left out, not invented. With several workers each has its
 * sample: whichever of them answers, no counter seems to go back. */

enum {
    FILE_BYTES_MAX = 4096,
    PATH_BYTES_MAX = 64,
    STAT_FIELD_FIRST = 3, /* of /proc/PID/stat: the first after the name in brackets */
    STAT_UTIME = 14,
    STAT_STIME = 15,
    STAT_STARTTIME = 22,
    STAT_VSIZE = 23,
    STAT_RSS = 24,
};

enum figure {
    FIGURE_CPU_NS,
    FIGURE_START_NS, /* since 1970 */
    FIGURE_VIRTUAL_BYTES,
    FIGURE_RESIDENT_BYTES,
    FIGURE_OPEN_FDS,
    FIGURE_MAX_FDS,
};

enum { FIGURES = FIGURE_MAX_FDS + 1 };

static const struct {
    const char *name;
    const char *type;
    const char *help;
    bool is_time;
} families[FIGURES] = {
    [FIGURE_CPU_NS] = { "process_cpu_seconds_total", "counter", "Processor time of the process.",
                        true },
    [FIGURE_START_NS] = { "process_start_time_seconds", "gauge",
                          "When the process started, in seconds since 1970.", true },
    [FIGURE_VIRTUAL_BYTES] = { "process_virtual_memory_bytes", "gauge",
                               "Address space of the process.", false },
    [FIGURE_RESIDENT_BYTES] = { "process_resident_memory_bytes", "gauge",
                                "Memory of the process that is in RAM.", false },
    [FIGURE_OPEN_FDS] = { "process_open_fds", "gauge", "Open file descriptors.", false },
    [FIGURE_MAX_FDS] = { "process_max_fds", "gauge", "Most file descriptors at once.", false },
};

struct process {
    bool known[FIGURES];
    uint64_t value[FIGURES];
};

static void know(struct process *process, enum figure figure, uint64_t value)
{
    process->known[figure] = true;
    process->value[figure] = value;
}

static bool read_text(const char *path, char out[FILE_BYTES_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t got = read(fd, out, FILE_BYTES_MAX - 1);
    close(fd);
    if (got <= 0) return false;
    out[got] = '\0';
    return true;
}

/* Field `number` of /proc/PID/stat, as its manual counts them; the name may hold spaces. */
static bool stat_field(const char *text, int number, uint64_t *out)
{
    const char *at = strrchr(text, ')');
    if (at == NULL) return false;
    at++;
    for (int field = STAT_FIELD_FIRST; field < number; field++) {
        at = strchr(at + 1, ' ');
        if (at == NULL) return false;
    }
    return sscanf(at, " %" SCNu64, out) == 1;
}

/* Seconds since 1970 at which the machine started; 0: not known. */
static uint64_t boot_time_s(void)
{
    char text[FILE_BYTES_MAX];
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL) return 0;
    uint64_t found = 0;
    while (found == 0 && fgets(text, sizeof text, file) != NULL) {
        if (sscanf(text, "btime %" SCNu64, &found) != 1) found = 0;
    }
    fclose(file);
    return found;
}

static void look_at_stat(struct process *process, pid_t pid)
{
    char path[PATH_BYTES_MAX];
    char text[FILE_BYTES_MAX];
    uint64_t user, in_kernel, start, virtual_bytes, pages;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_text(path, text)) return;
    bool known = stat_field(text, STAT_UTIME, &user) && stat_field(text, STAT_STIME, &in_kernel) &&
                 stat_field(text, STAT_STARTTIME, &start) &&
                 stat_field(text, STAT_VSIZE, &virtual_bytes) &&
                 stat_field(text, STAT_RSS, &pages);
    if (!known) return;
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    uint64_t boot_s = boot_time_s();
    know(process, FIGURE_CPU_NS, (user + in_kernel) * NS_PER_S / ticks);
    if (boot_s > 0) {
        know(process, FIGURE_START_NS, boot_s * NS_PER_S + start * NS_PER_S / ticks);
    }
    know(process, FIGURE_VIRTUAL_BYTES, virtual_bytes);
    know(process, FIGURE_RESIDENT_BYTES, pages * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void look_at_descriptors(struct process *process, pid_t pid)
{
    char path[PATH_BYTES_MAX];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    if (folder != NULL) {
        uint64_t count = 0;
        const struct dirent *entry;
        while ((entry = readdir(folder)) != NULL) count += entry->d_name[0] == '.' ? 0 : 1;
        closedir(folder);
        if (pid == getpid()) count--; /* the one of the folder itself */
        know(process, FIGURE_OPEN_FDS, count);
    }
    struct rlimit limit;
    if (prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0) {
        know(process, FIGURE_MAX_FDS, (uint64_t)limit.rlim_cur);
    }
}

static struct process look_at(pid_t pid)
{
    struct process process = { .known = { false } };
    look_at_stat(&process, pid);
    look_at_descriptors(&process, pid);
    return process;
}

static void write_sample(struct buf *out, enum figure figure, const char *labels, uint64_t value)
{
    buf_puts(out, families[figure].name);
    buf_puts(out, labels);
    buf_putc(out, ' ');
    if (families[figure].is_time) {
        metrics_text_put_seconds(out, value);
    } else {
        buf_put_u64(out, value);
        buf_putc(out, '\n');
    }
}

static void write_processes(struct buf *out, const pid_t *pids, uint32_t count, bool labelled)
{
    static struct process processes[METRICS_WORKERS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        processes[i] = pids[i] > 0 ? look_at(pids[i]) : (struct process){ .known = { false } };
    }
    for (unsigned figure = 0; figure < FIGURES; figure++) {
        metrics_text_head(out, families[figure].name, families[figure].type,
                          families[figure].help);
        for (uint32_t i = 0; i < count; i++) {
            char labels[32] = "";
            if (labelled) snprintf(labels, sizeof labels, "{worker=\"%u\"}", (unsigned)i);
            if (!processes[i].known[figure]) continue;
            write_sample(out, (enum figure)figure, labels, processes[i].value[figure]);
        }
    }
}

void metrics_write_process(struct buf *out, const struct metrics_gauges *gauges)
{
    metrics_text_head(out, "tsfm_build_info", "gauge", "1; the labels say what is running.");
    metrics_text_labelled(out, "tsfm_build_info", "version", TOLLGATE_VERSION, 1);
    const struct metrics_workers *workers = gauges->workers;
    if (workers == NULL) {
        const pid_t self = getpid();
        write_processes(out, &self, 1, false);
    } else {
        write_processes(out, workers->pids, workers->count, true);
    }
}
