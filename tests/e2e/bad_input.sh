#!/bin/sh
# Bad input of every kind: one clear message, the fitting exit status, and the
# user's repository as it was.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

make_repo repo 2
before=$(user_state repo)

untouched() {
	is "$(user_state "$scratch/repo")" "$before" 'user state'
	is "$(git -C "$scratch/repo" for-each-ref --format='%(refname)')" \
		refs/heads/main 'refs'
	is "$(git -C "$scratch/repo" worktree list | wc -l)" 1 'work trees'
}

map_workflow() { # lines of map
	printf 'name: bad\nmode: mapreduce\nmap:\n'
	printf '  %s\n' "$@"
	printf '  agent_template:\n    - shell: ":"\n'
}

refused() { # wanted message, lines of map
	message=$1
	shift
	map_workflow "$@" >bad.yml
	cd repo
	run 1 "$PRODIGY" run ../bad.yml -y
	has "$err" "$message"
	is "$(grep -c '^prodigy: ' "$err")" 1 'messages'
	untouched
}

missing_file() {
	cd repo
	run 1 "$PRODIGY" run nope.yml
	has "$err" 'nope.yml: No such file'
	untouched
}

malformed_file() {
	printf 'a: [1\nb: 2\n' >bad.yml
	cd repo
	run 1 "$PRODIGY" run ../bad.yml
	has "$err" 'bad.yml:[0-9]+:[0-9]+: '
	untouched
}

all_findings() {
	map_workflow 'input: x' 'max_parallel: 0' 'filter: "a >"' \
		'json_path: "$["' >bad.yml
	cd repo
	run 1 "$PRODIGY" run ../bad.yml
	has "$err" 'bad.yml:5:17: map.max_parallel'
	has "$err" 'bad.yml:6:[0-9]+: map.filter'
	has "$err" 'bad.yml:7:[0-9]+: map.json_path'
	untouched
}

not_built_yet() {
	printf -- '- foreach: [1]\n  do: []\n' >bad.yml
	cd repo
	run 1 "$PRODIGY" run ../bad.yml
	has "$err" 'bad.yml:1:3: .*foreach is not supported yet'
}

no_items_file() { refused 'input file not found: none.json' 'input: none.json'; }

failing_input() { refused 'exit code 3' 'input: "exit 3"'; }

nothing_selected() {
	map_workflow 'input: "echo {}"' 'json_path: "$.x[*]"' >bad.yml
	cd repo
	run 0 "$PRODIGY" run ../bad.yml
	has "$out" 'No work items'
	untouched
}

committed_items() { # contents, wanted message
	rm -rf items
	make_repo items 1
	printf '%s' "$1" >items/items.json
	git -C items add . && git -C items commit -q -m items
	map_workflow 'input: items.json' >bad.yml
	cd items
	run 1 "$PRODIGY" run ../bad.yml
	has "$err" "$2"
	is "$(git worktree list | wc -l)" 1 'work trees'
}

not_json() { committed_items '{"a": [1,' 'items.json:[0-9]+:[0-9]+: '; }

empty_items() { committed_items '' 'items.json.*empty'; }

huge_number() { committed_items '[99999999999999999999]' 'items.json:1:[0-9]+: '; }

too_large() {
	rm -rf items
	make_repo items 1
	map_workflow "input: $scratch/large.json" >bad.yml
	truncate -s 300M large.json
	cd items
	run 1 "$PRODIGY" run ../bad.yml
	has "$err" 'larger than'
}

no_repository() {
	mkdir none
	cd none
	run 1 "$PRODIGY" run ../bad.yml
	has "$err" 'not in a git repository.*git init'
}

no_commit() {
	git init -q fresh
	map_workflow 'input: "seq 1"' >good.yml
	cd fresh
	run 1 "$PRODIGY" run ../good.yml
	has "$err" 'has no commit yet'
}

