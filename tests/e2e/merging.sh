#!/bin/sh
# What becomes of the work of agents: conflicts, odd ends, and the final merge.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

PATH=$top_srcdir/tests/bin:$PATH
FAKE_CLAUDE_DIR=$scratch/fake
export FAKE_CLAUDE_DIR

rule() { # number, pattern, script
	mkdir -p "$FAKE_CLAUDE_DIR/rules/$1"
	printf '%s' "$2" >"$FAKE_CLAUDE_DIR/rules/$1/match"
	printf '%s\n' "$3" >"$FAKE_CLAUDE_DIR/rules/$1/run"
}

resolved_conflict() {
	conflict_repo resolved
	# shellcheck disable=SC2016 # for the stand-in's shell
	rule 1 'Merge a branch*' 'branch=${PROMPT##* }
		git merge -q "$branch" || :
		echo both >src/file_1.txt
		git add . && git commit -q -m resolved'
	cd resolved
	run 0 "$PRODIGY" run ../resolved.yml -y
	has "$out" '2 total, 2 successful'
	is "$(cat src/file_1.txt)" both 'the resolution'
	is "$(git log --format=%s | grep -c '^Merge agent')" 2 'merges'
	is "$(wc -l <"$FAKE_CLAUDE_DIR/calls")" 1 'calls of claude'
	nothing_left .
}

unresolved() { # folder, what the failure says
	cd "$1"
	run 0 "$PRODIGY" run "../$1.yml" -y
	has "$out" '2 total, 1 successful, 1 failed'
	run 0 "$PRODIGY" dlq show
	is "$(jq -r '.items[0].failure_history[0].error_type' "$out")" \
		MergeConflict 'type'
	has "$out" "merge conflict in src/file_1.txt"
	has "$out" "$2"
	branch=$(jq -r '.items[0].worktree_artifacts.branch_name' "$out")
	git rev-parse --verify "refs/heads/$branch"
	is "$(git log --format=%s | grep -c '^Merge agent')" 1 'merges'
	# What claude committed and is not taken is kept apart.
	is "$(git for-each-ref refs/prodigy | grep -v /salvage/ || true)" '' 'refs'
}

refused_conflict() {
	conflict_repo refused
	rule 1 '*' 'echo I cannot; exit 1'
	unresolved refused 'could not resolve it'
}

lying_claude() {
	conflict_repo lying
	rule 1 '*' 'echo all done'
	unresolved lying 'does not contain'
}

leftover_markers() {
	conflict_repo markers
	# shellcheck disable=SC2016 # for the stand-in's shell
	rule 1 '*' 'git merge -q "${PROMPT##* }" || :
		git commit -q -a -m markers'
	unresolved markers 'conflict markers'
}

no_claude() {
	conflict_repo absent
	mkdir -p path
	for tool in sh git sed ls touch seq sleep cat rm; do
		ln -sf "$(command -v $tool)" path/
	done
	(PATH=$scratch/path && unresolved absent 'not found in PATH') || {
		# jq and others are needed by the checks themselves
		cat "$out" "$err"
		return 1
	}
}

one_item() { # folder, script
	make_repo "$1" 2
	{
		printf 'name: one\nmode: mapreduce\nmap:\n'
		printf '  input: "echo 1"\n  agent_template:\n    - shell: |\n'
		printf '%s\n' "$2" | sed 's/^/        /'
	} >"$1.yml"
	cd "$1"
}

uncommitted_work() {
	one_item dirty 'echo new >new.txt; echo more >>src/file_1.txt'
	run 0 "$PRODIGY" run ../dirty.yml -y
	has "$err" 'left uncommitted changes: kept as commit'
	ref=$(git for-each-ref --format='%(refname)' refs/prodigy/salvage)
	is "$(git show "$ref:new.txt")" new 'salvaged file'
	is "$(git show "$ref:src/file_1.txt" | tail -n 1)" more 'salvaged edit'
}

detached_agent() {
	one_item detached 'git checkout -q --detach
echo x >x; git add x; git commit -q -m x'
	run 0 "$PRODIGY" run ../detached.yml -y
	is "$(cat x)" x 'merged'
	nothing_left .
}

rewritten_history() {
	one_item rewritten 'git checkout -q --orphan other
git commit -q -m other'
	run 1 "$PRODIGY" run ../rewritten.yml -y
	has "$err" 'history rewritten'
	has "$out" '1 failed'
}

