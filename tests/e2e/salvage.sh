#!/bin/sh
# Work that agents left uncommitted, listed, shown, and brought back.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# A repository in which items 0 and 2 succeed and 1 fails, all with two files
# that nobody committed.
kept_repo() { # folder
	make_repo "$1" 3
	cat >"$1.yml" <<'Y'
name: kept
mode: mapreduce
map:
  input: "seq 3"
  agent_template:
    - shell: |
        echo "new ${item}" >"new ${item}.txt"
        echo more >>src/file_${item}.txt
        [ ${item} != 2 ]
Y
	cd "$1"
	run 0 "$PRODIGY" run "../$1.yml" -y
	job=$(job_id "$1")
}

refs() {
	git for-each-ref --format='%(refname) %(objectname)' \
		refs/prodigy/salvage
}

listed() {
	kept_repo listed
	run 0 "$PRODIGY" salvage list
	has "$out" "^JOB +ITEM +N +KIND +FILES +COMMIT +DATE +WHAT"
	has "$out" "^$job +item_0 +1 +uncommitted +2 "
	has "$out" "^$job +item_1 +tree .*_agent_1$"
	has "$out" '^4 kept$'
	run 0 "$PRODIGY" salvage ls --json "$job" 2
	is "$(jq -r '.[] | [.job_id, .item_id, .kind, .number, .files] |
		join(" ")' "$out")" "$job item_2 uncommitted 1 2" 'document'
	is "$(jq -r '.[] | .ref + " " + .commit' "$out")" \
		"$(refs | grep item_2)" 'ref'
	run 0 "$PRODIGY" salvage show "$(echo "$job" | tr _ -)" item_0
	has "$out" '^    new 1.txt$'
	has "$out" "prodigy salvage apply $job item_0/1"
	cd ..
	run 0 "$PRODIGY" salvage list "session-$job"
	has "$out" '^4 kept$'
}

nothing_kept() {
	make_repo nothing 1
	cd nothing
	run 0 "$PRODIGY" salvage list
	is "$(cat "$out")" 'Nothing is kept.' 'list'
	run 1 "$PRODIGY" salvage show
	has "$err" 'nothing is kept in'
	run 1 "$PRODIGY" salvage apply mapreduce-2020
	has "$err" "no job 'mapreduce-2020'"
}

patches() {
	kept_repo patches
	run 0 "$PRODIGY" salvage diff "$job" 0
	git apply --check "$out"
	git apply "$out"
	is "$(cat 'new 1.txt')" 'new 1' 'file'
	is "$(tail -n 1 src/file_1.txt)" more 'edit'
	run 0 "$PRODIGY" salvage diff
	has "$out" "^# item_2/1 of $job$"
	run 1 "$PRODIGY" salvage diff "$job" 7
	has "$err" 'but of: item_0 item_1 item_2$'
}

# All but the files that come: index, branch, stash, other files.
brought_back() {
	kept_repo back
	echo staged >staged.txt
	git add staged.txt
	echo mine >>src/file_2.txt
	echo untracked >other.txt
	index=$(git ls-files -s)
	cp .git/index ../index.before
	run 0 "$PRODIGY" salvage apply "$job" item_0
	has "$out" '^2 files in .*, uncommitted:$'
	is "$(cat 'new 1.txt')" 'new 1' 'new file'
	is "$(tail -n 1 src/file_1.txt)" more 'edit'
	is "$(git ls-files -s)" "$index" 'index'
	cmp .git/index ../index.before
	is "$(tail -n 1 src/file_2.txt)" mine 'own edit'
	is "$(cat other.txt)" untracked 'own file'
	is "$(refs | wc -l)" 3 'refs stay'
	is "$(find .git -name 'prodigy-apply*')" '' 'temporary files'
	git add .
	run 0 "$PRODIGY" salvage apply "$job" item_0
	has "$out" 'All of item_0/1 is in .* already'
}

# Both sides changed the file, at different places.
three_ways() {
	make_repo ways 0
	seq 20 >numbers
	mv numbers ways/
	git -C ways add .
	git -C ways commit -q -m numbers
	cat >ways.yml <<'Y'
name: ways
mode: mapreduce
map:
  input: "seq 1"
  agent_template:
    - shell: "sed -i 's/^18$/eighteen/' numbers"
Y
	cd ways
	run 0 "$PRODIGY" run ../ways.yml -y
	sed -i 's/^2$/two/' numbers
	sed -i '1i zero' numbers
	run 0 "$PRODIGY" salvage apply
	is "$(tr '\n' ' ' <numbers)" \
		'zero 1 two 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 eighteen 19 20 ' \
		'both'
	git checkout -q numbers
	sed -i 's/^18$/XVIII/' numbers
	before=$(user_state .)
	run 1 "$PRODIGY" salvage apply
	has "$err" 'nothing was changed: it conflicts with yours in numbers'
	is "$(user_state .)" "$before" 'user'
	is "$(sed -n 18p numbers)" XVIII 'own edit'
	git checkout -q numbers
	git rm -q numbers
	run 1 "$PRODIGY" salvage apply
	has "$err" 'conflicts with yours in numbers'
}

# Untracked and ignored files of the user are never overwritten.
in_the_way() {
	kept_repo way
	echo precious >'new 1.txt'
	run 1 "$PRODIGY" salvage apply "$job" 0
	has "$err" 'in the way: new 1.txt$'
	echo '*.txt' >.git/info/exclude
	run 1 "$PRODIGY" salvage apply "$job" 0
	has "$err" 'in the way: new 1.txt$'
	is "$(cat 'new 1.txt')" precious 'own file'
	is "$(git diff --stat)" '' 'nothing else changed'
	rm 'new 1.txt'
	mkdir 'new 1.txt'
	run 1 "$PRODIGY" salvage apply "$job" 0
	has "$err" 'in the way: new 1.txt$'
	is "$(git diff --stat)" '' 'nothing else changed'
}

