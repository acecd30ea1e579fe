#!/bin/sh
# The main job from end to end: items, agents, merges, reduce, consent.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

examples=$top_srcdir/share/examples

source_repo() { # folder, files
	git init -q "$1"
	mkdir "$1/src"
	i=1
	while [ "$i" -le "$2" ]; do
		printf '// Copyright 2023 Me\nfn f%d() {}\n' "$i" \
			>"$1/src/file $i.rs"
		i=$((i + 1))
	done
	git -C "$1" add .
	git -C "$1" commit -q -m 'initial commit'
}

copyright_example() {
	source_repo copyright 12
	cd copyright
	run 0 "$PRODIGY" run "$examples/copyright-headers.yml" -y
	is "$(grep -l 2024 src/*.rs | wc -l)" 12 'files changed'
	is "$(git log --format=%s | grep -c '^Merge agent')" 12 'merges'
	is "$(git log --format=%B | grep -c '^Prodigy-Item: item_')" 12 'trailers'
	git fsck --strict
	nothing_left "$scratch/copyright"
}

hundred_items() {
	make_repo hundred 100
	cd hundred
	echo dirty >>src/file_1.txt
	echo staged >staged && git add staged
	echo new >untracked
	cat >../hundred.yml <<'Y'
name: hundred
mode: mapreduce
map:
  input: "seq 100"
  max_parallel: 8
  agent_template:
    - shell: |
        echo "item ${item}" >> src/file_${item}.txt
        git commit -q -a -m "item ${item}"
Y
	before=$(user_state .)
	run 0 "$PRODIGY" run ../hundred.yml
	is "$(user_state .)" "$before" 'the user sees no change before consent'
	has "$out" 'prodigy worktree merge session-mapreduce'
	git stash -q -u
	run 0 "$PRODIGY" worktree merge -y "$(job_id hundred)"
	is "$(git log --format=%s | grep -c '^Merge agent')" 100 'merges'
	is "$(grep -l '^item' src/*.txt | wc -l)" 100 'files changed'
	nothing_left .
}

rule() { # number, pattern, script
	mkdir -p "$FAKE_CLAUDE_DIR/rules/$1"
	printf '%s' "$2" >"$FAKE_CLAUDE_DIR/rules/$1/match"
	printf '%s\n' "$3" >"$FAKE_CLAUDE_DIR/rules/$1/run"
}

debt_example() {
	fake=$scratch/fake
	mkdir -p "$fake" debt
	export FAKE_CLAUDE_DIR=$fake
	export PATH="$top_srcdir/tests/bin:$PATH"
	cd debt
	git init -q .
	cat >debt_items.json <<'J'
{"debt_items": [
 {"id": 1, "severity": 9, "status": "open", "priority": 2, "description": "dup code", "location": {"file": "a.c"}},
 {"id": 2, "severity": 3, "status": "open", "priority": 9, "description": "small", "location": {"file": "b.c"}},
 {"id": 3, "severity": 7, "status": "closed", "priority": 9, "description": "old", "location": {"file": "c.c"}},
 {"id": 4, "severity": 5, "status": "open", "priority": 5, "description": "long function", "location": {"file": "d.c"}},
 {"id": 5, "severity": 8, "status": "open", "priority": 1, "description": "leak", "location": {"file": "e f.c"}}
]}
J
	for file in a.c b.c c.c d.c 'e f.c'; do echo old >"$file"; done
	cat >run-tests <<'S'
#!/bin/sh
case $1 in d.c) echo "d.c is broken"; exit 3 ;; esac
S
	chmod +x run-tests
	git add . && git commit -q -m 'initial commit'
	run 0 "$PRODIGY" items "$examples/debt.yml"
	is "$(jq -c .data.id "$out" | tr '\n' ' ')" '4 1 5 ' 'planned items'
	rule 1 '/debug-test*' 'exit 1'
	rule 2 '/fix-issue leak*' 'echo cannot; exit 1'
	# shellcheck disable=SC2016 # for the stand-in's shell
	rule 3 '/fix-issue*' 'file=${PROMPT##*--file }
		echo fixed >"$file" && git commit -q -a -m "fix $file"'
	run 0 "$PRODIGY" run "$examples/debt.yml" -y
	has "$out" 'Items: +3 total, 1 successful, 2 failed'
	has "$fake/calls" 'fix-issue dup code --file a.c'
	has "$fake/calls" 'debug-test'
	has "$fake/calls" 'd.c is broken'
	has "$fake/calls" 'summarize-fixes .*"item_id"'
	run 0 "$PRODIGY" dlq show "$(job_id debt)"
	jq -r '.items[].failure_history[].json_log_location' "$out" >logs
	is "$(wc -l <logs)" 2 'log locations'
	while read -r log; do [ -s "$log" ]; done <logs
}

