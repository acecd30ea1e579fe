#!/bin/sh
# The merge into the user's branch: what of the user's is in its way, who else
# is at work there, and what becomes of the run.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# A repository with a few ignored names, and a workflow of one item.
case_repo() { # folder, script of the item
	make_repo "$1" 2
	mkdir "$1/dir"
	echo tracked >"$1/dir/one"
	printf '*.ign\nign\n' >"$1/.gitignore"
	git -C "$1" add .
	git -C "$1" commit -q -m more
	{
		printf 'name: one\nmode: mapreduce\nmap:\n'
		printf '  input: "echo 1"\n  agent_template:\n    - shell: |\n'
		printf '%s\n' "$2" | sed 's/^/        /'
		printf '        git commit -q -m item\n'
	} >"$1.yml"
	cd "$1"
}

FAKE_CLAUDE_DIR=$scratch/fake
export FAKE_CLAUDE_DIR

# All that lies in the user's tree, with types, and the index's flags.
files_of() {
	find . -path ./.git -prune -o -printf '%y %m %p %l\n' | sort
	find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 cksum
	git ls-files -v
	git rev-parse HEAD
}

# --- what is in the way -----------------------------------------------------

# The merge is refused and touches nothing; without what is in the way it works.
in_way() { # folder, item's script, the user's script, what is named, removal
	case_repo "$1" "$2"
	eval "$3"
	files_of >"$scratch/before"
	run 1 "$PRODIGY" run "../$1.yml" -y
	has "$err" "^prodigy: Not merged: .*$4"
	has "$err" 'Then merge it with: prodigy worktree merge session-'
	files_of >"$scratch/after"
	diff "$scratch/before" "$scratch/after"
	[ ! -e .git/MERGE_HEAD ]
	eval "$5"
	run 0 "$PRODIGY" worktree merge -y session
	git log -1 --format=%s | grep '^Merge'
	nothing_left .
}

untracked='untracked or ignored files are in the way'

