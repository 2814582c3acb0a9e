#!/bin/sh
# usage: check_purity.sh NM ARCHIVE...
#
# Exits 1 and names each offender when an object of an archive imports a symbol that reads a clock,
# waits, opens a socket, starts a thread or asks for chance: then its decisions could not be replayed
# in virtual time. Exits 2 when nothing could be checked.
set -eu

if [ $# -lt 2 ]; then
    echo "usage: $0 NM ARCHIVE..." >&2
    exit 2
fi
nm=$1
shift

# One extended regular expression per line; each must match a whole symbol name.
banned='time|ftime|times|clock|clock_.*|gettimeofday|timespec_get|localtime(_r)?|gmtime(_r)?
timer_(create|settime|gettime|delete)|timerfd_.*|setitimer|alarm|ualarm
sleep|usleep|nanosleep|select|pselect|poll|ppoll|epoll_.*
socket|socketpair|connect|accept4?|bind|listen|getaddrinfo|gethostby.*
send|sendto|sendmsg|recv|recvfrom|recvmsg
rand|rand_r|srand|random|random_r|srandom|[delmn]rand48|jrand48|srand48
getrandom|getentropy|arc4random.*|RAND_.*
pthread_.*|thrd_.*|mtx_.*|cnd_.*|fork|vfork|clone'

pattern=$(printf '%s' "$banned" | tr '\n' '|')

offenders=0
for archive in "$@"; do
    # One line per import: "file.a:object.o:                 U symbol@VERSION"
    imports=$("$nm" -A -u "$archive") || exit 2
    if [ -z "$imports" ]; then
        echo "$archive: no symbols at all; is this a library of ours?" >&2
        exit 2
    fi
    found=$(printf '%s\n' "$imports" | sed 's/@[^ ]*$//' | grep -E " U ($pattern)\$" || true)
    [ -z "$found" ] && continue
    offenders=1
    printf '%s\n' "$found" | while read -r line; do
        echo "${line%%: *} imports ${line##* }: a pure target must be handed time and chance" >&2
    done
done
exit $offenders