hostile_agent() {
	one_item hostile 'rm .git; chmod 0 src; mkdir -p a/b; touch a/b/c'
	run 1 "$PRODIGY" run ../hostile.yml -y
	has "$err" 'the work tree has lost its \.git'
	is "$(git status --porcelain)" '' 'user tree'
	git fsck
}

commit_required() {
	one_item required ':'
	sed -i 's/^    - shell: |/    - commit_required: true\n      shell: |/' \
		../required.yml
	run 1 "$PRODIGY" run ../required.yml -y
	run 0 "$PRODIGY" dlq show
	has "$out" 'Commit required but no commit was created'
	has "$out" 'CommitValidationFailed'
}

simple_commit() { # folder
	one_item "$1" 'echo x >x; git add x; git commit -q -m x'
}

no_consent() {
	simple_commit consent
	before=$(user_state .)
	run 0 "$PRODIGY" run ../consent.yml
	is "$(user_state .)" "$before" 'user state'
	has "$out" 'Merge it with: prodigy worktree merge session-'
	run 0 "$PRODIGY" worktree ls --json
	is "$(jq .summary.total "$out")" 1 'work trees'
	run 0 "$PRODIGY" worktree merge -y session
	is "$(cat x)" x 'merged later'
	nothing_left .
}

moved_target() {
	simple_commit moved
	cat >>../moved.yml <<Y
reduce:
  - shell: "cd $scratch/moved && echo user >user.txt && git add user.txt && git commit -q -m user"
Y
	run 0 "$PRODIGY" run ../moved.yml -y
	is "$(cat x user.txt)" "x
user" 'both'
	nothing_left .
}

conflict_with_user() {
	one_item clash 'echo agent >src/file_1.txt; git commit -q -a -m x'
	cat >>../clash.yml <<Y
reduce:
  - shell: "cd $scratch/clash && echo user >src/file_1.txt && git commit -q -a -m user"
Y
	run 1 "$PRODIGY" run ../clash.yml -y
	has "$err" 'merging prodigy-session-.* into main: conflict in src/file_1'
	has "$err" 'by hand, where main is checked out: git merge prodigy-session-'
	hasnt "$err" 'fix conflicts'
	is "$(cat src/file_1.txt)" user 'user file'
	is "$(git status --porcelain -uno)" '' 'nothing half merged'
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r .status "$out")" Paused 'session status'
}

# What the last words of the run above ask for.
merged_by_hand() {
	cd clash
	run 1 "$PRODIGY" worktree merge -y session
	has "$err" 'conflict in src/file_1.txt$'
	branch=$(sed -n 's/^Merge it by hand, where main .*: git merge //p' "$err")
	git merge -q "$branch" >/dev/null || echo both >src/file_1.txt
	git commit -q -a -m 'by hand'
	run 0 "$PRODIGY" worktree merge session
	has "$out" 'nothing to merge'
	is "$(cat src/file_1.txt)" both 'the file'
	nothing_left .
}

edits_in_the_way() {
	one_item way 'echo agent >src/file_1.txt; git commit -q -a -m x'
	echo mine >src/file_1.txt
	run 1 "$PRODIGY" run ../way.yml -y
	has "$err" 'uncommitted changes are in the way: src/file_1.txt'
	has "$err" 'Then merge it with: prodigy worktree merge session-'
	is "$(cat src/file_1.txt)" mine 'the edit'
	git stash -q
	touch new
	run 0 "$PRODIGY" worktree merge -y session
	is "$(cat src/file_1.txt)" agent 'the file'
	nothing_left .
}

untracked_in_the_way() {
	simple_commit untracked
	echo mine >x
	run 1 "$PRODIGY" run ../untracked.yml -y
	has "$err" 'untracked or ignored files are in the way: x'
	is "$(cat x)" mine 'the file'
	is "$(git status --porcelain)" '?? x' 'the tree'
}

merge_block() {
	simple_commit block
	cat >>../block.yml <<'Y'
merge:
  - shell: "echo ${merge.source_branch} ${merge.target_branch} ${merge.commit_count} >$OUT"
  - shell: |
      cd ${PROJECT_ROOT}
      git merge -q --no-ff -m 'my merge' ${merge.source_branch}
Y
	OUT=$scratch/block.out
	export OUT
	run 0 "$PRODIGY" run ../block.yml -y
	has "$OUT" '^prodigy-session-mapreduce-[0-9a-f_-]+ main 2$'
	is "$(git log -1 --format=%s)" 'my merge'
	nothing_left .
}

