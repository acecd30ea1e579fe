#!/bin/sh
# What flows through a run: values and results of any size, bytes of any kind,
# frames of agents, and output that somebody reads late or not at all.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

PATH=$top_srcdir/tests/bin:$PATH
FAKE_CLAUDE_DIR=$scratch/fake
export FAKE_CLAUDE_DIR

# --- values -------------------------------------------------------------

# 200 results of 4 KiB: six times what one variable can hold.
large_results() {
	make_repo results 1
	cat >results.yml <<'Y'
name: results
mode: mapreduce
map:
  input: "seq 200"
  max_parallel: 8
  agent_template:
    - shell: "printf '%04096d' ${item}"
reduce:
  - shell: |
      printf '%s\n' "${map.results}" >all.json
      printf '%s\n' '${map.results}' | cmp - all.json
      jq length all.json >length
      jq -S . all.json >a && jq -S . ${map.results_file} | cmp - a
      git add length && git commit -qm length
Y
	cd results
	run 0 "$PRODIGY" run ../results.yml -y
	is "$(cat length)" 200 'results that reached reduce'
	nothing_left .
}

# Files as they come from another system: a byte order mark, and lines that end
# in carriage return and newline; the workflow, too.
foreign_lines() {
	make_repo foreign 2
	cd foreign
	bom=$(printf '\357\273\277')
	printf '%ssrc/file_1.txt\r\nsrc/file_2.txt\r\n' "$bom" >list.txt
	printf '%s["src/file_1.txt",\r\n"src/file_2.txt"]\r\n' "$bom" \
		>list.json
	git add . && git commit -qm lists
	for input in list.txt list.json 'cat list.txt'; do
		sed "s/INPUT/$input/; s/\$/$(printf '\r')/" >../foreign.yml <<Y
${bom}name: foreign
mode: mapreduce
map:
  input: "INPUT"
  agent_template:
    - shell: |
        test -f \${item}
        echo more >>\${item}
        git commit -qam more
Y
		run 0 "$PRODIGY" run ../foreign.yml --no-merge
		has "$out" '2 total, 2 successful, 0 failed'
	done
}

# --- bytes --------------------------------------------------------------

# Shows what is on standard error, where no other byte may be repaired.
refused() { # what, arguments of prodigy
	what=$1
	shift
	status=0
	"$PRODIGY" "$@" >"$out" 2>"$err" </dev/null || status=$?
	[ "$status" -ne 0 ] || { echo "not refused: $what" && return 1; }
	has "$err" 'is not UTF-8: byte [0-9]+ of [0-9]+ is 0xe9'
	hasnt "$err" "$(printf '\357\277\275')"
}

# A file of that name is left alone, and none of a repaired name is made.
latin1_item() {
	make_repo latin1 2
	cd latin1
	name=$(printf 'caf\351')
	echo old >"src/$name"
	git add . && git commit -qm 'an old name'
	cat >../latin1.yml <<'Y'
name: latin1
mode: mapreduce
map:
  input: "ls src"
  agent_template:
    - shell: "echo new >>src/${item}; git add . && git commit -qm ${item}"
Y
	refused 'an item' run ../latin1.yml -y
	has "$err" 'map.input:1 is not UTF-8: byte 4 of 4 is 0xe9: caf\\xe9'
	is "$(cat "src/$name")" old 'the file'
	is "$(git ls-files | wc -l)" 3 'files'
	nothing_left .
}

# What an agent does to such files by itself is its own affair; the record
# shows their bytes.
latin1_file() {
	make_repo latin1_file 1
	cat >latin1_file.yml <<'Y'
name: latin1
mode: mapreduce
map:
  input: "echo 1"
  agent_template:
    - shell: "echo x >\"$(printf 'caf\\351')\"; git add . && git commit -qm x"
reduce:
  - shell: "cp ${map.results_file} results.json"
Y
	cd latin1_file
	run 0 "$PRODIGY" run ../latin1_file.yml -y
	is "$(git ls-files -z | tr -d '\0' | wc -c)" 18 'bytes of names'
	journal=$(find "$PRODIGY_HOME/state/latin1_file" -name 'journal-*')
	has "$journal" 'files_modified":\["caf\\\\xe9"\]'
}

