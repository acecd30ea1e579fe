/* SPDX-License-Identifier: MIT */
/* Regular expressions: what they find and that they end. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/regex.h"

#define PATIENCE_MS 20000 /* also with sanitizers on a busy machine */

/* "start-end", "none" or the error. */
static void
expect(const char *pattern, const char *subject, const char *want)
{
	autoerror struct error err = { 0 };
	autofree char *got = NULL;
	bool found = false;
	size_t start = 0, end = 0;
	struct regex *regex = regex_new(pattern, &err);
	if (regex != NULL &&
	    regex_find(
		regex, subject, strlen(subject), &found, &start, &end, &err))
		got = found ? mem_format("%zu-%zu", start, end)
			    : mem_text("none");
	else
		got = mem_text(error_text(&err));
	tap_is_text(got, want, "%.40s in %.40s", pattern, subject);
	regex_free(regex);
}

static void
test_search(void)
{
	expect("b", "abc", "1-2");
	expect("^b", "abc", "none");
	expect("a(b)c", "xabc", "2-3");
	expect("a(b)?c", "xac", "1-3");
	expect("(?:x)(y)|z", "z", "0-1");
	expect("", "abc", "0-0");
	expect("\\d{2,}", "a1b23", "3-5");
	expect("\\bfoo\\b", "a foo!", "2-5");
	expect("(?i)FOO", "afoo", "1-4");
	expect("a.*?c", "abcc", "0-3");
	expect("\\w+", "\xc3\xa4h!", "0-3");
	expect("^.$", "\xc3\xa4", "0-2");
	expect("\\p{Lu}", "a\xc3\x84", "1-3");
	expect("[[:alpha:]]+", "12ab", "2-4");
	expect("x\\Ky", "axy", "2-3");
	expect("\\x{110000}", "a",
	    "'\\x{110000}' at character 10: regular expression: character "
	    "code point value in \\x{} or \\o{} is too large");
	expect("a(b", "a",
	    "'a(b' at character 4: regular expression: missing closing "
	    "parenthesis");
	expect("a\\C", "a",
	    "'a\\C' at character 4: regular expression: using \\C is disabled "
	    "by the application");
	expect("\xff", "a",
	    "'\xff' at character 1: regular expression: UTF-8 error: illegal "
	    "byte (0xfe or 0xff)");
}

static char *
repeated(const char *head, const char *middle, size_t n, const char *tail)
{
	autostr struct str text = { 0 };
	str_add(&text, head);
	for (size_t i = 0; i < n; i++)
		str_add(&text, middle);
	str_add(&text, tail);
	return str_take(&text);
}

static void
test_patterns(void)
{
	autofree char *longest = repeated("", "a", REGEX_PATTERN_LIMIT, "");
	autofree char *longer = repeated("", "a", REGEX_PATTERN_LIMIT + 1, "");
	autofree char *deep = repeated("", "(", 64, "");
	autofree char *good = repeated(deep, ")", 64, "");
	autofree char *deeper = repeated("", "(", 4000, "");
	autofree char *huge = repeated("", "(", 3, "");
	autofree char *bomb =
	    repeated(huge, "a{1,100}){1,100}){1,100})b", 1, "");
	autoerror struct error err = { 0 };
	expect(longest, "b", "none");
	expect(longer, "b", "regular expression is longer than 4096 bytes");
	expect(good, "b", "0-0");
	struct regex *regex = regex_new(deeper, &err);
	tap_ok(regex == NULL && err.kind == ERROR_INPUT,
	    "a pattern nested too deeply is refused");
	tap_ok(strstr(error_text(&err), "too deeply nested") != NULL,
	    "the error says it is nested too deeply");
	error_release(&err);
	regex_free(regex);
	regex = regex_new(bomb, &err);
	tap_ok(regex == NULL,
	    "a pattern that expands without end is refused: %s",
	    error_text(&err));
	regex_free(regex);
}

static void
expect_bounded(const char *pattern, const char *subject, bool fails)
{
	autoerror struct error err = { 0 };
	bool found = true;
	int64_t start = clock_now();
	struct regex *regex = regex_new(pattern, &err);
	bool ok = regex != NULL &&
	    regex_search(regex, subject, strlen(subject), &found, &err);
	int64_t took = clock_now() - start;
	tap_ok(ok == !fails, "%s in %zu bytes: %s", pattern, strlen(subject),
	    ok ? "ends" : error_text(&err));
	tap_ok(took < PATIENCE_MS, "the search has ended in time, in %lld ms",
	    (long long)took);
	regex_free(regex);
}

/* Patterns whose time grows with a power of the length, or worse. */
static void
test_time(void)
{
	autofree char *letters = repeated("", "a", REGEX_SUBJECT_LIMIT, "");
	autofree char *words = repeated("", "foo bar ", 100000, "");
	autofree char *few = repeated("", "a", 40, "");
	expect_bounded("(a|a)*b", letters, false);
	expect_bounded("^(a|a)*$", letters, true);
	expect_bounded("(a+)+[bc]", letters, true);
	expect_bounded("\\w+\\s", letters, true);
	expect_bounded("a+c?d|\\bb", letters, true);
	expect_bounded("a.{0,60000}[bc]", letters, true);
	expect_bounded("(?:a?){40}a{40}$", few, true);
	expect_bounded("foo.*baz", words, false);
	expect_bounded("(\\w+) (\\w+) quux", words, false);
	expect_bounded("[a-z]+;", words, false);
	expect_bounded(".*ar $", words, false);
}

static void
test_subject(void)
{
	autoerror struct error err = { 0 };
	autofree char *letters = repeated("", "a", REGEX_SUBJECT_LIMIT + 1, "");
	bool found = false;
	struct regex *regex = regex_new("b\\x00c", &err);
	tap_ok(regex_search(regex, "ab\0c", 4, &found, &err) && found,
	    "NUL is a character");
	tap_ok(!regex_search(
		   regex, letters, REGEX_SUBJECT_LIMIT + 1, &found, &err),
	    "a text that is too long is refused");
	tap_is_text(error_text(&err),
	    "a text of 1048577 bytes is too long for a regular expression",
	    "the error says how long the text is");
	error_release(&err);
	tap_ok(!regex_search(regex, "a\xff", 2, &found, &err) && !found,
	    "a text that is not UTF-8 is refused");
	regex_free(regex);
	regex_free(NULL);
}

int
main(void)
{
	test_search();
	test_patterns();
	test_time();
	test_subject();
	return tap_done();
}
