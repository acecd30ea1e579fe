/* SPDX-License-Identifier: MIT */
/* JSON: loading with places, text, numbers, printing. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/defs.h"
#include "base/mem.h"
#include "data/json.h"

static void
expect_error(const char *text, size_t len, const char *want)
{
	autoerror struct error err = { 0 };
	autojson json_t *json = json_load_text(text, len, "f", &err);
	tap_ok(json == NULL && err.kind == ERROR_INPUT,
	    "this text is refused: %.30s", text);
	tap_is_text(
	    error_text(&err), want, "the error says what is wrong and where");
}

static void
expect_refused(const char *text, const char *want)
{
	expect_error(text, strlen(text), want);
}

static void
test_errors(void)
{
	expect_refused("", "f: empty, no JSON document");
	expect_refused(" \n", "f:2:0: unexpected token near end of file");
	expect_refused("{\n \"a\": tru\n}", "f:2:9: invalid token near 'tru'");
	expect_refused("[1] x", "f:1:5: end of file expected near 'x'");
	expect_refused(
	    "{\"a\":1,\n\"a\":2}", "f:2:3: duplicate object key near '\"a\"'");
	expect_refused("[9223372036854775808]",
	    "f:1:20: too big integer near '9223372036854775808'");
	expect_refused("[-9223372036854775809]",
	    "f:1:21: too big negative integer near '-9223372036854775809'");
	expect_refused("[1e400]", "f:1:6: real number overflow near '1e400'");
	expect_refused(
	    "\"\xff\"", "f:1:1: unable to decode byte 0xff near '\"'");
	expect_refused(
	    "\"\xed\xa0\x80\"", "f:1:1: unable to decode byte 0xed near '\"'");
	expect_error("{\"a\\u0000b\":1}", 14,
	    "f:1:11: NUL byte in object key not supported near "
	    "'\"a\\u0000b\"'");
	expect_error(
	    "[1]\0", 4, "f:1:4: end of file expected near end of file");
	expect_refused("[NaN]", "f:1:4: invalid token near 'NaN'");
	expect_refused("[01]", "f:1:2: invalid token near '0'");
}

static void
test_file(void)
{
	autoerror struct error err = { 0 };
	char path[] = "/tmp/prodigy-json-XXXXXX";
	autofd int fd = mkstemp(path);
	if (!tap_ok(fd >= 0 && write(fd, "{\"a\":\n1}", 8) == 8,
		"a file of 8 bytes can be written"))
		return;
	autojson json_t *json = json_load_path(path, 8, &err);
	tap_is_int(
	    json_get_int(json, "a", 0), 1, "a file of just the limit is read");
	tap_ok(json_load_path(path, 7, &err) == NULL && err.kind == ERROR_INPUT,
	    "a file beyond the limit is refused");
	error_release(&err);
	unlink(path);
	tap_ok(
	    json_load_path(path, 8, &err) == NULL && err.kind == ERROR_SYSTEM,
	    "a missing file is a system error");
}

static char *
nested(size_t depth)
{
	char *text = mem_zalloc(2 * depth + 1);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	return text;
}

static void
expect_depth(size_t depth, bool as_record, const char *want)
{
	autoerror struct error err = { 0 };
	autofree char *text = nested(depth);
	autojson json_t *json = as_record
	    ? json_load_record(text, strlen(text), "f", &err)
	    : json_load_text(text, strlen(text), "f", &err);
	tap_is_text(error_text(&err), want,
	    "%zu levels give the error they should", depth);
	tap_ok((json != NULL) == (*want == '\0'),
	    "there is a value or an error, not both");
}

static void
test_depth(void)
{
	expect_depth(128, false, "");
	expect_depth(129, false, "f:1:129: nested deeper than 128 levels");
	expect_depth(1000000, false, "f:1:129: nested deeper than 128 levels");
	expect_depth(160, true, "");
	expect_depth(
	    3000, true, "f:1:2049: maximum parsing depth reached near '['");
	autoerror struct error err = { 0 };
	autofree char *brackets = mem_text("\"[[[\\\"[[[\"");
	autojson json_t *json =
	    json_load_text(brackets, strlen(brackets), "f", &err);
	tap_is_text(json_string_value(json), "[[[\"[[[",
	    "brackets in a string are no levels");
}

static void
test_lines(void)
{
	autoerror struct error err = { 0 };
	autofree char *deep = nested(200);
	tap_ok(json_load_line("[1", 2, "f", 7, &err) == NULL,
	    "a line that is no JSON is refused");
	tap_is_text(error_text(&err), "f:7:2: ']' expected near end of file",
	    "the error has the number of the line");
	error_release(&err);
	tap_ok(json_load_line(deep, 400, "f", 7, &err) == NULL,
	    "a line nested too deeply is refused");
	tap_is_text(error_text(&err), "f:7:129: nested deeper than 128 levels",
	    "the error has the number of the deep line");
}

static void
expect_number(const char *text, const char *want)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	autojson json_t *json = json_load_text(text, strlen(text), "n", &err);
	json_number_text(json, &got);
	tap_is_text(str_text(&got), want, "%s", text);
	autojson json_t *again =
	    json_load_text(str_text(&got), got.len, "n", &err);
	tap_ok(json_equal(json, again), "the number reads back the same");
}

static void
test_numbers(void)
{
	expect_number("0", "0");
	expect_number("-7", "-7");
	expect_number("9223372036854775807", "9223372036854775807");
	expect_number("-9223372036854775808", "-9223372036854775808");
	expect_number("1.50", "1.5");
	expect_number("0.1", "0.1");
	expect_number("5.0", "5.0");
	expect_number("-0.0", "-0.0");
	expect_number("100.0", "100.0");
	expect_number("1e3", "1000.0");
	expect_number("1e15", "1e15");
	expect_number("1E+22", "1e22");
	expect_number("1.5e-7", "1.5e-7");
	expect_number("0.30000000000000004", "0.30000000000000004");
	expect_number("123456789012345678.0", "1.2345678901234568e17");
	expect_number("5e-324", "5e-324");
	expect_number("2.2250738585072014e-308", "2.2250738585072014e-308");
	expect_number("1.7976931348623157e308", "1.7976931348623157e308");
}

/* Random bits of doubles: what is printed reads back the same. */
static void
test_random_numbers(void)
{
	size_t wrong = 0, longer = 0;
	uint64_t state = 88172645463325252u;
	for (int i = 0; i < 200000; i++) {
		double value;
		char plain[40];
		autostr struct str got = { 0 };
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(&value, &state, sizeof(value));
		autojson json_t *json = json_real(value);
		if (json == NULL)
			continue; /* no number */
		json_number_text(json, &got);
		wrong += strtod(str_text(&got), NULL) != value;
		snprintf(plain, sizeof(plain), "%.17g", value);
		longer += got.len > strlen(plain) + 4;
	}
	tap_is_int((long long)wrong, 0, "random reals read back the same");
	tap_is_int(
	    (long long)longer, 0, "random reals are not printed too long");
}

