/* SPDX-License-Identifier: MIT */
/* Tests of text from outside. */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define BAD "\xef\xbf\xbd"

static void
repaired(void)
{
	static const char *const pairs[] = { "abc", "abc", "\xc3\xa4",
		"\xc3\xa4",
		"a\xff"
		"b",
		"a" BAD "b", "\xc3", BAD, "\xc0\x80", BAD BAD, "\xe2\x82", BAD,
		"\xe2\x82\xac", "\xe2\x82\xac",
		"\xe2\x82"
		"a",
		BAD "a", "\xed\xa0\x80", BAD BAD BAD, "\xf0\x9f\x98\x80",
		"\xf0\x9f\x98\x80", "\xf0\x9f\x98", BAD, "\xf4\x90\x80\x80",
		BAD BAD BAD BAD, "\xf0\x80\x80\x80", BAD BAD BAD BAD,
		"\xe0\x9f\xbf", BAD BAD BAD, "\x80", BAD, "\xf8\x88\x80",
		BAD BAD BAD, "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" };
	for (size_t i = 0; i < COUNT_OF(pairs); i += 2) {
		autostr struct str out = { 0 };
		size_t len = strlen(pairs[i]);
		text_repair(&out, pairs[i], len);
		tap_is_text(str_text(&out), pairs[i + 1],
		    "bytes of case %zu are repaired", i / 2);
		tap_ok(text_is_utf8(out.data, out.len),
		    "what is repaired is UTF-8");
		tap_ok(text_is_utf8(pairs[i], len) ==
			(strcmp(pairs[i], pairs[i + 1]) == 0),
		    "bytes are UTF-8 when repairing keeps them");
	}
	autostr struct str out = { 0 };
	text_repair(&out, "a\0b", 3);
	tap_is_int((long long)out.len, 3, "NUL is a character");
	tap_ok(text_is_utf8("", 0), "no bytes are UTF-8");
}

/* Random bytes: always repaired to UTF-8, and repaired text stays. */
static void
repaired_noise(void)
{
	bool valid = true, stable = true, harmless = true;
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		autostr struct str once = { 0 };
		autostr struct str twice = { 0 };
		autostr struct str seen = { 0 };
		unsigned char bytes[12];
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)(random() >> 7);
		text_repair(&once, bytes, sizeof(bytes));
		text_repair(&twice, once.data, once.len);
		text_visible(&seen, bytes, sizeof(bytes), true);
		valid = valid && text_is_utf8(once.data, once.len);
		stable = stable &&
		    str_is(&twice, once.data) ==
			(memchr(once.data, 0, once.len) == NULL);
		harmless = harmless && text_is_utf8(seen.data, seen.len);
		for (size_t i = 0; i < seen.len; i++)
			harmless = harmless &&
			    (unsigned char)seen.data[i] >= 0x20 &&
			    seen.data[i] != 0x7f;
	}
	tap_ok(valid, "noise is repaired to UTF-8");
	tap_ok(stable, "what is repaired stays");
	tap_ok(harmless, "no control character becomes visible");
}

