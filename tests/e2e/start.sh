#!/bin/sh
# Started by whatever launcher: with signals blocked or ignored, with small
# limits, without standard descriptors. Either all goes as ever, or a refusal
# says what is needed before anything has been made.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

cat >wf.yml <<Y
name: start
mode: mapreduce
map:
  input: "seq 2"
  agent_template:
    - shell: "grep -E 'Sig(Blk|Ign)' /proc/self/status >$scratch/signals.\${item}; ulimit -S -n >$scratch/files.\${item}; echo x >\${item}; git add .; git commit -q -m x"
Y

fresh() {
	rm -rf repo "$PRODIGY_HOME" signals.* files.*
	make_repo repo 1
}

# Runs it by a command line (env, sh -c ...) in front of the program's.
begin() { # wanted status, command ...
	wanted=$1
	shift
	fresh
	(cd repo && run "$wanted" timeout 120 "$@" "$PRODIGY" run -y ../wf.yml)
}

# 32 and 33 belong to the C library, which leaves them ignored.
signals_are_default() {
	is "$(cat signals.1 signals.2 | grep -c .)" 4 'lines of two steps'
	is "$(awk '$2 !~ /^0+(180000000)?$/' signals.1 signals.2)" '' \
		'signals blocked or ignored in a step'
}

usual() {
	begin 0 env --default-signal
	signals_are_default
}

blocked() {
	begin 0 env --block-signal
	has "$out" '2 total, 2 successful'
	signals_are_default
}

ignored() {
	begin 0 env --ignore-signal
	has "$out" '2 total, 2 successful'
	signals_are_default
}

nohup_holds() {
	fresh
	cat >wait.yml <<Y
name: wait
commands:
  - shell: "echo x >$scratch/began; until [ -e $scratch/go ]; do sleep 0.05; done"
Y
	(cd repo && exec env --default-signal --ignore-signal=HUP "$PRODIGY" \
		run ../wait.yml >"$out" 2>"$err" </dev/null) &
	pid=$!
	wait_for test -e began
	kill -HUP "$pid"
	touch go
	status=0
	wait "$pid" || status=$?
	is "$status" 0
	hasnt "$err" Stopping
}

refused() { # what it says
	has "$err" "$1"
	is "$(git -C repo for-each-ref | wc -l)" 1 'refs'
	is "$(find "$PRODIGY_HOME" -name 'session-*')" '' 'sessions'
}

small_stack() {
	begin 1 sh -c 'ulimit -s 72 && exec "$@"' sh
	refused 'stack may grow to 72 KiB, and [0-9]+ are needed.*ulimit -s'
}

few_files() {
	begin 1 sh -c 'ulimit -n 16 && exec "$@"' sh
	refused '16 files may be open at once, and [0-9]+ are needed.*ulimit -n'
}

# What is only a default is raised, and given to steps as it was found.
soft_limits() {
	begin 0 sh -c 'ulimit -S -s 72 && ulimit -S -n 40 && exec "$@"' sh
	has "$out" '2 total, 2 successful'
	is "$(cat files.1)" 40 'limit of a step'
}

# Where it hits depends on the lengths of lines; that it is told does not.
small_files() {
	for blocks in 1 2 4 8 16 32; do
		fresh
		(
			cd repo || exit 1
			ulimit -f "$blocks"
			exec "$PRODIGY" run ../wf.yml 2>&1 </dev/null
		) | cat >"$out"
		hasnt "$out" 'Segmentation|limit exceeded|signal 25'
		[ "$blocks" -gt 1 ] || has "$out" '^prodigy: .*File too large'
	done
	begin 1 sh -c 'ulimit -f 1 && exec "$@"' sh
	has "$err" 'File too large'
}

no_descriptors() {
	fresh
	(
		cd repo || exit 1
		"$PRODIGY" run -y ../wf.yml <&- >&- 2>&-
	)
	signals_are_default
}

# A shell that becomes prodigy gives it what it had in the background.
strangers() {
	fresh
	(
		cd repo || exit 1
		sleep 300 &
		echo $! >"$scratch/stranger"
		exec "$PRODIGY" run -y ../wf.yml >"$out" 2>"$err" </dev/null
	)
	has "$out" '2 total, 2 successful'
	kill "$(cat stranger)"
}

t 'steps start with all signals at their default' usual
t 'signals that are blocked at the start are not' blocked
t 'nor are those that are ignored' ignored
t 'a SIGHUP that is ignored at the start stays ignored' nohup_holds
t 'a stack that is too small is refused, with what is needed' small_stack
t 'so are too few files' few_files
t 'limits that may be raised are, but not for steps' soft_limits
t 'a file that may not grow is an error, and no signal' small_files
t 'closed standard descriptors do no harm' no_descriptors
t 'what was started before, by the same shell, is left alone' strangers
done_testing
