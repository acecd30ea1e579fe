#!/bin/sh
# Where repositories lie and how things in them are called: names of branches
# and files, linked trees, submodules, bare and separate git directories.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# A job of two items, each of which adds a file.
two_items() { # file
	cat >"$1" <<'Y'
name: two
mode: mapreduce
map:
  input: "printf 'a\nb\n'"
  agent_template:
    - shell: "echo ${item} >${item}.out; git add . && git commit -qm ${item}"
Y
}

# --- names ------------------------------------------------------------------

# A tag of each name makes the short form ambiguous.
branch_names() {
	two_items names.yml
	make_repo names 1
	cd names
	start=$(git rev-parse HEAD)
	for branch in main 'topic/#7-"x"' "it's" 'ö/ß' 'a$b' 'x&y;z' '50%' \
		heads/main refs/heads/main tags prodigy; do
		git checkout -q -B "$branch" "$start"
		git tag "$branch"
		git commit -q --allow-empty -m "on $branch"
		run 0 "$PRODIGY" run ../names.yml -y
		is "$(git symbolic-ref HEAD)" "refs/heads/$branch" 'the branch'
		is "$(cat a.out b.out)" "a
b" "the work on $branch"
		nothing_left .
	done
}

later() {
	two_items later.yml
	make_repo later 1
	cd later
	git tag main
	run 0 "$PRODIGY" run ../later.yml --no-merge
	run 0 "$PRODIGY" worktree merge -y session
	is "$(cat a.out b.out)" "a
b" 'the work'
	nothing_left .
}

# Git quotes such names where it prints for people.
file_names() {
	make_repo files 1
	cat >files.yml <<'Y'
name: files
mode: mapreduce
map:
  input: "echo 1"
  agent_template:
    - shell: |
        touch 'say "x"' "$(printf 'tab\there')" ä
        git add . && git commit -qm names
merge:
  - shell: |
      printf %s ${merge.modified_files} >"$OUT"
      cd ${PROJECT_ROOT}
      git merge -q --no-ff -m merge ${merge.source_branch}
Y
	OUT=$scratch/files.json
	export OUT
	cd files
	run 0 "$PRODIGY" run ../files.yml -y
	jq -e '. == ["say \"x\"", "tab\there", "ä"]' "$OUT"
}

# --- where the repository lies ----------------------------------------------

