/* SPDX-License-Identifier: MIT */
/*
 * The shell scanner: a table of places, and random scripts that are run twice:
 * once with a plain word pasted in, once with a hostile value carried by the
 * environment. What the shell prints must differ in that word only.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "data/shell_lex.h"
#include "data/template.h"
#include "data/template_shell.h"
#include "shell_places.h"
#include "shells.h"

/* Replaces "@" by a mark of three bytes. */
static size_t
make_marks(const char *script, struct str *text, struct shell_mark *marks)
{
	size_t n = 0;
	for (; *script != '\0'; script++) {
		if (*script != '@') {
			str_add_char(text, *script);
			continue;
		}
		marks[n++] = (struct shell_mark){ .at = text->len, .len = 3 };
		str_add(text, "$@'");
	}
	return n;
}

static void
test_table(void)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct shell_mark marks[16] = { 0 };
		struct shell_scan scan = { 0 };
		autostr struct str text = { 0 };
		autostr struct str got = { 0 };
		autoerror struct error err = { 0 };
		size_t n = make_marks(table[i].script, &text, marks);
		if (shell_scan(
			str_text(&text), text.len, marks, n, &scan, &err))
			for (size_t m = 0; m < n; m++)
				str_add_char(&got, letters[marks[m].place]);
		tap_is_text(
		    str_text(&got), table[i].places, "%s", table[i].script);
		shell_marks_release(marks, n);
		shell_scan_release(&scan);
	}
}

static void
test_details(void)
{
	struct shell_mark marks[16] = { 0 };
	struct shell_scan scan = { 0 };
	autostr struct str text = { 0 };
	autoerror struct error err = { 0 };
	size_t n =
	    make_marks("A=@ b @ >@ \\@ $x@ c[@] `\\`@\\``", &text, marks);
	tap_ok(shell_scan(str_text(&text), text.len, marks, n, &scan, &err),
	    "a script of all details is scanned");
	tap_ok(marks[0].one_word && !marks[1].one_word && marks[2].one_word,
	    "assignment and redirection take one word");
	tap_ok(marks[3].stuck && !marks[2].stuck,
	    "only a mark behind a backslash is stuck");
	tap_ok(marks[4].after_name && !marks[5].after_name,
	    "only a mark behind $x is after a name");
	tap_ok(marks[5].subscript && !marks[4].subscript,
	    "only a mark in brackets is a subscript");
	tap_is_int(
	    marks[6].backquotes, 2, "a mark has its levels of backquotes");
	shell_marks_release(marks, n);
	shell_scan_release(&scan);

	memset(marks, 0, sizeof(marks));
	str_clear(&text);
	n = make_marks("cat <<-'E'\na@b@c\n@\n\tx@", &text, marks);
	tap_ok(shell_scan(str_text(&text), text.len, marks, n, &scan, &err),
	    "a quoted here-document is scanned");
	tap_is_text(
	    marks[0].before, "a", "the first mark has what is before it");
	tap_is_text(
	    marks[0].after, NULL, "a mark that another follows has no end");
	tap_ok(!marks[0].joined && marks[1].joined && !marks[2].joined &&
		!marks[3].joined,
	    "only the second mark on a line is joined");
	tap_is_text(
	    marks[1].before, "b", "the second mark has what is between them");
	tap_is_text(
	    marks[1].after, "c", "the last mark of a line has what follows");
	tap_is_text(marks[2].before, "",
	    "a mark that starts a line has nothing before");
	tap_is_text(
	    marks[2].after, "", "a mark that ends a line has nothing after");
	tap_is_text(
	    marks[3].before, "\tx", "what is before a mark keeps its tab");
	tap_is_text(marks[3].after, "", "the last mark has nothing after it");
	tap_ok(scan.n_heres == 1 && scan.heres[0].quoted && scan.heres[0].strip,
	    "the here-document is quoted and stripped");
	shell_marks_release(marks, n);
	shell_scan_release(&scan);
}

