/* SPDX-License-Identifier: MIT */
/* Lines out of pieces. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "proc/lines.h"

struct test {
	const char *in;
	const char *want; /* each line in brackets */
	unsigned dropped;
};

/* The limit of a line is 5. */
static const struct test tests[] = {
	{ "", "", 0 },
	{ "\n", "[]", 0 },
	{ "a\nbc\n", "[a][bc]", 0 },
	{ "a\nbc", "[a][bc]", 0 },
	{ "a\n\n\nb\n", "[a][][][b]", 0 },
	{ "12345\n", "[12345]", 0 },
	{ "12345", "[12345]", 0 },
	{ "123456\n", "", 1 },
	{ "123456", "", 1 },
	{ "a\n1234567890123\nb\n123456\n\nc", "[a][b][][c]", 2 },
	{ "\r\n", "[\r]", 0 },
};

static void
add_line(const char *line, size_t len, void *arg)
{
	struct str *out = arg;
	str_add_char(out, '[');
	str_add_n(out, line, len);
	str_add_char(out, ']');
}

static void
check(const struct test *test)
{
	size_t len = strlen(test->in);
	for (size_t piece = 1; piece <= len + 1; piece++) {
		autostr struct str out = { 0 };
		struct lines lines = {
			.fn = add_line, .arg = &out, .limit = 5
		};
		for (size_t at = 0; at < len; at += piece)
			lines_add(&lines, test->in + at,
			    len - at < piece ? len - at : piece);
		lines_end(&lines);
		if (!str_is(&out, test->want) || lines.dropped != test->dropped)
			tap_ok(false,
			    "\"%s\" in pieces of %zu: %s, %ju dropped",
			    test->in, piece, str_text(&out),
			    (uintmax_t)lines.dropped);
		lines_release(&lines);
	}
	tap_ok(true, "lines %s, %u dropped", test->want, test->dropped);
}

static void
count_nul(const char *line, size_t len, void *arg)
{
	unsigned *n = arg;
	for (size_t i = 0; i < len; i++)
		*n += line[i] == '\0';
}

static void
test_hostile(void)
{
	unsigned n = 0;
	struct lines lines = { .fn = count_nul, .arg = &n };
	static char block[65536];
	lines_add(&lines, "a\0b\n\0", 5);
	lines_end(&lines);
	tap_is_int(n, 2, "NUL bytes pass");
	n = 0;
	for (int i = 0; i < 1600; i++)
		lines_add(&lines, block, sizeof(block));
	lines_add(&lines, "\nend", 4);
	lines_end(&lines);
	tap_is_int((long long)lines.dropped, 1, "100 MB without a newline");
	tap_is_int(n, 0, "are not passed on");
	tap_ok(lines.partial.cap < 65536 * 2, "nor kept in memory");
	lines_release(&lines);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		check(&tests[i]);
	test_hostile();
	return tap_done();
}
