#!/bin/sh
# However an agent ends, what it made is kept, and the verdict is true: each row
# of the table is a way to end, the verdict that is due, and where the work is
# to be found. Then the same with a supervisor that is killed at that point.
. "${top_srcdir:?}/tests/lib.sh"

command -v git >/dev/null || { echo '1..0 # SKIP no git'; exit 0; }
MADE=$scratch/made
DEEDS=$scratch/deeds
export MADE DEEDS
mkdir "$DEEDS"

# What every deed may use: a commit that is written down, a file that is not
# committed, whose text is found again.
cat >"$DEEDS/common" <<'E'
set -e
one=one.$WAY
two=two.$WAY
: >>"$MADE.$WAY"
made() {
	git rev-parse HEAD >>"$MADE.$WAY"
}
commit() {
	echo "text of $1" >"$1"
	git add "$1"
	git commit -q -m "$1"
	made
}
left() {
	echo "precious $1" >"$1"
	echo "precious $1" >>"$MADE.texts.$WAY"
}
E

# The table: a name, the verdict, where the work is, what the agent does. The
# places: "merged" (the commits are in what the job merged), a kind of salvage,
# "branch" (that of the failed item), "tree" (a work tree that stays).
ways=
way() { # name, verdict, places
	ways="$ways $1"
	echo "$2" >"$DEEDS/$1.verdict"
	echo "$3" >"$DEEDS/$1.places"
	{
		echo "WAY=$1"
		echo ". $DEEDS/common"
		cat
	} >"$DEEDS/$1"
}

way looks_back good merged <<'E'
commit "$one"
git checkout -q --detach HEAD~1
E
way detached good merged <<'E'
git checkout -q --detach
commit "$one"
E
way detached_and_back bad commit <<'E'
git checkout -q --detach
commit "$one"
git checkout -q -
E
way no_log bad commit <<'E'
git config core.logAllRefUpdates false
git checkout -q --detach
commit "$one"
git checkout -q -
E
way other_branch_behind good merged <<'E'
commit "$one"
git checkout -q -b "other.$WAY" HEAD~1
E
way two_branches bad 'branch commit' <<'E'
commit "$one"
git checkout -q -b "second.$WAY" HEAD~1
commit "$two"
E
way branch_ahead good merged <<'E'
git checkout -q -b "ahead.$WAY"
commit "$one"
E
way orphan bad 'branch commit' <<'E'
commit "$one"
git checkout -q --orphan "alone.$WAY"
commit "$two"
E
way orphan_without_commit good merged <<'E'
commit "$one"
git checkout -q --orphan "alone.$WAY"
E
way amended good 'merged commit' <<'E'
commit "$one"
git commit -q --amend -m again
made
E
way reset_away good commit <<'E'
commit "$one"
git reset -q --hard HEAD~1
E
way users_branch good merged <<'E'
git checkout -q --ignore-other-worktrees main
commit "$one"
E
way users_branch_looked_at good merged <<'E'
commit "$one"
git checkout -q --ignore-other-worktrees main
E
way open_merge bad 'branch commit uncommitted' <<'E'
git checkout -q -b "side.$WAY"
commit "$one"
git checkout -q -
echo other >"$one"
git add "$one"
git commit -q -m other
made
! git merge -q "side.$WAY"
E
way open_rebase bad 'branch commit' <<'E'
commit "$one"
git checkout -q -b "onto.$WAY" HEAD~1
echo other >"$one"
git add "$one"
git commit -q -m other
made
git checkout -q -
! git rebase -q "onto.$WAY"
E
way open_pick bad 'commit uncommitted' <<'E'
git checkout -q -b "side.$WAY"
commit "$one"
git checkout -q -
echo other >"$one"
git add "$one"
git commit -q -m other
made
! git cherry-pick "side.$WAY"
E
way failed_detached bad commit <<'E'
git checkout -q --detach
commit "$one"
exit 1
E
way uncommitted good 'merged uncommitted' <<'E'
commit "$one"
left "$two"
E
way staged_only good index <<'E'
left "$one"
git add "$one"
rm "$one"
E
way staged_and_changed good 'uncommitted index' <<'E'
left "$one"
git add "$one"
left "$two"
mv "$two" "$one"
E
way stashed good 'merged stash' <<'E'
commit "$one"
left "$two"
git add "$two"
git stash -q
E
way stashed_twice good stash <<'E'
left src/file_1.txt
git stash push -q -m mine
left src/file_1.txt
git stash -q
E
way stashed_elsewhere good stash <<'E'
git checkout -q -b "look.$WAY"
left src/file_1.txt
git stash -q
git checkout -q -
E
way no_dot_git bad 'branch tree' <<'E'
commit "$one"
left "$two"
rm .git
E
way git_init bad 'branch tree' <<'E'
commit "$one"
left "$two"
rm .git
git init -q .
E
way not_registered bad 'branch tree' <<'E'
commit "$one"
left "$two"
rm -rf "$(git rev-parse --git-dir)"
E
way tree_moved bad branch <<'E'
commit "$one"
mv "$PWD" "$DEEDS/moved.tree"
E
way tree_removed bad branch <<'E'
commit "$one"
rm -rf "$PWD"
E
way bad_index bad 'branch tree' <<'E'
commit "$one"
left "$two"
echo nonsense >"$(git rev-parse --git-dir)/index"
E
way bad_head bad 'branch tree' <<'E'
commit "$one"
left "$two"
echo nonsense >"$(git rev-parse --git-dir)/HEAD"
E
way filter_missing bad 'branch tree' <<'E'
git config filter.gone.required true
git config filter.gone.clean /nonexistent/filter
echo '*.x filter=gone' >.gitattributes
git add .gitattributes
git commit -q -m one
made
left "$two.x"
E