latin1_names() {
	name=$(printf 'caf\351')
	make_repo names 1
	make_repo "$name" 1
	printf 'name: n\ncommands:\n  - shell: "true"\n' >names.yml
	cp names.yml "$name.yml"
	cd names
	refused 'an argument' run ../names.yml --args "$name"
	refused 'a workflow' run "../$name.yml"
	(PRODIGY_ARG=$name && export PRODIGY_ARG &&
		refused 'a variable' run ../names.yml)
	(PRODIGY_HOME=$scratch/$name && export PRODIGY_HOME &&
		refused 'the state folder' run ../names.yml)
	is "$(ls -d "$scratch/$name"/* | wc -l)" 1 'folders in the other home'
	git checkout -q -b "$name"
	refused 'a branch' run ../names.yml
	cd "../$name"
	refused 'a repository' run ../names.yml
	nothing_left .
}

latin1_capture() {
	make_repo captured 1
	cat >captured.yml <<'Y'
name: captured
commands:
  - shell: "printf 'caf\\351\\n'"
  - shell: "printf 'caf\\351\\n'"
    capture_output: name
  - shell: "printf 'caf\\303\\251\\n'"
    capture_output: good
  - shell: "printf 'caf\\351\\n'"
  - shell: "echo ${shell.output}"
Y
	cd captured
	run 0 "$PRODIGY" run ../captured.yml --no-merge
	is "$(grep -c 'its output is not UTF-8' "$err")" 2 'warnings'
}

# --- claude at a conflict -----------------------------------------------

# A conflict at which claude gets a script. Further lines of map: stand in the
# third argument.
conflict() { # folder, script, lines of map
	conflict_repo "$1" "${3-}"
	mkdir "$FAKE_CLAUDE_DIR/rules" "$FAKE_CLAUDE_DIR/rules/1"
	printf '%s\n' "$2" >"$FAKE_CLAUDE_DIR/rules/1/run"
	cd "$1"
}

