#!/bin/sh
# Work trees: who has one is told by its lock, a removal that is interrupted
# leaves no half of one, what somebody else does to one is met by name, those of
# failed items stay up to a number, without room nobody gets one, and they lie
# where they are wanted.
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
	has "$err" "$(cat busy.at.1) stays: .*sh \(process [0-9]+\) works in it"
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
	has "$err" '/never/.git: .* free, less than workspace.min_free \([0-9.]+ TiB\)'
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
	trap 'umount -l "$PRODIGY_HOME"' EXIT
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
}

room_stays_away() {
	small_disk away "[ \${item} != 1 ] || head -c 20M /dev/zero >$scratch/away.home/ballast"
	cd away
	run 1 "$PRODIGY" run ../away.yml
	has "$err" "Session failed: $PRODIGY_HOME: .* less than workspace.min_free"
	has "$err" '1 of 3 items done'
	job=$(job_id away)
	is "$(jq -r .status "$PRODIGY_HOME/sessions/session-$job.json")" Paused
}

# --- trees elsewhere ---------------------------------------------------------

# The second item fails and says where it is and where git may look.
elsewhere_workflow() { # name, root
	make_repo "$1" 1
	cat >"$1.yml" <<Y
name: $1
mode: mapreduce
workspace: {root: $2}
map:
  input: "seq 2"
  max_parallel: 2
  agent_template:
    - shell: |
        pwd >$scratch/$1.at.\${item}
        echo "\$GIT_CEILING_DIRECTORIES" >$scratch/$1.ceilings
        test \${item} = 1
Y
}

elsewhere() {
	mkdir disk
	elsewhere_workflow elsewhere "$scratch/disk"
	cd elsewhere
	run 0 "$PRODIGY" run ../elsewhere.yml
	cd ..
	tree=$(cat elsewhere.at.2)
	folder=$(dirname "$tree")
	is "${tree#"$scratch"/disk/prodigy-????????/elsewhere/mapreduce-agent-}" \
		"$(job_id elsewhere)_agent_1" 'the place of the tree'
	has elsewhere.ceilings "^$folder:$PRODIGY_HOME/worktrees/elsewhere"
	is "$(find "$folder" -mindepth 1 -maxdepth 1)" "$tree" 'what stays there'
	# It is found without the workflow.
	run 0 "$PRODIGY" worktree ls --path elsewhere --json
	is "$(jq -r '.sessions[] | .worktree_path, .status' "$out" | xargs)" \
		"$tree agent"
	rm -rf "$tree"
	run 0 "$PRODIGY" worktree ls --path elsewhere
	has "$out" "^$(basename "$tree") +missing"
	git -C elsewhere worktree prune
}
t 'workspace.root puts the trees of agents elsewhere' elsewhere

by_variable() {
	mkdir memory
	elsewhere_workflow variable "$scratch/none"
	sed -i 's/test /true /' variable.yml
	cd variable
	PRODIGY_WORKSPACE_ROOT=$scratch/memory
	export PRODIGY_WORKSPACE_ROOT
	run 0 "$PRODIGY" run -y ../variable.yml
	cd ..
	has variable.at.1 "^$scratch/memory/prodigy-"
	nothing_left variable
	is "$(find memory -mindepth 1)" '' 'folders below the root'
	# What a run that was killed left there is removed by one that has
	# its trees in the home.
	folder=$(dirname "$(cat variable.at.1)")
	mkdir -p "$folder/.trash/old.0123456789abcdef/d"
	unset PRODIGY_WORKSPACE_ROOT
	sed -i '/^workspace/d' variable.yml
	cd variable
	run 0 "$PRODIGY" run -y ../variable.yml
	[ ! -e "$folder/.trash" ]
}
t 'PRODIGY_WORKSPACE_ROOT comes first, and all is found again' by_variable

refuse_root() { # root, what is said
	before=$(user_state refuse)
	status=0
	(cd refuse && PRODIGY_WORKSPACE_ROOT=$1 "$PRODIGY" run \
		../refuse.yml) >"$out" 2>"$err" </dev/null || status=$?
	is "$status" 1 'exit status'
	has "$err" "^prodigy: PRODIGY_WORKSPACE_ROOT: $2"
	is "$(wc -l <"$err")" 1 lines
	is "$(user_state refuse)" "$before"
	nothing_left refuse
}

refused() {
	make_repo refuse 1
	mkdir refuse/src/below
	echo 'commands: [{shell: ":"}]' >refuse.yml
	: >file
	refuse_root relative "'relative' is not an absolute path"
	refuse_root "$scratch/nowhere" ".*/nowhere: No such file or directory"
	refuse_root "$scratch/file" ".*/file is no folder"
	refuse_root "$scratch/refuse/src/below" \
		"$scratch/refuse/src/below lies within the repository $scratch/refuse"
	refuse_root "$scratch/refuse/.git" '.*/.git lies within the repository'
}
t 'a root that cannot serve is refused with its place' refused

# The disk with the trees goes while the first item is at work.
root_goes() {
	mkdir goes.root
	elsewhere_workflow goes "$scratch/goes.root"
	cat >>goes.yml <<Y
    - shell: mv $scratch/goes.root $scratch/goes.away
Y
	sed -i 's/max_parallel: 2/max_parallel: 1/' goes.yml
	cd goes
	run 1 "$PRODIGY" run ../goes.yml
	cd ..
	has "$err" "goes.root/prodigy-.*/goes: No such file or directory: no agent"
	job=$(job_id goes)
	is "$(jq -r .status "$PRODIGY_HOME/sessions/session-$job.json")" Paused
	[ -e "goes.away/$(cut -d/ -f5- goes.at.1)" ] ||
		[ -n "$(find goes.away -name src)" ]
}
t 'without the disk of its trees a job pauses' root_goes

read_only_root() {
	mkdir ro
	mount -t tmpfs -o ro tmpfs ro
	trap 'umount -l "$scratch/ro"' EXIT
	make_repo refuse 1
	echo 'commands: [{shell: ":"}]' >refuse.yml
	refuse_root "$scratch/ro" ".*/ro/prodigy-[0-9a-f]*: Read-only file system"
}

# git worktree prune must not forget what is on a disk that comes back.
other_device() {
	mkdir usb.root
	mount -t tmpfs tmpfs usb.root
	trap 'umount -l "$scratch/usb.root" 2>/dev/null || :' EXIT
	elsewhere_workflow usb "$scratch/usb.root, min_free: 0"
	cd usb
	run 0 "$PRODIGY" run ../usb.yml
	tree=$(cat ../usb.at.2)
	is "$(reasons .)" "prodigy $(job_id usb) item_1: kept"
	umount ../usb.root
	git worktree prune --expire=now
	git worktree list | grep -q "^$tree "
	run 0 "$PRODIGY" worktree ls
	has "$out" "^$(basename "$tree") +missing"
}

if [ "$(id -u)" -eq 0 ] && mkdir probe && mount -t tmpfs tmpfs probe 2>/dev/null
then
	umount probe
	t 'agents wait for room' room_comes
	t 'a job without room pauses' room_stays_away
	t 'a root that is read-only is refused' read_only_root
	t 'a tree on a disk that goes away is not forgotten' other_device
else
	skip 'agents wait for room' 'tmpfs cannot be mounted'
	skip 'a job without room pauses' 'tmpfs cannot be mounted'
	skip 'a root that is read-only is refused' 'tmpfs cannot be mounted'
	skip 'a tree on a disk that goes away is not forgotten' \
		'tmpfs cannot be mounted'
fi
done_testing
