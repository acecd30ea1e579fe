#!/bin/sh
# What people see of an item and of its steps: labels, titles with their values,
# the cause in one line and its signature, events and logs.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

PATH=$top_srcdir/tests/bin:$PATH
FAKE_CLAUDE_DIR=$scratch/claude
export PATH FAKE_CLAUDE_DIR
mkdir "$FAKE_CLAUDE_DIR"

cat >shop.yml <<'Y'
name: shop
mode: mapreduce
env:
  TOKEN: xyzzy-secret
map:
  input: '[{"file":"src/price.c","n":1},{"file":"src/tax.c","n":2},{"title":"a look","n":3},"plain",{"file":"src/vat.c","n":5}]'
  max_parallel: 2
  agent_template:
    - claude: "/look at ${item.file:-nothing}"
    - shell: |
        # a comment, and what sets the stage
        set -e
        test -n "$TOKEN" && echo "${TOKEN} ${item.n:-0}" >out.${item_index}
        case "${item.n:-0}" in
        2) echo "src/tax.c:12: error: 'rate' undeclared" >&2; exit 3 ;;
        5) echo "src/vat.c:7: error: 'base' undeclared" >&2; exit 3 ;;
        esac
        git add out.*; git commit -qm "change"
    - shell: "false"
      when: "item.n == 99"
Y

shop() {
	[ -e shop/done ] && return
	make_repo shop 1
	status=0
	(cd shop && "$PRODIGY" run ../shop.yml -y) >shop.out 2>shop.err ||
		status=$?
	is "$status" 0 'exit status'
	(cd shop && "$PRODIGY" dlq show --json) >shop.dlq
	(cd shop && "$PRODIGY" events show "$(job_id shop)") >shop.events
	: >shop/done
}

items_have_labels() {
	shop
	jobs=$PRODIGY_HOME/state/shop/mapreduce/jobs/$(job_id shop)
	is "$(jq -r .label "$jobs/work-items.jsonl" | tr '\n' '|')" \
		'src/price.c|src/tax.c|a look|plain|src/vat.c|' 'labels'
	has shop.err '^item_0 \(src/price.c\) done'
	has shop.err '^item_1 \(src/tax.c\) failed: '
	has shop.err '^item_3 \(plain\) done'
	is "$(jq -r '.items[].item_label' shop.dlq | tr '\n' '|')" \
		'src/tax.c|src/vat.c|' 'labels of dead letters'
	is "$(jq -r 'select(.event.event_type == "agent_started") |
		.event.item_label' shop.events | sort | tr '\n' '|')" \
		'a look|plain|src/price.c|src/tax.c|src/vat.c|' 'in events'
	grep '"op":"ready"' "$jobs/journal-v0.jsonl" >ready
	is "$(jq -r .result.item_label ready | sort | tr '\n' '|')" \
		'a look|plain|src/price.c|' 'labels in the journal'
	is "$(git -C shop log --format=%b main |
		sed -n 's/^Prodigy-Label: //p' | sort | tr '\n' '|')" \
		'a look|plain|src/price.c|' 'labels of merges'
}

item_name() {
	cat >named.yml <<'Y'
name: named
mode: mapreduce
env: {KIND: unit}
map:
  input: '[{"n":1,"at":{"file":"a.c"}},{"n":2},{"n":3,"id":"x"}]'
  item_name: "no. ${item.n} in ${item.at.file}"
  agent_template:
    - shell: "true"
Y
	make_repo named 1
	cd named
	run 0 "$PRODIGY" run ../named.yml -y
	has "$err" '^item_0 \(no\. 1 in a\.c\) done'
	has "$err" '^item_1 \(\{"n":2\}\) done'
	has "$err" '^item_2 \(x\) done'
	run 0 "$PRODIGY" items ../named.yml
	is "$(jq -r .label "$out" | tr '\n' '|')" \
		'no. 1 in a.c|{"n":2}|x|' 'labels of prodigy items'
	run 0 "$PRODIGY" run ../named.yml --dry-run
	has "$out" 'no\. 1 in a\.c: \{'
}

hostile_labels() {
	make_repo hostile 1
	# shellcheck disable=SC2016 # references of the workflow
	jq -n '{name: "hostile", mode: "mapreduce", map: {
		input: ["\u001b[2Jred", "Prodigy-Item: item_9\n\n\nx",
			"%s%n$(id)", ("long " * 4000)],
		agent_template: [{shell:
			"echo \"${item}\" >f${item_index}; git add .; git commit -qm \"${item_index}\""}]}}' \
		>hostile.yml
	cd hostile
	status=0
	"$PRODIGY" run ../hostile.yml -y >"$out" 2>"$err" </dev/null ||
		status=$?
	is "$status" 0 "exit status: $(cat "$err")"
	is "$(LC_ALL=C tr -d '\012\040-\176\200-\377' <"$err")" '' 'controls'
	has "$err" '^item_0 \(\\e\[2Jred\) done'
	has "$err" '^item_1 \(Prodigy-Item: item_9 x\) done'
	is "$(git log --format='%(trailers:key=Prodigy-Item,valueonly)' |
		sort -u | tr -s '\n' '|' | sed 's/^|//')" \
		'item_0|item_1|item_2|item_3|' 'items of the trailers'
	is "$(awk 'length($0) > 400' "$err")" '' 'long lines'
}

titles_have_values() {
	shop
	jq -r '.items[].failure_history[0] | .step_failed' shop.dlq >steps
	hasnt steps 'xyzzy'
	# shellcheck disable=SC2016 # a reference that stays
	has steps '^shell: test -n "\$TOKEN" && echo "\$\{TOKEN\} 2" >out\.[0-9] …$'
	has steps '^shell: .* 5" >out\.[0-9] …$'
	jq -r 'select(.event.event_type == "step_started") |
		.event.title' shop.events >titles
	has titles '^claude: /look at src/price.c$'
	has titles '^claude: /look at src/tax.c$'
	is "$(jq -r '.items[0].failure_history[0].error_context[-1]' \
		shop.dlq | cut -c1-20)" 'step 2 of 3: shell: ' 'context'
}

