#include "harness/sweep_options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/units.h"

enum { JOBS_MAX = 256, SHARDS_MAX = 100000 };

const char sweep_help[] =
    "usage: tollgate sweep [options] SWEEP.yaml\n"
    "       tollgate sweep --shard I/N [options] SWEEP.yaml\n"
    "       tollgate sweep merge [options] FOLDER ...\n"
    "\n"
    "Tries many settings against scenarios in virtual time and says which to use: a Latin\n"
    "hypercube, then successive halving with the same luck for all; feasible first, then the\n"
    "Pareto front; the pick's neighbours at +-10 % and +-25 % must be feasible too; finalists\n"
    "meet fresh seeds and held-out scenarios, and the best are played over real sockets.\n"
    "docs/sweeps.md explains the file; sweeps/ holds one per environment.\n"
    "\n"
    "  --jobs N        processes (as many as there are processors)\n"
    "  --out DIR       folder for all it writes (reports/<name>, of a shard\n"
    "                  reports/<name>-shard-I-of-N)\n"
    "  --no-confirm    do not play the best over sockets\n"
    "  --resume        fail when there is nothing to go on with; a sweep that was stopped goes\n"
    "                  on by itself when its folder is there\n"
    "  --restart       throw away what the folder holds\n"
    "  --shard I/N     only part I of the first round, for `merge`\n"
    "  --configs DIR   folder of the environments' files (beside the sweep's folder, then\n"
    "                  ./configs)\n"
    "  --programs DIR  folder of tollgate-runtime and mock-tollama (this program's own)\n"
    "  --file FILE     merge: the sweep file, when it is not where the shards had it\n"
    "  --fill          merge: simulate here what shards have not\n"
    "  -q, --quiet     only the verdict\n"
    "\n"
    "writes configs/<env>.yaml (ready to use), sweep.html, sweep.csv, sweep.jsonl, journal.jsonl\n"
    "\n"
    "exit codes: 0 a pick was found and confirmed; 1 no configuration passes, or the pick fails\n"
    "over sockets; 2 bad usage or file; 4 stopped, or runs over sockets were invalid; 5 the\n"
    "predicted-bad control passed over sockets\n"
    "\n"
    "example: tollgate sweep --no-confirm sweeps/prod.yaml\n";

static const char *const option_names[] = { "--jobs",   "--out",     "--no-confirm", "--resume",
                                            "--restart", "--shard",  "--configs",    "--programs",
                                            "--file",   "--fill",    "--quiet",      "--help" };

struct words {
    int argc;
    char **argv;
    int at;
    bool bad;
};

static const char *value_of(struct words *words)
{
    if (words->at + 1 < words->argc) return words->argv[++words->at];
    fprintf(stderr, "error: %s needs a value; try: tollgate sweep --help\n",
            words->argv[words->at]);
    words->bad = true;
    return "";
}

static void read_jobs(struct words *words, struct sweep_options *out)
{
    uint64_t jobs = 0;
    const char *text = value_of(words);
    if (words->bad) return;
    if (!units_parse_decimal(text, 0, &jobs) || jobs < 1 || jobs > JOBS_MAX) {
        fprintf(stderr, "error: --jobs %s: not a whole number from 1 to %d\n", text, JOBS_MAX);
        words->bad = true;
    }
    out->jobs = (unsigned)jobs;
}

static void read_shard(struct words *words, struct sweep_options *out)
{
    char part[16] = "";
    uint64_t index = 0, count = 0;
    const char *text = value_of(words);
    if (words->bad) return;
    const char *slash = strchr(text, '/');
    if (slash != NULL && (size_t)(slash - text) < sizeof part) {
        memcpy(part, text, (size_t)(slash - text));
    }
    bool numbers = slash != NULL && units_parse_decimal(part, 0, &index) &&
                   units_parse_decimal(slash + 1, 0, &count);
    if (!numbers || index < 1 || index > count || count > SHARDS_MAX) {
        fprintf(stderr, "error: --shard %s: write I/N, for example 1/4 (the first of four)\n",
                text);
        words->bad = true;
    }
    out->shard = (struct sweep_shard){ (uint32_t)index, (uint32_t)count };
}

static bool read_flag(const char *word, struct sweep_options *out)
{
    struct {
        const char *name;
        bool *flag;
    } flags[] = {
        { "--no-confirm", &out->no_confirm }, { "--restart", &out->restart },
        { "--resume", &out->resume },         { "--fill", &out->fill },
        { "--quiet", &out->quiet },           { "-q", &out->quiet },
        { "--help", &out->help },             { "-h", &out->help },
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(flags[i].name, word) != 0) continue;
        *flags[i].flag = true;
        return true;
    }
    return false;
}

static bool read_text(struct words *words, struct sweep_options *out)
{
    struct {
        const char *name;
        const char **text;
    } texts[] = {
        { "--out", &out->out },
        { "--configs", &out->configs },
        { "--programs", &out->programs },
        { "--file", &out->file },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i].name, words->argv[words->at]) != 0) continue;
        *texts[i].text = value_of(words);
        return true;
    }
    return false;
}

static void read_word(struct words *words, struct sweep_options *out)
{
    const char *word = words->argv[words->at];
    if (word[0] != '-') {
        out->words[out->word_count++] = word;
    } else if (strcmp(word, "--jobs") == 0) {
        read_jobs(words, out);
    } else if (strcmp(word, "--shard") == 0) {
        read_shard(words, out);
    } else if (!read_flag(word, out) && !read_text(words, out)) {
        const char *near =
            suggest(word, option_names, sizeof option_names / sizeof option_names[0]);
        fprintf(stderr, "error: unknown option %s; %s%s\n", word,
                near == NULL ? "try: tollgate sweep --help" : "did you mean ",
                near == NULL ? "" : near);
        words->bad = true;
    }
}

static bool check(const struct sweep_options *out)
{
    if (out->help) return true;
    const char *trouble = NULL;
    if (out->merge && out->word_count == 0) {
        trouble = "merge: name the shards' folders";
    } else if (out->merge && (out->shard.count > 1 || out->restart || out->resume)) {
        trouble = "merge takes no --shard, --restart or --resume";
    } else if (!out->merge && out->word_count != 1) {
        trouble = "name one sweep file, for example sweeps/prod.yaml";
    } else if (!out->merge && (out->fill || out->file != NULL)) {
        trouble = "--fill and --file belong to: tollgate sweep merge";
    } else if (out->restart && out->resume) {
        trouble = "either --restart or --resume";
    }
    if (trouble == NULL) return true;
    fprintf(stderr, "error: %s; try: tollgate sweep --help\n", trouble);
    return false;
}

bool sweep_options_parse(int argc, char **argv, struct sweep_options *out)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *out = (struct sweep_options){
        .words = mem_alloc((size_t)argc, sizeof *out->words),
        .jobs = processors < 1 ? 1 : processors > JOBS_MAX ? JOBS_MAX : (unsigned)processors,
        .shard = { 1, 1 },
    };
    struct words words = { .argc = argc, .argv = argv, .at = 2 };
    out->merge = argc > 2 && strcmp(argv[2], "merge") == 0;
    if (out->merge) words.at++;
    for (; words.at < argc && !words.bad; words.at++) read_word(&words, out);
    return !words.bad && check(out);
}
