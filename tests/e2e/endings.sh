#!/bin/sh
# However a run ends, nothing of it lives on: children that ignore signals,
# hide in sessions of their own, stop themselves, flood or never read, against
# Ctrl-C, SIGTERM, SIGHUP, timeouts, and kill -9 of the supervisor or an agent.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

zoo=$top_builddir/tests/zoo/zoo
[ -x "$zoo" ] || zoo=$top_builddir/tests/zoo/zoo.exe
make_repo repo 2
all_kinds='ignore-term new-group setsid daemon daemon-clean stop-self stop-parent
	flood-stdout close-stdout never-read fork-forever'

# One item for each kind; the processes of an item write their numbers to
# pids/KIND. The parent of stop-parent is the agent process; slow-term is not
# what the step starts itself.
write_workflow() { # kinds, more options of the step
	rm -rf pids
	mkdir pids
	: >agents
	kinds=$1
	# shellcheck disable=SC2086 # they are words
	printf '%s\n' $kinds >kinds
	cat >wf.yml <<Y
name: zoo
mode: mapreduce
map:
  input: "cat '$scratch/kinds'"
  max_parallel: 20
  agent_template:
    - shell: |
        cd '$scratch/pids'
        case \${item} in
        daemon*) '$zoo' \${item} \${item}; sleep 300 ;;
        slow-term) '$zoo' slow-term slow-term 4000; echo after ;;
        stop-parent) exec '$zoo' stop-parent stop-parent ;;
        *) '$zoo' \${item} \${item} ;;
        esac
$2
Y
}

# The processes of the zoo are at work once their numbers are written.
are_started() {
	for kind in $kinds; do
		[ -s "$scratch/pids/$kind" ] || return 1
	done
}

all_dead() {
	for kind in $kinds; do
		cat "$scratch/pids/$kind"
	done | cat - "$scratch/agents" >"$scratch/all-pids"
	while read -r pid; do
		is_dead "$pid" || return 1
	done <"$scratch/all-pids"
}

# As a shell starts it, whatever this test was started with: what is ignored
# at the start stays ignored, and only another program can change that.
begin() {
	(cd repo && exec env --default-signal "$PRODIGY" run ../wf.yml \
		>"$out" 2>"$err" </dev/null) &
	supervisor=$!
}

agent_processes() {
	pgrep -P "$supervisor" -f agent-run
}