# A job in the current folder, and another that is merged later.
works_here() { # file
	run 0 "$PRODIGY" run "$1" -y
	is "$(cat a.out b.out)" "a
b" 'the work'
	is "$(git status --porcelain)" '' 'the tree'
	git rm -q ./*.out
	git commit -q -m 'once more'
	run 0 "$PRODIGY" run "$1" --no-merge
	run 0 "$PRODIGY" worktree merge -y \
		"$(sed -n 's/^Merge it with: .* //p' "$out")"
	is "$(cat a.out b.out)" "a
b" 'the work, merged later'
	is "$(git for-each-ref 'refs/heads/prodigy-*' refs/prodigy)" '' 'refs'
	git fsck --strict
}

add_submodule() { # repository, url, path
	git -C "$1" -c protocol.file.allow=always submodule -q add "$2" "$3"
	git -C "$1" commit -q -m "submodule $3"
}

in_submodule() {
	two_items inside.yml
	make_repo part 1
	make_repo whole 1
	add_submodule whole "$scratch/part" deep/part
	cd whole/deep/part/src
	(cd .. && works_here "$scratch/inside.yml")
	git rm -q ../*.out
	git commit -q -m 'from below'
	run 0 "$PRODIGY" run "$scratch/inside.yml" --no-merge
	cat >>"$scratch/inside.yml" <<'Y'
merge:
  - shell: |
      cd ${PROJECT_ROOT}
      git merge -q --no-ff -m 'my merge' ${merge.source_branch}
Y
	run 0 "$PRODIGY" run "$scratch/inside.yml" -y
	is "$(git log -1 --format=%s)" 'my merge' 'the merge of merge steps'
	is "$(git worktree list | wc -l)" 2 'work trees'
	is "$(git -C "$scratch/whole" worktree list | wc -l)" 1 'of the other'
}

separate_git_dir() {
	two_items apart.yml
	mkdir gits
	git init -q --separate-git-dir gits/apart.git apart
	cd apart
	git commit -q --allow-empty -m one
	works_here ../apart.yml
	git worktree add -q -b side "$scratch/beside"
	cd "$scratch/beside"
	git rm -q ./*.out
	git commit -q -m side
	run 0 "$PRODIGY" run ../apart.yml -y
	is "$(git log -1 --format=%s side | grep -c '^Merge job')" 1 'merge'
	is "$(cat a.out)" a 'the work in the linked tree'
	is "$(git -C ../apart status --porcelain)" '' 'the main tree'
}

bare_layout() {
	two_items bare.yml
	make_repo up 1
	git clone -q --bare up project/.bare
	echo 'gitdir: ./.bare' >project/.git
	git -C project worktree add -q main main
	cd project/main
	works_here ../../bare.yml
	is "$(git config core.bare)" true 'the repository'
}

# A link at every place: the repository, its .git, and PRODIGY_HOME.
behind_links() {
	two_items links.yml
	make_repo real 1
	mv real/.git elsewhere
	ln -s ../elsewhere real/.git
	ln -s real linked
	mkdir homes
	ln -s homes home-link
	PRODIGY_HOME=$scratch/home-link
	export PRODIGY_HOME
	cd linked
	works_here ../links.yml
}

# --- what is in it ----------------------------------------------------------

with_submodule() {
	make_repo lib 1
	make_repo user 1
	add_submodule user "$scratch/lib" vendor/lib
	cat >user.yml <<'Y'
name: user
mode: mapreduce
map:
  input: "seq 3"
  max_parallel: 2
  agent_template:
    - shell: |
        git -c protocol.file.allow=always submodule -q update --init
        cp vendor/lib/src/file_1.txt ${item}.out
        git add ${item}.out && git commit -qm ${item}
Y
	cd user
	run 0 "$PRODIGY" run ../user.yml -y
	is "$(cat 1.out 2.out 3.out | sort -u)" 'line of file 1' 'the work'
	hasnt "$err" uncommitted
	nothing_left .
}

merge_drivers() {
	make_repo drivers 1
	cd drivers
	printf '%s\n' 'LOG merge=union' 'ver merge=mine' >.gitattributes
	echo log >LOG
	echo 0 >ver
	git add . && git commit -q -m drivers
	git config merge.mine.driver true
	cat >../drivers.yml <<Y
name: drivers
mode: mapreduce
map:
  input: "seq 4"
  max_parallel: 4
  agent_template:
    - shell: |
        touch $scratch/driver.\${item}
        until [ "\$(ls $scratch/driver.* | wc -l)" -eq 4 ]; do sleep 0.05; done
        echo "entry \${item}" >>LOG; echo \${item} >ver
        git commit -qam \${item}
Y
	run 0 "$PRODIGY" run ../drivers.yml -y
	is "$(grep -c '^entry [1-4]$' LOG)" 4 'entries of all'
	nothing_left .
}

# A checkout that shows one folder: work beside it is kept nevertheless.
sparse_checkout() {
	make_repo sparse 1
	cd sparse
	mkdir docs
	echo doc >docs/doc.txt
	git add . && git commit -q -m docs
	git sparse-checkout set src
	ADD='git add --sparse' # which git 2.34 and later ask for
	git add -h | grep -q 'sparse' || ADD='git add'
	export ADD
	cat >../sparse.yml <<'Y'
name: sparse
mode: mapreduce
map:
  input: "printf 'commit\nleave\n'"
  agent_template:
    - shell: |
        mkdir -p docs; echo "of ${item}" >docs/${item}.txt
        [ ${item} = leave ] || { $ADD docs; git commit -qm docs; }
        echo more >>src/file_1.txt
Y
	run 0 "$PRODIGY" run ../sparse.yml -y
	is "$(git show HEAD:docs/commit.txt)" 'of commit' 'what was committed'
	for ref in $(git for-each-ref --format='%(refname)' refs/prodigy); do
		git show "$ref:docs/leave.txt" && return
	done
	cat "$PRODIGY_HOME"/worktrees/sparse/*/docs/leave.txt
}

kinds_of_change() {
	make_repo kinds 3
	cd kinds
	seq 40 >src/code
	git add . && git commit -q -m code
	cat >../kinds.yml <<Y
name: kinds
mode: mapreduce
map:
  input: "printf '%s\\n' mode link rename edit folder empty"
  max_parallel: 6
  agent_template:
    - shell: |
        touch $scratch/kind.\${item}
        until [ "\$(ls $scratch/kind.* | wc -l)" -eq 6 ]; do sleep 0.05; done
        case \${item} in
        mode) chmod +x src/file_1.txt ;;
        link) ln -s file_2.txt src/link; ln -s /nowhere src/dangling ;;
        rename) git mv src/code src/renamed ;;
        edit) sed -i '20s/.*/edited/' src/code ;;
        folder) git rm -q src/file_3.txt; mkdir -p src/file_3.txt
          echo d >src/file_3.txt/d ;;
        esac
        git add -A; git commit -q --allow-empty -m \${item}
Y
	run 0 "$PRODIGY" run ../kinds.yml -y
	has "$out" '6 total, 6 successful'
	[ -x src/file_1.txt ]
	is "$(readlink src/link src/dangling)" "file_2.txt
/nowhere" 'links'
	is "$(sed -n 20p src/renamed)" edited 'the edit of what was renamed'
	is "$(cat src/file_3.txt/d)" d 'the folder'
	[ ! -e src/code ]
	nothing_left .
}

