#!/bin/sh
# Each key of a workflow file does what prodigy-workflow(5) says. What belongs
# together is in one workflow; scripts/check-manual finds keys that are in none.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

make_repo repo 1
FAKE_CLAUDE_DIR=$scratch/fake
PATH=$top_srcdir/tests/bin:$PATH
export FAKE_CLAUDE_DIR PATH
mkdir "$FAKE_CLAUDE_DIR" repo/deep
echo x >repo/deep/file
git -C repo add . && git -C repo commit -q -m deep
cd repo || exit 1

# Runs the workflow of standard input; what steps print is in $err, each line
# with two blanks in front.
follow() { # wanted status, options ...
	wanted=$1
	shift
	cat >../keys.yml
	run "$wanted" "$PRODIGY" run ../keys.yml -vv "$@"
}

printed() { # line, how often
	is "$(grep -cxF -- "  $1" "$err")" "${2:-1}" "lines '$1'"
}

# --- steps -----------------------------------------------------------------

environment() {
	follow 0 <<'Y'
name: a name
description: of no effect
version: 1
author: nobody
env: {GREETING: hello}
commands:
  - shell: 'echo "$GREETING ${GREETING} $OWN of ${workflow.name}"'
    description: of no effect
    env: {OWN: mine}
  - shell: pwd | sed 's,.*/,in ,'
    working_dir: deep
  - shell: pwd | sed 's,.*/,in ,'
    cwd: deep
Y
	printed 'hello hello mine of a name'
	printed 'in deep' 2
}

captures() {
	follow 0 <<'Y'
- shell: echo word
  capture_output: word
- shell: echo '{"a":[1,2]}'
  capture: document
  capture_format: json
- shell: echo out; echo err >&2
  capture: streams
  capture_streams: {stdout: false, stderr: true, exit_code: false, success: true, duration: false}
- shell: echo out; echo err >&2
  id: both
- shell: |
    echo "${word} ${document.a[1]} ${both.output}"
    echo "stderr ${streams.stderr} ${streams.success}"
    echo 'left ${streams.exit_code} ${streams.duration}'
- write_file: {path: new/file.json, content: '{"b": 1}', format: json, create_dirs: true, mode: "0600"}
- shell: stat -c 'mode %a' new/file.json
Y
	printed 'word 2 out'
	printed 'stderr err true'
	# shellcheck disable=SC2016 # as they stand
	printed 'left ${streams.exit_code} ${streams.duration}'
	printed 'mode 600'
}

conditions() {
	follow 0 <<'Y'
steps:
  - name: a label
    shell: "false"
    continue_on_error: true
  - shell: "false"
    allow_failure: true
  - shell: echo never
    when: "1 == 2"
  - shell: echo first >made && git add made && git commit -q -m made
    commit_required: true
  - shell: echo ended
Y
	has "$err" "Step \[1/5\]: a label"
	printed never 0
	printed ended
	follow 1 <<'Y'
- shell: "true"
  commit_required: true
Y
	has "$err" 'no commits were created'
	follow 1 <<'Y'
- shell: sleep 60
  timeout: 300ms
Y
	has "$err" 'timed out|time limit'
}

old_forms() {
	follow 0 <<'Y'
- test: {command: echo tested, on_failure: echo never}
- test:
    command: exit 3
    on_failure: {shell: echo handled, max_attempts: 1}
- shell: echo "$OLD"; exit 1
  metadata: {env: {OLD: from metadata}, continue_on_error: true}
- shell: echo there
  temporary: true
  analysis: {}
Y
	printed tested
	printed handled
	printed 'from metadata'
	printed there
	follow 1 <<'Y'
- shell: sleep 60
  metadata: {timeout: 1}
Y
	follow 1 <<'Y'
- shell: "true"
  metadata: {commit_required: true}
Y
	has "$err" 'no commits were created'
}

# --- claude ----------------------------------------------------------------

slash_commands() {
	# A bare name must commit.
	mkdir -p "$FAKE_CLAUDE_DIR/rules/1"
	echo '/bare*' >"$FAKE_CLAUDE_DIR/rules/1/match"
	echo 'git commit -q --allow-empty -m bare' >"$FAKE_CLAUDE_DIR/rules/1/run"
	follow 0 <<'Y'
name: prompts
claude: {permissions: plan, command: [claude, --first], arguments: --second "in quotes"}
commands:
  - claude: in words
  - command: fix it
    commit_required: false
  - command: fix
    args: [one, two words]
    options: {depth: 3}
    commit_required: false
  - "/bare item"
Y
	sed 's/.*<-->/:/' "$FAKE_CLAUDE_DIR/calls" >../prompts
	has ../prompts ':<in words>'
	has ../prompts ':</fix it>'
	has ../prompts ':</fix one .*two words.* --depth=3>'
	has ../prompts ':</bare item>'
	is "$(grep -c '^<--first>.*<--permission-mode><plan>.*<--second><in quotes>' \
		"$FAKE_CLAUDE_DIR/calls")" 4 'calls'
}