static void
expect_print(const char *text, const char *plain, const char *sorted,
    const char *pretty, const char *as_text)
{
	autoerror struct error err = { 0 };
	autojson json_t *json = json_load_text(text, strlen(text), "p", &err);
	autostr struct str got = { 0 };
	json_compact(json, &got, false);
	tap_is_text(str_text(&got), plain, "it prints on one line: %s", text);
	str_clear(&got);
	json_compact(json, &got, true);
	tap_is_text(str_text(&got), sorted, "it prints with sorted keys");
	str_clear(&got);
	json_pretty(json, &got);
	tap_is_text(str_text(&got), pretty, "it prints on several lines");
	str_clear(&got);
	json_text_of(json, &got);
	tap_is_text(str_text(&got), as_text, "it has its form as text");
}

static void
test_printing(void)
{
	expect_print("{\"b\":[1,{\"z\":null,\"y\":true}],\"a\":{},\"B\":[]}",
	    "{\"b\":[1,{\"z\":null,\"y\":true}],\"a\":{},\"B\":[]}",
	    "{\"B\":[],\"a\":{},\"b\":[1,{\"y\":true,\"z\":null}]}",
	    "{\n  \"B\": [],\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n"
	    "      \"y\": true,\n      \"z\": null\n    }\n  ]\n}",
	    "{\"B\":[],\"a\":{},\"b\":[1,{\"y\":true,\"z\":null}]}");
	expect_print("[\"x\",\"y z\"]", "[\"x\",\"y z\"]", "[\"x\",\"y z\"]",
	    "[\n  \"x\",\n  \"y z\"\n]", "x, y z");
	expect_print("[]", "[]", "[]", "[]", "");
	expect_print("null", "null", "null", "null", "");
	expect_print("false", "false", "false", "false", "false");
	expect_print("[1.10]", "[1.1]", "[1.1]", "[\n  1.1\n]", "[1.1]");
	expect_print("\"a\\\"\\\\\\n\\t\\r\\u0001\\u00e4\\u007f/\"",
	    "\"a\\\"\\\\\\n\\t\\r\\u0001\xc3\xa4\x7f/\"",
	    "\"a\\\"\\\\\\n\\t\\r\\u0001\xc3\xa4\x7f/\"",
	    "\"a\\\"\\\\\\n\\t\\r\\u0001\xc3\xa4\x7f/\"",
	    "a\"\\\n\t\r\x01\xc3\xa4\x7f/");
	autostr struct str got = { 0 };
	autojson json_t *nul = json_stringn("a\0b", 3);
	json_compact(nul, &got, true);
	tap_is_text(str_text(&got), "\"a\\u0000b\"", "NUL is escaped");
	str_clear(&got);
	json_text_of(nul, &got);
	tap_is_int((long long)got.len, 3, "the text form keeps NUL");
	str_clear(&got);
	json_text_of(NULL, &got);
	tap_is_int((long long)got.len, 0, "a missing value is no text");
}

