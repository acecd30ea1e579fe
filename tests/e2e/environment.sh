#!/bin/sh
# What surrounds a run: other runs, the caller's environment, where it is
# started, and what the repository and its folders are called.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# --- other runs -----------------------------------------------------------

# Starts two runs at once until both have the same id, which most have. Each
# gets its number in $N and its folder as HERE; leaves their pids.
start_pair() { # first home, first repository, second home, second, workflow
	tries=0
	while :; do
		tries=$((tries + 1))
		rm -f pair.*
		(cd "$2" && N=1 HERE=$PWD PRODIGY_HOME=$1 exec "$PRODIGY" run \
			"../$5" -y) >pair.1 2>&1 </dev/null &
		one=$!
		(cd "$4" && N=2 HERE=$PWD PRODIGY_HOME=$3 exec "$PRODIGY" run \
			"../$5" -y) >pair.2 2>&1 </dev/null &
		two=$!
		wait_for grep -q '^Job:' pair.1
		wait_for grep -q '^Job:' pair.2
		first=$(awk '/^Job:/ { print $2; exit }' pair.1)
		second=$(awk '/^Job:/ { print $2; exit }' pair.2)
		[ "${first%-[0-9]}" != "${second%-[0-9]}" ] &&
			[ "$tries" -lt 50 ] || return 0
		touch pair.go
		wait "$one" "$two" || :
	done
}

two_homes() {
	make_repo shared 1
	cat >homes.yml <<'Y'
name: homes
mode: mapreduce
map:
  input: "echo only"
  agent_template:
    - shell: |
        if [ "$N" = 1 ]; then
          if ! [ -e $HERE/../pair.lost ]; then
            while ! [ -e $HERE/../pair.waits ]; do sleep 0.05; done
            touch $HERE/../pair.lost
            kill -9 $PPID
          fi
        else
          touch $HERE/../pair.waits
          while ! [ -e $HERE/../pair.go ]; do sleep 0.05; done
        fi
        echo "$N" >"of_$N" && git add . && git commit -q -m "of $N"
Y
	start_pair "$scratch/home1" shared "$scratch/home2" shared homes.yml
	wait_for grep -q 'Map phase completed' pair.1
	touch pair.go
	wait "$one"
	wait "$two"
	is "$first" "$second" 'ids'
	hasnt pair.2 'lost'
	is "$(cd shared && echo of_*)" 'of_1 of_2' 'files'
	is "$(jq -s 'map(select(.event.event_type == "agent_started")) | length' \
		home2/events/shared/*/*.jsonl)" 1 'attempts of the second'
	is "$(git -C shared for-each-ref refs/prodigy)" '' 'refs left'
}

two_repositories() {
	make_repo left 1
	make_repo right 1
	cat >sides.yml <<'Y'
name: sides
mode: mapreduce
map:
  input: "echo only"
  agent_template:
    - shell: |
        while ! [ -e $HERE/../pair.go ]; do sleep 0.05; done
        echo x >x && git add . && git commit -q -m x
Y
	start_pair "$PRODIGY_HOME" left "$PRODIGY_HOME" right sides.yml
	touch pair.go
	wait "$one"
	wait "$two"
	[ "$first" != "$second" ]
	is "$(cat left/x right/x)" "x
x" 'results'
	for id in "$first" "$second"; do
		run 0 "$PRODIGY" sessions show --path left "$id"
		has "$out" 'Status: *Completed'
	done
}

t 'runs of two homes that share an id do not meet' two_homes
t 'runs of two repositories in one second have two ids' two_repositories
done_testing