# Each kind of thing that git would put a file over.
all_kinds() {
	mkdir -p elsewhere
	# shellcheck disable=SC2016 # for the shells that run it
	in_way kinds 'echo new | tee file.ign folder.ign >repo.ign
mkdir for_file.ign for_link.ign in_repo.ign
echo new | tee for_file.ign/a for_link.ign/a >in_repo.ign/a
git rm -qr dir; echo new >dir
echo new >"$(printf "odd\\033[31m\\n.ign")"
git add -f .' 'echo mine | tee file.ign for_file.ign >dir/x.ign
		mkdir -p folder.ign/deep/empty
		echo mine | tee folder.ign/a >folder.ign/deep/b
		ln -s ../elsewhere for_link.ign
		git init -q in_repo.ign; echo mine >in_repo.ign/a
		git init -q repo.ign; echo mine >repo.ign/a
		echo mine >"$(printf "odd\033[31m\n.ign")"' \
		"$untracked: " 'cp "$err" ../kinds.err; rm -rf *.ign dir/x.ign'
	for name in file.ign folder.ign/a folder.ign/deep/b for_file.ign \
		for_link.ign dir/x.ign in_repo.ign/a repo.ign \
		'odd.e\[31m.n\.ign'; do
		has ../kinds.err "[ ]$name(,|\$)"
	done
	is "$(ls ../elsewhere)" '' 'nothing behind the link'
	is "$(cat folder.ign in_repo.ign/a)" 'new
new' 'merged'
}

many_files() {
	in_way many 'for i in $(seq 60); do echo new >$i.ign; done; git add -f .' \
		'for i in $(seq 50); do echo mine >$i.ign; done' \
		"$untracked: 1.ign, .* and 30 more$" 'rm *.ign'
}

# With this setting git takes names for one that differ in case alone. Here they
# are two, and the file that goes is not in the way of the one that comes.
case_of_names() {
	case_repo case 'git rm -q --cached dir/one; rm dir/one; echo new >dir/ONE; git add -f dir/ONE'
	git config core.ignorecase true
	run 0 "$PRODIGY" run ../case.yml -y
	is "$(git ls-files dir)" dir/ONE 'renamed'
}

sparse_checkout() {
	in_way sparse 'mkdir -p out/ign; echo new >out/ign/a; echo new >src/b.ign; git add -f --sparse out src' \
		'git sparse-checkout set src 2>/dev/null; echo mine >src/b.ign' \
		"$untracked: src/b.ign$" 'rm src/b.ign'
	[ ! -e out ]
	is "$(cat src/b.ign)" new 'merged'
}

# Git resets the tree when it refuses, edits of such files with it.
flagged_file() {
	in_way flagged 'echo new >src/file_1.txt; git add src' \
		'git update-index --assume-unchanged src/file_1.txt src/file_2.txt
		git update-index --skip-worktree dir/one
		echo mine | tee src/file_1.txt src/file_2.txt >dir/one' \
		'uncommitted changes are in the way: src/file_1.txt$' \
		'git checkout -q HEAD -- src/file_1.txt
		git update-index --no-assume-unchanged src/file_1.txt
		git checkout -q HEAD -- src/file_1.txt'
	is "$(cat src/file_1.txt src/file_2.txt dir/one)" 'new
mine
mine' 'the files'
}

edited_and_untracked() {
	in_way both 'echo new | tee x.ign >src/file_1.txt; git add -f src x.ign' \
		'echo mine | tee x.ign src/file_1.txt >dir/one' \
		"uncommitted changes are in the way: src/file_1.txt; $untracked: x.ign$" \
		'rm x.ign; git checkout -q src'
	is "$(cat dir/one)" mine 'an edit elsewhere'
}

staged_file() {
	in_way staged 'echo new >src/file_1.txt; git add src' \
		'git update-index --assume-unchanged src/file_2.txt
		echo mine | tee src/file_2.txt >n; git add n' \
		'uncommitted changes are in the way: n$' 'git rm -q --cached n'
	is "$(cat src/file_2.txt n)" 'mine
mine' 'the files'
}

# A conflict is found before the user's files are touched, and what the user's
# own git would overwrite is named before the conflict.
conflict_and_ignored() {
	case_repo clash 'echo new | tee x.ign >src/file_1.txt; git add -f src x.ign'
	cat >>../clash.yml <<Y
reduce:
  - shell: "cd $scratch/clash && echo user >src/file_1.txt && git commit -q -a -m user"
Y
	echo mine >x.ign
	run 1 "$PRODIGY" run ../clash.yml -y
	has "$err" "$untracked: x.ign$"
	is "$(cat x.ign)" mine 'the ignored file'
	rm x.ign
	run 1 "$PRODIGY" worktree merge -y session
	has "$err" 'conflict in src/file_1.txt'
	is "$(git status --porcelain)" '' 'the tree'
}

# --- a run that ended before its merge --------------------------------------

# Two items, the second of which waits for ever, and merge steps.
stopped_run() { # folder, signal, wanted status
	make_repo "$1" 1
	cat >"$1.yml" <<Y
name: stopped
mode: mapreduce
env:
  WORD: "from env"
setup:
  - shell: echo captured
    capture_output: word
map:
  input: "printf 'a\\\\nb\\\\n'"
  max_parallel: 1
  agent_template:
    - shell: |
        [ \${item} = a ] || { touch $scratch/$1.at; sleep 600; }
        echo \${item} >\${item}.out; git add . && git commit -qm \${item}
merge:
  - shell: |
      echo "\$WORD, \${word}, \$ARG, \${merge.target_branch}, \${map.successful} of \${map.total}"
      cd \${PROJECT_ROOT} && git merge -q --no-ff -m "by steps" \${merge.source_branch}
Y
	cd "$1"
	"$PRODIGY" run "../$1.yml" -y --args argument >"$out" 2>"$err" </dev/null &
	supervisor=$!
	wait_for [ -e "../$1.at" ]
	if ! wait_for grep -q '^item_0 .*done' "$err"; then
		kill -KILL "$supervisor"
		return 1
	fi
	kill "-$2" "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	is "$status" "$3" 'exit status'
	rm "../$1.yml"
}

merged_by_steps() {
	run 0 "$PRODIGY" worktree merge -y session
	has "$out" '^1 of 2 items did not come to their end'
	has "$err" 'from env, captured, argument, main, 1 of 2'
	has "$out" '^Merged 2 commits into main\.$'
	is "$(git log -1 --format=%s)" 'by steps' 'the merge'
	is "$(cat a.out)" a 'the work'
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r '.status, .mapreduce_data.phase, .mapreduce_data.processed_items' "$out")" \
		'Completed
Complete
1' 'the session'
	run 0 "$PRODIGY" checkpoints list
	run 0 "$PRODIGY" events show --json
	is "$(jq -r ".[].event.event_type" "$out" | grep -c job_completed)" 1 'events'
}

after_a_signal() {
	stopped_run signalled TERM 143
	merged_by_steps
}

after_kill() {
	stopped_run killed KILL 137
	merged_by_steps
	run 0 "$PRODIGY" worktree merge -y session
	has "$out" 'was merged into main: nothing is left to merge'
}

# Its tree was removed and its branch deleted: what was merged has its own ref.
without_tree_and_branch() {
	stopped_run bare TERM 143
	git worktree remove --force "$PRODIGY_HOME"/worktrees/bare/session-*
	git branch -q -D "$(git for-each-ref --format='%(refname:short)' 'refs/heads/prodigy-session-*')"
	merged_by_steps
}

# Merged by hand from the ref of a run that was killed.
by_hand() {
	stopped_run hand KILL 137
	git merge -q --no-ff -m 'by hand' "$(git for-each-ref --format='%(refname)' 'refs/prodigy/*/map')"
	run 0 "$PRODIGY" worktree merge session
	has "$out" 'nothing to merge'
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r .status "$out")" Completed 'the session'
}

