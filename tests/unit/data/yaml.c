/* SPDX-License-Identifier: MIT */
/* The YAML reader and writer. */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "data/yaml.h"

static void
expect_json(const char *yaml, const char *want)
{
	struct yaml_doc doc = { 0 };
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	if (yaml_load("t", yaml, strlen(yaml), &doc, &err) &&
	    doc.root != NULL) {
		autojson json_t *json = yaml_to_json(&doc, doc.root, &err);
		if (json != NULL)
			json_compact(json, &got, false);
	}
	if (err.kind != ERROR_NONE)
		str_format(&got, "error: %s", error_text(&err));
	tap_is_text(str_text(&got), want, "%s", yaml);
	yaml_doc_release(&doc);
}

static void
expect_error(const char *yaml, size_t len, const char *want)
{
	struct yaml_doc doc = { 0 };
	autoerror struct error err = { 0 };
	tap_ok(!yaml_load("t", yaml, len, &doc, &err),
	    "a file that is wrong is refused");
	tap_is_text(
	    error_text(&err), want, "the error says what is wrong and where");
	tap_ok(doc.root == NULL && doc.bytes == NULL,
	    "a file that is refused leaves nothing");
}

static void
test_types(void)
{
	expect_json("[null, Null, NULL, ~, ]", "[null,null,null,null]");
	expect_json("{a: , b: }", "{\"a\":null,\"b\":null}");
	expect_json("[true, True, TRUE, false, False, FALSE]",
	    "[true,true,true,false,false,false]");
	expect_json("[yes, no, on, off, y, n, tRUE]",
	    "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"tRUE\"]");
	expect_json(
	    "[0, -0, 12, +3, -7, 0x1F, 0o17, 0b101]", "[0,0,12,3,-7,31,15,5]");
	expect_json("[0644, 00, 1_000, 0x, 0xg, 0o8, 0b2, 1e, --1, +, -]",
	    "[\"0644\",\"00\",\"1_000\",\"0x\",\"0xg\",\"0o8\",\"0b2\",\"1e\","
	    "\"--1\",\"+\",\"-\"]");
	expect_json("[1.5, .5, 5., -1.50, 1e3, 1E-2, 12e+1]",
	    "[1.5,0.5,5.0,-1.5,1000.0,0.01,120.0]");
	expect_json("[., .e1, 1.2.3, 01.5, 1.10.0]",
	    "[\".\",\".e1\",\"1.2.3\",\"01.5\",\"1.10.0\"]");
	expect_json("['10', \"true\", \"\", !!str 5, ! 5]",
	    "[\"10\",\"true\",\"\",\"5\",\"5\"]");
	expect_json("[!!int \"5\", !!bool 'true', !!null '', !!float '1.5']",
	    "[5,true,null,1.5]");
	expect_json("[9223372036854775807, -9223372036854775808]",
	    "[9223372036854775807,-9223372036854775808]");
	expect_json("a: 9223372036854775808",
	    "error: t:1:4: the number 9223372036854775808 is beyond 64 bits\n"
	    "    a: 9223372036854775808\n       ^");
	expect_json("- .inf",
	    "error: t:1:3: the number .inf has no JSON form\n"
	    "    - .inf\n      ^");
	expect_json("- -.INF",
	    "error: t:1:3: the number -.INF has no JSON form\n"
	    "    - -.INF\n      ^");
	expect_json("- .nan",
	    "error: t:1:3: the number .nan has no JSON form\n"
	    "    - .nan\n      ^");
	expect_json("- 1e999",
	    "error: t:1:3: the number 1e999 has no JSON form\n"
	    "    - 1e999\n      ^");
}

static void
test_styles(void)
{
	expect_json("a: |\n  x\n   y\n\n  z\n", "{\"a\":\"x\\n y\\n\\nz\\n\"}");
	expect_json("a: |-\n  x\nb: |+\n  y\n\nc: >\n  p\n  q\n",
	    "{\"a\":\"x\",\"b\":\"y\\n\\n\",\"c\":\"p q\\n\"}");
	expect_json("a: |2\n    x\n", "{\"a\":\"  x\\n\"}");
	expect_json("a: 'it''s'\nb: \"\\u00e9\\t\\x41\\/\"",
	    "{\"a\":\"it's\",\"b\":\"\xc3\xa9\\tA/\"}");
	expect_json("{\"a\": [1, {\"b\": null}], \"c\":\"d\"}",
	    "{\"a\":[1,{\"b\":null}],\"c\":\"d\"}");
	expect_json("{\n\t\"a\": [\n\t\t1\n\t]\n}", "{\"a\":[1]}");
	expect_json("\xef\xbb\xbf"
		    "a: 1\r\nb: 2\r\n",
	    "{\"a\":1,\"b\":2}");
	expect_json("%YAML 1.2\n---\na: 1\n...\n", "{\"a\":1}");
	expect_json("", "");
	expect_json("# only a comment\n", "");
	expect_json("---\n", "null");
	expect_json("text", "\"text\"");
}