static void
test_assigned(void)
{
	static const struct {
		const char *script;
		const char *names;
	} cases[] = {
		{ "a=1 b=2 c d=3; e+=4", "a b e " },
		{ "for i in j k=; do l=1; done", "i l " },
		{ "while IFS= read -r m n; do o; done", "IFS m n " },
		{ "local p q=1; export r; s t=1", "p q r " },
		{ "getopts ab u v", "u " },
		{ "if a; then w=1; else x=2; fi && y=3 | z=4", "w x y z " },
		{ "'a=1' \"b=2\" \\c=3 ${d}=4 -e=5 6=7 echo f=1", "" },
		{ "$(a=1) `b=2` \"$(c=3)\" (d=4) ${e:=5} ${f=6} ${g:-7}",
		    "a b c d e f " },
		{ "# a=1\ncat <<E\nb=2 $(c=3)\nE\nd=4", "c d " },
		{ ">a b=1 c", "b " },
		{ "case a=1 in b=2) c=3;; esac", "c " },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct shell_scan scan = { 0 };
		autostr struct str got = { 0 };
		autoerror struct error err = { 0 };
		tap_ok(shell_scan(cases[i].script, strlen(cases[i].script),
			   NULL, 0, &scan, &err),
		    "a script with assignments is scanned");
		for (size_t n = 0; n < scan.assigned.n; n++)
			str_format(&got, "%s ", scan.assigned.items[n]);
		tap_is_text(
		    str_text(&got), cases[i].names, "%s", cases[i].script);
		shell_scan_release(&scan);
	}
}

static void
test_depth(void)
{
	autostr struct str text = { 0 };
	for (int i = 0; i < 1000; i++)
		str_add(&text, "$(");
	struct shell_scan scan = { 0 };
	autoerror struct error err = { 0 };
	tap_ok(!shell_scan(str_text(&text), text.len, NULL, 0, &scan, &err) &&
		err.kind == ERROR_INPUT,
	    "a script nested too deeply is refused: %s", error_text(&err));
	shell_scan_release(&scan);
}

/* A small generator, so that a failure can be repeated. */
static uint64_t seed;