# Claude is at work on the conflict of an item when all is killed.
ready_items() {
	conflict_repo ready
	mkdir -p "$FAKE_CLAUDE_DIR/rules/1"
	printf '*' >"$FAKE_CLAUDE_DIR/rules/1/match"
	echo "touch $scratch/resolving; sleep 600" >"$FAKE_CLAUDE_DIR/rules/1/run"
	cd ready
	PATH=$top_srcdir/tests/bin:$PATH "$PRODIGY" run ../ready.yml \
		>"$out" 2>"$err" </dev/null &
	supervisor=$!
	wait_for [ -e ../resolving ]
	kill -KILL "$supervisor"
	wait "$supervisor" || :
	is "$(git for-each-ref 'refs/prodigy/*/i/*/*' | wc -l)" 1 'ready'
	run 0 "$PRODIGY" worktree merge -y session
	has "$err" 'merge conflict in src/file_1.txt; its work is on branch'
	run 0 "$PRODIGY" dlq show
	branch=$(jq -r '.items[0].worktree_artifacts.branch_name' "$out")
	git show "$branch:src/file_1.txt" | grep '^from'
	is "$(git for-each-ref refs/prodigy)" '' 'refs'
}

# --- who else is at work ----------------------------------------------------

merge_within_merge() {
	case_repo within 'echo new >n; git add n'
	cp ../within.yml ../inner.yml
	cat >>../within.yml <<Y
merge:
  - shell: |
      cd \${PROJECT_ROOT}
      $PRODIGY run -y $scratch/inner.yml 2>$scratch/inner.err && exit 9
      git merge -q --no-ff -m 'by steps' \${merge.source_branch}
Y
	run 0 "$PRODIGY" run ../within.yml -y
	has ../inner.err 'started by the merge steps of another run'
	is "$(git log -1 --format=%s)" 'by steps' 'the merge'
	is "$("$PRODIGY" sessions list --json | jq length)" 1 'sessions'
}

# A run in the background that has come to its final merge.
merging_run() { # folder
	"$PRODIGY" run "../$1.yml" -y >"$out" 2>"$err" </dev/null &
	supervisor=$!
}

stopped() { # wanted status
	kill -INT "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	is "$status" "$1" 'exit status'
}

stopped_at_lock() {
	case_repo locked 'echo new >n; git add n'
	touch .git/index.lock
	start=$(date +%s)
	merging_run locked
	wait_for grep -q 'Events: ' "$out"
	stopped 130
	[ $(($(date +%s) - start)) -lt 25 ]
	rm .git/index.lock
	[ ! -e n ]
	run 0 "$PRODIGY" worktree merge -y session
	is "$(cat n)" new 'merged later'
}

hook() { # name, script
	mkdir -p .git/hooks
	printf '#!/bin/sh\n%s\n' "$2" >".git/hooks/$1"
	chmod +x ".git/hooks/$1"
}

stopped_in_hook() {
	case_repo hooked 'echo new >n; git add n'
	hook pre-merge-commit "touch $scratch/in_hook; sleep 600"
	echo mine >dir/one
	files_of >"$scratch/before"
	merging_run hooked
	wait_for [ -e ../in_hook ]
	stopped 130
	files_of >"$scratch/after"
	diff "$scratch/before" "$scratch/after"
	[ ! -e .git/MERGE_HEAD ]
	rm .git/hooks/pre-merge-commit
	run 0 "$PRODIGY" worktree merge -y session
	is "$(cat n dir/one)" 'new
mine' 'merged later'
}

hook_says_no() {
	case_repo no 'echo new >n; git add n'
	hook pre-merge-commit 'echo not today >&2; exit 1'
	files_of >"$scratch/before"
	run 1 "$PRODIGY" run ../no.yml -y
	has "$err" 'Not merged: .*not today'
	files_of >"$scratch/after"
	diff "$scratch/before" "$scratch/after"
	rm .git/hooks/pre-merge-commit
	run 0 "$PRODIGY" worktree merge -y session
}

