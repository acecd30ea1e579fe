#!/bin/sh
# Deeds of agents against what their work trees share with the user: each is
# told with the item, and entries of the stash are put back.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# A repository with two entries in its stash, a branch, tags, a hook.
users_repo() { # folder
	make_repo "$1" 2
	(
		cd "$1"
		git branch topic
		git checkout -q topic
		echo topic >topic.txt
		git add .
		git commit -q -m topic
		git checkout -q main
		git tag v1
		git tag -a -m annotated v2
		git pack-refs --all
		git branch loose
		for i in 1 2; do
			echo "stash $i" >>src/file_1.txt
			git stash -q
		done
		mkdir -p .git/info .git/hooks
		echo '*.o' >.git/info/exclude
		printf '#!/bin/sh\nexit 0\n' >.git/hooks/post-commit
		chmod +x .git/hooks/post-commit
	)
}

workflow() { # file, script of the item, further lines of map
	{
		printf 'name: deeds\nmode: mapreduce\nmap:\n'
		printf '  input: "seq %s"\n%s' "${4-1}" "${3-}"
		printf '  agent_template:\n    - shell: |\n'
		printf '%s\n' "$2" | sed 's/^/        /'
	} >"$1"
}

stash_of() {
	cat .git/logs/refs/stash
	git rev-parse refs/stash
}

# Each line: what is told, and the deed. $G is the user's git directory.
deeds() {
	cat <<'Y'
configuration changed	git config user.email bot@agent.invalid
configuration changed	git config core.hooksPath /nowhere
configuration changed	git remote add evil /tmp/evil
configuration changed	git config --unset core.bare
configuration changed	git config core.fsmonitor 'echo x'
configuration of the main work tree added	echo '[core]' >$G/config.worktree
info/exclude changed	echo '*' >>$G/info/exclude
info/exclude removed	rm $G/info/exclude
info/attributes added	echo '* -text' >$G/info/attributes
objects/info/alternates added	echo /nowhere >$G/objects/info/alternates
hook pre-commit added	echo false >$G/hooks/pre-commit
hook post-commit changed	echo false >>$G/hooks/post-commit
hook post-commit changed	chmod -x $G/hooks/post-commit
hook post-commit removed	rm $G/hooks/post-commit
branch new added, is [0-9a-f]+	git branch new
branch topic removed, was [0-9a-f]+	git branch -D topic
branch topic changed, was [0-9a-f]+, is [0-9a-f]+	git branch -f topic HEAD
branch loose removed, was [0-9a-f]+	git branch -D loose
branch loose changed, was [0-9a-f]+, is [0-9a-f]+	git branch -f loose topic
branch main changed, was [0-9a-f]+, is [0-9a-f]+	git update-ref refs/heads/main topic
tag v1 removed, was [0-9a-f]+	git tag -d v1
tag v2 changed, was [0-9a-f]+, is [0-9a-f]+	git tag -f v2 topic
tag v3 added, is [0-9a-f]+	git tag -a -m x v3
remote branch evil/main added, is [0-9a-f]+	git update-ref refs/remotes/evil/main HEAD
ref refs/notes/commits added, is [0-9a-f]+	git notes add -m x
HEAD changed, was ref: refs/heads/main, is ref: refs/heads/topic	git --git-dir=$G symbolic-ref HEAD refs/heads/topic
index changed	git -C $G/.. rm -q --cached src/file_1.txt
work tree extra added	git worktree add -q --detach ../extra
stash [a-z]+, entries were put back	git stash drop -q
stash [a-z]+, entries were put back	git stash drop -q 'stash@{1}'
stash [a-z]+, entries were put back	git stash clear
stash [a-z]+, entries were put back	git stash pop -q
stash [a-z]+, entries were put back	git stash clear; git gc -q --prune=now
objects repacked, as git gc does	git gc -q --prune=now
Y
}

# One deed in a copy of the repository, all others having been left alone.
one_deed() { # what is told, deed
	echo "deed: $2"
	cd "$scratch"
	rm -rf deed extra
	cp -a master deed
	workflow deed.yml "G=$scratch/deed/.git
$2
true"
	cd deed
	stash=$(stash_of)
	run 0 "$PRODIGY" run ../deed.yml --no-merge
	has "$err" "while item_0 ran: $1"
	run 0 "$PRODIGY" events show --type users_side_changed
	has "$out" '"while":\["item_0"\]'
	is "$(stash_of)" "$stash" 'the stash'
	is "$(git stash list | wc -l)" 2 'entries'
	git cat-file -e 'stash@{1}'
}

