#!/bin/sh
# Work that hides in a tree: edits under flags of the index, files outside of a
# sparse cone, repositories within, submodules, ignored files. Each row of the
# table is an item that does one deed; nothing of it is lost, and what it came
# to is told truly. The same when its agent is killed right after the deed.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

cat >>"$HOME/.gitconfig" <<'EOF2'
[protocol "file"]
	allow = always
EOF2
deeds=$scratch/deeds
mkdir "$deeds"

# A deed: what an agent does with the word that is "precious-NAME-1", and with
# "precious-NAME-2" ... where it has more than one.
deed() { # name, words it leaves, verdict, then its script on standard input
	echo "$1 $2 $3" >>"$scratch/table"
	{
		# shellcheck disable=SC2016 # for the script
		printf 'set -e\nword() { printf "prec%%s-%s-$1\\n" ious; }\n' "$1"
		cat
	} >"$deeds/$1"
}

deed skipped 1 ok <<'D'
git update-index --skip-worktree src/file_1.txt
word 1 >src/file_1.txt
D
deed assumed 2 ok <<'D'
git update-index --assume-unchanged src/file_1.txt
word 1 >src/file_1.txt
word 2 >beside
D
deed sparse 2 ok <<'D'
git sparse-checkout set --cone src
mkdir -p deep
word 1 >deep/file
word 2 >deep/new
D
deed unborn 2 ok <<'D'
git init -q app
word 1 >app/file
mkdir app/sub
word 2 >"app/sub/$(printf 'n\377\001')"
D
deed history 4 ok <<'D'
git init -q app
cd app
word 1 >file
git add file
git commit -q -m one
word 2 >file
git stash -q
git checkout -q --detach
word 3 >file
git commit -q -a -m three
git checkout -q -
word 4 >new
D
deed staged 2 ok <<'D'
git init -q app
word 1 >app/file
git -C app add file
git -C app commit -q -m one
git add app 2>/dev/null
word 2 >app/file
D
deed linked 1 failed <<'D'
git init -q app
word 1 >app/file
git -C app add file
git -C app commit -q -m one
git add app 2>/dev/null
git commit -q -m app
D
deed ignored_repo 2 ok <<'D'
mkdir -p ignored/deep
git init -q ignored/deep/app
cd ignored/deep/app
word 1 >file
git add file
git commit -q -m one
word 2 >file
D
deed tracked_folder 2 ok <<'D'
git init -q src
word 1 >src/file_1.txt
git -C src add .
git -C src commit -q -m one
word 2 >src/file_2.txt
D
deed bare 1 ok <<'D'
git init -q --bare ignored/store.git
git clone -q ignored/store.git "$TMPDIR/clone.$$" 2>/dev/null
cd "$TMPDIR/clone.$$"
word 1 >file
git add file
git commit -q -m one
git push -q origin HEAD
cd / && rm -rf "$TMPDIR/clone.$$"
D
deed odd_name 2 ok <<'D'
n=$(printf 'o\377"\nd')
git init -q "$n"
cd "$n"
word 1 >"$(printf '\001\376')"
git add .
git commit -q -m one
word 2 >f
D
deed submodule 1 ok <<'D'
git submodule -q update --init
word 1 >lib/file
git -C lib commit -q -a -m own
git commit -q -a -m 'lib goes on'
D
deed submodule_edit 1 ok <<'D'
git submodule -q update --init
word 1 >lib/file
D
deed submodule_new 1 failed <<'D'
git init -q other
word 1 >other/file
git -C other add file
git -C other commit -q -m one
git submodule -q add ./other other
git commit -q -m other
D
deed submodule_known 0 ok <<'D'
git submodule -q add "$SOURCE" again
git commit -q -m again
D
deed kept_file 3 ok <<'D'
mkdir -p ignored/reports/deep
word 1 >ignored/reports/a
word 2 >"ignored/reports/deep/$(printf 'b\377')"
word 3 >ignored/reports/run
chmod +x ignored/reports/run
ln -s /etc/passwd ignored/reports/link
ln -s / ignored/reports/root
mkfifo ignored/reports/pipe
D

make_user_repo() {
	git init -q lib
	echo one >lib/file
	git -C lib add file
	git -C lib commit -q -m lib
	make_repo "$1" 3
	mkdir "$1/deep"
	echo x >"$1/deep/file"
	echo 'ignored/' >"$1/.gitignore"
	git -C "$1" submodule -q add "$scratch/lib" lib
	git -C "$1" add .
	git -C "$1" commit -q -m more
}

workflow() { # what an item does after its deed
	cat <<Y
mode: mapreduce
env: {SOURCE: $scratch/lib, TMPDIR: $scratch}
workspace: {keep: ["ignored/reports/**"]}
map:
  input: "ls $deeds"
  max_parallel: 3
  agent_template:
    - shell: sh "$deeds/\${item}"
    - shell: |
        $1
Y
}

# All that can be reached in the repository, and the artifacts, as one text.
# Without the trees: they may stay, but nothing needs them.
everything() { # repository
	git -C "$1" log --all --root -m -p --format=%B -a
	git -C "$1/lib" log --all --root -m -p --format=%B -a
	find "$PRODIGY_HOME" -path '*/artifacts/*' -type f -exec cat {} +
}

words_are_in() { # file
	while read -r name n verdict; do
		i=1
		while [ "$i" -le "$n" ]; do
			grep -aq "precious-$name-$i$" "$1" ||
				echo "$name: word $i of $n is lost"
			i=$((i + 1))
		done
	done <"$scratch/table"
}

verdicts() {
	while read -r name n verdict; do
		echo "$name $verdict"
	done <"$scratch/table" | sort
}

