#include "harness/cli_help.h"

const char cli_help_main[] =
    "tollgate: does a service that calls a model server stay within its SLO when that misbehaves?\n"
    "\n"
    "usage: tollgate VERB [options] SCENARIO|FOLDER ...\n"
    "\n"
    "  run     play scenarios, judge them, write reports\n"
    "  check   validate scenario files without running them\n"
    "  list    show scenarios and what each teaches\n"
    "  report  make reports again from a result.json\n"
    "  diff    compare two results: what got worse, what got better\n"
    "  sweep   try many settings against scenarios and say which to use\n"
    "  hunt    make random scenarios and look for a broken invariant\n"
    "  shrink  reduce a failing scenario to what makes it fail\n"
    "  replay  feed a runtime's trace through the engine again and compare\n"
    "  options print every option of the runtime (docs/options.md)\n"
    "  faults  print every fault a scenario can have (docs/faults.md)\n"
    "  fates   print what will happen to a scenario's requests\n"
    "  help    this text; `tollgate VERB --help` for a verb\n"
    "\n"
    "exit codes:\n"
    "  0  every expectation passed\n"
    "  1  an expectation failed\n"
    "  2  bad usage, scenario or configuration (file:line:column and a sentence)\n"
    "  3  inconclusive: too few requests to tell\n"
    "  4  the run is invalid (a program died, the port is taken, the load generator lagged)\n"
    "  5  simulation and sockets disagree\n";

const char cli_help_run[] =
    "usage: tollgate run [options] SCENARIO|FOLDER ...\n"
    "\n"
    "Plays each scenario against the reference runtime and the mock, in virtual time (sim), over\n"
    "real sockets (real) or both, judges its expectations and the invariants, and writes\n"
    "index.html, result.json, junit.xml and summary.md.\n"
    "\n"
    "  --world sim|real|both  where to play (both)\n"
    "  --seed N               use this seed instead of each scenario's own (1 and up)\n"
    "  --only TEXT            only scenarios whose name contains TEXT\n"
    "  --repeat N             play each N times, with seeds made of its own; the verdict is over\n"
    "                         all of them (1)\n"
    "  --tier gate|nightly    only scenarios of this tier (all)\n"
    "  --jobs N               real scenarios played side by side, at most (18 per core; fewer\n"
    "                         while this machine is too busy for that many)\n"
    "  --out DIR              report folder (reports/<time>, linked as reports/latest)\n"
    "  --configs DIR          folder of dev.yaml, staging.yaml and prod.yaml (beside the\n"
    "                         scenarios' folder, then ./configs)\n"
    "  --programs DIR         folder of tollgate-runtime and mock-tollama (this program's own)\n"
    "  --keep-going           when a run becomes invalid, still finish the others\n"
    "  -q, --quiet            only failing checks and the verdict\n"
    "  -v, --verbose          every check, and all of the behaviour coverage\n";

const char cli_help_run_end[] = "\nexample: tollgate run --world sim --seed 7 scenarios/\n";

const char cli_help_check[] =
    "usage: tollgate check [--vacuity] [--configs DIR] SCENARIO|FOLDER ...\n"
    "\n"
    "Parses each file and its configuration; every error is printed as file:line:column. Warns of\n"
    "expectations that can never fail, and of gates that have too few requests ever to pass.\n"
    "\n"
    "  --vacuity              also simulate each scenario with and without its faults: without\n"
    "                         them an expectation must fail, or a request fare differently\n"
    "  --only TEXT            only scenarios whose name contains TEXT\n"
    "  --configs DIR          folder of dev.yaml, staging.yaml and prod.yaml\n"
    "\n"
    "exit codes: 0 fine (warnings may have been printed); 1 with --vacuity: a warning was\n"
    "printed; 2 an error in a file\n";

const char cli_help_list[] =
    "usage: tollgate list [--only TEXT] [--tier gate|nightly] [--configs DIR]\n"
    "                     [SCENARIO|FOLDER ...]\n"
    "\n"
    "Shows each scenario with its tier, duration and load, what it teaches, the faults it\n"
    "plays and what it expects (scenarios/ when nothing is named).\n";