parallelism() {
	make_repo slots 1
	cd slots
	mkdir "$scratch/running"
	cat >../slots.yml <<Y
name: slots
mode: mapreduce
map:
  input: "seq 12"
  max_parallel: 3
  agent_template:
    - shell: |
        cd $scratch
        touch running/\${item}
        n=\$(ls running | wc -l)
        echo \$n >>counts
        [ \$n -lt 3 ] || touch all-at-once
        for i in \$(seq 600); do
          [ ! -e all-at-once ] || break
          sleep 0.1
        done
        rm running/\${item}
Y
	run 0 "$PRODIGY" run ../slots.yml
	is "$(sort -n "$scratch/counts" | tail -n 1)" 3 'agents at once'
}

zero_items() {
	make_repo zero 1
	cd zero
	cat >../zero.yml <<'Y'
name: zero
mode: mapreduce
map:
  input: "true"
  agent_template:
    - shell: "false"
reduce:
  - shell: "touch reduced; false"
Y
	run 0 "$PRODIGY" run ../zero.yml
	has "$out" 'No work items to process'
	nothing_left .
}

standard_workflow() {
	make_repo standard 1
	cd standard
	cat >../standard.yml <<'Y'
- shell: "printf 'a b'"
  capture: words
- shell: "printf '%s|' ${words} > out.txt; git add .; git commit -q -m one"
  commit_required: true
- shell: "exit 7"
  when: "${words} == 'c'"
- shell: "exit 3"
  on_failure:
    shell: "echo handled ${shell.exit_code} > handled.txt; git add .; git commit -q -m two"
Y
	run 0 "$PRODIGY" run ../standard.yml -y
	is "$(cat out.txt)" 'a|b|' 'captured words'
	is "$(cat handled.txt)" 'handled 3' 'handler'
	nothing_left .
}

failing_reduce() {
	make_repo reduce 1
	cd reduce
	cat >../reduce.yml <<'Y'
name: reduce
mode: mapreduce
map:
  input: "seq 2"
  agent_template:
    - shell: ":"
reduce:
  - shell: "test ${map.total} -eq 2 && exit 9"
Y
	before=$(user_state .)
	run 1 "$PRODIGY" run ../reduce.yml -y
	has "$err" 'Session failed: Reduce: .*exit code 9'
	is "$(user_state .)" "$before"
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r .status "$out")" Failed 'session status'
}

events_on_stdout() {
	make_repo events 1
	cd events
	cat >../events.yml <<'Y'
name: events
mode: mapreduce
map:
  input: "seq 3"
  agent_template:
    - shell: "test ${item} -ne 2"
Y
	run 0 "$PRODIGY" run ../events.yml --output jsonl
	jq -e .event.event_type "$out" >types
	for type in job_started map_phase_started agent_started \
		agent_completed agent_failed dlq_item_added job_completed; do
		has types "$type"
	done
	jq -c .id "$out" | sort >printed
	jq -c .id "$PRODIGY_HOME/events/events/$(job_id events)"/*.jsonl | sort >kept
	cmp printed kept
	run 1 "$PRODIGY" run ../events.yml --fail-on-dlq
}

checkpoints() {
	job=$PRODIGY_HOME/state/copyright/mapreduce/jobs/$(basename \
		"$PRODIGY_HOME"/state/copyright/mapreduce/jobs/*)
	[ -L "$job/latest.json" ]
	jq -e .metadata.integrity_hash "$job/latest.json"
	[ "$(find "$job" -name 'checkpoint-v*.json' | wc -l)" -le 3 ]
	jq -e .status "$job/metadata.json"
	tail -c 30 "$job/journal-v0.jsonl" | grep -q '"crc":"'
}

dry_run() {
	make_repo dry 2
	cd dry
	before=$(find . "$PRODIGY_HOME" | sort | cksum)
	run 0 "$PRODIGY" run "$examples/copyright-headers.yml" --dry-run
	has "$out" 'Would execute'
	is "$(find . "$PRODIGY_HOME" | sort | cksum)" \
		"$before" 'files'
}

t 'the copyright example changes and merges every file' copyright_example
t '100 items give 100 merges; the user sees nothing before' hundred_items
t 'the debt example: filter, sort, handlers, dead letters, results' \
	debt_example
t 'max_parallel is honoured' parallelism
t 'no items: reduce is skipped, nothing is left' zero_items
t 'a standard workflow with captures, when and a handler' standard_workflow
t 'a failing reduce step fails the run' failing_reduce
t 'run --output jsonl prints what the event log holds' events_on_stdout
t 'checkpoints, latest.json, metadata and journal are there' checkpoints
t 'a dry run touches nothing' dry_run
done_testing