failing_merge_block() {
	simple_commit badblock
	printf 'merge:\n  - shell: "exit 4"\n' >>../badblock.yml
	before=$(git rev-parse HEAD)
	run 1 "$PRODIGY" run ../badblock.yml -y
	has "$err" 'exit code 4'
	is "$(git rev-parse HEAD)" "$before" 'the branch'
	is "$(git worktree list | wc -l)" 2 'the work tree stays'
}

detached_start() {
	simple_commit start
	git checkout -q --detach
	run 0 "$PRODIGY" run ../start.yml -y
	has "$out" 'HEAD was detached'
	has "$out" 'git merge prodigy-session-'
}

jobs_side_by_side() {
	simple_commit side
	"$PRODIGY" run ../side.yml --no-merge >../o1 2>&1 </dev/null &
	first=$!
	"$PRODIGY" run ../side.yml --no-merge >../o2 2>&1 </dev/null &
	second=$!
	wait "$first" || { cat ../o1; return 1; }
	wait "$second" || { cat ../o2; return 1; }
	is "$(git worktree list | wc -l)" 3 'work trees'
	git fsck
}

# Each final merge runs a hook, which goes on once the other job has come as far
# as its own hook, or waits for this one, or has given up.
merges_take_turns() {
	simple_commit turns
	sed 's/echo x >x; git add x/echo y >y; git add y/' ../turns.yml >../y.yml
	cat >.git/hooks/pre-merge-commit <<H
#!/bin/sh
echo >>$scratch/hooks
until [ "\$(wc -l <$scratch/hooks)" -ge 2 ] ||
	grep -Eq 'waiting for it|failed|Not merged' $scratch/e1 $scratch/e2; do
	sleep 0.05
done
H
	chmod +x .git/hooks/pre-merge-commit
	touch ../e1 ../e2
	"$PRODIGY" run ../turns.yml -y >../o1 2>../e1 </dev/null &
	first=$!
	"$PRODIGY" run ../y.yml -y >../o2 2>../e2 </dev/null &
	second=$!
	status=0
	wait "$first" || status=$?
	wait "$second" || status=$?
	cat ../e1 ../e2
	is "$status" 0 'exit status'
	is "$(cat x y)" "x
y" 'the work of both'
	is "$(git status --porcelain)" '' 'the tree'
	nothing_left .
}

# --- a run that did not come to its end -------------------------------------

two_items() { # folder, step of the second item
	make_repo "$1" 1
	cat >"$1.yml" <<Y
name: two
mode: mapreduce
map:
  input: "printf 'a\\nb\\n'"
  max_parallel: 1
  agent_template:
    - shell: |
        [ \${item} = a ] || { $2; }
        echo \${item} >\${item}.out; git add . && git commit -qm \${item}
Y
	cd "$1"
}

named_way() { # the command that the last words name
	has "$err" '^The result so far is on branch prodigy-session-mapreduce-'
	sed -n 's/.*with: \(prodigy worktree merge session-.*\)/\1 -y/p' "$err"
}

failed_reduce() {
	two_items reduce ':'
	printf 'reduce:\n  - shell: exit 3\n' >>../reduce.yml
	run 1 "$PRODIGY" run ../reduce.yml -y
	hasnt "$err" 'prodigy resume'
	way=$(named_way)
	PATH=$(dirname "$PRODIGY"):$PATH
	run 0 $way
	is "$(cat a.out b.out)" "a
b" 'the work'
	nothing_left .
}

interrupted_map() { # signal, wanted status
	two_items "end$1" "touch $scratch/$1; sleep 60"
	"$PRODIGY" run "../end$1.yml" -y >"$out" 2>"$err" </dev/null &
	supervisor=$!
	wait_for [ -e "../$1" ]
	wait_for grep -q '^item_0 .*done' "$err"
	kill "-$1" "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	is "$status" "$2" 'exit status'
}

