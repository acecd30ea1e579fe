#!/bin/sh
# What a run writes down, and what is read of it: a start that fails takes back
# what it made, and a terminal gets no controls.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

cat >three.yml <<'Y'
name: three
mode: mapreduce
map:
  input: "seq 3"
  agent_template:
    - shell: "test ${item} != 2"
Y

# --- a start that fails ----------------------------------------------------

# Git and the home are as before, but for the session, which tells why.
nothing_began() { # repository
	nothing_left "$1"
	is "$(git -C "$1" for-each-ref --format='%(refname)')" \
		refs/heads/main 'refs'
	name=$(basename "$(cd "$1" && pwd)")
	for folder in "worktrees/$name/.metadata" "state/$name/mappings" \
		"state/$name/mapreduce/jobs" "events/$name" "logs/$name"; do
		is "$(find "$PRODIGY_HOME/$folder" -mindepth 1 2>"$err")" '' \
			"files left in $folder"
	done
}

# A file stands where a folder is needed: nobody can make it, not even root.
blocked() { # repository, folder of the home
	make_repo "$1" 1
	(umask 077 && mkdir -p "$PRODIGY_HOME/$(dirname "$2")")
	rm -rf "${PRODIGY_HOME:?}/$2"
	: >"$PRODIGY_HOME/$2"
	before=$(user_state "$1")
	status=0
	(cd "$1" && "$PRODIGY" run ../three.yml -y) >"$out" 2>"$err" ||
		status=$?
	rm "$PRODIGY_HOME/$2"
	is "$status" 1 'exit status'
	is "$(grep -c '^prodigy: ' "$err")" 1 'messages'
	has "$err" "/$2: Not a directory"
	is "$(user_state "$1")" "$before"
	nothing_began "$1"
}

no_sessions() { blocked no-sessions sessions; }
no_events() { blocked no-events events; }
no_trees() { blocked no-trees worktrees; }
no_logs() { blocked no-logs logs; }
no_mappings() { blocked no-mappings state/no-mappings/mappings; }
no_locks() { blocked no-locks locks; }

no_checkout() {
	make_repo no-checkout 1
	cd no-checkout
	echo '*.txt filter=none' >.gitattributes
	git config filter.none.clean cat
	git config filter.none.smudge 'exit 3'
	git config filter.none.required true
	git add .gitattributes
	git commit -qm 'a filter that fails'
	run 1 "$PRODIGY" run ../three.yml -y
	is "$(grep -c '^prodigy: ' "$err")" 1 'messages'
	has "$err" 'making the work tree: .*filter'
	nothing_began .
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r .status "$out")" Failed 'status of the session'
	has "$out" '"error": ".*making the work tree'
	is "$(jq -c '[.job_id, .branch, .worktree_path]' "$out")" \
		'[null,null,null]' 'what the session names'
}

# --- what cannot be recorded -----------------------------------------------

# Dead letters cannot be written, not even by root: a file is in the way.
no_letters() {
	make_repo no-letters 1
	mkdir -p "$PRODIGY_HOME/dlq"
	: >"$PRODIGY_HOME/dlq/no-letters"
	cd no-letters
	before=$(user_state .)
	run 1 "$PRODIGY" run ../three.yml -y
	has "$err" 'Session failed: dead letter of item_1: .*Not a directory'
	hasnt "$out" 'failed'
	hasnt "$err" '[1-9] failed'
	is "$(user_state .)" "$before"
	job=$(job_id no-letters)
	jobs=$PRODIGY_HOME/state/no-letters/mapreduce/jobs
	is "$(jq -r .op "$jobs/$job/journal-v0.jsonl" | grep -c fail || :)" 0 \
		'failures in the journal'
	is "$(jq -r .op "$jobs/$job/journal-v0.jsonl" | tail -n 1)" interrupt \
		'the last record'
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r .status "$out")" Paused 'status of the session'
	has "$out" '"error": "dead letter of item_1'
	rm "$PRODIGY_HOME/dlq/no-letters"
	run 0 "$PRODIGY" checkpoints list "$job"
	has "$out" '^Status: Paused'
	has "$out" '^Failed: 0 '
}

# A home of 5 MiB, and items that log more than that.
full_disk() {
	trap 'umount -l "$scratch/disk"' EXIT
	make_repo full-disk 1
	cat >full-disk.yml <<'Y'
name: full disk
mode: mapreduce
workspace: {min_free: 0}
map:
  input: "seq 40"
  max_parallel: 2
  agent_template:
    - shell: |
        head -c 300000 /dev/zero | tr '\0' x
        echo ${item} >made.txt
        git add . && git commit -qm ${item}
Y
	cd full-disk
	before=$(user_state .)
	run 1 "$PRODIGY" run ../full-disk.yml -y
	has "$err" '^prodigy: .*: No space left on device'
	is "$(user_state .)" "$before"
	find "$PRODIGY_HOME" -name '*.jsonl' -size +0 | while read -r log; do
		is "$(tail -c 1 "$log" | od -An -c | tr -d ' ')" '\n' \
			"the last line of $log"
	done
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r .status "$out")" Paused 'status of the session'
	is "$(git for-each-ref 'refs/heads/prodigy-session-*' | wc -l)" 1 \
		'branches with the result'
}

try_full_disk() {
	what='a full disk pauses the job, and no record is torn'
	mkdir "$scratch/disk"
	if ! mount -t tmpfs -o size=5m none "$scratch/disk" 2>/dev/null; then
		skip "$what" 'a disk can be mounted by root only'
		return
	fi
	PRODIGY_HOME=$scratch/disk
	t "$what" full_disk
	PRODIGY_HOME=$scratch/state
}