# A run that is not what the test needs is shown, and ended.
give_up() {
	wc -c "$scratch"/pids/*
	cat "$out" "$err"
	kill -KILL "$supervisor"
	return 1
}

start() { # kinds
	write_workflow "$1" ''
	begin
	wait_for are_started || give_up
	agent_processes >agents
}

ends_with() { # wanted status
	status=0
	wait "$supervisor" || status=$?
	is "$status" "$1" 'exit status'
	wait_for all_dead
	is "$(cd "$scratch/repo" && git status --porcelain)" '' 'user tree'
}

notes_are() { # lines
	[ "$(cat "$scratch/pids/slow-term.notes" 2>/dev/null)" = "$1" ]
}

signal_case() { # signal, wanted status
	start "$all_kinds"
	kill "-$1" "$supervisor"
	ends_with "$2"
	has "$err" 'There is no result yet; what was kept: prodigy worktree ls'
	has "$err" '[0-9]+ of 11 items done'
}

interrupted() { signal_case INT 130; }

terminated() { signal_case TERM 143; }

hung_up() { signal_case HUP 129; }

killed() {
	start "$all_kinds"
	kill -KILL "$supervisor"
	ends_with 137
}

timed_out() {
	write_workflow "$all_kinds" '      timeout: 1s'
	(cd repo && run 1 "$PRODIGY" run ../wf.yml)
	has "$out" 'Items: +11 total, 0 successful, 11 failed'
	wait_for all_dead
}

paused_session() {
	start ignore-term
	kill -INT "$supervisor"
	ends_with 130
	(cd repo && run 0 "$PRODIGY" sessions show --json && cp "$out" ../session)
	is "$(jq -r .status session)" Paused 'session status'
	job=$(jq -r .job_id session)
	jq -e '.metadata.checkpoint_reason == "BeforeShutdown"' \
		"$PRODIGY_HOME/state/repo/mapreduce/jobs/$job/latest.json"
	grep -h job_paused "$PRODIGY_HOME/events/repo/$job"/*.jsonl
}

# Its time is 5 seconds: it needs 4, and the shell above it dies at once.
cleaned_up() {
	start slow-term
	kill -INT "$supervisor"
	ends_with 130
	notes_are "$(printf 'cleaning\ncleaned')"
}

cleaned_up_after_timeout() {
	write_workflow slow-term '      timeout: 1s'
	(cd repo && run 1 "$PRODIGY" run ../wf.yml)
	has "$out" 'Items: +1 total, 0 successful, 1 failed'
	notes_are "$(printf 'cleaning\ncleaned')"
}

# That it does not wait is seen by what is not cleaned up.
second_signal() {
	start slow-term
	kill -INT "$supervisor"
	wait_for notes_are cleaning
	kill -INT "$supervisor"
	ends_with 130
	notes_are cleaning
}

# It wakes up again and again, and gets nowhere but to its end.
stopped_for_ever() {
	cat >wf.yml <<Y
name: stop
commands:
  - shell: "while :; do kill -STOP \$PPID; sleep 0.1; done"
    timeout: 1s
Y
	(cd repo && run 1 "$PRODIGY" run ../wf.yml)
	has "$err" 'timed out after 1 seconds'
}

# What its agents said meanwhile is read when it goes on.
suspended() {
	cat >wf.yml <<Y
name: suspended
mode: mapreduce
map:
  input: "seq 6"
  max_parallel: 2
  agent_template:
    - shell: |
        echo \${item} >>$scratch/began
        until [ -e $scratch/go ]; do sleep 0.05; done
        echo x >\${item}; git add .; git commit -q -m \${item}
        echo \${item} >>$scratch/over
Y
	begin
	wait_for has_lines began 2
	kill -STOP "$supervisor"
	touch go
	wait_for has_lines over 2
	kill -CONT "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	is "$status" 0
	has "$out" '6 total, 6 successful'
	is "$(sort began | tr '\n' ' ')" '1 2 3 4 5 6 ' 'each ran once'
}

has_lines() { # file, number
	[ -e "$scratch/$1" ] && [ "$(wc -l <"$scratch/$1")" -ge "$2" ]
}

# Its result counts, and it is ended after half a minute of silence.
lingering_claude() {
	mkdir -p bin fake/rules/1
	cp "$top_srcdir/tests/bin/claude" bin/claude
	chmod +x bin/claude
	echo 300 >fake/rules/1/linger
	echo 'echo hi >made.txt; git add .; git commit -q -m made' \
		>fake/rules/1/run
	cat >wf.yml <<Y
name: linger
commands:
  - claude: "/do it"
Y
	(
		cd repo || exit 1
		PATH=$scratch/bin:$PATH FAKE_CLAUDE_DIR=$scratch/fake
		export PATH FAKE_CLAUDE_DIR
		run 0 "$PRODIGY" run -y ../wf.yml
	)
	is "$(cat repo/made.txt)" hi
}

agent_killed() {
	cat >wf.yml <<Y
name: lost
mode: mapreduce
map:
  input: "seq 1"
  agent_template:
    - shell: |
        echo x >>$scratch/tries
        [ "\$(wc -l <$scratch/tries)" -gt 1 ] || exec sleep 60
        echo done >done.txt; git add .; git commit -q -m done
Y
	begin
	wait_for test -s tries
	kill -KILL "$(agent_processes)"
	status=0
	wait "$supervisor" || status=$?
	is "$status" 0
	has "$out" '1 total, 1 successful'
	has "$err" 'killed by signal 9'
	is "$(wc -l <tries)" 2 'attempts'
}

t 'SIGINT ends every kind of child' interrupted
t 'SIGTERM does, with 143' terminated
t 'SIGHUP does, with 129' hung_up
t 'kill -9 of the supervisor does' killed
t 'a step timeout does' timed_out
t 'an interrupted session is paused, with a checkpoint' paused_session
t 'what a step started has time to clean up after a signal' cleaned_up
t 'and after a timeout' cleaned_up_after_timeout
t 'a second signal does not wait' second_signal
t 'a step that stops its agent is ended by its own timeout' stopped_for_ever
t 'an item whose agent is killed runs again' agent_killed
t 'a run that is suspended goes on where it was' suspended
t 'a claude that stays after its result is ended' lingering_claude
done_testing