# One job, in which each way is an item: what one leaves must not disturb the
# others either.
write_workflow() { # file
	cat >"$1" <<Y
name: ways
mode: mapreduce
map:
  input: "printf '%s\\n' ${ONLY-$ways}"
  max_parallel: 8
  agent_template:
    - shell: "sh $DEEDS/\${item}"
Y
}

item_of() { # way: its number
	n=0
	for each in ${ONLY-$ways}; do
		[ "$each" = "$1" ] && break
		n=$((n + 1))
	done
	echo "$n"
}

all_at_once() {
	make_repo ways 1
	write_workflow ways.yml
	cd ways
	for n in 1 2; do
		echo "of the user, $n" >>src/file_1.txt
		git stash push -q -m "mine $n"
	done
	git stash list --format='%H %gs' >../stashes
	run 0 "$PRODIGY" run ../ways.yml --no-merge
	cat "$out" "$err"
	job_id ways >../job
}

salvaged() { # item: "kind ref" lines
	git for-each-ref --format='%(refname)' "refs/prodigy/salvage/*/$1/*" |
		while read -r ref; do
			kind=$(git show -s \
				--format='%(trailers:key=Prodigy-Salvage,valueonly)' \
				"$ref")
			echo "${kind:-commit} $ref"
		done
}

all_are_in() { # file of commits, ref pattern ...
	commits=$1
	shift
	refs=$(git for-each-ref --format='%(objectname)' "$@")
	while read -r oid; do
		for ref in $refs; do
			git merge-base --is-ancestor "$oid" "$ref" && continue 2
		done
		echo "commit $oid is not in $*"
		return 1
	done <"$commits"
}

found_in() { # place, item, number
	case $1 in
	merged) all_are_in "$MADE.$way" 'refs/prodigy/mapreduce-*/map' \
		"refs/prodigy/salvage/*/$2/*" ;;
	branch) [ -n "$(git for-each-ref \
		"refs/heads/prodigy-mapreduce-agent-*_agent_$3")" ] ;;
	tree) [ -d "$PRODIGY_HOME/worktrees/ways/mapreduce-agent-$(cat \
		../job)_agent_$3" ] ;;
	*) salvaged "$2" | grep -q "^$1 " ;;
	esac && return 0
	echo "nothing is found in: $1"
	git for-each-ref
	return 1
}

# Every text that was left uncommitted is in a ref or a tree.
texts_are_kept() { # way
	[ -e "$MADE.texts.$1" ] || return 0
	while read -r text; do
		grep -rqs "$text" "$PRODIGY_HOME/worktrees/ways" && continue
		for tree in "$PRODIGY_HOME/worktrees/ways"/*/; do
			git -C "$tree" grep -q --cached "$text" 2>/dev/null &&
				continue 2
		done
		for ref in $(git for-each-ref --format='%(refname)' \
			refs/prodigy; git stash list --format=%H); do
			git grep -q "$text" "$ref" -- && continue 2
		done
		echo "'$text' is nowhere"
		return 1
	done <"$MADE.texts.$1"
}

ended() { # in $way
	cd ways
	number=$(item_of "$way")
	item=item_$number
	verdict=$(cat "$DEEDS/$way.verdict")
	"$PRODIGY" dlq show "$(cat ../job)" >../letters
	is "$(grep -q "\"$item\"" ../letters && echo bad || echo good)" \
		"$verdict" 'verdict' || cat ../letters
	for place in $(cat "$DEEDS/$way.places"); do
		found_in "$place" "$item" "$number"
	done
	texts_are_kept "$way"
	# What succeeded is merged: all that it had not given up itself.
	[ "$verdict" = bad ] || found_in merged "$item" "$number"
}

nothing_unreachable() { # pattern of types, options of git fsck
	types=$1
	shift
	git fsck --unreachable "$@" 2>/dev/null |
		grep -E "unreachable ($types)" >../found || :
	# What held the user's commits during the run is no agent's, and has gone.
	while read -r _ type oid; do
		[ "$type" = commit ] && git log -1 --format=%s "$oid" |
			grep -qx 'Branches and stash of the user before the run' ||
			echo "unreachable $type $oid"
	done <../found >../fsck
	is "$(cat ../fsck)" '' 'unreachable objects'
	cat "$MADE".[a-z]* | grep -v '^precious' | sort -u >../all
	while read -r oid; do
		git cat-file -e "$oid" || return 1
	done <../all
}

nothing_gone() {
	cd ways
	is "$(git stash list --format='%H %gs')" "$(cat ../stashes)" \
		'the stashes of the user'
	# The reflog is the list of stashes: the log of HEAD must not help.
	rm -f .git/logs/HEAD
	rm -rf .git/logs/refs/heads .git/worktrees/*/logs
	nothing_unreachable 'commit|blob'
}