# What became of the items, by their names.
outcomes() { # repository
	job=$PRODIGY_HOME/state/$1/mapreduce/jobs/$(job_id "$1")
	jq -r '"\(.id) \(.data)"' "$job/work-items.jsonl" | while read -r id name; do
		if jq -r 'select(.op == "fail") | .item' \
			"$job/journal-v0.jsonl" | grep -qx "$id"; then
			echo "$name failed"
		else
			echo "$name ok"
		fi
	done | sort
}

nothing_is_lost() {
	make_user_repo repo
	workflow : >wf.yml
	cd repo || return 1
	run 0 "$PRODIGY" run ../wf.yml -y
	cd ..
	rm -rf "$PRODIGY_HOME"/worktrees/repo/mapreduce-agent-*
	git -C repo worktree prune
	everything repo >all
	is "$(words_are_in all)" '' 'what is lost'
	is "$(outcomes repo)" "$(verdicts)" 'verdicts'
	git -C repo fsck --strict --no-dangling
}

told_by_name() {
	has err 'app is a repository of its own.*\.gitmodules'
	has err 'other was committed as a link to a commit that nobody else has'
	"$PRODIGY" dlq show --path repo >dlq
	has dlq 'app is a repository of its own.*kept at refs/prodigy/salvage/'
	is "$(grep -c 'left ignored files' err)" 1 'warnings of ignored files'
	has out 'Kept: +3 files .* in .*/artifacts/repo/'
	is "$(git -C repo ls-tree HEAD | grep -c commit)" 2 'submodules of main'
}

artifacts() {
	item=$(find "$PRODIGY_HOME/artifacts/repo" -name a)
	item=${item%/ignored/reports/a}
	is "$(find "$item" ! -type d ! -type f)" '' 'what is no file'
	[ -x "$item/ignored/reports/run" ]
	journal=$PRODIGY_HOME/state/repo/mapreduce/jobs/$(job_id repo)/journal-v0.jsonl
	is "$(jq -r 'select(.result.artifacts) | .result.artifacts |
		[.path, .files, (.names | length)] | join(" ")' "$journal")" \
		"$item 3 3" 'artifacts in the result'
}

# The main repository's clone of the submodule has the commit that is merged.
submodule_is_whole() {
	git -C repo submodule -q update
	is "$(cat repo/lib/file)" precious-submodule-1 'file of the submodule'
	git -C repo for-each-ref --format='%(trailers:key=Prodigy-Path,valueonly)' \
		refs/prodigy/salvage | grep . | sort -u >paths
	has paths '^app$'
	has paths '^ignored/deep/app$'
	has paths '^src$'
	has paths '^lib$'
	# shellcheck disable=SC1003 # an octal escape
	has paths '^"o\\377\\"\\012d"$'
}

# The first attempt of each item is killed, together with all that it started.
# Its tree stays as it was then, or was looked at meanwhile.
after_a_kill() {
	rm -rf "$PRODIGY_HOME/artifacts" lib
	make_user_repo killed
	mkdir flags
	# shellcheck disable=SC2016 # for the agent's shell
	workflow "mkdir $scratch/flags/\${item_index} 2>/dev/null || exit 0; kill -9 \$PPID; sleep 60" >wf.yml
	cd killed || return 1
	run 0 "$PRODIGY" run ../wf.yml -y
	cd ..
	{
		for tree in "$PRODIGY_HOME"/worktrees/killed/mapreduce-agent-*; do
			[ -d "$tree" ] || continue
			find "$tree" -type f -exec cat {} +
			find "$tree" -name .git -o -name '*.git' | while read -r git; do
				[ ! -d "$git" ] || git --git-dir="$git" log --all \
					--reflog -m -p --root --format=%B -a
			done
		done
		git -C killed log --all --root -m -p --format=%B -a
		for git in killed/.git/modules/lib killed/.git/worktrees/*/modules/*; do
			[ ! -d "$git" ] || git --git-dir="$git" log --all --root \
				-m -p --format=%B -a
		done
		find "$PRODIGY_HOME" -path '*/artifacts/*' -type f -exec cat {} +
	} >all
	is "$(words_are_in all)" '' 'what is lost'
	is "$(find flags -mindepth 1 | wc -l)" "$(wc -l <table)" 'kills'
}

# The tree of a workflow goes when it is merged.
repository_of_a_workflow() {
	make_repo plain 1
	cat >plain.yml <<'Y'
commands:
  - shell: |
      echo c >c.txt; git add c.txt; git commit -q -m c
      git init -q app; echo inner >app/m.txt; git -C app add .
      git -C app commit -q -m m; echo loose >app/loose.txt
Y
	cd plain || return 1
	run 0 "$PRODIGY" run ../plain.yml -y
	has "$err" '^The repository in app is kept: prodigy salvage list session-'
	run 0 "$PRODIGY" salvage list
	has "$out" 'nested'
	ref=$(git for-each-ref --format='%(refname)' refs/prodigy/salvage)
	is "$(git show "$ref:m.txt" "$ref:loose.txt")" 'inner
loose' 'its files'
	git log --format=%s "$ref" | grep -qx m
}

t 'no deed of an agent is lost, and what it came to is told' nothing_is_lost
t 'links to other repositories and ignored files are told by name' told_by_name
t 'ignored files that are to be kept are copied, and no more' artifacts
t 'commits of a submodule are where git looks for them' submodule_is_whole
t 'a repository in the tree of a workflow is kept' repository_of_a_workflow
t 'nothing is lost when the agent is killed right afterwards' after_a_kill
done_testing
