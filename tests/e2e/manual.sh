#!/bin/sh
# Every example of the manual pages is run, loaded or evaluated.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

man=$top_srcdir/man

# The examples of a kind, each into a file: KIND.PAGE.NUMBER
extract() { # kind, page
	awk -v kind="$1" -v out="$scratch/$1.$2" '
		$0 == ".\\\" test: " kind { wanted = 1; next }
		wanted && /^\.Bd/ { n++; on = 1; wanted = 0; next }
		/^\.Ed/ { on = 0; next }
		on {
			gsub(/\\e/, "\\")
			print > (out "." n)
		}
	' "$man/$2"
}

# Every display of a page belongs to a kind, so that none is left out.
displays_are_run() {
	for page in "$man"/*.[15]; do
		awk -v page="${page##*/}" '
			/^\.Bd/ && last !~ /^\.\\" test: [a-z]+$/ {
				print page ":" FNR ": nobody runs this"
			}
			/^\.D[l1]/ { print page ":" FNR ": nobody runs this" }
			{ last = $0 }' "$page"
	done >left
	cat left
	[ ! -s left ]
}

# What the examples speak of: sources, a build, tests, slash commands, items.
# Claude does what it is told in one way: it changes a file and commits it.
make_example_repo() { # folder
	make_repo "$1" 2
	(
		cd "$1"
		echo 'int one;' >src/one.c
		echo 'int two;' >src/two.c
		printf 'all check test:\n\t@echo "$@ of $(MAKE) done"\n' >Makefile
		printf '#!/bin/sh\nexit 0\n' >configure
		printf '#!/bin/sh\nexit 0\n' >optional-step
		chmod +x configure optional-step
		seq 60 | jq '{id: ., severity: 7, status: "open", priority: .,
			description: "bug \(.)", location: {file: "src/debt\(.).c"}}' |
			jq -s '{debt_items: .}' >debt.json
		mkdir -p .claude/commands
		for name in modernise debug-test explain shorten fix; do
			echo "Do it: \$ARGUMENTS" >".claude/commands/$name.md"
		done
		git add . && git commit -q -m 'what examples speak of'
	)
	export FAKE_CLAUDE_DIR="$scratch/fake"
	export PATH="$top_srcdir/tests/bin:$PATH"
	mkdir -p "$FAKE_CLAUDE_DIR/rules/1"
	# shellcheck disable=SC2016 # for the shell of the stand-in
	echo 'file=${PROMPT##* }; echo done >>"$file"
		git add "$file" && git commit -q -m "$PROMPT"' \
		>"$FAKE_CLAUDE_DIR/rules/1/run"
}

workflows_run() {
	extract workflow prodigy-workflow.5
	make_example_repo examples
	cd examples
	found=0
	for file in "$scratch"/workflow.*; do
		found=$((found + 1))
		echo "--- $file"
		cp "$file" ../example.yml
		run 0 "$PRODIGY" validate --strict ../example.yml
		run 0 "$PRODIGY" run ../example.yml -y
		cat "$out" "$err"
		hasnt "$err" '^prodigy: '
		hasnt "$out" '[1-9][0-9]* failed'
	done
	[ "$found" -ge 8 ]
}

# Parts of a workflow, and settings of the environment, beside a claude step.
parts_work() {
	extract part prodigy-workflow.5
	extract environment prodigy.1
	make_example_repo parts
	printf 'commands:\n  - claude: "/explain src/one.c"\n' >claude.yml
	cd parts
	found=0
	for file in "$scratch"/part.* "$scratch"/environment.*; do
		found=$((found + 1))
		cp ../claude.yml ../part.yml
		case $file in
		*/part.*) cat "$file" >>../part.yml ;;
		*)
			set -a
			# shellcheck source=/dev/null # an example
			. "$file"
			set +a
			;;
		esac
		run 0 "$PRODIGY" validate --strict ../part.yml
		run 0 "$PRODIGY" run ../part.yml -y
		is "$(grep -c '<be brief>' "$FAKE_CLAUDE_DIR/calls")" "$found" \
			"claude was told so by $file"
	done
	[ "$found" -ge 2 ]
}

quoting_example_works() {
	make_repo quoting 1
	cp "$(grep -l 'name: quoting' "$scratch"/workflow.*)" quoting.yml
	cd quoting
	touch x
	git add x && git commit -q -m x
	run 0 "$PRODIGY" run ../quoting.yml -y
	has "$out" 'Items: +2 total, 2 successful'
	[ -f 'a b.txt' ]
	# shellcheck disable=SC2016 # the name itself
	[ -f '$(rm -rf x).txt' ]
	[ -e x ]
}

