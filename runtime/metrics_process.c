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
 * figure that /proc does not give is left out, not invented. */

enum {
    FILE_BYTES_MAX = 4096,
    STAT_FIELD_FIRST = 3, /* of /proc/self/stat: the first after the name in brackets */
    STAT_UTIME = 14,
    STAT_STIME = 15,
    STAT_STARTTIME = 22,
    STAT_VSIZE = 23,
    STAT_RSS = 24,
};

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

/* Field `number` of /proc/self/stat, as its manual counts them; the name may hold spaces. */
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

/* The directory's own descriptor is not counted. */
static bool count_descriptors(uint64_t *out)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) return false;
    uint64_t count = 0;
    while (readdir(folder) != NULL) count++;
    closedir(folder);
    if (count < 3) return false; /* "." and ".." and ours are always there */
    *out = count - 3;
    return true;
}

static void write_stat(struct buf *out)
{
    char text[FILE_BYTES_MAX];
    uint64_t user, system_time, start, virtual_bytes, pages;
    if (!read_text("/proc/self/stat", text)) return;
    bool known = stat_field(text, STAT_UTIME, &user) &&
                 stat_field(text, STAT_STIME, &system_time) &&
                 stat_field(text, STAT_STARTTIME, &start) &&
                 stat_field(text, STAT_VSIZE, &virtual_bytes) &&
                 stat_field(text, STAT_RSS, &pages);
    if (!known) return;
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t boot_s = boot_time_s();
    metrics_text_seconds(out, "process_cpu_seconds_total", "counter",
                         "Processor time of this process.",
                         (user + system_time) * NS_PER_S / ticks);
    if (boot_s > 0) {
        metrics_text_seconds(out, "process_start_time_seconds", "gauge",
                             "When this process started, in seconds since 1970.",
                             boot_s * NS_PER_S + start * NS_PER_S / ticks);
    }
    metrics_text_single(out, "process_virtual_memory_bytes", "gauge",
                        "Address space of this process.", virtual_bytes);
    metrics_text_single(out, "process_resident_memory_bytes", "gauge",
                        "Memory of this process that is in RAM.", pages * page_bytes);
}

void metrics_write_process(struct buf *out)
{
    metrics_text_head(out, "tsfm_build_info", "gauge", "1; the labels say what is running.");
    metrics_text_labelled(out, "tsfm_build_info", "version", TOLLGATE_VERSION, 1);
    write_stat(out);
    uint64_t count;
    if (count_descriptors(&count)) {
        metrics_text_single(out, "process_open_fds", "gauge", "Open file descriptors.", count);
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        metrics_text_single(out, "process_max_fds", "gauge", "Most file descriptors at once.",
                            (uint64_t)limit.rlim_cur);
    }
}