all_deeds() {
	users_repo master
	n=0
	deeds >deeds.txt
	while IFS='	' read -r told deed; do
		one_deed "$told" "$deed" </dev/null
		n=$((n + 1))
	done <deeds.txt
	[ "$n" -ge 30 ]
}

# What the item's result says, and where the copies are.
recorded() {
	users_repo rec
	cp rec/.git/config before.config
	workflow rec.yml 'git config user.email bot@agent.invalid
git tag by-agent
echo x >x; git add x; git commit -q -m x'
	cd rec
	run 0 "$PRODIGY" run ../rec.yml -y
	job=$(job_id rec)
	copy=$PRODIGY_HOME/state/rec/mapreduce/jobs/$job/before
	cmp "$copy/config" ../before.config
	[ -x "$copy/hooks/post-commit" ]
	has "$err" "as it was before: $copy/config"
	has "$out" '^Yours: +2 changes'
	is "$(jq -r 'select(.op == "ready") | .result.users_side | join("; ")' \
		"$copy/../journal-v0.jsonl" | sed 's/[0-9a-f]\{40\}/ID/')" \
		'configuration changed; tag by-agent added, is ID' 'result'
	run 0 "$PRODIGY" events show --type users_side_changed
	is "$(jq -r '.event | "\(.while | join(" ")) \(.what)"' "$out")" \
		'item_0 config
item_0 refs/tags/by-agent' 'events'
	is "$(git for-each-ref refs/prodigy)" '' 'refs'
}

# Nobody can tell which of two did it: both are named.
together() {
	users_repo both
	workflow both.yml "touch $scratch/both.\${item}
while ! [ -e $scratch/both.1 ] || ! [ -e $scratch/both.2 ]; do sleep 0.05; done
if [ \${item} = 1 ]; then git tag by-one; touch $scratch/both.tagged; fi
while ! [ -e $scratch/both.tagged ]; do sleep 0.05; done" \
		'  max_parallel: 2
' 2
	cd both
	run 0 "$PRODIGY" run ../both.yml --no-merge
	has "$err" 'while item_(0, item_1|1, item_0) ran: tag by-one added'
	is "$(grep -c 'tag by-one' "$err")" 1 'lines'
}

# Many deeds of one agent are a few lines.
bounded() {
	users_repo many
	# shellcheck disable=SC2016 # for the agent's shell
	workflow many.yml 'for i in $(seq 40); do git tag t$i; done'
	cd many
	run 0 "$PRODIGY" run ../many.yml --no-merge
	is "$(grep -c 'while item_0 ran: tag' "$err")" 10 'lines'
	has "$err" 'while item_0 ran: 30 more changes'
}

# A branch that is gone cannot be put back safely: its commits are held.
held() {
	users_repo held
	tip=$(git -C held rev-parse topic)
	workflow held.yml 'git branch -D topic
git reflog expire --expire=now --all; git gc -q --prune=now'
	cd held
	run 0 "$PRODIGY" run ../held.yml --no-merge
	has "$err" "branch topic removed, was $tip"
	has "$err" 'are held by refs/prodigy/.*/user$'
	git branch topic "$tip"
	is "$(git show topic:topic.txt)" topic 'work'
}

# The user works on meanwhile: what they pop is theirs, and quiet runs say
# nothing of what is prodigy's own.
quiet() {
	users_repo quiet
	workflow quiet.yml 'echo x${item} >x${item}; git add .
git commit -q -m x${item}; git stash list >/dev/null; git status' \
		'  max_parallel: 2
' 4
	cd quiet
	git status >/dev/null
	before=$(user_state .)
	run 0 "$PRODIGY" run ../quiet.yml --no-merge
	hasnt "$err" 'ran:'
	hasnt "$out" '^Yours'
	is "$(user_state .)" "$before" 'user'
	is "$(git for-each-ref 'refs/prodigy/*/user')" '' 'refs'
}

popped() {
	users_repo popped
	workflow popped.yml "cd $scratch/popped
unset GIT_DIR GIT_CEILING_DIRECTORIES
git stash pop -q --index && git add -A"
	cd popped
	run 0 "$PRODIGY" run ../popped.yml --no-merge
	has "$err" 'stash changed, entries are gone'
	is "$(git stash list | wc -l)" 1 'entries'
}

t 'thirty deeds are told, and the stash is put back byte for byte' all_deeds
t 'they are in events and results, and copies are kept' recorded
t 'of two that ran at once both are named' together
t 'many deeds are a few lines' bounded
t 'commits of a branch that is gone are held' held
t 'who changes nothing hears nothing' quiet
t 'an entry that was popped into the main work tree is not put back' popped
done_testing
