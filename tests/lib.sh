# shellcheck shell=sh
# The end-to-end tests' library: TAP, a scratch folder with its own HOME and
# PRODIGY_HOME, repositories, and waiting for events.
#
#	. "$top_srcdir/tests/lib.sh"
#	it_works() { ...; }
#	t 'it works' it_works
#	done_testing

set -u
: "${PRODIGY:?the program under test}" "${top_srcdir:?}"

tests=0
failures=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/prodigy-test.XXXXXX")
trap 'chmod -R u+rwx "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
HOME=$scratch/home
PRODIGY_HOME=$scratch/state
GIT_CONFIG_NOSYSTEM=1
GIT_AUTHOR_DATE='2026-01-01T00:00:00Z'
GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
PRODIGY_PROGRESS_MODE=simple
export HOME PRODIGY_HOME GIT_CONFIG_NOSYSTEM GIT_AUTHOR_DATE \
	GIT_COMMITTER_DATE PRODIGY_PROGRESS_MODE
unset PRODIGY_AUTOMATION NO_COLOR
mkdir "$HOME"
cat >"$HOME/.gitconfig" <<'EOF'
[user]
	name = Tester
	email = tester@example.invalid
[init]
	defaultBranch = main
EOF
cd "$scratch" || exit 1
out=$scratch/out
err=$scratch/err

# Runs a function as one test; what it prints is shown when it fails. Any
# command in it that fails ends it: so it must not stand in a condition here,
# where the shell would not look at the status of its commands.
t() {
	tests=$((tests + 1))
	(set -e; "$2") >"$scratch/.out" 2>&1
	result=$?
	if [ "$result" -eq 0 ]; then
		echo "ok $tests - $1"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $1"
		sed 's/^/#   /' "$scratch/.out" | tail -n 60
	fi
}

skip() { # what, why
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

done_testing() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
	exit
}

# A repository with N files src/file_1.txt ... of one line each.
make_repo() { # folder, number of files
	git init -q "$1"
	mkdir -p "$1/src"
	i=1
	while [ "$i" -le "${2:-3}" ]; do
		echo "line of file $i" >"$1/src/file_$i.txt"
		i=$((i + 1))
	done
	git -C "$1" add .
	git -C "$1" commit -q --allow-empty -m 'initial commit'
}

# A repository and FOLDER.yml, in which two agents start from the same commit and
# write the same line. The stand-in for claude knows no rule yet.
conflict_repo() { # folder, further lines of map
	rm -rf "$FAKE_CLAUDE_DIR"
	mkdir -p "$FAKE_CLAUDE_DIR"
	make_repo "$1" 1
	cat >"$1.yml" <<Y
name: conflict
mode: mapreduce
map:
  input: "seq 2"
  max_parallel: 2
${2-}
  agent_template:
    - shell: |
        touch $scratch/$1.\${item}
        while ! [ -e $scratch/$1.1 ] || ! [ -e $scratch/$1.2 ]; do sleep 0.05; done
        echo "from \${item}" >src/file_1.txt
        git commit -q -a -m "item \${item}"
Y
}

# The same assertion style everywhere: say what was wanted and what came.
is() { # got, want, what
	[ "$1" = "$2" ] && return 0
	printf '%s\n  got:  %s\n  want: %s\n' "${3:-values differ}" "$1" "$2"
	return 1
}

has() { # file, extended regular expression
	grep -Eq -- "$2" "$1" && return 0
	printf 'no line of %s matches %s:\n' "$1" "$2"
	cat "$1"
	return 1
}

hasnt() { # file, extended regular expression
	grep -Eq -- "$2" "$1" || return 0
	printf 'a line of %s matches %s:\n' "$1" "$2"
	cat "$1"
	return 1
}

# Runs a command and checks its exit status; output goes to $out and $err.
run() { # wanted status, command ...
	wanted=$1
	shift
	status=0
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	[ "$status" -eq "$wanted" ] && return 0
	printf 'exit status %s instead of %s: %s\n' "$status" "$wanted" "$*"
	cat "$scratch/out" "$scratch/err"
	return 1
}

# Polls until a command succeeds; gives up after about a minute.
wait_for() { # command ...
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		if [ "$tries" -gt 1200 ]; then
			echo "never came true: $*"
			return 1
		fi
		sleep 0.05
	done
}

is_dead() { # pid: gone, or a zombie
	[ ! -e "/proc/$1/stat" ] || grep -q ') Z ' "/proc/$1/stat"
}

# The newest job of a repository.
job_id() { # name of its folder
	for job in "$PRODIGY_HOME/state/$1"/mapreduce/jobs/*; do
		basename "$job"
	done | tail -n 1
}

# What a finished job must not leave: work trees, branches, refs, locks,
# temporary files.
nothing_left() { # repository
	is "$(git -C "$1" worktree list | wc -l)" 1 'work trees left'
	is "$(git -C "$1" for-each-ref 'refs/heads/prodigy-*' 'refs/prodigy/')" \
		'' 'refs left'
	is "$(find "$1/.git" -name '*.lock')" '' \
		'lock files left in the repository'
	is "$(find "$PRODIGY_HOME" -name '*.tmp')" '' 'temporary files left'
	trees=$PRODIGY_HOME/worktrees/$(basename "$(cd "$1" && pwd)")
	is "$(find "$trees" -mindepth 1 -maxdepth 1 -type d \
		! -name .metadata)" '' 'work tree folders left'
}

# The user's branch, index, stash and configuration as one digest.
user_state() { # repository
	(
		cd "$1" || exit 1
		git rev-parse HEAD
		git symbolic-ref -q HEAD
		git stash list
		cat .git/config
		cksum <.git/index
		git ls-files -s
		git status --porcelain
	) | cksum
}
