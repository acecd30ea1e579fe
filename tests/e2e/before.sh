#!/bin/sh
# What is known before the night: where items come from and where they went,
# and what would make every item fail.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

make_repo repo 2
printf '{"n":1}\n{"n":2}\n{"n":3}\n' >repo/lines.json
printf 'a\nb c\n' >repo/words.json
git -C repo add . && git -C repo commit -q -m items

workflow() { # lines of map; an agent that writes its item
	printf 'name: before\nmode: mapreduce\nmap:\n'
	printf '  %s\n' "$@"
	cat <<'Y'
  agent_template:
    - shell: "printf '%s\\n' ${item} >> got-${item_id}; git add .; git commit -q -m got"
Y
}

# --- where items come from -------------------------------------------------

lists_are_items() {
	workflow 'input:' '  - one' '  - {file: "b c", n: 2}' '  - 3' >list.yml
	cd repo
	run 0 "$PRODIGY" items ../list.yml
	is "$(jq -c .data "$out" | tr '\n' ' ')" \
		'"one" {"file":"b c","n":2} 3 ' 'items of a list'
	run 0 "$PRODIGY" run ../list.yml
	has "$out" 'Items: +3 total, 3 successful, 0 failed'
	run 0 "$PRODIGY" run --dry-run ../list.yml
	has "$out" '^\[DRY RUN\] map: 3 items'
}

texts_that_look_like_json_are_items() {
	# shellcheck disable=SC2016 # the text itself
	workflow 'input: '\''["$(touch made)", "b"]'\' >text.yml
	cd repo
	run 0 "$PRODIGY" run ../text.yml
	has "$out" 'Items: +2 total, 2 successful, 0 failed'
	[ ! -e made ]
	workflow 'input: "[ -d src ] && seq 3"' >../command.yml
	run 1 "$PRODIGY" validate ../command.yml
	has "$err" 'command.yml:4:[0-9]+: map.input: .* never a command'
}

forms_are_told() {
	cd repo
	workflow 'input: lines.json' >../lines.yml
	workflow 'input: words.json' >../words.yml
	run 0 "$PRODIGY" run --dry-run ../lines.yml
	has "$out" '^\[DRY RUN\] map: lines.json is JSON lines: input 3$'
	run 0 "$PRODIGY" run ../lines.yml
	has "$err" '^Items: 3 from JSON lines \(input 3\)$'
	run 0 "$PRODIGY" run ../words.yml
	has "$err" '^Items: 2 from lines of text \(input 2\)$'
	run 0 "$PRODIGY" run --dry-run --json ../words.yml
	is "$(jq -r .input_form "$out")" 'lines of text' 'form in the plan'
}

# --- where they went -------------------------------------------------------

empty_lists_name_the_stage() {
	cd repo
	workflow 'input: lines.json' 'json_path: "$[*]"' 'filter: "n > 7"' \
		>../empty.yml
	run 0 "$PRODIGY" run ../empty.yml
	has "$out" 'No work items .*\(input 3, json_path 3, filter 0\)'
	run 1 "$PRODIGY" run --fail-on-empty ../empty.yml
	has "$out" 'No work items .*\(input 3, json_path 3, filter 0\)'
	run 0 "$PRODIGY" run --fail-on-empty ../lines.yml
}

no_success_is_a_failure() {
	cd repo
	cat >../none.yml <<'Y'
name: none
mode: mapreduce
map:
  input: [1, 2]
  agent_template:
    - shell: "exit 3"
reduce:
  - shell: "echo ${map.failed} >report && git add report && git commit -q -m report"
Y
	run 1 "$PRODIGY" run ../none.yml -y
	has "$out" 'Items: +2 total, 0 successful, 2 failed'
	has "$out" '^None of the items succeeded'
	has "$out" '^Merged 1 commit into main'
	is "$(cat report)" 2 'what reduce saw'
	sed 's/exit 3/test ${item} -ne 2/' ../none.yml >../some.yml
	run 0 "$PRODIGY" run ../some.yml
	hasnt "$out" '^None of the items'
	run 1 "$PRODIGY" run --fail-on-dlq ../some.yml
}

t 'a list in the workflow is the items' lists_are_items
t 'a text that begins like JSON is the items and never a command' \
	texts_that_look_like_json_are_items
t 'it is told whether the input was JSON, JSON lines or text' forms_are_told
t 'an empty list names the stage that removed the items' \
	empty_lists_name_the_stage
t 'a run in which no item succeeded fails, after reduce and merge' \
	no_success_is_a_failure
done_testing
