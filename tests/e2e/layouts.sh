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
      cd "$(git rev-parse --git-common-dir)/.."
      git merge -q --no-ff -m merge ${merge.source_branch}
Y
	OUT=$scratch/files.json
	export OUT
	cd files
	run 0 "$PRODIGY" run ../files.yml -y
	jq -e '. == ["say \"x\"", "tab\there", "ä"]' "$OUT"
}

t 'a branch is merged into whatever it and a tag are called' branch_names
t 'so is one that is merged later' later
t 'merge steps get file names as they are' file_names
done_testing