static void
test_structure(void)
{
	expect_json("a: &x {p: 1}\nb: *x\nc: [*x, *x]",
	    "{\"a\":{\"p\":1},\"b\":{\"p\":1},\"c\":[{\"p\":1},{\"p\":1}]}");
	expect_json("[&x 1, &x 2, *x]", "[1,2,2]");
	expect_json("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\n  r: 4",
	    "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"r\":4,\"p\":1}}");
	expect_json("[&a {p: 1}, &b {p: 2, q: 2}, {<<: [*a, *b], r: 3}]",
	    "[{\"p\":1},{\"p\":2,\"q\":2},{\"r\":3,\"p\":1,\"q\":2}]");
	expect_json("[&a {p: 1}, &b {<<: *a, q: 2}, {<<: *b}]",
	    "[{\"p\":1},{\"q\":2,\"p\":1},{\"q\":2,\"p\":1}]");
	expect_json("[&a {}, {<<: *a}, {<<: []}]", "[{},{},{}]");
	expect_json("'<<': 1", "{\"<<\":1}");
	expect_json("!exponential {base: 2}", "{\"exponential\":{\"base\":2}}");
	expect_json("[!a 1, !b, !c [2], &n !d x, *n]",
	    "[{\"a\":1},{\"b\":null},{\"c\":[2]},{\"d\":\"x\"},{\"d\":\"x\"}]");
	expect_json("!!map {a: !!seq [1]}", "{\"a\":[1]}");
	expect_json("? a\n: 1\n? b\n", "{\"a\":1,\"b\":null}");
}

static void
test_places(void)
{
	static const char text[] = "a:\n  - \"\xc3\xa9\xe6\x97\xa5\": [x]\n"
				   "    k: &n v\n    l: *n\n";
	struct yaml_doc doc = { 0 };
	autoerror struct error err = { 0 };
	if (!tap_ok(yaml_load("f.yml", text, strlen(text), &doc, &err),
		"a document with an alias loads"))
		return;
	const struct yaml_node *item = yaml_find(doc.root, "a")->items[0];
	const struct yaml_node *list = item->entries[0].value;
	tap_is_int(list->place.line, 2, "a list has its line");
	tap_is_int(list->place.column, 11, "a list's column counts characters");
	tap_is_int(list->items[0]->place.column, 12, "an item has its column");
	tap_ok(list->items[0]->plain && !item->entries[0].key->plain,
	    "a node keeps its style");
	tap_is_int(yaml_find(item, "l")->place.line, 3,
	    "an alias has its anchor's place");
	tap_ok(yaml_find(item, "z") == NULL && yaml_find(list, "k") == NULL,
	    "what is not there is not found");
	yaml_error(&doc, list->place, &err, ERROR_INPUT, "bad %s", "list");
	tap_is_text(error_text(&err),
	    "f.yml:2:11: bad list\n"
	    "      - \"\xc3\xa9\xe6\x97\xa5\": [x]\n"
	    "               ^",
	    "the caret counts display columns");
	yaml_doc_release(&doc);
}