resolved_conflict() {
	# shellcheck disable=SC2016 # for the stand-in's shell
	conflict resolved 'git merge -q "${PROMPT##* }" >/dev/null || :
		echo both >src/file_1.txt
		git commit -q -a -m resolved; echo I kept both'
	run 0 "$PRODIGY" run ../resolved.yml -y -vv
	has "$err" '^  item_[01]: I kept both'
	has "$out" 'Cost: +\$0\.0100'
	run 0 "$PRODIGY" events show "$(job_id resolved)"
	jq -c '.event | [.event_type, .item_id, .files, .content]' "$out" >events
	has events '\["merge_conflict","item_[01]",\["src/file_1.txt"\],null\]'
	has events '\["claude_message","item_[01]",null,"I kept both"\]'
	has events '\["claude_token_usage","item_[01]"'
	has events '\["merge_conflict_resolved","item_[01]"'
	log=$(jq -r '.event | select(.event_type == "merge_conflict_resolved") |
		.json_log_location' "$out")
	has "$log" 'I kept both'
}

unresolved_conflict() {
	conflict unresolved 'echo I did nothing'
	run 0 "$PRODIGY" run ../unresolved.yml -y
	run 0 "$PRODIGY" dlq show
	log=$(jq -r '.items[0].failure_history[0].json_log_location' "$out")
	has "$log" 'I did nothing'
}

# The agent process dies while its claude works.
lost_at_conflict() {
	# shellcheck disable=SC2016 # for the stand-in's shell
	conflict lost_claude 'until ls "$PRODIGY_LOGS"/*/*-merge-1-claude.jsonl; do
			sleep 0.05
		done >/dev/null 2>&1
		kill -9 "$(cut -d " " -f 4 "/proc/$PPID/stat")"; sleep 60'
	PRODIGY_LOGS=$PRODIGY_HOME/logs/lost_claude
	export PRODIGY_LOGS
	run 0 "$PRODIGY" run ../lost_claude.yml -y
	run 0 "$PRODIGY" dlq show
	has "$out" 'could not resolve it: the agent process was killed'
	jq -r '.items[0].failure_history[0].json_log_location' "$out" >log
	has log '-merge-1-claude.jsonl$'
}

conflict_limit() {
	conflict limit 'exec sleep 60' '  conflict_timeout: 1s'
	run 0 "$PRODIGY" run ../limit.yml -y
	has "$err" 'could not resolve it: timed out after 1 seconds'
}

# --- readers ------------------------------------------------------------

# 100 items that print 1 MB in all; the last step leaves a mark.
readers_repo() { # folder
	make_repo "$1" 1
	mkfifo "$1.fifo"
	cat >"$1.yml" <<Y
name: readers
mode: mapreduce
map:
  input: "seq 100"
  max_parallel: 4
  agent_template:
    - shell: "seq 2000"
reduce:
  - shell: "touch $scratch/$1.reduced"
Y
	cd "$1"
}

is_completed() {
	has "$PRODIGY_HOME"/sessions/*-"$(job_id "$1" | cut -c11-)".json \
		'"status": "Completed"' >"$scratch/completed"
}

# The pipe is open and full: the run comes to its end all the same, and what
# was not read by then is read later.
sleeping_jsonl() {
	readers_repo jsonl
	"$PRODIGY" run ../jsonl.yml --no-merge --output jsonl \
		>../jsonl.fifo 2>"$err" </dev/null &
	pid=$!
	exec 8<../jsonl.fifo
	wait_for test -e ../jsonl.reduced
	wait_for is_completed jsonl
	cat <&8 >got
	exec 8<&-
	wait "$pid"
	cmp got "$PRODIGY_HOME/events/jsonl/$(job_id jsonl)"/events-*.jsonl
	[ "$(wc -c <got)" -gt 70000 ] || { echo 'the pipe had no reader' && return 1; }
	is "$(tail -n 1 got | jq -r .event.event_type)" job_completed 'the last'
}

# Lines that show how it goes on are left out; the last words are not.
sleeping_screen() {
	readers_repo screen
	"$PRODIGY" run ../screen.yml --no-merge -vv \
		>../screen.fifo 2>&1 </dev/null &
	pid=$!
	exec 8<../screen.fifo
	wait_for test -e ../screen.reduced
	wait_for is_completed screen
	cat <&8 >got
	exec 8<&-
	wait "$pid"
	has got '^\[[0-9]+ lines were left out here, since nobody read them'
	has got '^Items: +100 total, 100 successful, 0 failed'
	is "$(tail -n 1 got)" 'No new commits: nothing to merge.' 'the last line'
}

# All is done but for the reader: Ctrl-C does not wait for it.
interrupted_reader() {
	readers_repo waiting
	"$PRODIGY" run ../waiting.yml --no-merge --output jsonl \
		>../waiting.fifo 2>"$err" </dev/null &
	pid=$!
	exec 8<../waiting.fifo
	wait_for is_completed waiting
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	exec 8<&-
	is "$status" 143 'status'
	has "$err" 'not all of the output was read'
	log=$(sed -n 's/.*all events are in //p' "$err")
	is "$(tail -n 1 "$log" | jq -r .event.event_type)" job_completed 'the log'
}

closed_reader() {
	readers_repo closed
	{
		status=0
		"$PRODIGY" run ../closed.yml --no-merge --output jsonl \
			2>"$err" </dev/null || status=$?
		echo "$status" >status
	} | head -n 1 >first
	is "$(jq -r .event.event_type first)" job_started 'the first event'
	is "$(cat status)" 0 'status'
	hasnt "$err" 'output'
}

# /dev/full takes nothing: output that was asked for is lost.
lost_output() {
	readers_repo lost
	for option in --quiet --output=jsonl; do
		status=0
		"$PRODIGY" run ../lost.yml --no-merge "$option" \
			>/dev/full 2>"$err" </dev/null || status=$?
		is "$status" 1 "status with $option"
		has "$err" 'writing standard output: No space left on device'
	done
	status=0
	"$PRODIGY" run ../lost.yml --no-merge >"$out" 2>/dev/full </dev/null ||
		status=$?
	is "$status" 0 'status without a standard error'
	has "$out" '100 successful'
	for command in --version --help 'run --help' 'sessions list'; do
		status=0
		# shellcheck disable=SC2086 # words
		"$PRODIGY" $command >/dev/full 2>"$err" || status=$?
		is "$status" 1 "status of $command"
		has "$err" 'writing standard output: No space left on device'
	done
}

# A stopped run gives its reader some seconds, and no more.
stopped_reader() {
	make_repo stopped 1
	mkfifo stopped.fifo
	cat >stopped.yml <<Y
name: stopped
commands:
  - shell: "seq 20000; touch $scratch/stopped.printed; exec sleep 600"
Y
	cd stopped
	"$PRODIGY" run ../stopped.yml --no-merge -vv \
		>"$out" 2>../stopped.fifo </dev/null &
	pid=$!
	exec 8<../stopped.fifo
	wait_for test -e ../stopped.printed
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	exec 8<&-
	is "$status" 143 'status'
}

# Each piece is written when the one before it was read.
lines_in_pieces() {
	make_repo pieces 1
	cat >pieces.yml <<Y
name: pieces
commands:
  - shell: |
      piece() {
        printf "\$1"
        until LC_ALL=C grep -aq "\$(printf "\$2")\$" $PRODIGY_HOME/logs/pieces/*/*.log; do
          sleep 0.05
        done
      }
      piece ab 'ab'
      piece 'cd\nx' 'x'
      piece '\303' '\303'
      piece '\244\n' '\244'
      printf 'no newline'
  - shell: "true"
Y
	cd pieces
	run 0 "$PRODIGY" run ../pieces.yml --no-merge -vv
	sed -n 's/^  //p' "$err" >shown
	printf 'abcd\nxä\nno newline\n' | cmp shown -
}

