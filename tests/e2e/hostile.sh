#!/bin/sh
# Hostile item values arrive byte for byte in every quoting context, and
# execute nothing.
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"

make_repo repo 1
canary=$scratch/canary

# One JSON array of strings; CANARY stands for a command that would be seen.
cat >values.json <<'J'
["plain", "two words", " lead", "trail ", "tab\there", "new\nline", "end\n",
 "\n", "", "'", "\"", "`", "\\", "\\\\", "$", "$$", "$x", "${x}", "${IFS}",
 "$(touch CANARY)", "`touch CANARY`", "; touch CANARY", "& touch CANARY",
 "| touch CANARY", "&& touch CANARY", "\ntouch CANARY\n", "' ; touch CANARY '",
 "\" ; touch CANARY \"", "'\"'\"'", "'$(touch CANARY)'", "\"$(touch CANARY)\"",
 "\\`touch CANARY\\`", "a'b\"c", "$'\\n'", "> CANARY", "< /etc/passwd",
 "-n", "-e \\n", "--help", "-rf", "*", "?", "[a-z]", "~", "~root", "{a,b}",
 "!", "!!", "#", "# comment", "%s %d %n", "\\n", "\\0", "\r", "\r\n",
 "\u001b[31m", "\u0007", "\u007f", "é ü ß", "日本語", "😀", "\u202e",
 "EOF", "EOF\ntouch CANARY", ")", "))", "(", "$((1+1))", "=", "a=b",
 "PATH=/nowhere", "../../etc/passwd", "/", ".", "..", "${item}", "${map.total}",
 "${item|raw}", "'; touch CANARY #", "\u0001\u0002", "a\u00a0b", "<<EOF"]
J
sed "s|CANARY|$canary|g" values.json >repo/items.json
git -C repo add . && git -C repo commit -q -m items

cat >wf.yml <<'Y'
name: hostile
mode: mapreduce
map:
  input: items.json
  max_parallel: 4
  agent_template:
    - shell: |
        # ${item}
        arg() { printf '%s' "$1"; }
        d=$OUT/$PRODIGY_ITEM_ID
        mkdir -p "$d"
        arg ${item} >"$d/bare"
        arg "${item}" >"$d/double"
        arg '${item}' >"$d/single"
        v=${item}
        arg "$v" >"$d/assigned"
        arg "$(arg ${item}; echo x)" >"$d/substituted"
        arg "`arg ${item}; echo x`" >"$d/backquoted"
        for w in ${item}; do arg "$w" >"$d/for"; done
        case ${item} in "$v") arg "$v" >"$d/case" ;; esac
        cat >"$d/here" <<END
        ${item}
        END
        arg a${item}b >"$d/within"
        printf '%s' "$ITEM_JSON" >"$d/json"
    - shell: "printf '%s' '${item}'"
      capture: taken
    - shell: |
        printf '%s' "${taken}" >"$OUT/$PRODIGY_ITEM_ID/captured"
Y

values_arrive() {
	OUT=$scratch/values
	export OUT
	mkdir -p "$OUT"
	cd repo
	run 0 "$PRODIGY" run ../wf.yml
	count=$(jq length items.json)
	has "$out" "$count total, $count successful"
	[ ! -e "$canary" ]
	i=0
	while [ "$i" -lt "$count" ]; do
		d=$OUT/item_$i
		jq -j ".[$i]" items.json >"$scratch/want"
		for file in bare double single assigned for case; do
			cmp "$scratch/want" "$d/$file"
		done
		{ cat "$scratch/want"; printf 'x'; } >"$scratch/want.x"
		cmp "$scratch/want.x" "$d/substituted"
		cmp "$scratch/want.x" "$d/backquoted"
		{ printf a; cat "$scratch/want"; printf b; } >"$scratch/want.ab"
		cmp "$scratch/want.ab" "$d/within"
		{ cat "$scratch/want"; echo; } >"$scratch/want.here"
		cmp "$scratch/want.here" "$d/here"
		is "$(jq -c . "$d/json")" "$(jq -c ".[$i]" items.json)" json
		i=$((i + 1))
	done
}

claude_gets_bytes() {
	PATH=$top_srcdir/tests/bin:$PATH
	FAKE_CLAUDE_DIR=$scratch/fake
	export FAKE_CLAUDE_DIR
	mkdir -p "$FAKE_CLAUDE_DIR"
	cat >claude.yml <<'Y'
name: claude
mode: mapreduce
map:
  input: items.json
  filter: "item contains 'touch'"
  max_parallel: 4
  agent_template:
    - claude: "/do ${item}"
Y
	cd repo
	run 0 "$PRODIGY" run ../claude.yml
	has "$FAKE_CLAUDE_DIR/calls" '</do \$\(touch '
	[ ! -e "$canary" ]
}

large_value() {
	cd repo
	printf '["%0100000d"]' 7 >items.json
	git add . && git commit -q -m large
	OUT=$scratch/large
	export OUT
	run 0 "$PRODIGY" run ../wf.yml
	is "$(wc -c <"$OUT/item_0/bare")" 100000 bytes
	git revert -n HEAD && git commit -q -m back
}

raw_is_raw() {
	cat >raw.yml <<'Y'
name: raw
mode: mapreduce
interpolation: raw
map:
  input: "echo 'a b'"
  agent_template:
    - shell: "printf '%s|' ${item} >$OUT"
Y
	OUT=$scratch/raw.out
	export OUT
	cd repo
	run 0 "$PRODIGY" run ../raw.yml
	is "$(cat "$OUT")" 'a|b|' 'words'
}

t '80 hostile values in every context, byte for byte' values_arrive
t 'claude gets them as text' claude_gets_bytes
t 'a value of 100,000 bytes' large_value
t 'interpolation: raw pastes text' raw_is_raw
done_testing
