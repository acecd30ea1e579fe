/* SPDX-License-Identifier: MIT */
/* Head and tail of long outputs. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "proc/excerpt.h"

struct test {
	const char *in;
	size_t head;
	size_t tail;
	const char *want;
	unsigned dropped;
};

static const struct test tests[] = {
	{ "", 4, 4, "", 0 },
	{ "abcdefgh", 4, 4, "abcdefgh", 0 },
	{ "abcd", 4, 0, "abcd", 0 },
	{ "abcdefghi", 4, 4, "abcd\n[... 1 bytes left out ...]\nfghi", 1 },
	{ "abcdefghi", 4, 0, "abcd\n[... 5 bytes left out ...]\n", 5 },
	{ "abcdefghi", 0, 4, "\n[... 5 bytes left out ...]\nfghi", 5 },
	{ "abc", 0, 0, "\n[... 3 bytes left out ...]\n", 3 },
	{ "0123456789abcdefghijklmnopqrstuvwxyz", 3, 5,
	    "012\n[... 28 bytes left out ...]\nvwxyz", 28 },
	{ "one two\nthree\nfour\n5\nsix seven", 9, 11,
	    "one two\n[... 13 bytes left out ...]\nsix seven", 13 },
	{ "a\nb c d e f g h i j k l m n o p\nq", 8, 8,
	    "a\nb c d \n[... 17 bytes left out ...]\n n o p\nq", 17 },
	{ "a\xc3\xa9-\xc3\xa9z", 2, 2, "a\n[... 5 bytes left out ...]\nz", 5 },
	{ "a\xf0\x9f\x98\x80-\xf0\x9f\x98\x80z", 4, 4,
	    "a\n[... 9 bytes left out ...]\nz", 9 },
	{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 4, 4,
	    "\x80\x80\x80\x80\n[... 2 bytes left out ...]\n"
	    "\x80\x80\x80\x80",
	    2 },
};

/* In pieces of every size, the result is the same. */
static void
check(const struct test *test)
{
	size_t len = strlen(test->in);
	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct excerpt excerpt = { .head_limit = test->head,
			.tail_limit = test->tail };
		autostr struct str out = { 0 };
		for (size_t at = 0; at < len; at += piece)
			excerpt_add(&excerpt, test->in + at,
			    len - at < piece ? len - at : piece);
		excerpt_text(&excerpt, &out);
		if (!str_is(&out, test->want) ||
		    excerpt_dropped(&excerpt) != test->dropped ||
		    excerpt.total != len)
			tap_ok(false, "\"%s\" in pieces of %zu: \"%s\"",
			    test->in, piece, str_text(&out));
		excerpt_release(&excerpt);
	}
	tap_ok(true, "\"%s\" with limits %zu and %zu", test->in, test->head,
	    test->tail);
}

static void
test_memory(void)
{
	struct excerpt excerpt = { .head_limit = 1000, .tail_limit = 1000 };
	char bytes[777];
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 100000; i++)
		excerpt_add(&excerpt, bytes, sizeof(bytes));
	tap_is_int((long long)excerpt.total, 77700000, "total counts all");
	tap_ok(excerpt.head.cap + excerpt.tail.cap < 8192, "memory is bounded");
	excerpt_release(&excerpt);
	tap_is_int((long long)excerpt.head_limit, 1000,
	    "a released excerpt keeps its limits");
}

static void
test_repaired(void)
{
	struct excerpt excerpt = { .head_limit = 2, .tail_limit = 2 };
	autostr struct str out = { 0 };
	excerpt_add(&excerpt, "a\xc3\xa9-\xc3\xa9z", 7);
	tap_ok(!excerpt_repaired(&excerpt, &out),
	    "a character on the edge of the gap needs no repair");
	excerpt_release(&excerpt);
	str_clear(&out);
	excerpt_add(&excerpt, "\xe9", 1);
	tap_ok(excerpt_repaired(&excerpt, &out), "a repair is told");
	tap_is_text(str_text(&out), "\xef\xbf\xbd", "it is U+FFFD");
	excerpt_release(&excerpt);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		check(&tests[i]);
	test_memory();
	test_repaired();
	return tap_done();
}
