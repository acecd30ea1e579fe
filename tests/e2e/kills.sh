#!/bin/sh
# Signals at seeded moments, to the supervisor and to its agents, while they all
# commit and merge: whatever it was, no process of the run lives on, and no lock
# is left in the repository, in a kept work tree, or under PRODIGY_HOME.
#
#	KILLS='SEED COUNT [ROUND]' scripts/test kills
#
# runs COUNT of them (10), or that ROUND alone: what is chosen depends on the
# seed (1), what is interrupted by it on the machine as well.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# shellcheck disable=SC2086 # they are words
set -- ${KILLS-}
seed=${1:-1}
count=${2:-10}
only=${3:-}
kinds='TERM INT HUP KILL STOP twice agent-KILL agent-STOP agent-TERM frozen'

# The next number of the sequence, below a limit.
random() { # limit
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	number=$((seed / 65536 % $1))
}

# Every step says so when it begins and when it has committed once more.
cat >wf.yml <<'Y'
name: kills
mode: mapreduce
setup:
  - shell: "echo x >>$TICKS; echo setup >setup.txt; git add .; git commit -q -m setup"
map:
  input: "seq 6"
  max_parallel: 3
  agent_template:
    - shell: "sh $WORK one.${item}; echo x >>$TICKS"
    - shell: "sh $WORK two.${item} & sh $WORK three.${item} >/dev/null; wait"
reduce:
  - shell: "sh $WORK reduce"
Y
cat >work.sh <<'W'
mkdir -p "$1"
for i in 1 2 3 4; do
	echo x >>"$TICKS"
	echo "$i" >"$1/$i"
	git add "$1" && git commit -q -m "$1 $i"
done
exit 0
W

ticked() { # number; or the run is over
	[ "$(wc -l <"$scratch/ticks")" -ge "$1" ] || is_dead "$supervisor"
}

an_agent() {
	pgrep -P "$supervisor" -f agent-run | sed -n 1p
}

send() { # signal, pid
	[ -z "$2" ] || kill "-$1" "$2" 2>/dev/null || :
}

strike() { # kind
	case $1 in
	twice)
		send INT "$supervisor"
		sleep "0.$number"
		send INT "$supervisor"
		;;
	STOP)
		send STOP "$supervisor"
		sleep "0.$number"
		send CONT "$supervisor"
		;;
	frozen)
		send STOP "$supervisor"
		for agent in $(pgrep -P "$supervisor" -f agent-run); do
			send STOP "$agent"
		done
		send KILL "$supervisor"
		;;
	agent-*) send "${1#agent-}" "$(an_agent)" ;;
	*) send "$1" "$supervisor" ;;
	esac
}

# A run may be over before the signal comes.
status_is_right() { # kind
	case $1:$status in
	*:0 | TERM:143 | INT:130 | HUP:129 | KILL:137 | twice:130 | \
		frozen:137) ;;
	agent-TERM:1) ;; # what is asked to stop does not succeed
	*) is "$status" "that of $1" 'exit status' ;;
	esac
}

none_lives() {
	! grep -lq "KILLS_MARK=$scratch" /proc/[0-9]*/environ 2>/dev/null
}

no_lock_is_left() {
	is "$(find r/.git -name '*.lock')" '' 'lock files'
	for lock in state/locks/* $(find state -name '*.lock'); do
		[ ! -e "$lock" ] || flock -n "$lock" true ||
			is held free "$lock"
	done
}

a_round() {
	rm -rf r state
	: >ticks
	make_repo r 1
	(
		cd r || exit 1
		exec env --default-signal KILLS_MARK="$scratch" \
			TICKS="$scratch/ticks" WORK="$scratch/work.sh" \
			"$PRODIGY" run -y ../wf.yml >"$out" 2>"$err" </dev/null
	) &
	supervisor=$!
	wait_for ticked "$ticks"
	sleep "0.0$pause"
	strike "$kind"
	status=0
	wait "$supervisor" || status=$?
	status_is_right "$kind"
	wait_for none_lives
	no_lock_is_left
	is "$(git -C r status --porcelain)" '' 'the tree of the user'
	git -C r fsck --connectivity-only 2>&1 | hasnt - '^(error|fatal|missing)'
}

round=0
while [ "$round" -lt "$count" ]; do
	round=$((round + 1))
	# shellcheck disable=SC2086 # they are words
	set -- $kinds
	shift $(((round - 1) % $#))
	kind=$1
	random 80
	ticks=$number
	random 10
	pause=$number
	random 10
	[ -z "$only" ] || [ "$only" -eq "$round" ] || continue
	t "round $round: $kind at tick $ticks leaves nothing" a_round
done
done_testing