/* Each of the 2^n bytes and pairs of bytes makes a string that is UTF-8. */
static void
test_lossy(void)
{
	size_t wrong = 0;
	for (unsigned i = 0; i < 65536; i++) {
		char bytes[] = { 'x', (char)(i >> 8), (char)i };
		autojson json_t *json = json_string_lossy(bytes, 3);
		autojson json_t *checked = json_stringn(
		    json_string_value(json), json_string_length(json));
		wrong += json == NULL || checked == NULL;
	}
	tap_is_int((long long)wrong, 0, "any bytes become a string");
	autojson json_t *bad = json_string_lossy("a\xff\0b", 4);
	tap_is_int((long long)json_string_length(bad), 6,
	    "NUL in a repaired string is kept");
	tap_ok(memcmp(json_string_value(bad), "a\xef\xbf\xbd\0b", 6) == 0,
	    "a byte that is not UTF-8 is replaced");
	autojson json_t *empty = json_string_lossy(NULL, 0);
	tap_is_text(
	    json_string_value(empty), "", "no bytes give an empty string");
	autojson json_t *null = json_text(NULL);
	tap_ok(json_is_null(null), "no text gives null");
}

static void
test_members(void)
{
	autojson json_t *object = json_pack("{s:s, s:I, s:b, s:f, s:n}", "t",
	    "text", "i", (json_int_t)1 << 40, "b", 1, "f", 2.5, "n");
	tap_is_text(json_get_text(object, "t"), "text",
	    "a member that is text gives it");
	tap_ok(json_get_text(object, "i") == NULL,
	    "a member that is no text gives none");
	tap_ok(json_get_text(object, "none") == NULL,
	    "a missing member gives no text");
	tap_ok(json_get_text(NULL, "t") == NULL, "no object gives no text");
	tap_is_int(json_get_int(object, "i", 7), 1LL << 40,
	    "a member that is an integer gives it");
	tap_is_int(json_get_int(object, "f", 7), 7,
	    "a real is no integer and gives the default");
	tap_is_int(json_get_int(object, "none", 7), 7,
	    "a missing member gives the default");
	tap_ok(json_get_bool(object, "b", false),
	    "a member that is a boolean gives it");
	tap_ok(json_get_bool(object, "i", true),
	    "a member that is no boolean gives the default");
	tap_ok(json_is_null(json_get(object, "n")),
	    "a member that is null is found");
	tap_ok(
	    json_get(object, "none") == NULL, "a missing member is not found");
	json_set_text(object, "t", NULL);
	tap_ok(
	    json_is_null(json_get(object, "t")), "setting no text sets null");
	json_set_text(object, "t", "\xff");
	tap_is_text(json_get_text(object, "t"), "\xef\xbf\xbd",
	    "setting text repairs what is not UTF-8");
	autojson json_t *duration = json_duration(61005);
	tap_is_int(json_get_int(duration, "secs", 0), 61,
	    "a duration has its whole seconds");
	tap_is_int(json_get_int(duration, "nanos", 0), 5000000,
	    "a duration has the rest in nanoseconds");
}

int
main(void)
{
	json_init();
	test_errors();
	test_file();
	test_depth();
	test_lines();
	test_numbers();
	test_random_numbers();
	test_printing();
	test_lossy();
	test_members();
	return tap_done();
}