causes_group() {
	shop
	is "$(jq -r '.items[].failure_history[0].cause' shop.dlq |
		tr '\n' '|')" "exit 3: src/tax.c:12: error: 'rate' undeclared|$(
		)exit 3: src/vat.c:7: error: 'base' undeclared|" 'causes'
	is "$(jq -r '.items[].error_signature' shop.dlq | sort -u)" \
		"CommandFailed::ITEM:N: error: '*' undeclared" 'signature'
	is "$(jq -r 'select(.event.event_type == "agent_failed") |
		.event.error_signature' shop.events | sort -u)" \
		"CommandFailed::ITEM:N: error: '*' undeclared" 'in events'
	cd shop
	run 0 "$PRODIGY" dlq list
	has "$out" 'CAUSE'
	has "$out" "item_1 \(src/tax.c\).*exit 3: src/tax.c:12: error: 'rate'"
	run 0 "$PRODIGY" dlq show --format human
	has "$out" "^item_4 \(src/vat.c\)"
	has "$out" "^  cause: exit 3: src/vat.c:7"
	# Without its letter a failure is told by the journal alike.
	jq -c '[.items[] | {item_label, error_signature} +
		(.failure_history[0] | {cause, step_failed})]' ../shop.dlq \
		>../before
	mv "$PRODIGY_HOME/dlq/shop" ../letters
	run 0 "$PRODIGY" dlq show --json
	mv ../letters "$PRODIGY_HOME/dlq/shop"
	jq -c '[.items[] | {item_label, error_signature} +
		(.failure_history[0] | {cause, step_failed})]' "$out" >../after
	cmp ../before ../after
}

logs_are_claudes() {
	shop
	for log in $(jq -r '.items[].failure_history[].json_log_location' \
		shop.dlq) $(jq -r 'select(.event.event_type ==
			"agent_completed") | .event.json_log_location' \
			shop.events); do
		jq -es 'map(.type) | contains(["result"])' "$log" >"$out"
	done
	is "$(jq '.items[0].failure_history[0].logs | length' shop.dlq)" 2 \
		'logs of an item'
	for log in $(jq -r '.items[0].failure_history[0].logs[]' shop.dlq); do
		[ -s "$log" ]
	done
	has "$(jq -r '.items[0].failure_history[0].logs[1]' shop.dlq)" \
		"'rate' undeclared"
}

# What begins ends, in each item: steps, agents, merges.
events_are_pairs() {
	shop
	jq -r '.event | select(.item_id != null) |
		[.item_id, .event_type, .step // "", .state // ""] |
		map(tostring) | join(" ")' shop.events >all
	for item in 0 1 2 3 4; do
		grep "^item_$item " all | cut -d' ' -f2- |
			grep '^step_\|^agent_' | sed 's/ *$//' >"$out"
		if [ "$item" = 1 ] || [ "$item" = 4 ]; then
			want='step_completed 2 failed|agent_failed'
		else
			want="step_completed 2 done|step_started 3|$(
			)step_completed 3 skipped|agent_completed"
		fi
		is "$(tr '\n' '|' <"$out")" \
			"agent_started|step_started 1|step_completed 1 done|$(
			)step_started 2|$want|" "events of item_$item"
	done
	is "$(grep -c ' merge_started' all)" 3 'merges that began'
	is "$(grep -c ' merge_completed' all)" 3 'merges that were done'
	is "$(jq -r 'select(.event.event_type == "agent_started") |
		.event.slot' shop.events | sort -u | tr '\n' ' ')" '1 2 ' \
		'slots'
}

# An agent that is killed and a stop have their events, too.
stops_are_told() {
	make_repo stops 1
	cat >stops.yml <<Y
name: stops
mode: mapreduce
map:
  input: [kill, wait]
  max_parallel: 2
  agent_template:
    - shell: |
        if [ "\${item}" = kill ] && ! [ -e $scratch/once ]; then
          : >$scratch/once; kill -9 \$PPID; sleep 60
        fi
        [ "\${item}" = kill ] || { : >$scratch/waits; sleep 60; }
Y
	cd stops
	"$PRODIGY" run ../stops.yml -y >"$out" 2>"$err" </dev/null &
	pid=$!
	wait_for test -e "$scratch/waits"
	wait_for grep -q '^item_0 (kill) done' "$err"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	is "$status" 143 'exit status'
	run 0 "$PRODIGY" events show "$(job_id stops)"
	cp "$out" ../stops.events
	cd ..
	is "$(jq -r '.event | select(.event_type == "agent_stopped") |
		[.item_id, .attempt, .reason] | map(tostring) | join(" ")' \
		stops.events | tr '\n' '|')" \
		'item_0 1 lost|item_1 1 cancelled|' 'agents that were stopped'
	is "$(jq -c '.event | select(.event_type == "control") |
		[.verb, .now, .signal]' stops.events)" '["stop",false,15]' \
		'control'
}

t 'items have labels, everywhere' items_have_labels
t 'map.item_name says what items are called' item_name
t 'a label is data: short, visible, no trailer' hostile_labels
t 'titles have their values, but those of env' titles_have_values
t 'the cause is one line, and alike failures have one signature' causes_group
t 'json_log_location is the log of claude, logs are all' logs_are_claudes
t 'what begins has its end among the events' events_are_pairs
t 'what is stopped or lost is told' stops_are_told

done_testing