# What reduce prints is the report of the run; what agents print is not.
report() {
	make_repo report 1
	cat >report.yml <<'Y'
name: report
mode: mapreduce
map:
  input: "seq 2"
  agent_template:
    - shell: "echo agent ${item}"
reduce:
  - shell: "echo ${map.successful} files are better now"
Y
	cd report
	run 0 "$PRODIGY" run ../report.yml --no-merge
	has "$err" '^  2 files are better now$'
	hasnt "$err" 'agent [12]'
	run 0 "$PRODIGY" run ../report.yml --no-merge --quiet
	hasnt "$err" 'better'
}

t 'results larger than the environment reach reduce' large_results
t 'byte order marks and carriage returns are understood' foreign_lines
t 'an item that is not UTF-8 is refused, and no file is touched' latin1_item
t 'the name of a file that is not UTF-8 is recorded visibly' latin1_file
t 'names that are not UTF-8 are refused before anything starts' latin1_names
t 'a value that is not UTF-8 is told' latin1_capture
t 'a resolved conflict has output, cost, events and a log' resolved_conflict
t 'the dead letter of a conflict names the log of its claude' \
	unresolved_conflict
t 'so does that of a conflict whose claude was lost' lost_at_conflict
t 'claude at a conflict has the limit that the workflow says' conflict_limit
t 'a run does not wait for who reads its events, and none is lost' \
	sleeping_jsonl
t 'a run does not wait for who reads its lines, and says what is left out' \
	sleeping_screen
t 'a signal ends the wait for a reader' interrupted_reader
t 'a reader that has closed is no failure' closed_reader
t 'output that is lost is a failure' lost_output
t 'a run that was stopped does not wait for ever' stopped_reader
t 'lines and characters that come in pieces are shown whole' lines_in_pieces
t 'what reduce prints is shown as the report of the run' report

done_testing
