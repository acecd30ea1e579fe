/* SPDX-License-Identifier: MIT */
/*
 * Files made to hurt the YAML reader. Each is refused with its line, or read,
 * in time that fits its size.
 */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/clock.h"
#include "data/json.h"
#include "data/yaml.h"

#define PATIENCE_MS 20000 /* also with sanitizers on a busy machine */
#define FULL YAML_BYTES_LIMIT

static void
repeat(struct str *s, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		str_add(s, text);
}

/* Repeats up to the limit of a file. */
static void
flood(struct str *s, const char *text)
{
	const size_t len = strlen(text);
	while (s->len + len <= FULL)
		str_add(s, text);
}

/* want: part of the error; NULL: it may be read or refused. */
static void
attack(const char *what, const struct str *bomb, const char *want)
{
	struct yaml_doc doc = { 0 };
	autoerror struct error err = { 0 };
	const int64_t start = clock_now();
	const bool ok =
	    yaml_load("f.yml", str_text(bomb), bomb->len, &doc, &err);
	const int64_t took = clock_now() - start;
	tap_ok(took < PATIENCE_MS, "%s: %lld ms", what, (long long)took);
	tap_ok(ok || strncmp(error_text(&err), "f.yml:", 6) == 0,
	    "%s: the error says where", what);
	tap_ok(
	    strlen(error_text(&err)) < 4096, "%s: the error is no flood", what);
	if (want != NULL &&
	    !tap_ok(!ok && strstr(error_text(&err), want) != NULL, "%s: %s",
		what, want))
		tap_note("%s", ok ? "it was read" : error_text(&err));
	yaml_doc_release(&doc);
}

static void
attack_with(const char *what, const char *head, const char *unit, size_t times,
    const char *want)
{
	autostr struct str bomb = { 0 };
	str_add(&bomb, head);
	if (times == 0)
		flood(&bomb, unit);
	else
		repeat(&bomb, unit, times);
	attack(what, &bomb, want);
}