# The blocks of README.md by their first word: readme.KIND.NUMBER
extract_readme() {
	awk -v out="$scratch/readme" '
		/^    / {
			if (!on) {
				on = 1
				n++
				kind = "unknown"
				if ($1 == "name:")
					kind = "workflow"
				if ($1 == "prodigy")
					kind = "run"
				if ($1 ~ /^scripts\//)
					kind = "scripts"
			}
			print substr($0, 5) > (out "." kind "." n)
			next
		}
		/^$/ && on { print "" > (out "." kind "." n); next }
		{ on = 0 }
	' "$top_srcdir/README.md"
}

readme_works() {
	extract_readme
	# shellcheck disable=SC2144 # there is one, or none
	[ ! -e "$scratch"/readme.unknown.* ]
	make_example_repo readme
	mkdir -p bin && ln -sf "$PRODIGY" bin/prodigy
	PATH=$scratch/bin:$PATH
	cp "$scratch"/readme.workflow.* readme/workflow.yml
	git -C readme add . && git -C readme commit -q -m workflow
	cd readme
	run 0 "$PRODIGY" validate --strict workflow.yml
	found=0
	cat "$scratch"/readme.run.* >../readme.lines
	while read -r line; do
		[ -n "$line" ] || continue
		found=$((found + 1))
		run 0 sh -c "$line"
		hasnt "$err" '^prodigy: '
		case $line in *'prodigy run '*) cp "$out" ../readme.out ;; esac
	done <../readme.lines
	[ "$found" -ge 6 ]
	has ../readme.out 'Items: +2 total, 2 successful, 0 failed'
	has ../readme.out 'prodigy worktree merge'
	# The scripts are run by hand and by .ci/run.
	for script in $(grep -ho '^scripts/[a-z]*' "$scratch"/readme.scripts.*); do
		[ -x "$top_srcdir/$script" ]
	done
}

# The lines of HACKING.md that run an agent by hand: the specification, and the
# pipe that ends with the sleep.
agent_runs_by_hand() {
	mkdir -p byhand/build
	ln -s "$PRODIGY" byhand/build/prodigy
	sed -n '/^    printf .*"v":1/,/agent-run$/s/^    //p' \
		"$top_srcdir/HACKING.md" >byhand.sh
	is "$(wc -l <byhand.sh)" 2 'lines'
	cd byhand
	run 0 sh -e ../byhand.sh
	has "$out" '"f":"out".*hello'
	is "$(tail -n 1 "$out" | jq -r '.f, .failure.exit_code' | tr '\n' ' ')" \
		'result 3 ' 'the last frame'
	is "$(ls)" build 'files beside the build folder'
}

# make install and make uninstall of README.md, in a folder of their own.
install_leaves_nothing() {
	cd "$(dirname "$PRODIGY")"
	unset MAKEFLAGS MFLAGS MAKELEVEL
	make -s install DESTDIR="$scratch/root" >"$out" 2>"$err" </dev/null
	[ -n "$(find "$scratch/root" -name 'prodigy-workflow.5')" ]
	[ -n "$(find "$scratch/root" -name 'copyright-headers.yml')" ]
	make -s uninstall DESTDIR="$scratch/root" >"$out" 2>"$err" </dev/null
	# The prefix may have any name: folders of ours are those in share.
	is "$(find "$scratch/root" ! -type d)" '' 'files that uninstall left'
	is "$(find "$scratch/root" -path '*/share*/prodigy' -type d)" '' \
		'folders that uninstall left'
}

expressions_hold() {
	extract expr prodigy-workflow.5
	found=0
	while read -r expression; do
		found=$((found + 1))
		printf '[{"file":"src/a.rs","n":5,"tags":["x"]}]' |
			"$PRODIGY" items --input - --filter "$expression" >out
		is "$(wc -l <out)" 1 "$expression"
	done <"$(echo "$scratch"/expr.*)"
	[ "$found" -ge 6 ]
}

commands_run() {
	make_repo commands 3
	cat >commands/workflow.yml <<'Y'
name: example
mode: mapreduce
map:
  input: "printf '%s\n' 1 2 3 4"
  agent_template:
    - shell: "test ${item} -ne 4"
    - shell: "echo ${item} >> new${item}; git add .; git commit -q -m new"
Y
	git -C commands add . && git -C commands commit -q -m workflow
	mkdir bin && ln -s "$PRODIGY" bin/prodigy
	PATH=$scratch/bin:$PATH
	extract run prodigy-run.1
	extract run prodigy.1
	cd commands
	found=0
	for file in "$scratch"/run.prodigy-run.1.* "$scratch"/run.prodigy.1.*; do
		found=$((found + 1))
		echo "--- $file"
		cat "$file"
		sh -e "$file" </dev/null >../example.out 2>../example.err ||
			{ cat ../example.out ../example.err; return 1; }
		[ -s ../example.out ]
	done
	[ "$found" -ge 6 ]
}

