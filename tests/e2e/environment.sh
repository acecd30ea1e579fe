#!/bin/sh
# What surrounds a run: other runs, the caller's environment, where it is
# started, and what the repository and its folders are called.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

# --- other runs -----------------------------------------------------------

same_id() {
	[ "$first" = "$second" ]
}

same_second() {
	[ "${first%-[0-9]}" = "${second%-[0-9]}" ]
}

# Starts two runs at once, until their ids are as wanted, as they mostly are.
# Each gets its number in $N and its folder as HERE; leaves their pids.
start_pair() { # as, first home, repository, second home, repository, workflow
	tries=0
	while :; do
		tries=$((tries + 1))
		rm -f pair.*
		(cd "$3" && N=1 HERE=$PWD PRODIGY_HOME=$2 exec "$PRODIGY" run \
			"../$6" -y) >pair.1 2>&1 </dev/null &
		one=$!
		(cd "$5" && N=2 HERE=$PWD PRODIGY_HOME=$4 exec "$PRODIGY" run \
			"../$6" -y) >pair.2 2>&1 </dev/null &
		two=$!
		wait_for grep -q '^Job:' pair.1
		wait_for grep -q '^Job:' pair.2
		first=$(awk '/^Job:/ { print $2; exit }' pair.1)
		second=$(awk '/^Job:/ { print $2; exit }' pair.2)
		! "$1" && [ "$tries" -lt 50 ] || return 0
		touch pair.go
		wait "$one" "$two" || :
	done
}

two_homes() {
	make_repo shared 1
	cat >homes.yml <<'Y'
name: homes
mode: mapreduce
map:
  input: "echo only"
  agent_template:
    - shell: |
        if [ "$N" = 1 ]; then
          if ! [ -e $HERE/../pair.lost ]; then
            while ! [ -e $HERE/../pair.waits ]; do sleep 0.05; done
            touch $HERE/../pair.lost
            kill -9 $PPID
          fi
        else
          touch $HERE/../pair.waits
          while ! [ -e $HERE/../pair.go ]; do sleep 0.05; done
        fi
        echo x >>"of_$N" && git add . && git commit -q -m "of $N"
Y
	start_pair same_id "$scratch/home1" shared "$scratch/home2" shared \
		homes.yml
	wait_for grep -q 'Map phase completed' pair.1
	touch pair.go
	wait "$one"
	wait "$two"
	is "$first" "$second" 'ids'
	is "$(jq -s 'map(select(.event.event_type == "agent_started")) |
		length' "home2/events/shared/$second"/*.jsonl)" 1 \
		'attempts of the second'
	is "$(cd shared && echo of_*)" 'of_1 of_2' 'files'
	is "$(git -C shared for-each-ref refs/prodigy)" '' 'refs left'
}

two_repositories() {
	make_repo left 1
	make_repo right 1
	cat >sides.yml <<'Y'
name: sides
mode: mapreduce
map:
  input: "echo only"
  agent_template:
    - shell: |
        while ! [ -e $HERE/../pair.go ]; do sleep 0.05; done
        echo x >>x && git add . && git commit -q -m x
Y
	start_pair same_second "$PRODIGY_HOME" left "$PRODIGY_HOME" right \
		sides.yml
	touch pair.go
	wait "$one"
	wait "$two"
	[ "$first" != "$second" ]
	[ -s left/x ]
	[ -s right/x ]
	for id in "$first" "$second"; do
		run 0 "$PRODIGY" sessions show --path left "$id"
		has "$out" 'Status: *Completed'
	done
}

# --- what the caller's environment says -----------------------------------

# A workflow with one step, a script.
workflow_of() { # file, script
	printf 'commands:\n  - shell: |\n' >"$1"
	printf '%s\n' "$2" | sed 's/^/      /' >>"$1"
}

