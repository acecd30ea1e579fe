/* SPDX-License-Identifier: MIT */
/* From the bytes of an input to a document. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "plan/items.h"

struct input_case {
	const char *holds; /* what holds if the document is as wanted */
	const char *text;
	const char *want; /* compact JSON, or "error: ..." */
};

static void
check_input(const char *holds, const char *name, const char *bytes, size_t len,
    const char *want)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	autojson json_t *document = items_parse(bytes, len, name, NULL, &err);
	if (document != NULL)
		json_compact(document, &got, true);
	else
		str_format(&got, "error: %s", error_text(&err));
	tap_is_text(str_text(&got), want, "%s", holds);
}

static const struct input_case cases[] = {
	{ "an array is the document", "[1,{\"a\":2}]", "[1,{\"a\":2}]" },
	{ "an object may stand on several lines", " {\"items\":\n[1]}\n",
	    "{\"items\":[1]}" },
	{ "a number is a document", "5", "5" },
	{ "a byte order mark is skipped", "\xef\xbb\xbf[1]", "[1]" },
	{ "an empty input has no lines", "", "[]" },
	{ "blank lines are no lines", " \n\r\n\t\n", "[]" },
	{ "lines of text keep their blanks but not their ends",
	    "a b\n\n c\r\nd", "[\"a b\",\" c\",\"d\"]" },
	{ "lines of JSON are values", "{\"a\":1}\n{\"a\":2}\n",
	    "[{\"a\":1},{\"a\":2}]" },
	{ "lines of JSON and text may be mixed", "\n\n[1]\n[2]\ntext\n",
	    "[[1],[2],\"text\"]" },
	{ "a word of JSON is a value, other words are text",
	    "1\ntrue\nnull\n\"x\"\nnone\n", "[1,true,null,\"x\",\"none\"]" },
	{ "a number that would not print as it is written is text",
	    "1.10\n1.5\n12e34\n007\n-\n12345678901234567890\n",
	    "[\"1.10\",1.5,\"12e34\",\"007\",\"-\","
	    "\"12345678901234567890\"]" },
	{ "brackets that people write are text",
	    "[INFO] done\n[x] task\n[ ] task\n{name}\n",
	    "[\"[INFO] done\",\"[x] task\",\"[ ] task\",\"{name}\"]" },
	{ "a line that is not UTF-8 is an error with its line and bytes",
	    "a\ncaf\xe9\n\xff\n",
	    "error: in:2 is not UTF-8: byte 4 of 4 is 0xe9: caf\\xe9" },
	{ "a quote that is not closed is text", "\"x y\"\n\"z",
	    "[\"x y\",\"\\\"z\"]" },
	{ "an array that is not closed is an error", "[1,\n2,\n",
	    "error: in:3:0: ']' expected near end of file" },
	{ "an object with an error is not text", "{\"a\":1\n\"b\":2}",
	    "error: in:2:3: '}' expected near '\"b\"'" },
	{ "an integer beyond 64 bits is an error", "[9223372036854775808]",
	    "error: in:1:20: too big integer near '9223372036854775808'" },
	{ "a member that stands twice is an error", "{\"a\":1,\"a\":2}",
	    "error: in:1:10: duplicate object key near '\"a\"'" },
	{ "a broken line among lines of JSON is an error with its line",
	    "{\"a\":1}\n{\"a\":2\n{\"a\":3}\n",
	    "error: in:2:6: '}' expected near end of file" },
	{ "a line of JSON that is not UTF-8 is an error",
	    "{\"a\":1}\n\n{\"a\":\"\xff\"}\n",
	    "error: in:3 is not UTF-8: byte 7 of 9 is 0xff: "
	    "{\"a\":\"\\xff\"}" },
};

static void
test_names(void)
{
	check_input("a name in .json may hold lines of text", "x.json",
	    "a\nb\n", 4, "[\"a\",\"b\"]");
	check_input("a name in .json may hold lines of JSON", "x.json",
	    "{}\n[]\n", 6, "[{},[]]");
	check_input("what begins like JSON is JSON under any name", "x.json",
	    "[1,\n2\n", 6, "error: x.json:3:0: ']' expected near end of file");
	check_input("an empty file is no JSON document", "x.json", "", 0,
	    "error: x.json: empty, no JSON document");
}

static void
check_form(const char *text, enum items_form want)
{
	autoerror struct error err = { 0 };
	enum items_form form = ITEMS_FORMS;
	json_decref(items_parse(text, strlen(text), "in", &form, &err));
	tap_is_int(
	    form, want, "'%.5s' is told to be %s", text, items_form_name(want));
}

static void
test_forms(void)
{
	check_form("[1,\n2]\n", ITEMS_JSON);
	check_form("{\"a\":1}\n{\"a\":2}\n", ITEMS_JSON_LINES);
	check_form("a b\nc\n", ITEMS_TEXT_LINES);
}

static void
test_nul_bytes(void)
{
	check_input("a NUL byte in a line is kept", "in", "a\0b\nc", 5,
	    "[\"a\\u0000b\",\"c\"]");
	check_input("a line may be a NUL byte", "in", "\0\n\0", 3,
	    "[\"\\u0000\",\"\\u0000\"]");
}

static void
test_limits(void)
{
	autofree char *deep = mem_zalloc(201);
	memset(deep, '[', 200);
	check_input("a document that is nested too deep is an error", "in",
	    deep, 200, "error: in:1:129: nested deeper than 128 levels");
	autofree char *line = mem_zalloc(ITEMS_LINE_LIMIT + 4);
	memset(line, 'a', ITEMS_LINE_LIMIT + 3);
	line[1] = '\n';
	check_input("a line that is too long is an error", "in", line,
	    ITEMS_LINE_LIMIT + 3,
	    "error: in:2: a line of 1048577 bytes is over the "
	    "limit of 1048576");
}

int
main(void)
{
	json_init();
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check_input(cases[i].holds, "in", cases[i].text,
		    strlen(cases[i].text), cases[i].want);
	test_names();
	test_forms();
	test_nul_bytes();
	test_limits();
	return tap_done();
}