after_a_signal() {
	interrupted_map INT 130
	has "$err" '1 of 2 items done'
	way=$(named_way)
	git show "$(git for-each-ref --format='%(refname)' \
		'refs/heads/prodigy-session-*'):a.out"
	PATH=$(dirname "$PRODIGY"):$PATH
	run 0 $way
	is "$(cat a.out)" a 'the work'
}

after_kill() {
	interrupted_map KILL 137
	run 0 "$PRODIGY" worktree merge -y session
	is "$(cat a.out)" a 'the work'
}

nothing_yet() {
	two_items yet ':'
	sed -i 's/= a ]/= ]/; s/{ :; }/{ sleep 60; }/' ../yet.yml
	"$PRODIGY" run ../yet.yml >"$out" 2>"$err" </dev/null &
	supervisor=$!
	wait_for grep -q '^Processing 2 items' "$err"
	kill -TERM "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	is "$status" 143 'exit status'
	has "$err" '^There is no result yet; what was kept: prodigy worktree ls$'
	hasnt "$err" 'worktree merge|resume'
}

# Claude is at work on the conflict of an item that has ended.
unmerged_item() {
	conflict_repo unmerged
	rule 1 '*' "touch $scratch/resolving; sleep 60"
	cd unmerged
	"$PRODIGY" run ../unmerged.yml >"$out" 2>"$err" </dev/null &
	supervisor=$!
	wait_for [ -e ../resolving ]
	kill -TERM "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	is "$status" 143 'exit status'
	has "$err" '^Finished and not merged \(1\): git for-each-ref refs/prodigy/'
	way=$(sed -n 's/^Finished and not merged (1): //p' "$err")
	is "$($way | wc -l)" 1 'refs'
}

# --- a git that dies --------------------------------------------------------

# A shell command: git is killed while it holds the lock of the index.
# shellcheck disable=SC2016 # for the shell that is git's editor
dying_git='git -c core.editor="kill -9 \$PPID;:" commit -q -a || echo died'

no_locks() { # repository
	is "$(find "$1/.git" "$PRODIGY_HOME/worktrees" -name '*.lock')" '' locks
}

git_dies_in_steps() {
	make_repo dies 2
	cat >dies.yml <<Y
name: dies
mode: mapreduce
setup:
  - shell: |
      echo setup >>src/file_2.txt
      $dying_git
      [ -e "\$(git rev-parse --git-dir)/index.lock" ]
  - shell: git commit -q -a -m setup
map:
  input: "seq 2"
  max_parallel: 1
  agent_template:
    - shell: |
        echo \${item} >\${item}.txt
        git add .
        $dying_git
        [ -e "\$(git rev-parse --git-dir)/index.lock" ]
    - shell: git commit -q -a -m \${item}
reduce:
  - shell: |
      echo reduce >>src/file_2.txt
      $dying_git
  - shell: git commit -q -a -m reduce
Y
	cd dies
	run 0 "$PRODIGY" run ../dies.yml -y
	has "$out" '2 total, 2 successful'
	is "$(cat ?.txt src/file_2.txt)" '1
2
line of file 2
setup
reduce' 'the work'
	nothing_left .
}

# A git that is at work in the kept tree of an item, and dies with all others.
git_dies_with_us() { # folder, signal, wanted status
	make_repo "$1" 1
	cat >"$1.yml" <<Y
name: dies
mode: mapreduce
map:
  input: "seq 1"
  agent_template:
    - shell: |
        echo \${item} >>src/file_1.txt
        git -c core.editor="kill -STOP \\\$PPID; touch $scratch/$1.at; sleep 600;:" commit -q -a
Y
	cd "$1"
	"$PRODIGY" run "../$1.yml" >"$out" 2>"$err" </dev/null &
	supervisor=$!
	wait_for [ -e "../$1.at" ]
	find "$PRODIGY_HOME/worktrees/$1" .git -name index.lock | grep lock
	kill "-$2" "$supervisor"
	status=0
	wait "$supervisor" || status=$?
	is "$status" "$3" 'exit status'
	wait_for no_locks .
	is "$(git worktree list | wc -l)" 3 'trees are kept'
}

killed_git() {
	git_dies_with_us killed KILL 137
}

# The second signal kills what has not ended.
forced_git() {
	git_dies_with_us forced TERM 143
}

