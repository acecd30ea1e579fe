#!/bin/sh
# What a person sees and answers at a terminal: the question before the merge,
# the output of steps with -vv, and the live display.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

terminal=$(dirname "$PRODIGY")/tests/e2e/terminal

# Runs a command at a terminal: what was shown goes to $out, without the
# carriage returns of the terminal.
at_terminal() { # wanted status, arguments of terminal ...
	wanted=$1
	shift
	status=0
	"$terminal" "$@" >"$scratch/shown" </dev/null || status=$?
	tr -d '\r' <"$scratch/shown" >"$out"
	[ "$status" -eq "$wanted" ] && return 0
	printf 'exit status %s instead of %s: %s\n' "$status" "$wanted" "$*"
	cat "$out"
	return 1
}

one_commit() { # folder
	make_repo "$1" 1
	cat >one.yml <<'Y'
- shell: "echo new > new.txt; git add .; git commit -q -m new"
Y
	cd "$1"
}

# Answers the question of a run: what is typed, what comes of it.
answer() { # folder, keys, yes or no
	one_commit "$1"
	before=$(user_state .)
	at_terminal 0 'into main? [Y/n] ' "$2" -- "$PRODIGY" run ../one.yml
	has "$out" 'Merge 1 commit \(1 file\) of session-[0-9a-f-]* into main\?'
	if [ "$3" = yes ]; then
		is "$(cat new.txt)" new 'the new file'
		nothing_left .
	else
		is "$(user_state .)" "$before" 'what the user has'
		has "$out" 'prodigy worktree merge session-'
	fi
}

y_merges() { answer y 'y\n' yes; }
yes_merges() { answer yes 'YES\n' yes; }
enter_merges() { answer enter '\n' yes; }
n_does_not() { answer n 'n\n' no; }
other_words_do_not() { answer other 'yesterday\n' no; }
end_of_input_does_not() { answer eof '\D' no; }

ctrl_c_does_not() {
	one_commit ctrl_c
	before=$(user_state .)
	at_terminal 130 'into main? [Y/n] ' '\C' -- "$PRODIGY" run ../one.yml
	hasnt "$out" 'Stopping'
	is "$(user_state .)" "$before" 'what the user has'
	is "$(git for-each-ref --format=x 'refs/heads/prodigy-*')" x \
		'the branch with the result'
	run 0 "$PRODIGY" worktree ls --json
	is "$(jq '.sessions[0].commits' "$out")" 1 'commits to merge later'
}

# No question where nobody should be asked.
nobody_is_asked() {
	one_commit nobody
	at_terminal 0 -- "$PRODIGY" run ../one.yml --no-merge
	hasnt "$out" '\[Y/n\]'
	at_terminal 0 -- env PRODIGY_AUTOMATION=true "$PRODIGY" run ../one.yml
	hasnt "$out" '\[Y/n\]'
	at_terminal 0 -- env PRODIGY_TEST_MODE=true "$PRODIGY" run ../one.yml
	hasnt "$out" '\[Y/n\]'
	at_terminal 0 -- sh -c "\"$PRODIGY\" run ../one.yml </dev/null"
	hasnt "$out" '\[Y/n\]'
	at_terminal 0 -- "$PRODIGY" run ../one.yml -y
	hasnt "$out" '\[Y/n\]'
	[ -e new.txt ]
}

worktree_merge_asks() {
	one_commit later
	run 0 "$PRODIGY" run ../one.yml
	session=$("$PRODIGY" sessions show --json | jq -r .id)
	at_terminal 0 'into main? [Y/n] ' 'n\n' -- \
		"$PRODIGY" worktree merge "$session"
	[ ! -e new.txt ]
	at_terminal 0 'into main? [Y/n] ' '\n' -- \
		"$PRODIGY" worktree merge "$session"
	[ -e new.txt ]
}

output_is_shown() {
	make_repo output 1
	cat >output.yml <<'Y'
name: output
mode: mapreduce
map:
  input: "printf '%s\\n' one two"
  agent_template:
    - shell: |
        echo "first of ${item}"
        echo "second of ${item}" >&2
        printf 'no newline of %s' ${item}
reduce:
  - shell: "printf 'a\\033[31mred\\n\\nb\\n'"
Y
	cd output
	run 0 "$PRODIGY" run ../output.yml --no-merge
	cp "$err" ../quiet
	run 0 "$PRODIGY" run ../output.yml -v --no-merge
	cp "$err" ../verbose
	has "$out" '^supervisor: .* CPU, .* peak, .* written$'
	run 0 "$PRODIGY" run ../output.yml -vv --no-merge
	for item in 0:one 1:two; do
		label=item_${item%:*}
		text=${item#*:}
		for line in "first of $text" "second of $text" \
			"no newline of $text"; do
			is "$(grep -c "^  $label: $line\$" "$err")" 1 \
				"$label: $line"
		done
	done
	has "$err" 'item_0: pending -> creating'
	hasnt "$err" "$(printf '\033')"
	hasnt ../quiet '(first|second) of'
	hasnt ../verbose '^  item_[01]: (first|second) of'
	has ../verbose '^item_0 .*\[1/1\] ended with 0 \('
	hasnt ../quiet '^item_0 \[1/1\]'
}

lines_stay_whole() {
	make_repo whole 1
	cat >whole.yml <<'Y'
name: whole
mode: mapreduce
map:
  input: "echo x"
  agent_template:
    - shell: |
        printf 'half '
        sleep 0.3
        printf 'line\n'
        awk 'BEGIN { for (i = 0; i < 99999; i++) printf "\303\244" }'
Y
	cd whole
	run 0 "$PRODIGY" run ../whole.yml -vv
	has "$err" '^  item_0: half line$'
	# A line that is too long is cut between characters.
	is "$(sed -n 's/^  item_0: \(\(ä\)*\)$/\1/p' "$err" | tr -d '\n' |
		wc -c)" 199998 'bytes of the long line'
}

live_display() {
	make_repo live 1
	cat >live.yml <<'Y'
name: live
mode: mapreduce
map:
  input: "seq 3"
  agent_template:
    - shell: "true"
Y
	cd live
	unset PRODIGY_PROGRESS_MODE
	escape=$(printf '\033')
	at_terminal 0 60 -- env TERM=xterm "$PRODIGY" run ../live.yml
	has "$out" "$escape\\["
	has "$out" '3 successful, 0 failed'
	for setting in TERM=dumb NO_COLOR=1 PRODIGY_PROGRESS_MODE=simple; do
		at_terminal 0 -- env TERM=xterm "$setting" \
			"$PRODIGY" run ../live.yml
		hasnt "$out" "$escape"
		has "$out" 'item_2 .*done'
	done
	at_terminal 0 -- env TERM=xterm "$PRODIGY" run ../live.yml -q
	hasnt "$out" "$escape"
	hasnt "$out" 'item_2 .*done'
}

t 'y at the question merges' y_merges
t 'yes in any case merges' yes_merges
t 'Enter alone merges' enter_merges
t 'n leaves the result on its branch' n_does_not
t 'any other word leaves it there' other_words_do_not
t 'end of input leaves it there' end_of_input_does_not
t 'Ctrl-C at the question ends the run, the result is kept' ctrl_c_does_not
t 'nobody is asked who should not be' nobody_is_asked
t 'worktree merge asks, too' worktree_merge_asks
t '-vv shows what steps print, each line with its item' output_is_shown
t '-vv keeps lines whole' lines_stay_whole
t 'the live display is for terminals that can' live_display
done_testing