static void
test_depth(void)
{
	static const char deep[] = "nested more than 64 levels deep";
	attack_with("65 brackets", "", "[", 65, deep);
	attack_with("a megabyte of brackets", "", "[", 0, deep);
	attack_with("brackets on lines", "", "[\n", 0, deep);
	attack_with("a megabyte of braces", "", "{a: ", 0, deep);
	attack_with("braces and brackets", "", "[{a: ", 0, deep);
	attack_with("quoted keys", "", "{\"a\":", 0, deep);
	attack_with("nested items in a line", "", "- ", 1000, deep);
	attack_with("a megabyte of items in a line", "", "- ", 0, NULL);
	attack_with("nested keys", "", "? ", 1000, deep);
	attack_with("a megabyte of keys", "", "? ", 0, NULL);
	attack_with("keys in flow", "", "[? ", 0, deep);
	attack_with("nested tags", "", "!a [", 0, deep);
	attack_with("nested anchors", "", "&a [", 0, deep);
	attack_with("braces as keys", "", "{", 0, deep);

	autostr struct str stairs = { 0 };
	for (int i = 0; i < 1000; i++)
		str_format(&stairs, "%*sa:\n", i, "");
	attack("block maps", &stairs, deep);

	autostr struct str chain = { 0 };
	str_add(&chain, "a0: &a0 [x]\n");
	for (int i = 1; i < 100; i++)
		str_format(&chain, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	attack("depth by aliases", &chain,
	    "f.yml:64:12: nested more than 64 levels deep with aliases");
}

static void
test_aliases(void)
{
	autostr struct str laughs = { 0 };
	str_add(&laughs, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol]\n");
	for (int i = 1; i < 10; i++) {
		str_format(&laughs, "a%d: &a%d [", i, i);
		for (int k = 0; k < 9; k++)
			str_format(&laughs, "%s*a%d", k ? ", " : "", i - 1);
		str_add(&laughs, "]\n");
	}
	attack("billion laughs", &laughs, "1000000 values once aliases");

	autostr struct str maps = { 0 };
	str_add(&maps, "a0: &a0 {a: 1, b: 2, c: 3, d: 4}\n");
	for (int i = 1; i < 20; i++) {
		str_format(&maps, "a%d: &a%d {", i, i);
		for (int k = 0; k < 9; k++)
			str_format(&maps, "k%d: *a%d, ", k, i - 1);
		str_add(&maps, "}\n");
	}
	attack("laughing maps", &maps, "1000000 values once aliases");

	autostr struct str square = { 0 };
	str_add(&square, "a: &a [");
	repeat(&square, "1, ", 2000);
	str_add(&square, "]\nb: [");
	repeat(&square, "*a, ", 999);
	str_add(&square, "]\n");
	attack("quadratic blow-up", &square, "1000000 values once aliases");

	autostr struct str merges = { 0 };
	str_add(&merges, "a: &a {");
	for (int i = 0; i < 2000; i++)
		str_format(&merges, "k%d: 1, ", i);
	str_add(&merges, "}\nb: {<<: [");
	repeat(&merges, "*a, ", 900);
	str_add(&merges, "]}\n");
	attack("merges", &merges, "1000000 values once aliases");

	autostr struct str fair = { 0 };
	str_add(&fair, "a: &a {");
	for (int i = 0; i < 400; i++)
		str_format(&fair, "k%d: 1, ", i);
	str_add(&fair, "}\nb: {<<: [");
	repeat(&fair, "*a, ", 900);
	str_add(&fair, "]}\n");
	attack("merges within the limit", &fair, NULL);
}

static void
test_counts(void)
{
	autostr struct str anchors = { 0 };
	for (int i = 0; i < 50000; i++)
		str_format(&anchors, "- &a%d x\n", i);
	attack("anchors", &anchors, "f.yml:1001:3: more than 1000 anchors");
	attack_with("one anchor again and again", "", "- &a x\n", 0,
	    "more than 1000 anchors");
	attack_with("aliases", "- &a x\n", "- *a\n", 0,
	    "f.yml:1002:3: more than 1000 aliases");
	attack_with("aliases as keys", "- &a x\n", "- {*a : *a}\n", 0,
	    "more than 1000 aliases");
	attack_with(
	    "long anchor names", "- ", "&aaaaaaaaaaaaaaaaaaaaaaaaa", 0, NULL);
	attack_with("items", "", "- a\n", 0, "more than 200000 values");
	attack_with("items in flow", "[", "1,", 0, "more than 200000 values");
	attack_with("empty lists", "[", "[],", 0, "more than 200000 values");
	attack_with("empty items", "", "-\n", 0, "more than 200000 values");
	attack_with("tags", "", "- !a b\n", 0, NULL);

	autostr struct str keys = { 0 };
	for (int i = 0; i < 90000; i++)
		str_format(&keys, "k%d: \n", i);
	attack("many keys", &keys, NULL);
	str_add(&keys, "k5: 1\n");
	attack("a duplicate among many", &keys, "first at line 6");

	autostr struct str large = { 0 };
	flood(&large, "a");
	str_add(&large, "aa");
	attack("a byte too many", &large, "more than the limit of 1048576");
}

static void
test_cycles(void)
{
	static const struct {
		const char *yaml;
		const char *want;
	} cases[] = {
		{ "&a [*a]", "f.yml:1:5: the alias 'a' stands inside" },
		{ "&a {b: *a}", "f.yml:1:8: the alias 'a' stands inside" },
		{ "&a {*a : b}", "f.yml:1:5: the alias 'a' stands inside" },
		{ "x: &a\n  <<: *a\n", "f.yml:2:7: the alias 'a' stands" },
		{ "&a !t [*a]", "f.yml:1:8: the alias 'a' stands inside" },
		{ "&a [[[{b: [*a]}]]]", "f.yml:1:12: the alias 'a' stands" },
		{ "&a [&b [*b, *a]]", "f.yml:1:9: the alias 'b' stands" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autostr struct str bomb = { 0 };
		str_add(&bomb, cases[i].yaml);
		attack(cases[i].yaml, &bomb, cases[i].want);
	}
}

/* What libyaml takes quadratic time for. */
static void
test_cost(void)
{
	static const char blanks[] = "more than 4096 blanks";
	autostr struct str plain = { 0 };
	str_add(&plain, "a: x");
	repeat(&plain, " ", 400000);
	flood(&plain, "y ");
	attack("blanks in a plain text", &plain, blanks);
	attack_with("blank lines", "a:", "\n", 0, blanks);
	attack_with("tabs", "a:", "\t", 0, blanks);
	attack_with("blanks in quotes", "a: \"", " ", 0, blanks);
	attack_with("blanks in a comment", "#", " ", 0, blanks);
	attack_with("line separators", "a: |\n", "\xe2\x80\xa8", 0, blanks);

	autostr struct str gaps = { 0 };
	str_add(&gaps, "a: x");
	while (gaps.len + 4000 < FULL / 2) {
		repeat(&gaps, " ", 3990);
		str_add(&gaps, "y");
	}
	flood(&gaps, "y ");
	attack("blanks within the limit", &gaps, NULL);

	autostr struct str directives = { 0 };
	for (int i = 0; directives.len + 32 < FULL; i++)
		str_format(&directives, "%%TAG !a%d! x\n", i);
	attack(
	    "tag directives", &directives, "f.yml:17:1: too many directives");
	attack_with(
	    "unknown directives", "", "%FOO bar\n", 0, "too many directives");

	autostr struct str prefix = { 0 };
	str_add(&prefix, "%TAG !a! x");
	repeat(&prefix, "y", 500000);
	str_add(&prefix, "\n---\n");
	flood(&prefix, "- !a!b c\n");
	attack(
	    "a long tag prefix", &prefix, "f.yml:1:1: a directive is too long");
	attack_with("documents", "", "---\n", 0, "f.yml:2:1: a second");
	attack_with("document ends", "", "...\n", 0, NULL);
	attack_with("carriage returns", "a: |\n", "x\r", 0, NULL);
}

static void
test_floods(void)
{
	static const char *const units[] = { ":", "-", "?", "&", "*", "!", "|",
		">", "%", "@", "`", "\"", "'", "{", "}", "]", ",", "#", "\\",
		"~", "a: ", "a:\n", "\"a\": ", "? a\n", "- - a\n", "'' ",
		"\"\\u0041", "[]: ", "{}\n", "a\n", " a", "|\n", "a: |\n",
		"a: &b\n", "!!str ", "<<: ", "{<<: ", "\xc3\xa9",
		"\xf0\x9f\x98\x80" };
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		attack_with(units[i], "", units[i], 0, NULL);
		attack_with("the same in a list", "- [", units[i], 0, NULL);
	}
}

static void
test_bytes(void)
{
	static const struct {
		const char *bytes;
		const char *want;
	} cases[] = {
		{ "a: \xc0\x80", "f.yml:1:4: these bytes are not UTF-8" },
		{ "a: \xe0\x80\xaf", "f.yml:1:4: these bytes are not UTF-8" },
		{ "a: \xf4\x90\x80\x80", "f.yml:1:4: these bytes are not" },
		{ "a: \xf8\x88\x80\x80\x80", "f.yml:1:4: these bytes are not" },
		{ "a: \xe6\x97", "f.yml:1:4: these bytes are not UTF-8" },
		{ "a: \x80", "f.yml:1:4: these bytes are not UTF-8" },
		{ "a: b\xef\xbb\xbf", "f.yml:1:5: the character U+FEFF" },
		{ "a: \xef\xbf\xbe", "f.yml:1:4: the character U+FFFE" },
		{ "a: \xc2\x9b", "f.yml:1:4: the character U+009B" },
		{ "a: \x1b]0;x\x07", "f.yml:1:4: the character U+001B" },
		{ "a: \"\\ud800\"", "f.yml:1:" },
		{ "a: \"\\xZZ\"", "f.yml:1:" },
		{ "a: \"\\U00110000\"", "f.yml:1:" },
		{ "a: \"\\q\"", "f.yml:1:" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autostr struct str bomb = { 0 };
		str_add(&bomb, cases[i].bytes);
		attack(cases[i].want, &bomb, cases[i].want);
	}
}

int
main(void)
{
	test_depth();
	test_aliases();
	test_counts();
	test_cycles();
	test_cost();
	test_floods();
	test_bytes();
	return tap_done();
}