static void
visible(void)
{
	static const struct {
		const char *text, *lines, *line;
	} cases[] = {
		{ "plain \\ text", "plain \\ text", "plain \\ text" },
		{ "a\n\tb", "a\n\tb", "a\\n\\tb" },
		{ "\033[31m", "\\e[31m", "\\e[31m" },
		{ "a\rb\bc\a", "a\\rb\\x08c\\x07", "a\\rb\\x08c\\x07" },
		{ "\x7f", "\\x7f", "\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		    "\\x9b31m", "\\x9b31m" },
		{ "\x9b", "\\x9b", "\\x9b" },
		{ "\xe2\x82", "\\xe2\\x82", "\\xe2\\x82" },
		{ "\xe2\x80\xae"
		  "x",
		    "\\u202ex", "\\u202ex" },
		{ "\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069",
		    "\\u2066\\u2069" },
		{ "\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u200e\\u200f\\u061c",
		    "\\u200e\\u200f\\u061c" },
		{ "\xe2\x80\x90\xc3\xa4\xf0\x9f\x98\x80",
		    "\xe2\x80\x90\xc3\xa4\xf0\x9f\x98\x80",
		    "\xe2\x80\x90\xc3\xa4\xf0\x9f\x98\x80" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autostr struct str lines = { 0 };
		autostr struct str line = { 0 };
		size_t len = strlen(cases[i].text);
		text_visible(&lines, cases[i].text, len, false);
		text_visible(&line, cases[i].text, len, true);
		tap_is_text(str_text(&lines), cases[i].lines,
		    "text %zu is visible in lines", i);
		tap_is_text(str_text(&line), cases[i].line,
		    "text %zu is visible in one line", i);
	}
	autostr struct str out = { 0 };
	text_visible(&out, "a\0b", 3, false);
	tap_is_text(str_text(&out), "a\\x00b", "a NUL is made visible");
}

static void
visible_json(void)
{
	static const char json[] =
	    "{\"a\x7f\": \"\xc2\x9b"
	    "31m\xe2\x80\xaex\xe2\x81\xa6\xd8\x9c\",\n \"b\": \"\\u001b "
	    "\xc3\xa4\xe2\x80\x90\xf0\x9f\x98\x80\"}\n";
	static const char want[] =
	    "{\"a\\u007f\": \"\\u009b31m\\u202ex\\u2066\\u061c\",\n"
	    " \"b\": \"\\u001b \xc3\xa4\xe2\x80\x90\xf0\x9f\x98\x80\"}\n";
	autostr struct str out = { 0 };
	text_visible_json(&out, json, strlen(json));
	tap_is_text(str_text(&out), want,
	    "controls in JSON are escaped as JSON has it, and nothing else");
}

/* Two megabytes in time that only a linear algorithm meets. */
static void
linear(void)
{
	size_t len = (size_t)1 << 21;
	autofree char *bytes = mem_zalloc(len + 1);
	autostr struct str out = { 0 };
	memset(bytes, 'x', len);
	int64_t before = clock_now();
	tap_is_int((long long)text_width(bytes), (long long)len,
	    "a long text is measured");
	text_fit(&out, bytes, 10, true);
	tap_is_text(
	    str_text(&out), "xxxxxxx...", "a long text is cut to columns");
	str_clear(&out);
	memset(bytes, 0xf0, len);
	text_repair(&out, bytes, len);
	tap_is_int(
	    (long long)out.len, 3 * (long long)len, "a long text is repaired");
	str_clear(&out);
	text_visible(&out, bytes, len, true);
	tap_is_int((long long)out.len, 4 * (long long)len,
	    "a long text is made visible");
	int64_t took = clock_now() - before;
	tap_ok(took < 30000, "two megabytes take little time (%lld ms)",
	    (long long)took);
}

static void
widths(void)
{
	static const struct {
		const char *text;
		size_t width;
	} cases[] = { { "", 0 }, { "abc", 3 }, { "\xc3\xa4", 1 },
		{ "\xe6\xbc\xa2\xe5\xad\x97", 4 }, { "e\xcc\x81", 1 },
		{ "\xf0\x9f\x98\x80", 2 }, { "\xff\xfe", 2 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		tap_is_int((long long)text_width(cases[i].text),
		    (long long)cases[i].width, "text %zu has its width", i);
}

static void
fitted(void)
{
	static const struct {
		const char *text;
		size_t columns;
		bool ascii;
		const char *want;
	} cases[] = { { "abc", 3, true, "abc" }, { "abcd", 3, true, "..." },
		{ "abcdef", 5, true, "ab..." }, { "abcdef", 2, true, "" },
		{ "abcdef", 4, false, "abc\xe2\x80\xa6" },
		{ "abcdef", 1, false, "\xe2\x80\xa6" },
		{ "abcdef", 0, false, "" }, { "", 0, false, "" },
		{ "\xe6\xbc\xa2\xe5\xad\x97x", 4, false,
		    "\xe6\xbc\xa2\xe2\x80\xa6" } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autostr struct str out = { 0 };
		text_fit(&out, cases[i].text, cases[i].columns, cases[i].ascii);
		tap_is_text(str_text(&out), cases[i].want,
		    "text %zu is cut to its columns", i);
	}
}

static void
quoted(void)
{
	static const char *const pairs[] = { "", "''", "abc", "'abc'", "it's",
		"'it'\\''s'", "$(x) `y` \\ \" \n", "'$(x) `y` \\ \" \n'", "''",
		"''\\'''\\'''", "-rf", "'-rf'" };
	for (size_t i = 0; i < COUNT_OF(pairs); i += 2) {
		autostr struct str out = { 0 };
		text_shell_quote(&out, pairs[i]);
		tap_is_text(str_text(&out), pairs[i + 1],
		    "text %zu is one word of a shell", i / 2);
	}
}

static void
nearest(void)
{
	static const char *const words[] = { "run", "resume", "checkpoints",
		"dlq", "x", NULL };
	char huge[1000];
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	tap_is_text(text_nearest("resum", words), "resume",
	    "a word that lacks a letter is recognized");
	tap_is_text(text_nearest("resmue", words), "resume",
	    "so is one with two letters swapped");
	tap_is_text(text_nearest("chekpoint", words), "checkpoints",
	    "so is one with more mistakes");
	tap_is_text(
	    text_nearest("run", words), "run", "a word is nearest to itself");
	tap_is_text(text_nearest("rum", words), "run",
	    "a short word may have one mistake");
	tap_is_text(text_nearest("rnu", words), "run",
	    "so may one with two letters swapped");
	tap_is_text(text_nearest("banana", words), NULL,
	    "a word like no other is near to none");
	tap_is_text(text_nearest("y", words), NULL,
	    "a word of one letter is near to no other");
	tap_is_text(
	    text_nearest("", words), NULL, "the empty word is near to none");
	tap_is_text(text_nearest(huge, words), NULL,
	    "a word that is too long is near to none");
}

/* Cuts at every limit: what is left is UTF-8, and no character too short. */
static void
cut(const char *text)
{
	size_t len = strlen(text);
	for (size_t limit = 0; limit <= len + 1; limit++) {
		size_t end = text_cut(text, len, limit);
		size_t start = text_tail(text, len, limit);
		bool all = limit >= len;
		tap_ok(end <= limit && text_is_utf8(text, end) &&
			(all ? end == len : end + 4 > limit),
		    "a prefix of '%s' within %zu bytes is cut between"
		    " characters",
		    text, limit);
		tap_ok(len - start <= limit &&
			text_is_utf8(text + start, len - start) &&
			(all ? start == 0 : len - start + 4 > limit),
		    "so is a suffix");
	}
}

static void
cuts(void)
{
	static const char odd[] = "\x80\x80\x80\x80\x80\x80\x80\x80";
	cut("");
	cut("abc");
	cut("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
	cut("\xf0\x9f\x98\x80");
	tap_is_int((long long)text_count("a\xc3\xa4\xe2\x82\xac", 6), 3,
	    "characters are counted, not bytes");
	tap_is_int(
	    (long long)text_count(NULL, 0), 0, "no bytes have no characters");
	tap_is_int((long long)text_cut("\xc3\xa4\xc3\xa4", 4, 3), 2,
	    "the character that does not fit is left out");
	tap_is_int((long long)text_tail("\xc3\xa4\xc3\xa4", 4, 3), 2,
	    "at the front, too");
	tap_is_int((long long)text_cut(odd, 8, 6), 6,
	    "bytes that are no characters are cut at the limit");
	tap_is_int(
	    (long long)text_tail(odd, 8, 6), 2, "from the other end, too");
}

/* A text in two pieces: what is whole of each, and what is between. */
static void
pieces(void)
{
	static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const char odd[] = "\x80\x80\x80\x80\xff";
	size_t len = strlen(text);
	size_t wrong = 0;
	for (size_t at = 0; at <= len; at++) {
		size_t whole = text_whole(text, at);
		size_t rest = text_rest(text + at, len - at);
		wrong += !text_is_utf8(text, whole) || whole + 3 < at ||
		    !text_is_utf8(text + at + rest, len - at - rest);
	}
	tap_is_int((long long)wrong, 0, "pieces are made of whole characters");
	tap_is_int((long long)text_whole(odd, 5), 5,
	    "bytes that are no characters are whole");
	tap_is_int((long long)text_rest(odd, 5), 0,
	    "and belong to no character before");
}

static void
checked(void)
{
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	tap_ok(text_check("x", "a\xc3\xa4", 3, &err), "UTF-8 is accepted");
	tap_ok(!text_check("x", "a\tb\xff", 4, &err), "other text is not");
	tap_is_text(error_text(&err),
	    "x is not UTF-8: byte 4 of 4 is 0xff: a\\tb\\xff",
	    "the first byte that is wrong is named, and the text shown");
	error_release(&err);
	while (text.len < 10000)
		str_add(&text, "word ");
	str_add(&text, "\xc3");
	tap_ok(!text_check("x", text.data, text.len, &err) &&
		strlen(error_text(&err)) < 400 &&
		strstr(error_text(&err), "10001 of 10001 is 0xc3") != NULL,
	    "of a long text the part around it is shown");
}

static void
names(void)
{
	tap_ok(text_is_name("_a9Z", 4), "letters, digits and _ are a name");
	tap_ok(!text_is_name("9a", 2), "a name does not begin with a digit");
	tap_ok(!text_is_name("", 0), "nothing is no name");
	tap_ok(!text_is_name("a-b", 3), "a name has no -");
	tap_ok(!text_is_name("\xc3\xa4", 2), "a name is ASCII");
	tap_ok(
	    text_is_name("a-b", 1), "only the bytes that count are looked at");
	tap_ok(!text_is_name("a\0b", 3), "a NUL is not part of a name");
	tap_ok(text_is_name_char('9') && !text_is_name_char('\0'),
	    "a digit may stand in a name, a NUL may not");
	tap_ok(text_is_blank(' ') && text_is_blank('\t') &&
		text_is_blank('\n') && text_is_blank('\r'),
	    "space, tab, newline and carriage return are blanks");
	tap_ok(!text_is_blank('\0') && !text_is_blank('\v') &&
		!text_is_blank('\xa0'),
	    "other white space is not");
}

static void
trimmed(const char *text, const char *want)
{
	autofree char *copy = mem_text(text);
	tap_is_text(text_trim(copy), want, "blanks at both ends are removed");
}

static void
ends(void)
{
	tap_ok(
	    text_starts_with("abc", "ab"), "a text starts with its beginning");
	tap_ok(text_starts_with("abc", ""), "every text starts with nothing");
	tap_ok(!text_starts_with("a", "ab"),
	    "a shorter text does not start with a longer");
	tap_ok(text_ends_with("abc", "bc"), "a text ends with its end");
	tap_ok(text_ends_with("abc", ""), "every text ends with nothing");
	tap_ok(!text_ends_with("c", "bc"),
	    "a shorter text does not end with a longer");
	trimmed(" \t a b\r\n", "a b");
	trimmed("a", "a");
	trimmed(" \n ", "");
	trimmed("", "");
	trimmed("\xc2\xa0x", "\xc2\xa0x");
}

int
main(void)
{
	repaired();
	repaired_noise();
	visible();
	visible_json();
	linear();
	if (setlocale(LC_CTYPE, "C.UTF-8") != NULL) {
		widths();
		fitted();
	} else {
		tap_skip("no locale C.UTF-8");
	}
	quoted();
	nearest();
	cuts();
	pieces();
	checked();
	names();
	ends();
	return tap_done();
}
