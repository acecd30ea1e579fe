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

# For a test that gives up, so that no run stays behind: it may stand still.
end_run() { # pid
	kill -CONT "$1" 2>/dev/null || :
	kill -TERM "$1" 2>/dev/null || :
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
	trap 'end_run "$supervisor"' EXIT
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

# --- what was spent ----------------------------------------------------------

fake=$top_srcdir/tests/bin
PATH=$fake:$PATH
FAKE_CLAUDE_DIR=$scratch/fake
export PATH FAKE_CLAUDE_DIR

rule() { # name, pattern
	mkdir -p "$FAKE_CLAUDE_DIR/rules/$1"
	printf '%s' "$2" >"$FAKE_CLAUDE_DIR/rules/$1/match"
}

forget_rules() {
	rm -rf "$FAKE_CLAUDE_DIR"
	mkdir -p "$FAKE_CLAUDE_DIR"
}

# Cost in millionths and tokens of each kind, of objects with cost_usd and
# tokens: "30000 300 60 9 12".
sum_of='[.[] | select(has("cost_usd"))] |
    [(([.[].cost_usd // 0] | add // 0) * 1000000 | round),
	(["input", "output", "cache_read", "cache_write"][] as $k |
	    [.[].tokens[$k] // 0] | add // 0)] | join(" ")'

# The stand-in's own figures in the same form.
of_claude() {
	awk '{ c += $1; i += $2; o += $3; r += $4; w += $5 }
	    END { printf "%d %d %d %d %d\n", c * 1000000 + .5, i, o, r, w }' \
		"$FAKE_CLAUDE_DIR/spent"
}

# Where the figures of a job are, each in a place of its own.
of_session() {
	jq -s "$sum_of" -r "$PRODIGY_HOME/sessions/session-$job.json"
}

of_records() {
	jq -rs "[.[].spent // {}] | $sum_of" \
		"$PRODIGY_HOME/state/$1/mapreduce/jobs/$job/journal-v0.jsonl"
}

# Of the items, as events tell it, and of the phases, which the journal has.
of_parts() {
	"$PRODIGY" events show "$job" | jq -c '.event | select(.event_type |
	    test("^agent_(completed|failed|stopped)$"))' >"$scratch/parts"
	jq -c 'select(.op == "spent") | .spent' \
		"$PRODIGY_HOME/state/$1/mapreduce/jobs/$job/journal-v0.jsonl" \
		>>"$scratch/parts"
	jq -rs "$sum_of" "$scratch/parts"
}

of_event() { # type
	"$PRODIGY" events show --type "$1" "$job" |
		jq -rs "[.[].event] | $sum_of"
}

everything_agrees() { # repository, last event, what
	job=$(job_id "$1")
	is "$(of_session)" "$3" 'the session'
	is "$(of_records "$1")" "$3" 'the journal'
	is "$(of_parts "$1")" "$3" 'items and phases'
	is "$(of_event "$2")" "$3" "$2"
}

cat >paid.yml <<'Y'
name: paid
mode: mapreduce
setup:
  - claude: "prepare all"
map:
  input: "seq 5"
  max_parallel: 2
  agent_template:
    - claude: "first ${item}"
    - claude: "second ${item}"
    - shell: "echo ${item} >made-${item}.txt; git add .; git commit -qm ${item}"
reduce:
  - claude: "sum up"
Y

sums_agree() {
	forget_rules
	rule a-first 'first 2'
	echo 0.0625 >"$FAKE_CLAUDE_DIR/rules/a-first/cost"
	rule b-fails 'second 4'
	echo 0.1 >"$FAKE_CLAUDE_DIR/rules/b-fails/cost"
	echo 500 >"$FAKE_CLAUDE_DIR/rules/b-fails/error"
	make_repo sums 1
	cd sums
	run 0 "$PRODIGY" run ../paid.yml -y
	has "$out" '^Cost: +\$0.2625 \(1200 input, 240 output, 36 cache read, 48 '
	is "$(of_claude)" '262500 1200 240 36 48' 'the stand-in'
	everything_agrees sums job_completed "$(of_claude)"
	run 0 "$PRODIGY" sessions show
	has "$out" '^Cost: +\$0.2625 '
	run 0 "$PRODIGY" dlq show --json
	is "$(jq -c '.items[0].failure_history[0] |
	    [.cost_usd, .tokens.input, has("cost_at_least")]' "$out")" \
		'[0.11,200,false]' 'the dead letter'
	results=$PRODIGY_HOME/state/sums/mapreduce/jobs/$job/map-results.json
	is "$(jq -c '[.[].cost_usd]' "$results")" \
		'[0.02,0.0725,0.02,0.11,0.02]' 'the results'
}

# The agent process above a claude, whose rule is at work.
agent_of() { # pid
	above=$1
	until tr '\0' ' ' <"/proc/$above/cmdline" | grep -q ' agent-run'; do
		above=$(awk '/^PPid:/ { print $2 }' "/proc/$above/status")
	done
	echo "$above"
}

session_has() { # jq expression
	[ "$(jq "$1" "$session")" = true ]
}

killed_agent_is_told() {
	forget_rules
	rule a-hangs 'first 3'
	: >"$FAKE_CLAUDE_DIR/rules/a-hangs/once"
	cat >"$FAKE_CLAUDE_DIR/rules/a-hangs/run" <<R
echo \$\$ >$scratch/hangs
while :; do sleep 1; done
R
	make_repo killed 1
	cd killed
	"$PRODIGY" run ../paid.yml -y >"$out" 2>"$err" &
	pid=$!
	trap 'end_run "$pid"' EXIT
	wait_for test -s "$scratch/hangs"
	# All others come to their end.
	wait_for grep -q '"item":"item_4",.*merge_commit' \
		"$PRODIGY_HOME"/state/killed/mapreduce/jobs/*/journal-v0.jsonl
	session=$PRODIGY_HOME/sessions/session-$(job_id killed).json
	# It is known while it goes on: 8 claudes of items, one of setup.
	wait_for session_has '.tokens.input == 940 and .cost_at_least'
	kill -9 "$(agent_of "$(cat "$scratch/hangs")")"
	wait
	has "$out" '^Cost: +at least \$0.1200 \(1240 input, 241 output, 36 '
	is "$(of_claude)" '120000 1200 240 36 48' 'the stand-in'
	everything_agrees killed job_completed '120000 1240 241 36 48'
	is "$(jq .cost_at_least "$session")" true 'at least, in the session'
	is "$("$PRODIGY" events show --type agent_stopped | jq -c \
		'.event | [.item_id, .attempt, .cost_usd, .tokens.input,
		.cost_at_least]')" '["item_2",1,null,40,true]' agent_stopped
	run 0 "$PRODIGY" sessions show
	has "$out" '^Cost: +at least \$0.1200 '
}

stopped_run_is_told() {
	forget_rules
	rm -f "$scratch/hangs"
	rule a-hangs 'second 2'
	cat >"$FAKE_CLAUDE_DIR/rules/a-hangs/run" <<R
echo \$\$ >$scratch/hangs
while :; do sleep 1; done
R
	make_repo stopped 1
	cd stopped
	"$PRODIGY" run ../paid.yml -y >"$out" 2>"$err" &
	pid=$!
	trap 'end_run "$pid"' EXIT
	wait_for test -s "$scratch/hangs"
	wait_for grep -q '"item":"item_4",.*merge_commit' \
		"$PRODIGY_HOME"/state/stopped/mapreduce/jobs/*/journal-v0.jsonl
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	is "$status" 143 'exit status'
	has "$err" '^Cost so far: at least \$0.1000 \(1040 input, 201 output, '
	is "$(of_claude)" '100000 1000 200 30 40' 'the stand-in'
	everything_agrees stopped job_paused '100000 1040 201 30 40'
	run 0 "$PRODIGY" sessions show
	has "$out" '^Cost: +at least \$0.1000 '
}

cat >standard.yml <<'Y'
name: standard
commands:
  - claude: "one"
  - claude: "two"
Y

failed_workflow_is_told() {
	forget_rules
	rule a 'two'
	echo 529 >"$FAKE_CLAUDE_DIR/rules/a/error"
	make_repo standard 1
	cd standard
	run 1 "$PRODIGY" run ../standard.yml -y
	has "$err" '^Cost so far: \$0.0200 \(200 input, 40 output, '
	run 0 "$PRODIGY" sessions show
	has "$out" '^Cost: +\$0.0200 '
	run 0 "$PRODIGY" events show --type job_failed
	is "$(jq .event.cost_usd "$out")" 0.02 'job_failed'
}

# --- the session of claude ---------------------------------------------------

# Claude looks itself whether the journal has its id.
session_is_known() {
	forget_rules
	rule a 'first *'
	cat >"$FAKE_CLAUDE_DIR/rules/a/run" <<'R'
grep -h '"op":"claude"' "$PRODIGY_HOME"/state/known/mapreduce/jobs/*/journal* |
	grep -o "\"claude_session_id\":\"$FAKE_SESSION\"" \
		>>"$FAKE_CLAUDE_DIR/seen"
R
	make_repo known 1
	cd known
	run 0 "$PRODIGY" run ../paid.yml -y
	is "$(sort -u "$FAKE_CLAUDE_DIR/seen" | wc -l)" 5 'sessions seen'
	job=$(job_id known)
	journal=$PRODIGY_HOME/state/known/mapreduce/jobs/$job/journal-v0.jsonl
	is "$(jq -r 'select(.op == "claude") | .claude_session_id' "$journal" |
		sort -u | wc -l)" 12 'sessions in the journal'
	jq -r 'select(.op == "claude") | .json_log_location' "$journal" |
		while read -r log; do
			jq -r 'select(.type == "result") | .session_id' "$log"
		done | sort >"$scratch/ids"
	is "$(jq -r 'select(.op == "claude") | .claude_session_id' "$journal" |
		sort | cmp - "$scratch/ids")" '' 'the ids in the logs'
	is "$(jq -r 'select(.op == "claude" and .phase) | .phase' "$journal" |
		tr '\n' ' ')" 'setup reduce ' 'the phases'
	is "$("$PRODIGY" events show --type agent_completed | jq -r \
		.event.claude_session_id | sort -u | wc -l)" 5 'in events'
}

users_session_wins() {
	forget_rules
	make_repo wins 1
	cd wins
	PRODIGY_CLAUDE_ARGS='--session-id 123 --model x' \
		run 0 "$PRODIGY" run ../standard.yml -y
	is "$(grep -c -e '<--model><x><--><one>' "$FAKE_CLAUDE_DIR/calls")" 1
	is "$("$PRODIGY" events show --type claude_session_started |
		jq -r .event.session_id | sort -u)" 123 'the session'
}

# --- what was changed --------------------------------------------------------

# Item 1 adds a line, 2 takes one and adds two, 3 fails with one; the merged
# ones are the job's. A file that is no text has no lines.
cat >lines.yml <<'Y'
name: lines
mode: mapreduce
map:
  input: "seq 3"
  max_parallel: 1
  agent_template:
    - shell: |
        case ${item} in
        1) echo one >one.txt; printf 'a\0\n' >blob ;;
        2) printf 'two\nlines\n' >src/file_1.txt ;;
        3) echo three >three.txt ;;
        esac
        git add . && git commit -q -m "item ${item}" && test ${item} != 3
Y

lines_are_counted() {
	make_repo lines 1
	cd lines
	run 0 "$PRODIGY" run ../lines.yml -y
	lines='[.files, .insertions, .deletions]'
	run 0 "$PRODIGY" events show
	is "$(jq -c "select(.event.event_type == \"agent_completed\") |
	    .event | $lines" "$out" | tr '\n' ' ')" '[2,1,0] [1,2,1] ' \
		'agent_completed'
	is "$(jq -c "select(.event.event_type == \"agent_failed\") |
	    .event | $lines" "$out")" '[1,1,0]' 'agent_failed'
	run 0 "$PRODIGY" dlq show
	is "$(jq -c ".items[0].failure_history[0] | $lines" "$out")" \
		'[1,1,0]' 'the dead letter'
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -c ".mapreduce_data | $lines" "$out")" '[3,3,1]' 'the session'
}

t 'what was spent is the same everywhere, and what claude says' sums_agree
t 'a killed agent has spent at least what is known' killed_agent_is_told
t 'so it is told of a run that was stopped' stopped_run_is_told
t 'and of a workflow that failed' failed_workflow_is_told
t 'the session of claude is recorded before it starts' session_is_known
t 'a session that the user names is that of claude' users_session_wins
t 'what items change is counted, of those that fail, too' lines_are_counted

done_testing
