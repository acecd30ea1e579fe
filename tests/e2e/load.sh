#!/bin/sh
# Bounds: memory and descriptors of the supervisor, bytes for each item, a full
# disk, hostile environments.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

null_workflow() { # items
	cat >null.yml <<Y
name: "null"
mode: mapreduce
map:
  input: "seq $1"
  max_parallel: 4
  agent_template:
    - shell: ":"
Y
}

# Peak of VmHWM (KiB) and of open descriptors while the supervisor runs.
watch_supervisor() {
	peak=0
	descriptors=0
	while [ -r "/proc/$supervisor/status" ]; do
		memory=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' \
			"/proc/$supervisor/status" 2>/dev/null) || break
		count=$(find "/proc/$supervisor/fd" -maxdepth 1 -type l 2>/dev/null |
			wc -l)
		[ "${memory:-0}" -le "$peak" ] || peak=$memory
		[ "$count" -le "$descriptors" ] || descriptors=$count
		sleep 0.1
	done
}

run_null() { # items
	rm -rf repo "$PRODIGY_HOME"
	make_repo repo 3
	null_workflow "$1"
	(cd repo && exec "$PRODIGY" run -v ../null.yml >"$out" 2>"$err" </dev/null) &
	supervisor=$!
	watch_supervisor
	wait "$supervisor"
	has "$out" "Items: +$1 total, $1 successful"
	written=$(sed -n 's/^supervisor:.* \([0-9]*\) bytes written.*/\1/p' "$out")
}

thousand_items() {
	run_null 100
	per_item=$((written / 100))
	few=$descriptors
	run_null 1000
	echo "# 1,000 items: $peak KiB, $descriptors descriptors (100: $few)," \
		"$((written / 1000)) bytes an item (100: $per_item)" |
		tee "$scratch/measured"
	# A build with sanitizers has memory of its own.
	grep -q __asan_init "$PRODIGY" || [ "$peak" -lt 32768 ]
	[ "$descriptors" -le $((few + 8)) ]
	[ $((written / 1000)) -le $((per_item * 3 / 2)) ]
}

many_planned() {
	make_repo planned 1
	cat >planned.yml <<'Y'
name: planned
mode: mapreduce
map:
  input: "seq 100000"
  offset: 99998
  agent_template:
    - shell: "echo ${item}"
Y
	cd planned
	run 0 "$PRODIGY" run ../planned.yml
	has "$out" '2 total, 2 successful'
}

full_home() {
	make_repo full 2
	mkdir small
	mount -t tmpfs -o size=3m tmpfs small
	cat >full.yml <<'Y'
name: full
mode: mapreduce
workspace: {min_free: 0}
map:
  input: "seq 400"
  max_parallel: 2
  agent_template:
    - shell: "head -c 40000 /dev/urandom | base64"
Y
	before=$(user_state full)
	status=0
	(cd full && PRODIGY_HOME=$scratch/small/home exec "$PRODIGY" run ../full.yml \
		>"$out" 2>"$err" </dev/null) || status=$?
	journal=$(echo small/home/state/full/mapreduce/jobs/*/journal-v0.jsonl)
	lines=$(wc -l <"$journal")
	valid=$(jq -c . "$journal" | wc -l)
	umount small
	is "$status" 1 'exit status'
	has "$err" 'No space left on device'
	is "$valid" "$lines" 'valid journal lines'
	is "$(user_state full)" "$before" 'user state'
}

hostile_environment() {
	make_repo env 2
	null_workflow 2
	cd env
	GIT_DIR=/nonexistent GIT_INDEX_FILE=/nonexistent GIT_WORK_TREE=/x \
		GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.bare GIT_CONFIG_VALUE_0=true \
		run 0 "$PRODIGY" run ../null.yml
	run 0 sh -c 'exec "$0" run ../null.yml >&- 2>&- <&-' "$PRODIGY"
	run 0 sh -c 'ulimit -n 64; exec "$0" run ../null.yml' "$PRODIGY"
	run 0 sh -c 'unset HOME; exec "$0" run ../null.yml' "$PRODIGY"
	run 0 env TERM=dumb NO_COLOR=1 "$PRODIGY" run ../null.yml
	"$PRODIGY" run ../null.yml --output jsonl 2>"$err" | head -n 1 >"$out"
	jq -e .id "$out"
	wait_for grep -q Completed "$PRODIGY_HOME"/sessions/*
}

closed_reader() {
	make_repo reader 2
	null_workflow 5
	cd reader
	mkfifo "$scratch/pipe"
	head -n 1 "$scratch/pipe" >"$scratch/first" &
	"$PRODIGY" run ../null.yml --output jsonl >"$scratch/pipe" 2>"$err"
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r .status "$out")" Completed 'session status'
}

terminal() {
	make_repo terminal 2
	cat >terminal.yml <<'Y'
name: terminal
mode: mapreduce
map:
  input: '["plain", "esc\u001b[31mred", "bell\u0007", "bidi\u202e"]'
  agent_template:
    - name: "${item}"
      shell: "sleep 0.4; test ${item} != plain"
Y
	cd terminal
	git -C . commit -q --allow-empty -m x
	printf '["plain", "esc\\u001b[31mred"]' >items.json
	git add . && git commit -q -m items
	sed -i "s/input: .*/input: items.json/" ../terminal.yml
	unset PRODIGY_PROGRESS_MODE
	TERM=xterm script -qec "stty cols 100 rows 30; $PRODIGY run --no-color ../terminal.yml" \
		"$scratch/typescript" >/dev/null </dev/null
	has "$scratch/typescript" 'map [0-9]+/2'
	# Only erasing and moving up: no other escape, whatever items hold.
	is "$(LC_ALL=C tr -d '\r\n' <"$scratch/typescript" |
		LC_ALL=C grep -aoE '.\[[0-9;]*[A-Za-z]' |
		LC_ALL=C grep -a "$(printf '\033')" |
		LC_ALL=C grep -avE '\[([0-9]*A|J)$' | wc -l)" 0 'other escapes'
	TERM=xterm script -qec "stty cols 30; $PRODIGY run --no-color ../terminal.yml" \
		"$scratch/narrow" >/dev/null </dev/null
	hasnt "$scratch/narrow" "$(printf '\033')"
}

t '1,000 items: memory, descriptors, bytes an item' thousand_items
t '100,000 items are planned' many_planned
if [ "$(id -u)" -eq 0 ] && mkdir probe && mount -t tmpfs tmpfs probe 2>/dev/null; then
	umount probe
	t 'a full disk pauses the run' full_home
else
	skip 'a full disk pauses the run' 'cannot mount'
fi
t 'hostile environments' hostile_environment
t 'a closed reader does not end the run' closed_reader
if command -v script >/dev/null 2>&1; then
	t 'a terminal gets no escape of an item, a narrow one none at all' terminal
else
	skip 'terminal' 'script(1) is missing'
fi
[ ! -f "$scratch/measured" ] || cat "$scratch/measured"
done_testing
