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

# --- what would fail all night ---------------------------------------------

# A workflow whose only step is claude's, in a repository of its own.
claude_repo() { # folder, more lines of the step
	make_repo "$1" 1
	mkdir -p "$1/.claude/commands"
	echo 'Fix it: $ARGUMENTS' >"$1/.claude/commands/fix.md"
	git -C "$1" add . && git -C "$1" commit -q -m command
	cat >claude.yml <<Y
name: claude
mode: mapreduce
map:
  input: [a, b]
  agent_template:
    - claude: "/fix \${item}"
${2:-}
Y
	cd "$1"
	PATH=$top_srcdir/tests/bin:$PATH
	export PATH
}

nothing_was_begun() { # wanted number of warnings and errors
	is "$(grep -c '^prodigy: ' "$err")" 1 'messages'
	is "$(git worktree list | wc -l)" 1 'work trees'
	is "$(git for-each-ref --format='%(refname)')" refs/heads/main 'refs'
	[ ! -d "$PRODIGY_HOME/state/$(basename "$PWD")" ]
}

misspelt_keys_are_errors() {
	workflow 'input: lines.json' 'filtr: "n > 2"' 'max_itms: 1' \
		'a_remark_of_mine: x' >typos.yml
	make_repo typos 1
	cd typos
	run 1 "$PRODIGY" run ../typos.yml
	has "$err" "typos.yml:5:3: map.filtr: unknown key; did you mean 'filter'"
	has "$err" "typos.yml:6:3: map.max_itms: .* mean 'max_items'"
	is "$(git worktree list | wc -l)" 1 'work trees'
	run 1 "$PRODIGY" validate ../typos.yml
	has "$err" 'warning: .*a_remark_of_mine: unknown key, ignored'
}

missing_claude_is_told() {
	claude_repo claude
	export PRODIGY_CLAUDE_COMMAND=no-such-claude
	run 1 "$PRODIGY" run ../claude.yml
	has "$err" 'no-such-claude not found in PATH'
	nothing_was_begun
	run 0 "$PRODIGY" run --dry-run ../claude.yml
	has "$err" 'warning: no-such-claude not found in PATH'
	# A setup that brings it along is fine, one that does not is the end.
	sed 's/^map:/setup:\n  - shell: "true"\nmap:/' ../claude.yml >../later.yml
	run 1 "$PRODIGY" run ../later.yml
	has "$err" 'warning: no-such-claude not found in PATH'
	has "$err" 'Session failed: no-such-claude not found in PATH'
	hasnt "$err" 'Processing'
	mkdir -p "$scratch/late"
	# shellcheck disable=SC2016 # for the shell of the step
	setup='  - shell: "ln -s $(command -v claude) '$scratch'/late/no-such-claude"'
	awk -v setup="$setup" '/^map:/ { print "setup:\n" setup } { print }' \
		../claude.yml >../late.yml
	PATH=$scratch/late:$PATH run 0 "$PRODIGY" run ../late.yml
	has "$out" '2 successful, 0 failed'
	# Only if it fails, claude is asked.
	cat >../rarely.yml <<'Y'
- shell: "true"
  on_failure: {claude: "/fix it"}
Y
	run 0 "$PRODIGY" run ../rarely.yml
	has "$err" 'warning: no-such-claude not found in PATH'
}

unknown_author_is_told() {
	claude_repo author '      commit_required: true'
	unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL EMAIL
	printf '[user]\n\tuseConfigOnly = true\n' >../nobody
	export GIT_CONFIG_GLOBAL="$scratch/nobody"
	run 1 "$PRODIGY" run ../claude.yml
	has "$err" 'does not know who commits here: set user.name and user.email'
	nothing_was_begun
	printf -- '- shell: "true"\n' >../shell.yml
	run 0 "$PRODIGY" run ../shell.yml
	has "$err" 'warning: .*commits of agents fail'
	GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@y GIT_AUTHOR_NAME=x \
		GIT_AUTHOR_EMAIL=x@y run 0 "$PRODIGY" run ../shell.yml
	hasnt "$err" 'commits of agents'
}

useless_key_is_told() {
	claude_repo key '      commit_required: true'
	printf '#!/bin/sh\necho "no secret key" >&2\nexit 1\n' >../broken-gpg
	chmod +x ../broken-gpg
	git config commit.gpgSign true
	git config gpg.program "$scratch/broken-gpg"
	objects=$(find .git/objects -type f | sort)
	run 1 "$PRODIGY" run ../claude.yml
	has "$err" 'commits are to be signed here .*fail'
	nothing_was_begun
	is "$(find .git/objects -type f | sort)" "$objects" 'objects'
	git config commit.gpgSign false
	sed -i '/commit_required/d' ../claude.yml
	run 0 "$PRODIGY" run ../claude.yml
	hasnt "$err" 'signed'
}

