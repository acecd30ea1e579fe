#!/bin/sh
# What a run writes down: a start that fails takes back what it made.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

cat >three.yml <<'Y'
name: three
mode: mapreduce
map:
  input: "seq 3"
  agent_template:
    - shell: "test ${item} != 2"
Y

# --- a start that fails ----------------------------------------------------

# Git and the home are as before, but for the session, which tells why.
nothing_began() { # repository
	nothing_left "$1"
	is "$(git -C "$1" for-each-ref --format='%(refname)')" \
		refs/heads/main 'refs'
	name=$(basename "$(cd "$1" && pwd)")
	for folder in "worktrees/$name/.metadata" "state/$name/mappings" \
		"state/$name/mapreduce/jobs" "events/$name" "logs/$name"; do
		is "$(find "$PRODIGY_HOME/$folder" -mindepth 1 2>"$err")" '' \
			"files left in $folder"
	done
}

# A file stands where a folder is needed: nobody can make it, not even root.
blocked() { # repository, folder of the home
	make_repo "$1" 1
	mkdir -p -m 700 "$PRODIGY_HOME/$(dirname "$2")"
	rm -rf "${PRODIGY_HOME:?}/$2"
	: >"$PRODIGY_HOME/$2"
	before=$(user_state "$1")
	status=0
	(cd "$1" && "$PRODIGY" run ../three.yml -y) >"$out" 2>"$err" ||
		status=$?
	rm "$PRODIGY_HOME/$2"
	is "$status" 1 'exit status'
	is "$(grep -c '^prodigy: ' "$err")" 1 'messages'
	has "$err" "/$2: Not a directory"
	is "$(user_state "$1")" "$before"
	nothing_began "$1"
}

no_sessions() { blocked no-sessions sessions; }
no_events() { blocked no-events events; }
no_trees() { blocked no-trees worktrees; }
no_logs() { blocked no-logs logs; }
no_mappings() { blocked no-mappings state/no-mappings/mappings; }
no_locks() { blocked no-locks locks; }

no_checkout() {
	make_repo no-checkout 1
	cd no-checkout
	echo '*.txt filter=none' >.gitattributes
	git config filter.none.clean cat
	git config filter.none.smudge 'exit 3'
	git config filter.none.required true
	git add .gitattributes
	git commit -qm 'a filter that fails'
	run 1 "$PRODIGY" run ../three.yml -y
	is "$(grep -c '^prodigy: ' "$err")" 1 'messages'
	has "$err" 'making the work tree: .*filter'
	nothing_began .
	run 0 "$PRODIGY" sessions show --json
	is "$(jq -r .status "$out")" Failed 'status of the session'
	has "$out" '"error": ".*making the work tree'
	is "$(jq -c '[.job_id, .branch, .worktree_path]' "$out")" \
		'[null,null,null]' 'what the session names'
}

t 'without sessions no run starts, and it leaves nothing' no_sessions
t 'without events no run starts, and it leaves nothing' no_events
t 'without work trees no run starts, and it leaves nothing' no_trees
t 'without logs no run starts, and it leaves nothing' no_logs
t 'without mappings no run starts, and it leaves nothing' no_mappings
t 'without locks no run starts, and it leaves nothing' no_locks
t 'a work tree that cannot be filled leaves its session only' no_checkout
done_testing