lock_of_parent() {
	two_items locked "dir=\$(git rev-parse --git-common-dir)
        touch \"\$(ls -d \$dir/worktrees/session-*)\"/index.lock
        touch \"\$dir/\$(git for-each-ref --format='%(refname)' 'refs/heads/prodigy-session-*')\".lock"
	run 0 "$PRODIGY" run ../locked.yml -y
	is "$(cat a.out b.out)" "a
b" 'the work'
	nothing_left .
}

# The files of the results cannot be written: that is no fault of the setup.
failing_filter() {
	two_items filter "echo '*.x filter=bad' >.gitattributes; touch b.x"
	git config filter.bad.smudge 'no-such-filter'
	git config filter.bad.clean cat
	git config filter.bad.required true
	run 1 "$PRODIGY" run ../filter.yml -y
	has "$err" 'failed: bringing the work tree up to date: .*(filter|no-such)'
	hasnt "$err" 'setup steps were in the way'
	has "$err" '^The result so far is at refs/prodigy/.*/map\.$'
	has "$err" '^Merge it with: git merge refs/prodigy/.*/map$'
	git show "$(sed -n 's/^Merge it with: git merge //p' "$err"):b.out"
}

# Only what an item commits is made durable later, by the supervisor.
syncs() {
	make_repo syncs 1
	cat >syncs.yml <<Y
name: syncs
mode: mapreduce
setup:
  - shell: git config --get-regexp '^core.fsync' >$scratch/fsync.setup
map:
  input: "seq 1"
  agent_template:
    - shell: git config --get-regexp '^core.fsync' >$scratch/fsync.map
    - shell: date >file; git add file; git commit -qm file
reduce:
  - shell: git config --get-regexp '^core.fsync' >$scratch/fsync.reduce
Y
	cd syncs
	run 0 "$PRODIGY" run ../syncs.yml -y
	has "$scratch/fsync.setup" 'loose-object|true'
	has "$scratch/fsync.reduce" 'loose-object|true'
	hasnt "$scratch/fsync.map" 'loose-object|true'
	has "$scratch/fsync.map" '[ ,]pack|false'
}

same_name() {
	mkdir other
	(cd other && simple_commit moved && run 0 "$PRODIGY" run ../moved.yml -y)
	is "$(find "$PRODIGY_HOME/state" -name 'moved-????????' | wc -l)" 1 \
		'a folder of its own'
	(cd other/moved && run 0 "$PRODIGY" sessions list --json &&
		is "$(jq length "$out")" 1 'its own sessions')
}

t 'a conflict that claude resolves is merged' resolved_conflict
t 'a conflict that claude refuses keeps its branch' refused_conflict
t 'claude is not believed without a merge' lying_claude
t 'claude is not believed with conflict markers' leftover_markers
t 'without claude a conflict is a dead letter' no_claude
t 'uncommitted work is salvaged' uncommitted_work
t 'commits on a detached HEAD are merged' detached_agent
t 'rewritten history fails the item' rewritten_history
t 'an agent that wrecks its work tree harms nobody' hostile_agent
t 'commit_required is enforced' commit_required
t 'no consent, no merge; it can be merged later' no_consent
t 'the target may have moved' moved_target
t 'a conflict with the user leaves the branch as it was' conflict_with_user
t 'then it can be merged by hand, and cleared away' merged_by_hand
t 'edits of the user are not overwritten' edits_in_the_way
t 'nor are untracked files' untracked_in_the_way
t 'a merge block merges' merge_block
t 'a failing merge block keeps everything' failing_merge_block
t 'on a detached HEAD the branch is named' detached_start
t 'two jobs in one repository' jobs_side_by_side
t 'two jobs that end together merge one after the other' merges_take_turns
t 'a failing reduce names the command that brings the work' failed_reduce
t 'so does a signal, after which the branch has what was merged' after_a_signal
t 'after kill -9 it can be merged as well' after_kill
t 'a run without a result says so' nothing_yet
t 'what was finished and not merged is named' unmerged_item
t 'a git that dies in a step does not stop the next one' git_dies_in_steps
t 'after kill -9 no kept tree is locked' killed_git
t 'nor after a git that had to be killed' forced_git
t 'a lock in the tree of the run is removed' lock_of_parent
t 'results that cannot be written are told as that' failing_filter
t 'git waits for the disk in setup and reduce, not for items' syncs
t 'two repositories of one name' same_name
done_testing