# What item 1 does to its tree, which the next ones get, is not seen by them.
trees_of_others() {
	make_repo again 2
	cd again
	printf 'build/\n*.o\n' >.gitignore
	git add . && git commit -q -m ignore
	cat >../again.yml <<Y
name: again
mode: mapreduce
map:
  input: "seq 4"
  max_parallel: 1
  agent_template:
    - shell: |
        exec 3>$scratch/seen.\${item}
        git status --porcelain --ignored >&3
        git ls-files -v | grep -v '^H' >&3
        git bisect log >&3 2>/dev/null
        git config --worktree --list | grep agent >&3
        ls -A | grep -vx -e .git -e .gitignore -e src -e 'o[0-9]' >&3
        mkdir -p build/deep ro; echo x >build/deep/a.o; echo y >ro/f
        chmod 555 ro build/deep
        git update-index --assume-unchanged src/file_2.txt
        echo changed >src/file_2.txt
        git init -q nested; ln -s / link
        git bisect start; git checkout -q -b side-\${item}
        echo \${item} >o\${item}; git add o\${item}; git commit -qm \${item}
Y
	run 0 "$PRODIGY" run ../again.yml -y
	is "$(cat ../seen.2 ../seen.3 ../seen.4)" '' 'what is seen of others'
	is "$(cat o1 o2 o3 o4)" "1
2
3
4" 'the work'
	is "$(cat src/file_2.txt)" 'line of file 2' 'the hidden change'
}

# Branches that agents make beside their own are the user's to see.
many_ends() {
	make_repo ends 1
	cat >ends.yml <<'Y'
name: ends
mode: mapreduce
map:
  input: "seq 12"
  max_parallel: 4
  agent_template:
    - shell: |
        [ ${item} -gt 8 ] && exit
        [ ${item} -gt 6 ] && git branch topic-${item}
        echo ${item} >o${item}; git add . && git commit -qm ${item}
Y
	cd ends
	run 0 "$PRODIGY" run ../ends.yml -y
	has "$out" '12 total, 12 successful'
	is "$(git for-each-ref --format='%(refname:short)')" "main
topic-7
topic-8" 'refs'
	is "$(git fsck 2>&1 | grep -vc dangling)" 0 'complaints of fsck'
	nothing_left .
}

# --- the user's git ---------------------------------------------------------

# Who signs with a program that needs a terminal has none here.
signing() {
	two_items sign.yml
	sed -i 's/git commit/git commit --no-gpg-sign/' sign.yml
	make_repo sign 1
	cd sign
	printf '#!/bin/sh\necho no terminal >&2\nexit 1\n' >../gpg
	chmod +x ../gpg
	git config commit.gpgSign true
	git config gpg.program "$scratch/gpg"
	git config user.signingKey ABC
	before=$(user_state .)
	status=0
	"$PRODIGY" run ../sign.yml -y >"$out" 2>"$err" </dev/null || status=$?
	cat "$err"
	is "$(git status --porcelain)" '' 'the tree'
	[ ! -e .git/MERGE_HEAD ]
	if [ "$status" -ne 0 ]; then
		has "$err" 'gpg|sign'
		is "$(user_state .)" "$before" 'the state of the user'
	fi
}

# It takes half a minute to give up, while the tests above go on.
lock_begins() {
	two_items lock.yml
	make_repo lock 1
	cd lock
	touch .git/index.lock
	status=0
	"$PRODIGY" run ../lock.yml -y >../lock.out 2>../lock.err </dev/null ||
		status=$?
	echo "$status" >../lock.status
}

lock_of_user() {
	wait_for [ -s lock.status ]
	cat lock.err
	is "$(cat lock.status)" 1 'exit status'
	has lock.out '2 total, 2 successful'
	has lock.err 'another git is at work, or died and left .*/index.lock'
	has lock.err 'Then merge it with: prodigy worktree merge session-'
	[ -e lock/.git/index.lock ]
	git -C lock rev-parse --verify "$(git -C lock for-each-ref \
		--format='%(refname)' 'refs/heads/prodigy-session-*')"
}

(lock_begins) &
t 'a branch is merged into whatever it and a tag are called' branch_names
t 'so is one that is merged later' later
t 'merge steps get file names as they are' file_names
t 'a job runs in a submodule' in_submodule
t 'and where the git directory lies apart' separate_git_dir
t 'and in a linked tree of a bare repository' bare_layout
t 'and behind symbolic links' behind_links
t 'agents may fill submodules' with_submodule
t 'merge drivers of the repository are used' merge_drivers
t 'work outside of a sparse checkout is kept' sparse_checkout
t 'modes, links, renames and folders are merged' kinds_of_change
t 'an item sees nothing of those before it in its tree' trees_of_others
t 'nothing is left but what agents made beside their work' many_ends
t 'a signature that cannot be made leaves no half merge' signing
t 'a lock in the tree of the user is told and stays' lock_of_user
done_testing
