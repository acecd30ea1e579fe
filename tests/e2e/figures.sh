#!/bin/sh
# What a job is said to have done: every view tells the same numbers at every
# moment, those of the journal.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# An item waits for its file, then fails if its number divides by 5, makes a
# commit if it is odd, and leaves nothing otherwise.
cat >waiting.yml <<Y
name: waiting
mode: mapreduce
map:
  input: "seq 60"
  max_parallel: 4
  agent_template:
    - shell: |
        while ! [ -e $scratch/go.\${item} ]; do sleep 0.02; done
        [ \$((\${item} % 5)) -ne 0 ] || exit 1
        if [ \$((\${item} % 2)) -eq 1 ]; then
          echo \${item} >made-\${item}.txt
          git add . && git commit -q -m "item \${item}"
        fi
Y

# total, done and failed in the journal of the job, in one line.
of_journal() {
	jq -sr 'reduce .[] as $r ({total: 0, s: {}};
	    if $r.op == "items" then .total = $r.count
	    elif $r.item then .s[$r.item] = $r.op else . end) |
	    "\(.total) \([.s[] | select(. == "done" or . == "merged")] |
	    length) \([.s[] | select(. == "fail")] | length)"' "$journal"
}

# "288/300, 12 failed" of those three.
as_text() { # total, done, failed
	if [ "$3" -gt 0 ]; then
		echo "$2/$1, $3 failed"
	else
		echo "$2/$1"
	fi
}

numbers_of='"\(.total_items) \(.successful_items) \(.failed_items)"'

# Each view is compared with the journal, while the supervisor stands still.
look_at_documents() {
	now=$(of_journal)
	failed=${now##* }
	run 0 "$PRODIGY" sessions list --json
	is "$(jq -r ".[0].mapreduce_data | $numbers_of" "$out")" "$now" \
		'sessions list --json'
	run 0 "$PRODIGY" worktree ls --json
	is "$(jq -r '.sessions[] | select(.session_id | startswith("session")) |
	    "\(.total_items) \(.items_processed - .items_failed)" +
	    " \(.items_failed)"' "$out")" "$now" 'worktree ls --json'
	run 0 "$PRODIGY" checkpoints list --json
	is "$(jq -r '.[0] | "\(.total_items) \(.successful) \(.failed)" +
	    " \(.in_dlq)"' "$out")" "$now $failed" 'checkpoints list --json'
	run 0 "$PRODIGY" dlq list --json
	is "$(jq length "$out")" "$failed" 'dlq list --json'
	# Events follow what is recorded.
	run 0 "$PRODIGY" events show --type agent_failed
	[ "$(wc -l <"$out")" -le "$failed" ] || is "$(cat "$out")" "$failed"
}

look_at_tables() {
	# shellcheck disable=SC2086 # three words
	text=$(as_text $now)
	run 0 "$PRODIGY" sessions list
	has "$out" "  $text  "
	run 0 "$PRODIGY" sessions show
	has "$out" "^Done: +$text\$"
	run 0 "$PRODIGY" worktree ls
	has "$out" "^session-.*  $text  "
	run 0 "$PRODIGY" checkpoints list
	has "$out" "^Failed: $failed \\($failed in DLQ, $failed retriable\\)\$"
}

is_stopped() { # pid
	grep -q ') T ' "/proc/$1/stat"
}

ended_are() { # number
	# shellcheck disable=SC2046 # three words
	set -- "$1" $(of_journal)
	[ $(($3 + $4)) -ge "$1" ]
}

session_says() { # number of items that are through
	is "$(jq .mapreduce_data.processed_items "$session")" "$1" >/dev/null
}

views_agree() {
	make_repo agree 1
	cd agree
	"$PRODIGY" run ../waiting.yml -y >../agree.out 2>../agree.err &
	supervisor=$!
	wait_for map_has_begun
	i=0
	seed=7
	while [ "$i" -lt 50 ]; do
		# One to three items may end now, and what they lead to is met
		# at some moment, which is not waited for.
		seed=$(((seed * 1103 + 12345) % 65536))
		more=$((seed / 256 % 3))
		for n in 1 2 3; do
			[ "$n" -gt $((more + 1)) ] ||
				: >"$scratch/go.$((i + n))"
		done
		i=$((i + 1))
		kill -STOP "$supervisor"
		wait_for is_stopped "$supervisor"
		look_at_documents
		[ $((i % 10)) -ne 1 ] || look_at_tables
		kill -CONT "$supervisor"
		# Now and then everything that can end does.
		[ $((seed % 4)) -ne 0 ] || wait_for ended_are "$i"
	done
	wait_for ended_are "$i"
	session=$PRODIGY_HOME/sessions/session-$job.json
	for n in 51 52 53 54 55; do
		: >"$scratch/go.$n"
	done
	wait_for ended_are 55
	wait_for session_says 55
	is "$(jq -r .status "$session")" Running 'the status'
	is "$(git rev-list --count "main..$(jq -r .map_ref "$session")")" \
		"$("$PRODIGY" worktree ls --json | jq '.sessions[] |
		    select(.session_id | startswith("session")) | .commits')" \
		'commits of a run that goes on'
	for n in 56 57 58 59 60; do
		: >"$scratch/go.$n"
	done
	status=0
	wait "$supervisor" || status=$?
	is "$status" 0 'exit status'
	has ../agree.out 'Items: +60 total, 48 successful, 12 failed'
	run 0 "$PRODIGY" sessions list
	has "$out" ' Completed +48/60, 12 failed '
	run 0 "$PRODIGY" events show --type job_completed
	is "$(jq -c '.event | [.success_count, .failure_count]' "$out")" \
		'[48,12]' 'job_completed'
}

map_has_begun() {
	job=$(job_id agree)
	journal=$PRODIGY_HOME/state/agree/mapreduce/jobs/$job/journal-v0.jsonl
	grep -q '"phase":"Map"' "$journal" 2>/dev/null
}

t 'every view tells the numbers of the journal at fifty moments' views_agree

done_testing