missing_commands_are_told() {
	claude_repo commands
	run 0 "$PRODIGY" run ../claude.yml
	hasnt "$err" '^prodigy: '
	cat >../names.yml <<'Y'
- claude: "/fix a"
- claude: "/forgotten a"
- claude: "/forgotten b"
- shell: "false"
  on_failure: {claude: "/absent it"}
- claude: "/mine"
- claude: "/review"
- claude: "/${name} x"
- claude: "Plain words /nothing"
Y
	echo x >.claude/commands/forgotten.md
	mkdir -p "$HOME/.claude/commands"
	echo x >"$HOME/.claude/commands/mine.md"
	run 0 "$PRODIGY" run --dry-run ../names.yml
	is "$(grep -c '^prodigy: ' "$err")" 2 'warnings'
	has "$err" '/forgotten: .* in the checkout, but not committed'
	has "$err" '/absent: there is no .claude/commands/absent.md'
	PRODIGY_CLAUDE_DIALECT=plain run 0 "$PRODIGY" run --dry-run ../names.yml
	hasnt "$err" '^prodigy: '
}

missing_input_is_told() {
	make_repo missing 1
	workflow 'input: nowhere.json' >nowhere.yml
	cd missing
	run 1 "$PRODIGY" run ../nowhere.yml
	has "$err" 'input file not found: nowhere.json'
	nothing_was_begun
	run 0 "$PRODIGY" run --dry-run ../nowhere.yml
	has "$err" 'warning: .*input file not found: nowhere.json'
	has "$out" "items of 'nowhere.json' are known when the run begins"
}

uncommitted_input_is_told() {
	make_repo input 1
	workflow 'input: todo.json' >todo.yml
	cd input
	echo '[1, 2]' >todo.json
	run 1 "$PRODIGY" run ../todo.yml
	has "$err" 'todo.json is in the checkout, but not committed'
	nothing_was_begun
	git add todo.json && git commit -q -m todo
	run 0 "$PRODIGY" run ../todo.yml
	hasnt "$err" '^prodigy: '
	echo '[1, 2, 3]' >todo.json
	run 0 "$PRODIGY" run ../todo.yml
	has "$err" 'the changes of todo.json are not committed'
	has "$out" 'Items: +2 total'
	# Setup makes it, whatever lies in the checkout.
	git rm -q --cached todo.json && git commit -q -m none
	sed 's/^map:/setup:\n  - shell: "echo [7] >todo.json"\nmap:/' \
		../todo.yml >../made.yml
	run 0 "$PRODIGY" run ../made.yml
	hasnt "$err" '^prodigy: '
	has "$out" 'Items: +1 total'
}

empty_submodules_are_told() {
	make_repo library 1
	make_repo modules 1
	cd modules
	git -c protocol.file.allow=always submodule --quiet add \
		"$scratch/library" lib
	git commit -q -m lib
	printf -- '- shell: "ls lib"\n' >../ls.yml
	run 0 "$PRODIGY" run ../ls.yml
	has "$err" 'warning: submodules \(lib\) are empty in work trees'
	printf -- '- shell: "git submodule status"\n' >../filled.yml
	run 0 "$PRODIGY" run ../filled.yml
	hasnt "$err" 'submodules'
}

t 'a list in the workflow is the items' lists_are_items
t 'a text that begins like JSON is the items and never a command' \
	texts_that_look_like_json_are_items
t 'it is told whether the input was JSON, JSON lines or text' forms_are_told
t 'an empty list names the stage that removed the items' \
	empty_lists_name_the_stage
t 'a run in which no item succeeded fails, after reduce and merge' \
	no_success_is_a_failure
t 'a misspelt key of map is an error' misspelt_keys_are_errors
t 'a claude that is missing is told before the first item' missing_claude_is_told
t 'a git that does not know the author is, too' unknown_author_is_told
t 'so is a signing key that cannot be used' useless_key_is_told
t 'so are files of slash commands that agents do not have' \
	missing_commands_are_told
t 'so is an input that is not there' missing_input_is_told
t 'so is an input that is not committed' uncommitted_input_is_told
t 'so are submodules that will be empty' empty_submodules_are_told
done_testing