git_settings() {
	make_repo settings 1
	cat >settings.yml <<'Y'
mode: mapreduce
name: settings
setup:
  - shell: "git config user.name >$HERE/../settings.setup"
map:
  input: "git config user.name"
  agent_template:
    - shell: |
        git config user.email >$HERE/../settings.map
        echo "${item}" >"of $$" && git add . && git commit -q -m x
Y
	printf '[init]\n\tdefaultBranch = main\n' >"$HOME/.gitconfig.none"
	cd settings
	HERE=$PWD GIT_CONFIG_GLOBAL=$HOME/.gitconfig.none GIT_CONFIG_COUNT=3 \
		GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0='A Robot' \
		GIT_CONFIG_KEY_1=merge.log GIT_CONFIG_VALUE_1=true \
		GIT_CONFIG_KEY_2=gc.auto GIT_CONFIG_VALUE_2=1 \
		GIT_CONFIG_PARAMETERS="'user.email=robot@example.invalid'" \
		run 0 "$PRODIGY" run ../settings.yml -y
	is "$(cat ../settings.setup)" 'A Robot' 'name in setup'
	is "$(cat ../settings.map)" robot@example.invalid 'email in an agent'
	is "$(cat of*)" 'A Robot' 'name in the input command'
	is "$(git log --no-merges --format='%an %ae' -- of*)" \
		'A Robot robot@example.invalid' 'author of the agent'
	is "$(git log --merges --format=%cn | sort -u)" 'A Robot' \
		'committer of the merges'
	has "$out" 'Merged'
}

no_foreign_repository() {
	make_repo pointed 1
	git init -q elsewhere
	workflow_of pointed.yml 'env | grep ^GIT_ | cut -d= -f1 >../pointed.env
git rev-parse --git-dir >>../pointed.env'
	cd pointed
	GIT_DIR=$scratch/elsewhere/.git GIT_WORK_TREE=$scratch/elsewhere \
		GIT_INDEX_FILE=$scratch/no-index GIT_OBJECT_DIRECTORY=/nowhere \
		GIT_COMMON_DIR=/nowhere GIT_NAMESPACE=n GIT_PREFIX=p/ \
		run 0 "$PRODIGY" run ../pointed.yml
	found=$(find "$PRODIGY_HOME" -name pointed.env)
	hasnt "$found" 'GIT_(DIR|WORK_TREE|INDEX|OBJECT|COMMON|NAMESPACE|PREFIX)'
	has "$found" '/pointed/.git/worktrees/'
}

# What a step sees of these variables, in one line.
seen() { # file that the workflow writes
	tr '\n' ' ' <"$1"
}

outer_programs() {
	make_repo outer 1
	# shellcheck disable=SC2016 # for the step's shell
	workflow_of outer.yml 'env | sort | grep -E "^(M(AKE)?FLAGS|MAKELEVEL|CLAUDE_?CODE.*)=" >$HERE/../outer.env || :'
	cat >outer.mk <<'M'
all:
	+cd outer && exec "$$PRODIGY" run ../outer.yml
M
	cd outer
	unset MAKEFLAGS MFLAGS MAKELEVEL
	HERE=$PWD
	export HERE PRODIGY
	CLAUDECODE=1 CLAUDE_CODE_ENTRYPOINT=cli CLAUDE_CODE_MAX_RETRIES=2 \
		run 0 make -s -C .. -j2 -f outer.mk
	is "$(seen ../outer.env)" 'CLAUDE_CODE_MAX_RETRIES=2 ' 'below make'
	MAKEFLAGS=-j7 run 0 "$PRODIGY" run ../outer.yml
	is "$(seen ../outer.env)" 'MAKEFLAGS=-j7 ' 'for all makes'
	MAKEFLAGS='-j2 --jobserver-auth=3,4' run 0 "$PRODIGY" run ../outer.yml
	is "$(seen ../outer.env)" '' 'with a jobserver'
}

# A configuration of the user's that changes what git prints, how it merges and
# what it does with work trees.
odd_configuration() {
	make_repo odd 2
	cp "$HOME/.gitconfig" odd.gitconfig
	for setting in color.ui=always color.branch=always core.pager=false \
		core.quotePath=true core.abbrev=4 core.untrackedCache=true \
		core.splitIndex=true core.commentChar=auto index.version=4 \
		column.ui=always status.short=true status.branch=true \
		status.showUntrackedFiles=no status.relativePaths=true \
		log.showSignature=true log.decorate=full log.follow=true \
		log.date=relative format.pretty=oneline diff.noprefix=true \
		diff.mnemonicPrefix=true diff.renames=copies \
		diff.external=false merge.ff=only merge.log=true \
		merge.conflictStyle=diff3 merge.verbosity=5 pull.rebase=true \
		commit.cleanup=scissors commit.verbose=true \
		rerere.enabled=true rerere.autoUpdate=true \
		i18n.logOutputEncoding=ISO-8859-1 feature.manyFiles=true \
		branch.autoSetupMerge=always branch.autoSetupRebase=always \
		push.default=nothing alias.merge='!false' \
		safe.bareRepository=explicit; do
		git config -f odd.gitconfig "${setting%%=*}" "${setting#*=}"
	done
	cat >odd.yml <<'Y'
name: odd
mode: mapreduce
map:
  input: "printf 'ä\\n\"b\\nc d\\n'"
  agent_template:
    - shell: |
        echo x >src/"of ${item}" && git add -A && git commit -q -m 'änd'
        echo left >"left of ${item}"
Y
	cd odd
	GIT_CONFIG_GLOBAL=$scratch/odd.gitconfig run 0 "$PRODIGY" run \
		../odd.yml -y
	has "$out" '3 total, 3 successful'
	is "$(find src -name 'of *' | sort)" 'src/of "b
src/of c d
src/of ä' 'merged files'
	is "$(git for-each-ref refs/prodigy/salvage | wc -l)" 3 \
		'kept what was left'
}

