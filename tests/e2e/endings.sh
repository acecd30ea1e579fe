#!/bin/sh
# However a run ends, nothing of it lives on: children that ignore signals,
# hide in sessions of their own, stop themselves, flood or never read, against
# Ctrl-C, SIGTERM, SIGHUP, timeouts, and kill -9 of the supervisor or an agent.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

zoo=$top_builddir/tests/zoo/zoo
[ -x "$zoo" ] || zoo=$top_builddir/tests/zoo/zoo.exe
make_repo repo 2
kinds='ignore-term new-group setsid daemon daemon-clean stop-self stop-parent
	flood-stdout close-stdout never-read fork-forever'

write_workflow() { # kind, more options of the step
	first=
	last=
	case $1 in
	daemon*) last='; sleep 300' ;; # the step itself must go on
	slow-term) last=' 4000; echo after' ;; # not what the step starts itself
	stop-parent) first='exec ' ;; # its parent is the agent process
	esac
	cat >wf.yml <<Y
name: zoo
mode: mapreduce
map:
  input: "seq 2"
  max_parallel: 2
  agent_template:
    - shell: "$first'$zoo' $1 '$scratch/pids'$last"
$2
Y
}

# The processes of the zoo are at work once their numbers are written.
is_started() {
	[ -s "$scratch/pids" ] && [ "$(wc -l <"$scratch/pids")" -ge 2 ]
}

all_dead() {
	while read -r pid; do
		is_dead "$pid" || return 1
	done <"$scratch/pids"
}

# As a shell starts it, whatever this test was started with: what is ignored
# at the start stays ignored, and only another program can change that.
begin() {
	(cd repo && exec env --default-signal "$PRODIGY" run ../wf.yml \
		>"$out" 2>"$err" </dev/null) &
	supervisor=$!
}

agents() { # process ids of the agent processes of the supervisor
	pgrep -P "$supervisor" -f agent-run
}

start() { # kind
	rm -f pids pids.notes
	write_workflow "$1" ''
	begin
	wait_for is_started
	agents >>pids
}

ends_with() { # wanted status
	status=0
	wait "$supervisor" || status=$?
	is "$status" "$1" 'exit status'
	wait_for all_dead
	is "$(cd "$scratch/repo" && git status --porcelain)" '' 'user tree'
}

n_notes() { # text, number
	[ "$(grep -c "^$1\$" "$scratch/pids.notes" 2>/dev/null)" -eq "$2" ]
}

signal_case() { # signal, wanted status
	for kind in $kinds; do
		echo "kind: $kind"
		start "$kind"
		kill "-$1" "$supervisor"
		ends_with "$2"
	done
	has "$err" 'There is no result yet; what was kept: prodigy worktree ls'
	has "$err" '[0-2] of 2 items done'
}

interrupted() { signal_case INT 130; }

terminated() {
	kinds='ignore-term daemon'
	signal_case TERM 143
}

hung_up() {
	kinds='ignore-term setsid'
	signal_case HUP 129
}

killed() {
	for kind in $kinds; do
		echo "kind: $kind"
		start "$kind"
		kill -KILL "$supervisor"
		ends_with 137
	done
}

timed_out() {
	for kind in ignore-term daemon stop-self stop-parent flood-stdout \
		never-read; do
		echo "kind: $kind"
		rm -f pids
		write_workflow "$kind" '      timeout: 1s'
		(cd repo && run 1 "$PRODIGY" run ../wf.yml)
		has "$out" 'Items: +2 total, 0 successful, 2 failed'
		wait_for all_dead
	done
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
	n_notes cleaned 2
}

cleaned_up_after_timeout() {
	rm -f pids pids.notes
	write_workflow slow-term '      timeout: 1s'
	(cd repo && run 1 "$PRODIGY" run ../wf.yml)
	has "$out" 'Items: +2 total, 0 successful, 2 failed'
	n_notes cleaned 2
}

# That it does not wait is seen by what is not cleaned up.
second_signal() {
	start slow-term
	kill -INT "$supervisor"
	wait_for n_notes cleaning 2
	kill -INT "$supervisor"
	ends_with 130
	n_notes cleaned 0
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
	kill -KILL "$(agents)"
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
done_testing
