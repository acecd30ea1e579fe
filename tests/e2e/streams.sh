#!/bin/sh
# What flows through a run: values and results of any size, bytes of any kind,
# frames of agents, and output that somebody reads late or not at all.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

PATH=$top_srcdir/tests/bin:$PATH
FAKE_CLAUDE_DIR=$scratch/fake
export FAKE_CLAUDE_DIR

# --- values -------------------------------------------------------------

# 200 results of 4 KiB: six times what one variable can hold.
large_results() {
	make_repo results 1
	cat >results.yml <<'Y'
name: results
mode: mapreduce
map:
  input: "seq 200"
  max_parallel: 8
  agent_template:
    - shell: "printf '%04096d' ${item}"
reduce:
  - shell: |
      printf '%s\n' "${map.results}" >all.json
      printf '%s\n' '${map.results}' | cmp - all.json
      jq length all.json >length
      jq -S . all.json >a && jq -S . ${map.results_file} | cmp - a
      git add length && git commit -qm length
Y
	cd results
	run 0 "$PRODIGY" run ../results.yml -y
	is "$(cat length)" 200 'results that reached reduce'
	nothing_left .
}

# Files as they come from another system: a byte order mark, and lines that end
# in carriage return and newline; the workflow, too.
foreign_lines() {
	make_repo foreign 2
	cd foreign
	bom=$(printf '\357\273\277')
	printf '%ssrc/file_1.txt\r\nsrc/file_2.txt\r\n' "$bom" >list.txt
	printf '%s["src/file_1.txt",\r\n"src/file_2.txt"]\r\n' "$bom" \
		>list.json
	git add . && git commit -qm lists
	for input in list.txt list.json 'cat list.txt'; do
		sed "s/INPUT/$input/; s/\$/$(printf '\r')/" >../foreign.yml <<Y
${bom}name: foreign
mode: mapreduce
map:
  input: "INPUT"
  agent_template:
    - shell: |
        test -f \${item}
        echo more >>\${item}
        git commit -qam more
Y
		run 0 "$PRODIGY" run ../foreign.yml --no-merge
		has "$out" '2 total, 2 successful, 0 failed'
	done
}

t 'results larger than the environment reach reduce' large_results
t 'byte order marks and carriage returns are understood' foreign_lines

done_testing