static unsigned
pick(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

#define MARK "${item.m}"
#define TOP 4 /* depth of a script */

static void make_commands(struct str *out, int depth, bool safe);

/* Text for within backquotes. */
static void
add_backquoted(struct str *out, const struct str *inner)
{
	str_add_char(out, '`');
	for (size_t i = 0; i < inner->len; i++) {
		if (inner->data[i] == '\\' || inner->data[i] == '`')
			str_add_char(out, '\\');
		str_add_char(out, inner->data[i]);
	}
	str_add_char(out, '`');
}

static void
make_substitution(struct str *out, int depth, bool safe)
{
	autostr struct str inner = { 0 };
	make_commands(&inner, depth - 1, safe);
	if (pick(2) == 0)
		add_backquoted(out, &inner);
	else
		str_format(out, "$( %s)", str_text(&inner));
}

static void
make_double(struct str *out, int depth, bool safe)
{
	static const char *const parts[] = { "a", " ", "'", "\\\"", "\\\\",
		"\n", "#", ")", ";", "$1", "\\$x", "\\`", MARK, MARK, MARK };
	str_add_char(out, '"');
	for (unsigned n = pick(4); n > 0; n--) {
		if (depth > 0 && pick(4) == 0)
			make_substitution(out, depth, safe);
		else if (depth > 0 && pick(6) == 0)
			str_add(out, "${none:-" MARK "}");
		else if (depth > 0 && pick(8) == 0)
			str_add(out, "${none:-\"" MARK "\"'}");
		else
			str_add(out, parts[pick(COUNT_OF(parts))]);
	}
	str_add_char(out, '"');
}

static void
make_word(struct str *out, int depth, bool safe)
{
	static const char *const parts[] = { "a", "b#", "\\'", "\\\"", "\\ ",
		"\\#", "'a\"b'", "'\n'", "''", "'`('", "'\\'", "\\\n", "=", "{",
		"}", "@", "${none}", "'" MARK "'", "'" MARK "'", MARK, MARK,
		MARK };
	for (unsigned n = 1 + pick(3); n > 0; n--) {
		unsigned kind = depth > 0 ? pick(8) : 7;
		if (kind < 2)
			make_double(out, depth, safe);
		else if (kind == 2 && !safe)
			make_substitution(out, depth, safe);
		else if (kind == 3)
			str_add(out,
			    pick(2) == 0 ? "${none:-" MARK "}"
					 : "${none:-'" MARK "'}");
		else
			str_add(out, parts[pick(COUNT_OF(parts))]);
	}
}

/* Within each other they have different delimiters: E4, E3, ... */
static void
make_here(struct str *out, int depth, bool safe)
{
	static const char *const lines[] = { "a " MARK "\n", "'" MARK "'\n",
		"\"" MARK "\"\n", "#" MARK "\n", "x\\\ny\n", ")\n", "' \"\n",
		"\tE4\n", " E3\n", "E\n" };
	static const char *const starts[] = { "<<E", "<< E", "<<'E", "<<\\E",
		"<<\"E" };
	unsigned start = pick(COUNT_OF(starts));
	const char *quote = start == 2 ? "'" : start == 4 ? "\"" : "";
	str_format(out, "cat %s%d%s\n", starts[start], depth, quote);
	for (unsigned n = pick(4); n > 0; n--) {
		if (start < 2 && depth > 0 && pick(4) == 0) {
			make_substitution(out, depth, safe);
			str_add_char(out, '\n');
		} else {
			str_add(out, lines[pick(COUNT_OF(lines))]);
		}
	}
	str_format(out, "E%d\n", depth);
}

static void
make_command(struct str *out, int depth, bool safe)
{
	switch (pick(10)) {
	case 0:
		make_here(out, depth, safe);
		return;
	case 1:
		str_add(out, "case ");
		make_word(out, depth - 1, safe);
		str_add(out, " in (zz) p no;; *) ");
		make_commands(out, depth - 1, safe);
		str_add(out, ";; esac\n");
		return;
	case 2:
		str_add(out, "for i in ");
		make_word(out, depth - 1, safe);
		str_add(out, "; do p \"$i\"; done\n");
		return;
	case 3:
		str_add(out, "x=");
		make_word(out, depth - 1, true);
		str_add(out, "; p \"$x\"\n");
		return;
	case 4:
		str_add(out, "( ");
		make_commands(out, depth - 1, safe);
		str_add(out, ")\n");
		return;
	case 5:
		/* bash loses its way with more in "`...`". */
		str_add(out,
		    depth == TOP ? "# it's \" ` $( " MARK "\n"
				 : "# ) } ; ( " MARK "\n");
		return;
	default:
		str_add(out, "p");
		for (unsigned n = pick(4); n > 0; n--) {
			str_add_char(out, ' ');
			make_word(out, depth, safe);
		}
		if (pick(5) == 0)
			str_add(out, depth == TOP ? " # '" MARK : " #" MARK);
		str_add(out, pick(6) == 0 ? " | cat\n" : "\n");
		return;
	}
}

static void
make_commands(struct str *out, int depth, bool safe)
{
	if (depth <= 0) {
		str_add(out, "p " MARK "\n");
		return;
	}
	for (unsigned n = 1 + pick(2); n > 0; n--)
		make_command(out, depth, safe);
}

/* Some bytes lost or doubled: what the shell refuses then is left out. */
static void
damage(struct str *script)
{
	static const char bytes[] = "'\"`\\$(){}#;\n <&|E";
	for (unsigned n = pick(3); n > 0 && script->len > 0; n--) {
		size_t at = pick((unsigned)script->len);
		const char *mark = strstr(script->data, MARK);
		while (mark != NULL &&
		    at >= (size_t)(mark - script->data) + strlen(MARK))
			mark = strstr(mark + 1, MARK);
		if (mark == NULL || at <= (size_t)(mark - script->data))
			script->data[at] = bytes[pick(sizeof(bytes) - 1)];
	}
}

static void
replace_marks(const char *text, const char *by, size_t len, struct str *out)
{
	const char *at;
	while ((at = strstr(text, MARK)) != NULL) {
		str_add_n(out, text, (size_t)(at - text));
		str_add_n(out, by, len);
		text = at + strlen(MARK);
	}
	str_add(out, text);
}

#define WORD "XMARKX"
#define PRELUDE "p() { for w; do printf '<%s>' \"$w\"; done; }\n"

/* Replaces the word in what was printed. */
static void
replace_word(const struct str *printed, const char *by, struct str *out)
{
	const char *text = str_text(printed);
	const char *at;
	while ((at = strstr(text, WORD)) != NULL) {
		str_add_n(out, text, (size_t)(at - text));
		str_add(out, by);
		text = at + strlen(WORD);
	}
	str_add(out, text);
}

/* "$name" right before a mark, which pasting would lengthen. */
static bool
has_name_before(const char *script)
{
	const char *at = script;
	while ((at = strstr(at, MARK)) != NULL) {
		const char *c = at++;
		while (c > script && strchr("\"'`;&|<> \n", c[-1]) == NULL)
			if (*--c == '$' && c + 1 < at && c[1] != '{')
				return true;
	}
	return false;
}

/* 1: the same, 0: not, -1: the script says nothing. */
static int
compare(const char *shell, const char *script, const char *value)
{
	autostr struct str pasted = { 0 };
	autostr struct str plain = { 0 };
	autostr struct str carried = { 0 };
	autostr struct str printed = { 0 };
	autostr struct str want = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	if (strstr(script, "\\" MARK) != NULL || has_name_before(script) ||
	    strstr(script, "$$") != NULL)
		return -1;
	str_add(&pasted, "set -e\n" PRELUDE);
	replace_marks(script, WORD, strlen(WORD), &pasted);
	if (shells_run(shell, str_text(&pasted), &env, &plain) != 0 ||
	    shells_complained() || strlen(str_text(&plain)) != plain.len)
		return -1;
	struct vars *vars = vars_new(NULL);
	json_t *item = json_object();
	json_object_set_new(item, "m", json_string(value));
	vars_set_new(vars, "item", item, VARS_DATA);
	str_add(&carried, PRELUDE);
	bool done =
	    template_shell(script, vars, false, &carried, &env, NULL, &err);
	vars_free(vars);
	/* Arithmetic is met by accident and refuses what is no number. */
	if (!done)
		return -1;
	shells_run(shell, str_text(&carried), &env, &printed);
	replace_word(&plain, value, &want);
	bool canary = access("canary", F_OK) == 0;
	if (!canary && printed.len == want.len &&
	    strcmp(str_text(&printed), str_text(&want)) == 0)
		return 1;
	tap_note("script %s", script);
	tap_note("carried %s", str_text(&carried));
	tap_note("got %s%s", str_text(&printed), canary ? " CANARY" : "");
	tap_note("want %s", str_text(&want));
	unlink("canary");
	return 0;
}

static void
test_random(const char *shell)
{
	/* The first has nothing that splits or that a pattern would match. */
	static const char *const values[] = {
		"a'b\"c$(>canary)`>canary`\\e;>canary;${x}#&|<(",
		" x  '\"$(>canary)` >canary ` ;>canary ; * ${x} #z",
	};
	const char *count = getenv("PRODIGY_TEST_RANDOM");
	unsigned long n = count == NULL ? 400 : strtoul(count, NULL, 10);
	unsigned long told = 0;
	unsigned long wrong = 0;
	seed = 20260131;
	for (unsigned long i = 0; i < n; i++) {
		autostr struct str script = { 0 };
		bool safe = i % 2 == 1;
		make_commands(&script, TOP, safe);
		if (i % 4 >= 2)
			damage(&script);
		/* What a loop in damaged scripts might do to the words. */
		bool spaced = safe && i % 4 < 2;
		int same = compare(shell, str_text(&script), values[spaced]);
		told += same >= 0;
		wrong += same == 0;
	}
	tap_ok(wrong == 0, "%s: %lu of %lu scripts differ", shell, wrong, told);
	tap_ok(told > n / 3, "most scripts say something");
}

int
main(void)
{
	json_init();
	test_table();
	test_details();
	test_assigned();
	test_depth();
	shells_enter_directory();
	for (const char *const *shell = shells_found(); *shell != NULL; shell++)
		test_random(*shell);
	return tap_done();
}
