#!/bin/sh
# Work trees: who has one is told by its lock, a removal that is interrupted
# leaves no half of one, what somebody else does to one is met by name, those of
# failed items stay up to a number, and without room nobody gets one.
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

# --- trees of failed items ---------------------------------------------------

# Five items fail, each with a commit and with uncommitted work.
fail_five() { # name, keep_failed
	make_repo "$1" 1
	cat >"$1.yml" <<Y
name: $1
mode: mapreduce
workspace: {keep_failed: $2}
map:
  input: "seq 5"
  max_parallel: 1
  agent_template:
    - shell: |
        pwd >$scratch/$1.at.\${item}
        echo \${item} >new.txt
        git add .
        git commit -q -m "item \${item}"
        echo more >more.txt
        if [ \${item} = 2 ]; then $3; fi
        exit 1
Y
	cd "$1"
	run 1 "$PRODIGY" run "../$1.yml" -v
	cd ..
}

kept() { # name: the items whose trees are there, and registered
	for i in 1 2 3 4 5; do
		tree=$(cat "$1.at.$i")
		[ ! -d "$tree" ] || printf '%s ' "$i"
		if [ -d "$tree" ]; then
			git -C "$1" worktree list | grep -q "^$tree "
		else
			! git -C "$1" worktree list | grep -q "^$tree "
		fi
	done
}

newest_failed() {
	fail_five newest 2 ':'
	is "$(kept newest)" '4 5 ' 'trees that stay'
	job=$(job_id newest)
	is "$(jq -r '.[].item_id' \
		"$PRODIGY_HOME/orphaned_worktrees/newest/$job.json" |
		tr '\n' ' ')" 'item_3 item_4 ' 'the registry'
	# What was in the others is in the repository.
	is "$(git -C newest for-each-ref 'refs/heads/prodigy-mapreduce-*' |
		wc -l)" 5 'branches of failed items'
	is "$(git -C newest for-each-ref --format='%(objectname)' \
		refs/prodigy/salvage | while read -r commit; do
		git -C newest show "$commit:more.txt"
	done | grep -c more)" 5 'uncommitted files'
}
t 'of the trees of failed items the newest stay' newest_failed

no_failed() {
	fail_five none 0 ':'
	is "$(kept none)" '' 'trees that stay'
}
t 'with keep_failed: 0 none stays' no_failed

# Somebody changes the first one while the second item runs.
touched_failed() {
	fail_five touched 1 "echo mine >>\"\$(cat $scratch/touched.at.1)/new.txt\""
	is "$(kept touched)" '1 5 ' 'trees that stay'
	has "$err" "$(cat touched.at.1) stays: it was changed"
	is "$(tail -n 1 "$(cat touched.at.1)/new.txt")" mine
}
t 'one that somebody changed is not removed' touched_failed

# A shell of the user's is in the first one.
busy_failed() {
	(
		wait_for test -s busy.at.1
		cd "$(cat busy.at.1)"
		touch "$scratch/busy.entered"
		wait_for test -e "$scratch/busy.over"
	) &
	fail_five busy 1 "while ! [ -e $scratch/busy.entered ]; do sleep 0.05; done"
	touch busy.over
	wait
	is "$(kept busy)" '1 5 ' 'trees that stay'
	has "$err" "$(cat busy.at.1) stays: sh.* \(process [0-9]+\) works in it"
}
t 'one that somebody works in is not removed' busy_failed

# --- a disk that is full -----------------------------------------------------

never_room() {
	make_repo never 1
	before=$(user_state never)
	cat >never.yml <<'Y'
name: never
workspace: {min_free: 900000TB}
commands: [{shell: ":"}]
Y
	cd never
	run 1 "$PRODIGY" run ../never.yml
	has "$err" '/never: .* free, less than workspace.min_free \([0-9.]+ TiB\)'
	is "$(grep -c '^prodigy: ' "$err")" 1 messages
	cd ..
	is "$(user_state never)" "$before"
	nothing_left never
}
t 'without room nothing begins' never_room

# The home is a small disk, on which the first agent leaves 20 MiB or more.
small_disk() { # name, what an agent does
	mkdir "$1.home"
	mount -t tmpfs -o size=48m,mode=700 tmpfs "$1.home"
	PRODIGY_HOME=$scratch/$1.home
	make_repo "$1" 1
	cat >"$1.yml" <<Y
name: $1
mode: mapreduce
workspace: {min_free: 30MiB}
map:
  input: "seq 3"
  max_parallel: 1
  agent_template:
    - shell: |
        $2
Y
}

room_comes() {
	small_disk comes "[ \${item} != 1 ] || head -c 20M /dev/zero >$scratch/comes.home/ballast"
	start comes
	wait_for grep -q 'no agent is started until there is room' "$err"
	rm comes.home/ballast
	wait "$supervisor"
	has "$err" 'There is room again'
	has "$out" '3 total, 3 successful'
	is "$(grep -c 'no agent is started' "$err")" 1 lines
	umount comes.home
}

room_stays_away() {
	small_disk away "[ \${item} != 1 ] || head -c 20M /dev/zero >$scratch/away.home/ballast"
	cd away
	run 1 "$PRODIGY" run ../away.yml
	has "$err" "away.home/worktrees/away: .* less than workspace.min_free"
	has "$err" '1 of 3 items done'
	job=$(job_id away)
	is "$(jq -r .status "$PRODIGY_HOME/sessions/session-$job.json")" Paused
	cd ..
	umount away.home
}

if [ "$(id -u)" -eq 0 ] && mkdir probe && mount -t tmpfs tmpfs probe 2>/dev/null
then
	umount probe
	t 'agents wait for room' room_comes
	t 'a job without room pauses' room_stays_away
else
	skip 'agents wait for room' 'tmpfs cannot be mounted'
	skip 'a job without room pauses' 'tmpfs cannot be mounted'
fi
done_testing
