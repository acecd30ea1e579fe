#!/bin/sh
# What an item costs: programs are counted, not time.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# A git that writes down what it was asked for.
git=$(command -v git)
mkdir "$scratch/bin"
cat >"$scratch/bin/git" <<E2
#!/bin/sh
echo "\$*" >>'$scratch/calls'
# A fresh tree has no index yet.
[ "\$1" != checkout ] || [ ! -e '$scratch/slow' ] ||
	[ -e "\$('$git' rev-parse --git-dir)/index" ] || {
	echo 1 >>'$scratch/at-work'
	sleep 0.5
	'$git' "\$@" || exit
	echo -1 >>'$scratch/at-work'
	exit 0
}
exec '$git' "\$@"
E2
chmod +x "$scratch/bin/git"

run_items() { # items, how many at once, script of an item
	rm -f "$scratch/calls"
	cat >"$scratch/costs.yml" <<Y
name: costs
mode: mapreduce
map:
  input: "seq $1"
  max_parallel: $2
  agent_template:
    - shell: |
        $3
Y
	PATH=$scratch/bin:$PATH run 0 "$PRODIGY" run "$scratch/costs.yml" -y
	has "$out" "$1 total, $1 successful"
}

# A fresh tree may be as new as its index to the clock: git looks, and the next
# item begins as the first one did.
calls() { # how many at most, what
	[ "$(grep -c -- "$2" "$scratch/calls")" -le "$1" ] && return 0
	printf 'more than %s calls of git %s:\n' "$1" "$2"
	cat "$scratch/calls"
	return 1
}

null_items() {
	make_repo null
	cd null
	for items in 3 9; do
		run_items $items 1 true
		calls 2 '^checkout'
		calls 0 '^clean'
		calls 0 '^read-tree'
		# The rest is of the run.
		grep -Evc '^checkout|^--no-optional-locks status' \
			"$scratch/calls" >"$scratch/calls.$items"
	done
	# It varies by one or two with when the run looks, and not with the items.
	[ $(($(cat "$scratch/calls.9") - $(cat "$scratch/calls.3"))) -le 2 ]
	nothing_left .
}

committed_items() {
	make_repo committed 6
	cd committed
	# shellcheck disable=SC2016 # for the workflow
	run_items 6 1 'echo ${item} >>src/file_${item}.txt; echo ${item} >new.${item}
        git add . && git commit -q -m "item ${item}"'
	calls 2 '^checkout'
	calls 5 '^read-tree'
	calls 0 '^clean'
	is "$(grep -c '^read-tree' "$scratch/calls")" 5 'trees that moved'
	is "$(cat src/file_?.txt new.? | grep -c '^[1-6]$')" 12 'lines'
	nothing_left .
}

# Nor is one made while another one waits for an item.
fresh_trees() {
	make_repo fresh
	cd fresh
	touch "$scratch/slow"
	run_items 8 8 true
	rm "$scratch/slow"
	most=$(awk '{ n += $1; if (n > most) most = n } END { print most }' \
		"$scratch/at-work")
	if [ "$most" -gt "$(nproc --all)" ]; then
		echo "$most fresh trees were made at the same time"
		return 1
	fi
	nothing_left .
}

t 'an item that does nothing starts no git after the first' null_items
t 'a tree is given only what was merged since' committed_items
t 'no more trees are made at once than there are processors' fresh_trees
done_testing
