#!/bin/sh
# What became of one job, from what PBS says: running, success or failed. Called with the number that qsub gave.
# PBS must remember jobs that ended (job_history_enable, which most sites set).
said=$(qstat -x -f "$1" 2>&1)
state=$(printf '%s\n' "$said" | sed -n 's/^ *job_state = //p')
code=$(printf '%s\n' "$said" | sed -n 's/^ *Exit_status = //p')
case "$state/$code" in
    F/0 | C/0) echo success ;;
    F/* | C/*) echo failed ;;
    ?*/*) echo running ;;
    # A job that PBS has forgotten has ended, nobody knows how: it is done again. A server that is silent is asked again.
    *) case "$said" in *Unknown*) echo failed ;; *) echo running ;; esac ;;
esac
