#!/bin/sh
# A sample of scripts/sweep: system calls that fail end in the truth.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# The stride has no divisor in common with what a job repeats.
sample() { # who, stride
	run 0 "$top_srcdir/scripts/sweep" -s "$2" -w "$1"
	has "$out" '^[1-9][0-9]* faults, 0 went wrong$'
}
in_the_supervisor() { sample supervisor 29; }
in_agents() { sample agent 53; }

t 'a system call that fails in the supervisor ends in the truth' \
	in_the_supervisor
t 'a system call that fails in an agent ends in the truth' in_agents
done_testing