time_zones() {
	make_repo zones 1
	null=$scratch/zones.yml
	cat >"$null" <<'Y'
name: zones
mode: mapreduce
map:
  input: "seq 1"
  agent_template:
    - shell: "true"
Y
	cd zones
	for zone in Pacific/Kiritimati America/Los_Angeles no/such/zone; do
		before=$(date -u +%Y%m%d_%H%M%S)
		TZ=$zone run 0 "$PRODIGY" run "$null"
		job=$(awk '/^Job:/ { print $2; exit }' "$out")
		stamp=${job#mapreduce-}
		# The one between two times comes second in their order.
		is "$(printf '%s\n' "$before" "${stamp%-[0-9]*}" \
			"$(date -u +%Y%m%d_%H%M%S)" | sort -C; echo $?)" 0 \
			"the id of $zone"
		TZ=$zone run 0 "$PRODIGY" events show "$job"
		is "$(jq -r .timestamp "$out" | grep -vc 'Z$')" 0 \
			"events of $zone"
	done
}

# --- repositories with odd names ------------------------------------------

odd_names() {
	cat >names.yml <<'Y'
name: names
mode: mapreduce
map:
  input: "seq 2"
  agent_template:
    - shell: "echo ${item} >of_${item} && git add . && git commit -q -m x"
reduce:
  - shell: "echo ${map.successful} >sum && git add . && git commit -q -m sum"
Y
	mkdir names
	# shellcheck disable=SC2016,SC1003 # they are names
	for name in 'a blank' "it's" '100%d' 'x:y' '-dash' 'ünï ö' '$HOME' \
		'[x]*?' '"q"' 'back\slash' 'new
line' '.hidden' 'a.lock' 'end ' '#1' '~' "$(printf '%0240d' 7)"; do
		make_repo "./names/$name" 1
		(
			cd "./names/$name"
			run 0 "$PRODIGY" run "$scratch/names.yml" -y
			is "$(cat of_1 of_2 sum | tr -d '\n')" 122 "in $name"
			is "$(git worktree list --porcelain | grep -c ^HEAD)" \
				1 "work trees of $name"
		)
	done
}

# The arguments of the first call of claude.
first_call() {
	head -n 1 "$FAKE_CLAUDE_DIR/calls"
	rm "$FAKE_CLAUDE_DIR/calls"
}

claude_words() {
	make_repo words 1
	mkdir fake 'in two words'
	FAKE_CLAUDE_DIR=$scratch/fake
	export FAKE_CLAUDE_DIR
	ln -s "$(cd "$top_srcdir" && pwd)/tests/bin/claude" 'in two words/claude'
	cat >words.yml <<'Y'
commands:
  - claude: "the prompt"
Y
	cat >words-list.yml <<'Y'
claude:
  arguments: [--append-system-prompt, be brief]
commands:
  - claude: "the prompt"
Y
	cat >words-text.yml <<Y
claude:
  command: "'$scratch/in two words/claude'"
  arguments: --append-system-prompt "be brief"
commands:
  - claude: "the prompt"
Y
	PATH="$scratch/in two words:$PATH"
	fixed='<-p><--output-format><stream-json><--verbose>'
	fixed="$fixed<--dangerously-skip-permissions>"
	call="$fixed<--append-system-prompt><be brief><--><the prompt>"
	cd words
	PRODIGY_CLAUDE_ARGS='--append-system-prompt "be brief"' \
		PRODIGY_CLAUDE_COMMAND="'$scratch/in two words/claude'" \
		run 0 "$PRODIGY" run ../words.yml
	is "$(first_call)" "$call" 'words of variables'
	run 0 "$PRODIGY" run ../words-list.yml
	is "$(first_call)" "$call" 'a list'
	run 0 "$PRODIGY" run ../words-text.yml
	is "$(first_call)" "$call" 'a text'
	PRODIGY_CLAUDE_ARGS='--append-system-prompt be brief' \
		run 2 "$PRODIGY" run ../words.yml
	has "$err" "PRODIGY_CLAUDE_ARGS: claude would take 'brief' for the prompt"
	[ ! -e "$FAKE_CLAUDE_DIR/calls" ]
}

# --- where the repository is ----------------------------------------------

# A run in a new repository of which one item fails; its job is in $job.
failing_run() { # repository
	make_repo "$1" 1
	cat >failing.yml <<'Y'
name: failing
mode: mapreduce
map:
  input: "seq 2"
  agent_template:
    - shell: "echo ${item} >of_${item} && git add . && git commit -q -m x"
    - shell: "[ ${item} = 1 ] || { echo left >left.txt; exit 3; }"
Y
	(cd "$1" && run 0 "$PRODIGY" run ../failing.yml --no-merge) || return 1
	job=$(awk '/^Job:/ { print $2; exit }' "$out")
}

# What is asked about a run, whose id is enough.
all_is_found() { # where to ask
	cd "$1"
	run 0 "$PRODIGY" events show "$job"
	is "$(jq -s 'map(select(.event.event_type == "job_completed")) |
		length' "$out")" 1 'ends among the events'
	run 0 "$PRODIGY" events ls --job-id "$job"
	run 0 "$PRODIGY" dlq list "$job"
	has "$out" item_1
	run 0 "$PRODIGY" dlq show "$job"
	run 0 "$PRODIGY" checkpoints list "$job"
	run 0 "$PRODIGY" checkpoints show "$job"
	run 0 "$PRODIGY" sessions show "$job"
	has "$out" "Job: *$job"
	run 0 "$PRODIGY" sessions show "session-$job"
	run 0 "$PRODIGY" sessions list --all
	has "$out" "session-$job"
}

asked_from_elsewhere() {
	failing_run asked
	mkdir nowhere
	make_repo another 1
	(all_is_found nowhere)
	(all_is_found another)
	cd nowhere
	run 1 "$PRODIGY" sessions list
	has "$err" 'not in a git repository'
	has "$err" 'sessions list --all'
	run 1 "$PRODIGY" events show
	run 1 "$PRODIGY" events show mapreduce-19990101_000000
	has "$err" "no job or session 'mapreduce-19990101_000000' in "
	run 1 "$PRODIGY" sessions show --path . "$job"
	run 1 "$PRODIGY" worktree ls
	run 0 "$PRODIGY" worktree merge -y "$job"
	has "$out" 'Merged 2 commits into main'
	[ -e ../asked/of_1 ]
}

moved_repository() {
	failing_run moving
	echo more >"$PRODIGY_HOME/worktrees/moving/session-$job/more.txt"
	mkdir shelf
	mv moving shelf/moved
	(all_is_found shelf/moved)
	mkdir beside
	(all_is_found beside)
	# Another one takes the old place.
	make_repo moving 1
	(
		cd moving
		run 0 "$PRODIGY" sessions list
		has "$out" 'No sessions'
	)
	cd shelf/moved
	run 0 "$PRODIGY" sessions list
	has "$out" "session-$job"
	run 0 "$PRODIGY" worktree ls
	has "$out" "session-$job .* 2 *yes"
	for tree in "$PRODIGY_HOME"/worktrees/moving/*; do
		git -C "$tree" status --porcelain
	done
	run 0 "$PRODIGY" worktree merge -y "$job"
	has "$out" 'Merged 2 commits into main'
	has "$err" 'Uncommitted files of the run are kept in .*/uncommitted.patch'
	grep -q '^+more' "$PRODIGY_HOME/logs/moving/$job/uncommitted.patch"
	workflow_of ../nothing.yml true
	run 0 "$PRODIGY" run ../nothing.yml -y
	is "$(find "$PRODIGY_HOME/state" -name repository.json | grep -c mov)" \
		1 'names of the repository'
	is "$("$PRODIGY" sessions list --json | jq length)" 2 'sessions'
}

copied_repository() {
	failing_run original
	cp -R original copy
	(
		cd copy
		run 0 "$PRODIGY" sessions list
		has "$out" 'No sessions'
		run 0 "$PRODIGY" run ../failing.yml --no-merge
		run 0 "$PRODIGY" sessions list
		hasnt "$out" "session-$job "
	)
	mv original renamed
	cd renamed
	run 0 "$PRODIGY" sessions list
	has "$out" "session-$job"
	is "$("$PRODIGY" sessions list --json | jq length)" 1 'sessions'
}

# --- repositories above ---------------------------------------------------

lost_workflow() { # file
	cat >"$1" <<'Y'
name: lost
mode: mapreduce
setup:
  - shell: "echo setup >setup.txt && git add . && git commit -q -m setup"
map:
  input: "seq 2"
  max_parallel: 1
  agent_template:
    - shell: |
        rm .git
        mkdir -p deep && cd deep && echo "${item}" >agent.txt
        git add -f . && git commit -q -m 'of an agent' || exit 3
Y
}

# Nothing of an agent without its .git reaches the repository in this folder.
stays_untouched() { # repository, its PRODIGY_HOME, where to run, [HOME]
	lost_workflow lost.yml
	before=$(user_state "$1")
	(cd "$3" && HOME=${4:-$HOME} PRODIGY_HOME=$2 \
		exec "$PRODIGY" run "$scratch/lost.yml" --no-merge) \
		>"$out" 2>"$err" </dev/null || :
	has "$out" '2 total' || {
		cat "$err"
		return 1
	}
	is "$(user_state "$1")" "$before" 'state of the repository above'
	is "$(git -C "$1" log --all --format=%s | grep -c 'of an agent')" 0 \
		'commits of agents'
}

home_in_repository() {
	make_repo above 1
	echo .prodigy >above/.gitignore
	git -C above add . && git -C above commit -q -m ignore
	stays_untouched above "$scratch/above/.prodigy" above
}

home_is_repository() {
	make_repo dotfiles 1
	cp "$HOME/.gitconfig" dotfiles/
	printf '%s\n' .prodigy '/big disk' >dotfiles/.gitignore
	git -C dotfiles add . && git -C dotfiles commit -q -m files
	make_repo work 1
	mkdir dotfiles/.prodigy
	chmod 700 dotfiles/.prodigy
	stays_untouched dotfiles "$scratch/dotfiles/.prodigy" work \
		"$scratch/dotfiles"
	mv dotfiles/.prodigy/worktrees "$scratch/dotfiles/big disk"
	ln -s "$scratch/dotfiles/big disk" dotfiles/.prodigy/worktrees
	ln -s dotfiles linked
	stays_untouched dotfiles "$scratch/linked/.prodigy" work "$scratch/linked"
}

home_with_a_colon() {
	make_repo 'a:b' 1
	echo .prodigy >a:b/.gitignore
	git -C a:b add . && git -C a:b commit -q -m ignore
	stays_untouched a:b "$scratch/a:b/.prodigy" a:b
}

# The parent tree is as dear as an agent's: its git resets and stashes.
lost_parent() {
	make_repo parent 1
	echo .prodigy >parent/.gitignore
	git -C parent add . && git -C parent commit -q -m ignore
	echo edited >>parent/src/file_1.txt
	before=$(user_state parent)
	cat >parent.yml <<'Y'
name: parent
mode: mapreduce
setup:
  - shell: "echo x >x && git add x && git commit -q -m x && rm .git"
map:
  input: "seq 1"
  agent_template:
    - shell: "true"
Y
	cd parent
	PRODIGY_HOME=$PWD/.prodigy run 1 "$PRODIGY" run ../parent.yml -y
	is "$(user_state .)" "$before" 'user state'
	is "$(tail -n 1 src/file_1.txt)" edited 'the edit'
}

t 'runs of two homes that share an id do not meet' two_homes
t 'runs of two repositories in one second have two ids' two_repositories
t 'settings of git in the environment reach steps and merges' git_settings
t 'what points git elsewhere reaches no step' no_foreign_repository
t 'steps are not below an outer make or claude' outer_programs
t 'arguments for claude are quoted words, and none displaces the prompt' \
	claude_words
t 'odd settings of git in the user configuration change nothing' \
	odd_configuration
t 'ids and times are in UTC whatever the zone' time_zones
t 'odd names of repositories are fine' odd_names
t 'a run is found by its id from anywhere' asked_from_elsewhere
t 'a repository that was moved keeps its runs and work trees' moved_repository
t 'a copy of a repository has runs of its own' copied_repository
t 'an agent without .git cannot reach the repository around PRODIGY_HOME' \
	home_in_repository
t 'nor one in the home folder, also through links' home_is_repository
t 'nor one whose path has a colon' home_with_a_colon
t 'a parent tree without .git does not bring its work to one above' lost_parent
done_testing