unwritable_home() {
	map_workflow 'input: "seq 1"' >good.yml
	touch file
	cd repo
	PRODIGY_HOME=$scratch/file/home run 1 "$PRODIGY" run ../good.yml
	has "$err" 'Not a directory'
	mkdir "$scratch/open"
	chmod 777 "$scratch/open"
	PRODIGY_HOME=$scratch/open run 1 "$PRODIGY" run ../good.yml
	has "$err" 'can be written to by others'
	has "$err" "chmod go-w $scratch/open"
	chmod 775 "$scratch/open"
	PRODIGY_HOME=$scratch/open run 1 "$PRODIGY" run ../good.yml
	run 0 sh -c "$(sed -n 's/.*allow it with: //p' "$err")"
	PRODIGY_HOME=$scratch/open run 0 "$PRODIGY" run ../good.yml
	untouched
}

claude_missing() {
	printf -- '- shell: "true"\n- claude: "/hi"\n' >claude.yml
	cd repo
	PRODIGY_CLAUDE_COMMAND=no-such-claude run 1 "$PRODIGY" run ../claude.yml
	has "$err" 'no-such-claude not found in PATH'
	untouched
}

claude_not_needed() {
	printf -- '- shell: "true"\n' >shell.yml
	cd repo
	PRODIGY_CLAUDE_COMMAND=no-such-claude run 0 "$PRODIGY" run ../shell.yml
}

usage() {
	run 2 "$PRODIGY" run
	has "$err" 'run: missing argument'
	run 2 "$PRODIGY" run --nonsense x
	has "$err" "unknown option '--nonsense'"
	run 2 "$PRODIGY" run --max-paralel 2 x
	has "$err" "did you mean '--max-parallel'"
	run 2 "$PRODIGY" run --max-parallel many x
	run 2 "$PRODIGY" run --max-parallel 0 x
	run 2 "$PRODIGY" dlqq
	has "$err" "did you mean 'dlq'"
	run 2 "$PRODIGY" rnu x
	has "$err" "did you mean 'run'"
	run 2 "$PRODIGY" run --max-items 3 --max-items 4 x
	has "$err" '--max-items is given twice: 3 and 4'
	run 2 "$PRODIGY" sessions list --status Foo
	has "$err" "'Foo' is none of .*Completed"
	run 0 "$PRODIGY"
	has "$out" '^Usage: prodigy'
	run 0 "$PRODIGY" help dlq show
	has "$out" '^Usage: prodigy dlq show'
	run 0 "$PRODIGY" --version
	has "$out" '^prodigy [0-9][0-9.]*$'
	run 0 "$PRODIGY" run -V
	has "$out" '^prodigy [0-9][0-9.]*$'
	run 2 "$PRODIGY" goal-seek
	has "$err" 'on_failure.*validate is not supported yet'
}