hook_behind() {
	case_repo behind 'echo new >n; git add n'
	hook post-merge 'echo after; exit 1'
	run 0 "$PRODIGY" run ../behind.yml -y
	is "$(cat n)" new 'merged'
	nothing_left .
}

another_branch() {
	case_repo other "echo new >n; git add n; git -C $scratch/other checkout -q -b side"
	echo mine >n
	run 0 "$PRODIGY" run ../other.yml -y
	is "$(cat n)" mine 'the file'
	is "$(git show main:n)" new 'the branch'
	is "$(git branch --show-current)" side 'where we are'
}

rebasing() {
	case_repo rebase "echo new >n; git add n
(cd $scratch/rebase && GIT_SEQUENCE_EDITOR='echo break >' git rebase -q -i HEAD~1 && git gc -q)"
	run 1 "$PRODIGY" run ../rebase.yml -y
	has "$err" 'Not merged: .* is in the middle of an operation on main'
	[ -d .git/rebase-merge ]
	git rebase --abort
	run 0 "$PRODIGY" worktree merge -y session
	is "$(cat n)" new 'merged'
	nothing_left .
}

# The branch that the run began on, in the middle of what the user does with it.
target_gone() { # what the item's script does to it
	case_repo "$1" "echo new >n; git add n; cd $scratch/$1; $2; cd - >/dev/null"
}

branch_gone() {
	target_gone gone 'git checkout -q -b side; git branch -q -D main'
	run 1 "$PRODIGY" run ../gone.yml -y
	has "$err" "branch main: it is gone: 'git branch main [0-9a-f]{12}' makes it"
	eval "$(sed -n "s/.*: '\(git branch main [0-9a-f]*\)' makes it.*/\1/p" "$err")"
	run 0 "$PRODIGY" worktree merge -y session
	is "$(git show main:n)" new 'merged'
	nothing_left .
}

moved_back() {
	target_gone back 'git reset -q --hard HEAD~1'
	before=$(git rev-parse HEAD~1)
	run 1 "$PRODIGY" run ../back.yml -y
	has "$err" 'main was moved back or rewritten: it does not contain'
	is "$(git rev-parse main)" "$before" 'the branch'
	way=$(sed -n 's/^Merge it by hand, where main is checked out: //p' "$err")
	$way >/dev/null
	run 0 "$PRODIGY" worktree merge session
	is "$(cat n)" new 'merged'
	nothing_left .
}

# Reduce throws away what the agents made: their commits are nowhere else.
map_not_contained() {
	case_repo kept 'echo new >n; git add n'
	cat >>../kept.yml <<'Y'
reduce:
  - shell: git reset -q --hard HEAD~1; echo r >r; git add r; git commit -qm r
Y
	run 0 "$PRODIGY" run ../kept.yml -y
	has "$err" 'warning: refs/prodigy/.*/map stays: main does not contain it'
	is "$(cat r)" r 'the merge'
	git show "$(git for-each-ref --format='%(refname)' 'refs/prodigy/*/map'):n"
}

t 'no ignored file, folder, link or repository is written over' all_kinds
t 'what is in the way is named up to a number' many_files
t 'a file that changes the case of its name is in no way' case_of_names
t 'a sparse checkout is looked at, too' sparse_checkout
t 'edits of files with flags are kept' flagged_file
t 'changes and untracked files are named together' edited_and_untracked
t 'what is staged is in the way, and nothing is reset' staged_file
t 'a conflict does not touch an ignored file' conflict_and_ignored
t 'after a signal the merge steps of the run merge it' after_a_signal
t 'after kill -9, too' after_kill
t 'a tree and a branch that are gone are made again' without_tree_and_branch
t 'a run that was merged by hand is known as merged' by_hand
t 'what was ready is merged first, or a dead letter' ready_items
t 'a merge step that merges by prodigy fails at once' merge_within_merge
t 'Ctrl-C is served while a lock is waited for' stopped_at_lock
t 'and while a hook runs, whose merge is taken back' stopped_in_hook
t 'a hook that says no leaves all as it was' hook_says_no
t 'one behind the merge has no say' hook_behind
t 'on another branch only the ref moves' another_branch
t 'in the middle of a rebase nothing is merged' rebasing
t 'a branch that is gone is named, and how to make it' branch_gone
t 'what was taken off a branch is not brought back' moved_back
t 'what the branch does not contain keeps its ref' map_not_contained
done_testing