# The tree of the run is looked at, too.
phases() {
	make_repo phases 1
	cat >phases.yml <<Y
name: phases
mode: mapreduce
setup:
  - shell: "WAY=setup; . $DEEDS/common; git checkout -q --detach; commit setup.txt"
map:
  input: "seq 1"
  agent_template:
    - shell: "test -e setup.txt; echo map >map.txt; git add .; git commit -q -m map"
reduce:
  - shell: "WAY=reduce; . $DEEDS/common; commit reduce.txt; git checkout -q --detach HEAD~1"
Y
	cd phases
	run 0 "$PRODIGY" run ../phases.yml -y
	cat "$out" "$err"
	for file in setup map reduce; do
		[ -e "$file.txt" ]
	done
	nothing_left .
}

workflow_elsewhere() {
	make_repo standard 1
	cat >standard.yml <<Y
- shell: "WAY=standard; . $DEEDS/common; git checkout -q --detach; commit one.txt"
- shell: "WAY=standard; . $DEEDS/common; git checkout -q -; commit two.txt"
Y
	cd standard
	run 1 "$PRODIGY" run ../standard.yml -y
	cat "$out" "$err"
	has "$err" 'commits were made that its branch does not have'
	has "$err" 'kept as refs/prodigy/salvage/.*/workflow/1'
	all_are_in "$MADE.standard" 'refs/prodigy/salvage/*/workflow/*' \
		'refs/heads/prodigy-*'
}

# The same when the supervisor is killed at that point.
killed() {
	rm -rf ways "$PRODIGY_HOME" "$MADE".*
	for way in ${ONLY-$ways}; do
		sed -i 's/^exit 1$//' "$DEEDS/$way"
		printf '\n: >"$MADE/$WAY"\nexec sleep 1000\n' >>"$DEEDS/$way"
	done
	mkdir "$MADE"
	make_repo ways 1
	write_workflow ways.yml
	sed -i 's/max_parallel: .*/max_parallel: 100/' ways.yml
	cd ways
	"$PRODIGY" run ../ways.yml --no-merge >"$out" 2>"$err" </dev/null &
	pid=$!
	wait_for all_have_got_there
	kill -9 "$pid"
	wait "$pid" || :
	wait_for all_are_dead
	run 0 "$PRODIGY" worktree ls
	nothing_unreachable commit
}

all_have_got_there() {
	for way in ${ONLY-$ways}; do
		[ -e "$MADE/$way" ] || return 1
	done
}

all_are_dead() {
	! pgrep -f "sh $DEEDS/" >/dev/null
}

another_run() {
	cd ways
	cat >../next.yml <<Y
name: next
mode: mapreduce
map:
  input: "seq 2"
  agent_template:
    - shell: "true"
Y
	run 0 "$PRODIGY" run ../next.yml --no-merge
	nothing_unreachable commit
}

kept_by_next() {
	cd ways
	texts_are_kept "$way"
}

t 'every way to end, in one job' all_at_once
for way in ${ONLY-$ways}; do
	t "$way: kept, and the verdict is true" ended
done
t 'nothing that an agent made is unreachable' nothing_gone
t 'commits of setup and reduce steps are merged, wherever HEAD was' phases
t 'a workflow whose commits its branch does not have fails' workflow_elsewhere
t 'nothing is when prodigy is killed at that point' killed
t 'nor after the next run' another_run
for way in ${ONLY-$ways}; do
	t "$way: kept when prodigy is killed then" kept_by_next
done
done_testing
