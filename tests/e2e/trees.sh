#!/bin/sh
# Work trees: who has one is told by its lock, a removal that is interrupted
# leaves no half of one, and what somebody else does to one is met by name.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# Starts a run in $1 whose agents wait for the file $1.go; sets supervisor.
start() { # repository, further arguments of run
	repo=$1
	shift
	(cd "$repo" && exec "$PRODIGY" run "$@" "../$repo.yml" >"$out" 2>"$err" \
		</dev/null) &
	supervisor=$!
}

# Each agent says where it is, and waits.
waiting_workflow() { # name, items, at once, what an agent does then
	cat >"$1.yml" <<Y
name: $1
mode: mapreduce
map:
  input: "seq $2"
  max_parallel: $3
  agent_template:
    - shell: |
        pwd >$scratch/$1.at.\${item}
        while ! [ -e $scratch/$1.go ]; do sleep 0.05; done
        $4
Y
}

reasons() { # repository
	git -C "$1" worktree list --porcelain | sed -n 's/^locked *//p'
}

locked_while_used() {
	make_repo used 2
	waiting_workflow used 2 2 \
		'date >new; git add .; git commit -q -m x; test ${item} = 1'
	start used
	wait_for test -s used.at.1
	wait_for test -s used.at.2
	job=$(job_id used)
	reasons used | sort >reasons
	printf 'prodigy %s\n' "$job" "$job item_0" "$job item_1" |
		diff - reasons
	tree=$(cat used.at.2)
	run 128 git -C used worktree remove --force "$tree"
	has "$err" "prodigy $job item_1"
	mv "$tree" away
	git -C used worktree prune --expire=now
	mv away "$tree"
	git -C "$tree" rev-parse HEAD
	touch used.go
	wait "$supervisor"
	# The tree of the failed item is the user's now.
	is "$(reasons used)" '' 'locks after the run'
	git -C used worktree remove "$tree"
	git -C used worktree remove "$PRODIGY_HOME"/worktrees/used/session-*
}
t 'trees in use are locked, and say for whom' locked_while_used

# The first item is over, and its tree waits: somebody has it removed, or moves
# it. The other item is started anew then, as its agent is killed.
lose_idle_tree() { # name, command in the repository: $tree is the tree
	make_repo "$1" 1
	waiting_workflow "$1" 2 2 ':'
	sed -i 's/while/test ${item} = 1 || while/' "$1.yml"
	start "$1" -vv
	wait_for test -s "$1.at.2"
	wait_for grep -q 'item_0.*-> done' "$err"
	tree=$(cat "$1.at.1")
	(cd "$1" && eval "$2")
	pkill -KILL -P "$supervisor" -f agent-run
	wait_for grep -q 'another one is used' "$err"
	touch "$1.go"
	wait "$supervisor"
	has "$out" '2 total, 2 successful'
}

removed_while_idle() {
	lose_idle_tree removed 'git worktree remove -f -f "$tree"'
	has "$err" "$tree was moved or removed: another one is used"
}
t 'a tree that somebody removed is met by name' removed_while_idle

moved_while_idle() {
	lose_idle_tree moved "git worktree move -f -f \"\$tree\" $scratch/mine"
	has "$err" "$tree was moved to $scratch/mine: another one is used"
	is "$(git -C mine rev-parse --show-toplevel)" "$scratch/mine"
}
t 'a tree that somebody moved is met by name, and left' moved_while_idle

# Killed while it removes its trees: a rm that waits is found first.
killed_in_removal() {
	make_repo killed 2
	cat >killed.yml <<'Y'
name: killed
mode: mapreduce
map:
  input: "seq 2"
  max_parallel: 2
  agent_template:
    - shell: ":"
Y
	mkdir bin
	cat >bin/rm <<R
#!/bin/sh
touch $scratch/rm.runs
exec sleep 60
R
	chmod +x bin/rm
	PATH=$scratch/bin:$PATH
	start killed
	wait_for test -e rm.runs
	kill -KILL "$supervisor"
	wait "$supervisor" || :
	PATH=${PATH#*:}
	trees=$PRODIGY_HOME/worktrees/killed
	is "$(find "$trees" -maxdepth 1 -name 'mapreduce-agent-*')" '' \
		'trees under their names'
	[ -d "$trees/.trash" ]
	cd killed
	run 0 "$PRODIGY" run -y ../killed.yml
	[ ! -e "$trees/.trash" ]
	is "$(git worktree list | grep -c mapreduce-agent)" 0 registrations
}
t 'a removal that was interrupted is brought to its end' killed_in_removal
done_testing
