#!/bin/sh
# Docker starts a container again after any exit but 0. This ends with 0 where starting again would not help:
# finished with rejects (4), stopped by a person (130), or something that a person has to mend; the log says what.
wherry load --stand-by "$@" &
load=$!
trap 'kill -TERM "$load"' TERM INT
wait "$load"
code=$?
while kill -0 "$load" 2>/dev/null; do # a signal has ended the wait, not the load
    wait "$load"
    code=$?
done
case "$code" in
2 | 3 | 4 | 5 | 6 | 130)
    echo "wherry load ended with exit code $code" >&2
    exit 0
    ;;
esac
exit "$code"