# The members that docs/FORMATS.md lists for each type of event, one a line
# ("type member"), with what its rows shorten written out.
listed_members() {
	awk '
	function add(type, member) { print type, member; all[type] = all[type] " " member }
	function spent(type) {
		add(type, "cost_usd"); add(type, "tokens")
		add(type, "cost_at_least")
	}
	/^## / { on = $0 == "## Event" }
	on && /^[|] `/ {
		gsub(/[(][^)]*[)]/, "")
		n = split($0, part, "`")
		type = part[2]
		words = ""
		for (i = 3; i <= n; i += 2)
			words = words part[i]
		add(type, "event_type"); add(type, "job_id")
		if (words ~ /item,/) {
			add(type, "agent_id"); add(type, "item_id")
			add(type, "item_label"); add(type, "attempt")
		}
		if (words ~ /logs/) {
			add(type, "json_log_location"); add(type, "logs")
		}
		if (words ~ /what was spent/ ||
		    (type ~ /^(job|agent)_/ && type !~ /_started$/))
			spent(type)
		if (type ~ /^agent_/ && type !~ /_started$/) {
			add(type, "claude_session_id"); add(type, "files")
			add(type, "insertions"); add(type, "deletions")
		}
		for (i = 4; i <= n; i += 2) {
			if (part[i - 1] !~ /as $/) {
				add(type, part[i])
				continue
			}
			k = split(all[part[i]], as, " ")
			for (j = 1; j <= k; j++)
				add(type, as[j])
		}
	}' "$top_srcdir/docs/FORMATS.md" | sort -u
}

events_have_the_members_that_are_listed() {
	make_repo members 1
	export FAKE_CLAUDE_DIR="$scratch/fake-members"
	export PATH="$top_srcdir/tests/bin:$PATH"
	mkdir "$FAKE_CLAUDE_DIR"
	cd members
	cat >../members.yml <<'Y'
name: members
mode: mapreduce
map:
  input: "seq 3"
  agent_template:
    - shell: "test ${item} -ne 2"
    - shell: "echo ${item} >new${item}; git add .; git commit -q -m new"
    - claude: "/look"
reduce:
  - shell: "true"
Y
	run 1 "$PRODIGY" run ../members.yml -y --fail-on-dlq
	run 0 "$PRODIGY" events show --format jsonl
	jq -r '.event | .event_type as $type | keys[] | $type + " " + .' \
		"$out" | sort -u >printed
	[ "$(cut -d ' ' -f 1 printed | sort -u | wc -l)" -ge 18 ]
	# Those of claude come with three that stand below the table.
	grep -v '^claude_.* \(agent_id\|item_id\|timestamp\)$' printed >ours
	listed_members >listed
	comm -23 ours listed >differ
	cat differ
	[ ! -s differ ]
	# And the other way, for what no event of ours may leave out.
	cut -d ' ' -f 1 printed | sort -u >types
	may='cost_usd|tokens|cost_at_least|claude_session_id|files|insertions'
	may="$may|deletions|salvage|attempt|item_id|step_failed|cause"
	grep -F -w -f types listed | grep -v '^claude_' |
		grep -E -v " ($may)\$" >must
	comm -13 printed must >missing
	grep -v '^step_started \|^worktree_cleaned_' missing >differ || true
	cat differ
	[ ! -s differ ]
}

pages_are_clean() {
	mandoc -T lint -W warning "$man"/*.[15]
}

options_are_described() {
	"$PRODIGY" run --help | sed -n 's/^ *\(-[a-zA-Z], \)\{0,1\}--\([a-z-]*\).*/\2/p' >options
	[ "$(wc -l <options)" -ge 12 ]
	while read -r option; do
		case $option in
		verbose | quiet | no-color | ascii | help | version) page=prodigy.1 ;;
		*) page=prodigy-run.1 ;;
		esac
		grep -q -- "-$option" "$man/$page" || {
			echo "--$option is not in $page"
			return 1
		}
	done <options
}

t 'every display of the manual pages is run' displays_are_run
t 'every workflow of the manual runs as it is printed' workflows_run
t 'every part of a workflow and of the environment works' parts_work
t 'hostile file names of the manual stay names' quoting_example_works
t 'README.md works as it is printed' readme_works
t 'the agent of HACKING.md runs by hand' agent_runs_by_hand
if [ -f "$(dirname "$PRODIGY")/Makefile" ]; then
	t 'what install makes, uninstall takes away' install_leaves_nothing
else
	skip 'what install makes, uninstall takes away' 'no build folder'
fi
t 'every expression of the manual holds' expressions_hold
t 'every command of the manual runs' commands_run
t 'every option of run is in its page' options_are_described
t 'events have the members that FORMATS.md lists' \
	events_have_the_members_that_are_listed
if command -v mandoc >/dev/null 2>&1; then
	t 'the pages are clean' pages_are_clean
else
	skip 'the pages are clean' 'mandoc is missing'
fi
done_testing