static void
test_errors(void)
{
	static const struct {
		const char *yaml;
		const char *want;
	} cases[] = {
		{ "a: 1\nb: 2\na: 3\n",
		    "t:3:1: the key 'a' is given twice, first at line 1\n"
		    "    a: 3\n    ^" },
		{ "{a: 1, \"a\": 2}",
		    "t:1:8: the key 'a' is given twice, first at line 1\n"
		    "    {a: 1, \"a\": 2}\n           ^" },
		{ "<<: {}\n<<: {}\n",
		    "t:2:1: the key '<<' is given twice, first at line 1\n"
		    "    <<: {}\n    ^" },
		{ "a:\n\tb: 1",
		    "t:2:1: a tab cannot indent: use spaces\n"
		    "    \\tb: 1\n    ^" },
		{ "a\n\xff\n",
		    "t:2:1: these bytes are not UTF-8\n    \\xff\n    ^" },
		{ "\xed\xa0\x80",
		    "t:1:1: these bytes are not UTF-8\n"
		    "    \\xed\\xa0\\x80\n    ^" },
		{ "ab\x7f",
		    "t:1:3: the character U+007F is not allowed\n"
		    "    ab\\x7f\n      ^" },
		{ "\"\\0\"",
		    "t:1:1: a text contains a NUL character\n"
		    "    \"\\0\"\n    ^" },
		{ "x: *y",
		    "t:1:4: there is no anchor 'y' before this alias\n"
		    "    x: *y\n       ^" },
		{ "*y", "t:1:1: an alias without an anchor\n    *y\n    ^" },
		{ "a: 1\n---\nb: 1\n",
		    "t:2:1: a second document begins here: one file holds one "
		    "workflow or value\n    ---\n    ^" },
		{ "? \n: x",
		    "t:1:2: a key is missing before ':'\n    ? \n     ^" },
		{ "!!set {a}",
		    "t:1:1: the tag '!!set' cannot be given to a map\n"
		    "    !!set {a}\n    ^" },
		{ "!<x:y> 1",
		    "t:1:1: the tag 'x:y' cannot be given to a "
		    "number\n    !<x:y> 1\n    ^" },
		{ "!!int [1]",
		    "t:1:1: the tag '!!int' cannot be given to a list\n"
		    "    !!int [1]\n    ^" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		expect_error(
		    cases[i].yaml, strlen(cases[i].yaml), cases[i].want);
	expect_error("a: \0b", 5,
	    "t:1:4: a NUL byte: the file is not UTF-8 text\n"
	    "    a: \\x00b\n       ^");
	expect_error(
	    "abcde\0b", 7, "t:1:6: a NUL byte\n    abcde\\x00b\n         ^");
	expect_error("\xff\xfe"
		     "a\0",
	    4, "t:1:1: the file is UTF-16; save it as UTF-8");
	expect_error(
	    "\xfe\xff\0a", 4, "t:1:1: the file is UTF-16; save it as UTF-8");
}

/* A value of random shape and content, or what texts are made of. */
static json_t *
random_text(void)
{
	static const char *const parts[] = { "a", " ", "\n", "\t", "#", ": ",
		"- ", "'", "\"", "\\", "yes", "0644", "\xc3\xa9", "|", ">", "{",
		"]", "&", "*", "!", "%", "@", "`", ",", "~", "null", "1.5",
		"...", "---", "\xe2\x80\xa8", "\xef\xbb\xbf", "?",
		"\xf0\x9f\x98\x80", "\x01", "\x7f", "<<", "=", "\r" };
	autostr struct str text = { 0 };
	for (int n = rand() % 8; n > 0; n--)
		str_add(&text, parts[(size_t)rand() % COUNT_OF(parts)]);
	return json_string_lossy(str_text(&text), text.len);
}

static json_t *
random_value(int depth)
{
	const int shape = rand() % (depth > 0 ? 8 : 6);
	json_t *value = shape == 6 ? json_array() : json_object();
	if (shape < 6) {
		json_decref(value);
		return shape == 0 ? json_null()
		    : shape == 1  ? json_boolean(rand() % 2)
		    : shape == 2  ? json_integer(rand() - RAND_MAX / 2)
		    : shape == 3  ? json_real(rand() / 1024.0)
				  : random_text();
	}
	for (int n = rand() % 5; n > 0; n--) {
		if (shape == 6) {
			json_array_append_new(value, random_value(depth - 1));
			continue;
		}
		autojson json_t *key = random_text();
		json_object_set_new(
		    value, json_string_value(key), random_value(depth - 1));
	}
	return value;
}

static bool
survives(const json_t *value, struct str *text)
{
	struct yaml_doc doc = { 0 };
	autoerror struct error err = { 0 };
	autojson json_t *back = NULL;
	if (!yaml_emit(value, text, &err))
		return false;
	if (yaml_load("t", str_text(text), text->len, &doc, &err) &&
	    doc.root != NULL)
		back = yaml_to_json(&doc, doc.root, &err);
	yaml_doc_release(&doc);
	if (err.kind != ERROR_NONE)
		tap_note("%s", error_text(&err));
	return back != NULL && json_equal(json_mutable(value), back);
}

static void
test_emit(void)
{
	autostr struct str out = { 0 };
	autoerror struct error err = { 0 };
	autojson json_t *value = json_pack("{s:s,s:[i,s,b],s:{},s:s,s:s,s:n}",
	    "name", "a b", "list", 1, "0644", 1, "empty", "script", "x\ny\n",
	    "answer", "yes", "none");
	size_t lost = 0;
	tap_ok(yaml_emit(value, &out, &err), "a value is written as YAML");
	tap_is_text(str_text(&out),
	    "name: a b\nlist:\n- 1\n- '0644'\n- true\nempty: {}\n"
	    "script: |\n  x\n  y\nanswer: 'yes'\nnone: null\n",
	    "a value is written in block style");
	srand(7);
	for (int i = 0; i < 5000 && lost < 5; i++) {
		autojson json_t *random = random_value(4);
		autostr struct str text = { 0 };
		if (!survives(random, &text)) {
			lost++;
			tap_note("lost: %s", str_text(&text));
		}
	}
	tap_is_int((long long)lost, 0, "5000 random values read back");
}

int
main(void)
{
	setlocale(LC_CTYPE, "");
	test_types();
	test_styles();
	test_structure();
	test_places();
	test_errors();
	test_emit();
	return tap_done();
}