# Every "prodigy COMMAND" in a message of the sources leads to something that is
# built. Literals that stand side by side are one.
messages_name_what_works() {
	cat "$top_srcdir"/src/*/*.c | tr '\n' ' ' | sed 's/"[[:blank:]]*"//g' |
		grep -oE '"([^"\\]|\\.)*"' |
		grep -oE 'prodigy [a-z-]+( [a-z-]+)?' | sort -u >named
	run 0 "$PRODIGY" --help
	awk '
	/^Commands:/ { of = 1 }
	/^Not supported yet:/ { of = 2; sub(/.*:/, "") }
	/^$/ { of = 0 }
	of == 1 && /^  / { print $1 }
	of == 2 { sub(/[.]$/, ""); for (i = 1; i <= NF; i++) print $i }' \
		"$out" >commands
	found=0
	while read -r program name more; do
		is "$program" prodigy
		grep -qx -- "$name" commands || continue
		found=$((found + 1))
		run 0 "$PRODIGY" "$name" ${more:+"$more"} --help
		has "$out" "^Usage: prodigy $name${more:+ $more} "
		hasnt "$out" '\(not supported yet\)\.$'
	done <named
	[ "$found" -ge 3 ]
}

help_fits_a_terminal() {
	for command in '' run items validate events dlq sessions checkpoints \
		worktree 'events show' 'dlq show' 'sessions show' 'worktree merge'; do
		# shellcheck disable=SC2086 # words
		run 0 "$PRODIGY" $command --help
		is "$(awk 'length > 80' "$out")" '' "long lines of $command --help"
	done
}

# What is known but not built says so by the name it was called, and its help
# is about itself.
not_built() {
	for name in stats status retry; do
		run 1 "$PRODIGY" dlq "$name"
		has "$err" "^prodigy: dlq $name is not supported yet"
	done
	run 0 "$PRODIGY" dlq --help
	has "$out" '^Not supported yet: .*stats'
	for name in resume resume-job; do
		run 0 "$PRODIGY" "$name" --help
		has "$out" "^Usage: prodigy $name "
		has "$out" 'not supported yet'
	done
	run 0 "$PRODIGY" run --profile x --help
	has "$out" '^Usage: prodigy run'
}

output_closed() {
	"$PRODIGY" run --help | head -n 1 >first
	has first '^Usage'
	run 1 sh -c "\"$PRODIGY\" --help >/dev/full"
}

founding_command_lines() {
	map_workflow 'input: "seq 1"' >good.yml
	cd repo
	run 0 "$PRODIGY" cook ../good.yml
	while read -r line; do
		status=0
		# shellcheck disable=SC2086 # words
		"$PRODIGY" $line >"$out" 2>"$err" </dev/null || status=$?
		[ "$status" -ne 2 ] || {
			echo "wrong usage: $line"
			cat "$err"
			return 1
		}
	done <<'L'
resume
resume session-abc123
resume-job mapreduce-20240101-123456
resume-job mapreduce-20240101-123456 --force
resume-job mapreduce-20240101-123456 --max-parallel 20
resume-job mapreduce-20240101-123456 --max-additional-retries 3
resume-job mapreduce-20240101-123456 --skip-validation
resume-job mapreduce-20240101-123456 --from-checkpoint 90
resume-job mapreduce-20240101-123456 --verbose
checkpoints list mapreduce-20240101-123456
checkpoints clean mapreduce-20240101-123456
checkpoints clean --all --older-than 7d
events show mapreduce-20240101-123456
events watch
dlq list mapreduce-20240101-123456
dlq status mapreduce-20240101-123456
dlq show mapreduce-20240101-123456
dlq retry mapreduce-20240101-123456 --max-parallel 5
dlq reprocess mapreduce-20240101-123456 --max-parallel 10
dlq inspect item_1
dlq clear mapreduce-20240101-123456
dlq purge --older-than-days 30
dlq stats --workflow-id mapreduce-20240101-123456
dlq analyze --job-id mapreduce-20240101-123456
dlq export file.json
sessions list
sessions show
sessions show session-abc123
worktree clean-orphaned mapreduce-20240101-123456
L
}

unknown_ids() {
	cd repo
	run 1 "$PRODIGY" dlq show no-such-job
	has "$err" "no job 'no-such-job'"
	run 1 "$PRODIGY" sessions show ../../etc
	run 1 "$PRODIGY" events show no-such
	run 1 "$PRODIGY" resume
	has "$err" 'not supported yet'
}

t 'a missing workflow' missing_file
t 'a malformed workflow' malformed_file
t 'all findings of a file in one report' all_findings
t 'keys that are not built say so' not_built_yet
t 'a missing items file' no_items_file
t 'a failing input command' failing_input
t 'a path that selects nothing' nothing_selected
t 'items that are not JSON' not_json
t 'an empty items file' empty_items
t 'a number beyond 64 bits' huge_number
t 'an items file that is too large' too_large
t 'not a repository' no_repository
t 'a repository without commit' no_commit
t 'a home that cannot be used' unwritable_home
t 'claude is missing where it is needed' claude_missing
t 'claude is not looked for where it is not' claude_not_needed
t 'wrong usage' usage
t 'a help fits a terminal of 80 columns' help_fits_a_terminal
t 'messages name only commands that work' messages_name_what_works
t 'what is not built says so, and has a help' not_built
t 'standard output that is closed or full' output_closed
t 'every command line of the founding documents parses' founding_command_lines
t 'ids that do not exist' unknown_ids
done_testing
