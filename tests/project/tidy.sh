#!/bin/sh
# Style that a machine can see: line and file length, banned calls, leftovers, documents.
# usage: tidy.sh SOURCE_DIR
set -eu
cd "$1"
status=0

complain() {
    if [ -n "$2" ]; then
        echo "$1:"
        echo "$2" | sed 's/^/    /'
        status=1
    fi
}

files=$(find base runtime scenarios net mock_tollama harness bench tests -name '*.[ch]')

# shellcheck disable=SC2086 # lists of words, here and below
complain "lines over 100 columns" "$(awk 'length($0) > 100 { print FILENAME ":" FNR }' $files)"
complain "tabs or spaces at the end of a line" "$(grep -nE '	| $' $files | cut -c1-80)"
complain "files over 500 lines; split them" \
    "$(wc -l $files | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 }')"
complain "leftovers" "$(grep -nE '\b(TODO|FIXME|XXX)\b' $files)"

# Bounded twins: snprintf, memcpy or buf_*, strtoull, rng_*, clock_now, a deadline on a timer.
banned='sprintf|vsprintf|strcpy|strcat|strtok|atoi|atol|rand|srand|random|time|sleep|usleep|nanosleep|gets|system'
sources=$(echo "$files" | grep -v '^tests/')
complain "banned calls" "$(grep -nE "(^|[^_a-zA-Z>.\"])($banned)\(" $sources | grep -vE '^[^:]*:[0-9]+: *(\*|/\*)')"
complain "memory outside base/mem.h" \
    "$(echo "$sources" | grep -v '^base/mem.c' | xargs grep -nE '(^|[^_a-zA-Z])(malloc|calloc|realloc)\(')"
complain "NDEBUG" "$(grep -n 'NDEBUG' $sources)"

complain "documents of 200 lines or more; say less, or split them" \
    "$(wc -l docs/*.md README.md | awk '$2 != "total" && $1 >= 200 { print $2 ": " $1 }')"
further=$(sed -n '/^Further:/,$p' README.md)
complain "documents that README.md's last paragraph does not name" \
    "$(for page in docs/*.md; do echo "$further" | grep -qF "($page)" || echo "$page"; done)"
exit "$status"