# --- handlers --------------------------------------------------------------

# A step that succeeds when it runs the third time.
third_time='shell: echo x >>tries; echo try; test $(wc -l <tries) -ge 3'

repeated() {
	follow 0 <<Y
- $third_time
  on_failure: {shell: echo handled, max_attempts: 3}
- shell: rm tries
- $third_time
  on_failure: {shell: echo handled, max_retries: 3}
Y
	printed try 6
	printed handled 4
	follow 1 <<Y
- $third_time
  on_failure: {shell: echo handled, retry_original: true, fail_workflow: true}
Y
	printed try 2
	follow 0 <<Y
- $third_time
  on_failure: {shell: echo handled, max_attempts: 2, fail_workflow: false}
- shell: echo went on
Y
	printed try 2
	printed 'went on'
}

handlers() {
	follow 1 <<'Y'
- shell: exit 3
  on_failure: {shell: exit 4, max_attempts: 1, handler_failure_fatal: true}
Y
	follow 0 <<'Y'
- shell: exit 3
  on_failure: {shell: "true", strategy: fallback}
- shell: exit 3
  on_failure: true
- shell: exit 3
  on_failure:
    commands: [{shell: echo one}, {claude: two}]
    timeout: 20s
    max_attempts: 1
- shell: echo ended
Y
	printed one
	printed ended
	follow 1 <<'Y'
- shell: exit 3
  on_failure: {shell: echo cleaned, strategy: cleanup, max_attempts: 1, fail_workflow: true}
Y
	printed cleaned
	follow 1 <<'Y'
- shell: exit 3
  on_failure: {shell: "true", commit_required: true, max_attempts: 1, handler_failure_fatal: true}
Y
}

# --- phases and the map ----------------------------------------------------

outputs() {
	follow 0 <<'Y'
mode: mapreduce
setup:
  timeout: 30s
  commands:
    - shell: printf 'version 1.25\nsecond\n'; echo warned >&2
    - shell: echo '{"a":{"b":7}}'
  capture_outputs:
    all: 0
    version: {command_index: 0, pattern: "version (.*)"}
    number: {command_index: 1, json_path: $.a.b}
    warning: {command_index: 0, source: stderr}
    short: {command_index: 0, max_size: 7}
    first: {command_index: 0, multiline: first_line}
    none: {command_index: 0, pattern: "x(y)z", default: nothing}
map:
  input: [1]
  agent_template:
    commands:
      - shell: echo "${version} ${number} ${warning} ${short} ${first} ${none}"
      - shell: echo "${all}" | wc -l | tr -d ' '
reduce:
  steps:
    - shell: echo "reduced ${number}"
Y
	has "$err" '^  item_0: 1.25 7 warned version version 1.25 nothing$'
	has "$err" '^  item_0: 2$'
	printed 'reduced 7'
}

selections() {
	follow 0 <<'Y'
mode: mapreduce
map:
  input: {items: [{n: 3, k: a}, {n: 1, k: b}, {n: 2, k: a}, {n: 9, k: c}, {n: 0, k: d}]}
  json_path: $.items[*]
  filter: n > 0
  sort_by: n DESC
  distinct: k
  offset: 1
  max_items: 1
  max_parallel: 1
  agent_template: [{shell: 'echo "n is ${item.n}"'}]
merge: [{shell: echo never}]
Y
	has "$err" '^  item_0: n is 3$'
	has "$err" 'Processing 1 items with 1 parallel agents'
	follow 1 <<'Y'
mode: mapreduce
map:
  input: [1]
  agent_timeout_secs: 1
  agent_template: [{shell: sleep 60}]
Y
	has "$out" '0 successful, 1 failed'
	follow 1 <<'Y'
mode: mapreduce
map:
  input: [1]
  timeout_per_agent: 1
  agent_template: [{shell: sleep 60}]
Y
	has "$out" '0 successful, 1 failed'
	follow 0 <<'Y'
mode: mapreduce
interpolation: raw
workspace: {keep: ["reports/**"]}
map: {input: '["a; echo pasted"]', agent_template: {steps: [{shell: 'echo ${item}'}]}}
Y
	has "$err" '^  item_0: pasted$'
}

t 'names, environment and folders of steps' environment
t 'what steps print is kept as they say' captures
t 'conditions, labels, commits and time limits of steps' conditions
t 'old forms still mean what they meant' old_forms
t 'claude gets its prompts, permissions, command and arguments' slash_commands
t 'a step is repeated as often as it says' repeated
t 'handlers decide as they say' handlers
t 'outputs of setup are known later' outputs
t 'items are selected, and agents limited' selections
done_testing