# The folder of the sessions is gone once the run has begun.
no_session_at_the_end() {
	PRODIGY_HOME=$scratch/another-state
	make_repo no-session 1
	cd no-session
	cat >../no-session.yml <<'Y'
- shell: "rm -rf $PRODIGY_HOME/sessions; : >$PRODIGY_HOME/sessions"
Y
	run 1 "$PRODIGY" run ../no-session.yml
	has "$err" 'Session failed: saving the session: .*Not a directory'
}

# --- what cannot be read ---------------------------------------------------

damage_is_named() {
	make_repo damage 1
	cd damage
	run 0 "$PRODIGY" run ../three.yml --no-merge
	job=$(job_id damage)
	run 0 "$PRODIGY" dlq show "$job"
	jq 'del(.items[].last_attempt, .items[].first_attempt)' "$out" >../before
	letter=$PRODIGY_HOME/dlq/damage/$job/items/item_1.json
	echo '{broken' >"$letter"
	run 1 "$PRODIGY" dlq list
	has "$err" "^prodigy: $letter:1:"
	has "$out" "^$job +item_1 .* exit 1"
	run 1 "$PRODIGY" dlq show "$job"
	for member in item_id item_data failure_count error_signature \
		reprocess_eligible; do
		is "$(jq -c ".items[0].$member" "$out")" \
			"$(jq -c ".items[0].$member" ../before)" "$member"
	done
	for member in error_message error_type agent_id json_log_location; do
		is "$(jq -c ".items[0].failure_history[0].$member" "$out")" \
			"$(jq -c ".items[0].failure_history[0].$member" \
				../before)" "$member"
	done
	rm "$letter"
	run 0 "$PRODIGY" dlq list
	has "$out" "^$job +item_1 .* exit 1"
	session=$PRODIGY_HOME/sessions/session-$job.json
	: >"$session"
	run 1 "$PRODIGY" sessions list
	has "$err" "^prodigy: $session: empty"
	hasnt "$out" 'No sessions'
}

# --- what reaches a terminal -----------------------------------------------

terminal=$(dirname "$PRODIGY")/tests/e2e/terminal

# What a command shows at a terminal has none of the controls that items and
# steps sent: C0 but for line ends, DEL, C1 (CSI), and U+202E. Without colours
# there are none of our own.
shows_no_control() { # wanted status, text that is shown, command ...
	wanted=$1
	text=$2
	shift 2
	status=0
	NO_COLOR=1 "$terminal" -- "$@" >"$scratch/shown" </dev/null || status=$?
	is "$status" "$wanted" "exit status of $*"
	has "$scratch/shown" "$text"
	is "$(LC_ALL=C tr -cd '\000-\010\013\014\016-\037\177' \
		<"$scratch/shown" | wc -c)" 0 'controls'
	is "$(LC_ALL=C grep -c "$(printf '\302\233\|\342\200\256')" \
		"$scratch/shown" || :)" 0 'C1 and bidirectional controls'
}

no_controls_shown() {
	NO_COLOR=1 # colours are sequences of our own
	export NO_COLOR
	make_repo controls 1
	cd controls
	printf '["\177\302\233\342\200\256 seen", "good"]' >items.json
	git add .
	git commit -qm items
	cat >../controls.yml <<'Y'
name: controls
mode: mapreduce
map:
  input: items.json
  agent_template:
    - shell: |
        test ${item} = good && exit
        printf '\033[31mred\033]52;c;ZXZpbA==\007 10%%\r20%%\033[2J seen\n'
        printf '\302\2332J\342\200\256\177 seen\n' >&2
        exit 1
Y
	shows_no_control 0 'item_0.* seen' \
		"$PRODIGY" run ../controls.yml -vv --no-merge
	shows_no_control 0 'seen' "$PRODIGY" dlq show
	shows_no_control 0 'item_0.* seen' "$PRODIGY" dlq show --format human
	shows_no_control 0 'item_0' "$PRODIGY" dlq list
	for format in human json jsonl; do
		shows_no_control 0 'agent_failed' \
			"$PRODIGY" events show --format $format
	done
	shows_no_control 0 'seen' "$PRODIGY" checkpoints show --json
	shows_no_control 0 'u009b.* seen' "$PRODIGY" items ../controls.yml
	shows_no_control 0 ' seen' "$PRODIGY" run ../controls.yml --dry-run
	shows_no_control 0 'u009b.* seen' \
		"$PRODIGY" run ../controls.yml --dry-run --json
	shows_no_control 0 '"error":.* seen' \
		"$PRODIGY" run ../controls.yml --no-merge --output jsonl
	run 0 "$PRODIGY" items ../controls.yml
	is "$(head -n 1 "$out" | jq -r .data | od -An -tx1 | tr -d ' \n')" \
		'7fc29be280ae207365656e0a' 'bytes of the item'
}

t 'without sessions no run starts, and it leaves nothing' no_sessions
t 'without events no run starts, and it leaves nothing' no_events
t 'without work trees no run starts, and it leaves nothing' no_trees
t 'without logs no run starts, and it leaves nothing' no_logs
t 'without mappings no run starts, and it leaves nothing' no_mappings
t 'without locks no run starts, and it leaves nothing' no_locks
t 'a work tree that cannot be filled leaves its session only' no_checkout
t 'a failure without its dead letter pauses the job' no_letters
try_full_disk
t 'a session that is not saved at the end is an error' no_session_at_the_end
t 'what cannot be read is named, and the rest listed' damage_is_named
t 'no control of an item or a step reaches a terminal' no_controls_shown
done_testing