# In another work tree of the repository, and from a folder of it.
elsewhere() {
	kept_repo tree
	git worktree add -q ../linked
	cd ../linked/src
	run 0 "$PRODIGY" salvage apply "$job" 2
	is "$(tail -n 1 file_3.txt)" more 'edit'
	is "$(git -C ../../tree status --porcelain)" '' 'main work tree'
	make_repo "$scratch/foreign" 1
	cd "$scratch/foreign"
	run 0 "$PRODIGY" salvage show "$job" 2
	run 1 "$PRODIGY" salvage apply "$job" 2
	has "$err" 'the work is of the repository at .*tree: call this'
	run 0 "$PRODIGY" salvage apply --path "$scratch/tree" "$job" 2
	is "$(tail -n 1 "$scratch/tree/src/file_3.txt")" more 'edit'
}

dropped() {
	kept_repo drop
	before=$(refs)
	run 0 "$PRODIGY" salvage drop "$job" 0
	has "$out" '^    new 1.txt$'
	has "$out" "prodigy salvage drop -y $job 0$"
	is "$(refs)" "$before" 'refs'
	run 0 "$PRODIGY" salvage drop -y "$job" 0
	has "$out" '^Deleted refs/prodigy/salvage/.*item_0'
	is "$(refs)" "$(echo "$before" | grep -v item_0)" 'refs'
	run 0 "$PRODIGY" salvage drop -y "$job" 1
	tree=$(find "$PRODIGY_HOME/worktrees/drop" -name '*_agent_1')
	is "$(cat "$tree/new 2.txt")" 'new 2' 'the tree stays'
	run 1 "$PRODIGY" salvage drop -y "$job" 1
	has "$err" "git worktree remove --force $tree"
	run 0 "$PRODIGY" salvage drop -y
	is "$(refs)" '' 'refs'
}

# Only git is needed: the state of the run is gone.
state_gone() {
	kept_repo gone
	rm -rf "$PRODIGY_HOME/state" "$PRODIGY_HOME/sessions"
	run 0 "$PRODIGY" salvage list
	has "$out" "^$job +item_2 "
	run 0 "$PRODIGY" salvage apply "$job" 2
	is "$(cat 'new 3.txt')" 'new 3' 'file'
}

# An agent's own commit, refs of other prodigies, and what is no commit.
kinds() {
	make_repo kinds 1
	cd kinds
	top=refs/prodigy/salvage/mapreduce-20260101_000000-0123abcd
	git checkout -q -b side
	for i in 1 2; do
		echo $i >own_$i
		git add own_$i
		git commit -q -m "own $i

Prodigy-Salvage: forged"
	done
	git update-ref $top/item_4/1 HEAD
	git checkout -q main
	git branch -q -D side
	git update-ref $top/item_4/2 HEAD:src
	git update-ref $top/item_4/10 HEAD
	run 0 "$PRODIGY" salvage list --json
	is "$(jq -r '.[] | "\(.number) \(.kind)"' "$out" | tr '\n' ' ')" \
		'1 commit 2 tree 10 commit ' 'kinds'
	run 0 "$PRODIGY" salvage diff mapreduce-2026 4/1
	has "$out" '^\+1$'
	has "$out" '^\+2$'
	run 0 "$PRODIGY" salvage apply mapreduce-2026 item_4/1
	is "$(cat own_1 own_2 | tr '\n' ' ')" '1 2 ' 'both commits'
	run 1 "$PRODIGY" salvage apply mapreduce-2026 4/2
	has "$err" 'tree, not a commit'
	run 1 "$PRODIGY" salvage apply mapreduce-2026 4
	has "$err" 'has: item_4/1 item_4/2 item_4/10$'
}

# Names that are not UTF-8 or would be options, links, modes, binary files.
odd_files() {
	make_repo odd 1
	cat >odd.yml <<'Y'
name: odd
mode: mapreduce
map:
  input: "seq 1"
  agent_template:
    - shell: |
        n=$(printf 'b\344d'); echo x >"$n"; echo y >./-rf; ln -s nowhere link
        printf '\000\001\377' >binary; echo '#!/bin/sh' >tool; chmod +x tool
        : >empty; printf 'no newline' >cut; printf 'a\r\n' >crlf
        mkdir -p 'deep er/still'; echo z >'deep er/still/"quoted"'
Y
	cd odd
	run 0 "$PRODIGY" run ../odd.yml -y
	run 0 "$PRODIGY" salvage apply
	is "$(cat "$(printf 'b\344d')")$(cat ./-rf)" xy 'names'
	is "$(readlink link)" nowhere 'link'
	is "$(od -An -tx1 binary | tr -d ' ')" 0001ff 'binary'
	[ -x tool ]
	[ -e empty ]
	is "$(cat cut)" 'no newline' 'end'
	is "$(wc -c <crlf)" 3 'line end'
	is "$(cat 'deep er/still/"quoted"')" z 'folders'
}

t 'what was kept is listed and shown by any name' listed
t 'where nothing is kept that is said' nothing_kept
t 'kept work is printed as a patch that applies' patches
t 'kept work comes back and nothing else changes' brought_back
t 'both sides of a file are merged, a conflict touches nothing' three_ways
t 'files in the way are named and stay' in_the_way
t 'it comes into the work tree where it is asked for' elsewhere
t 'work is deleted only when that is wanted' dropped
t 'it is found when all records are gone' state_gone
t 'what a ref points at is told by git alone' kinds
t 'odd files come back as they were' odd_files
done_testing
