/* SPDX-License-Identifier: MIT */
/* Tests of values that are given as text. */
#include "config.h"

#include <stdlib.h>

#include "../tap.h"
#include "workflow/value.h"

static void
durations(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = { { "500ms", 500 }, { "30s", 30000 }, { "5m", 300000 },
		{ "1h30m", 5400000 }, { "1h 30m 5s", 5405000 },
		{ "2d", 172800000 }, { "1w", 604800000 },
		{ "5 minutes", 300000 }, { "1 hour", 3600000 },
		{ "2hrs", 7200000 }, { "1.5h", 5400000 }, { ".5s", 500 },
		{ "0.1s", 100 }, { "1.0004s", 1000 }, { "600", 600000 },
		{ "600 ", 600000 }, { "2.5", 2500 },
		{ "366d", VALUE_TIMEOUT_LIMIT } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autoerror struct error err = { 0 };
		int64_t ms = -1;
		tap_ok(value_timeout(cases[i].text, &ms, &err),
		    "'%s' is a duration", cases[i].text);
		tap_is_int(ms, cases[i].ms, "of so many milliseconds");
	}
}

static void
refuse(const char *text, const char *want)
{
	autoerror struct error err = { 0 };
	int64_t ms = -1;
	tap_ok(!value_timeout(text, &ms, &err) && ms == -1 &&
		err.kind == ERROR_INPUT,
	    "'%s' is refused as a duration", text);
	if (want != NULL)
		tap_is_text(error_text(&err), want, "and the message says why");
}

static void
no_durations(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "'' is not a duration such as 500ms, 30s, 5m or 1h30m" },
		{ "1h30", "'1h30' lacks a unit (ms, s, m, h, d, w)" },
		{ "9000000000001s", "'9000000000001s' is too long" },
		{ "5000000000000s5000000000000s",
		    "'5000000000000s5000000000000s' is too long" },
		{ "0", "a timeout must be more than 0, not \"0\"" },
		{ "0s", "a timeout must be more than 0, not \"0s\"" },
		{ "367d", "a timeout of more than a year: \"367d\"" },
		{ "9000000000000s",
		    "a timeout of more than a year: \"9000000000000s\"" },
	};
	static const char *const wrong[] = { "s", " 5s", "-5s", "+5s", "5x",
		"5S", ".", ".s", "1e3s", "0x10s", "infs", "nan", "5s-", "1,5s",
		"5sm", "5 5s", "1.2.3s", "1000000000000000000000",
		"5averyveryverylongunitname", "5 \xc2\xb5s" };
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refuse(cases[i].text, cases[i].want);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		refuse(wrong[i], NULL);
}

static void
sizes(void)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} cases[] = { { "0", 0 }, { "1048576", 1048576 }, { "10B", 10 },
		{ "500MB", 500000000 }, { "500 MB", 500000000 },
		{ "2GiB", 2147483648 }, { "2G", 2147483648 },
		{ "1.5g", 1610612736 }, { "1kB", 1000 }, { "1K", 1024 },
		{ "1Ti", 1099511627776 }, { "2gb", 2000000000 },
		{ "0.5MiB", 524288 } };
	static const char *const wrong[] = { "", "B", "-1", "+1", ".5G", "1.",
		"1.G", "1x", "1GB/s", "1 G B", "1e9", "0x10", "1BB", "1iB",
		"999999999999999999999", "2000000TB" };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autoerror struct error err = { 0 };
		int64_t bytes = -1;
		tap_ok(value_bytes(cases[i].text, &bytes, &err),
		    "'%s' is a size", cases[i].text);
		tap_is_int(bytes, cases[i].bytes, "of so many bytes");
	}
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		autoerror struct error err = { 0 };
		int64_t bytes = -1;
		tap_ok(!value_bytes(wrong[i], &bytes, &err) && bytes == -1 &&
			err.kind == ERROR_INPUT,
		    "'%s' is refused as a size", wrong[i]);
	}
}

static void
variable(const char *text, const char *want)
{
	autofree char *got = value_variable(text);
	tap_is_text(got, want, "'%s' names %s", text,
	    want == NULL ? "no variable" : want);
}

static void
variables(void)
{
	variable("$NAME", "NAME");
	variable("${NAME_2}", "NAME_2");
	variable("$", NULL);
	variable("${}", NULL);
	variable("$1", NULL);
	variable("NAME", NULL);
	variable("$A B", NULL);
	variable("${A", NULL);
}

static void
parallel(void)
{
	autoerror struct error err = { 0 };
	unsigned count = 7;
	tap_ok(value_parallel("10000", &count, &err) && count == 10000,
	    "ten thousand agents at once may be asked for");
	tap_ok(!value_parallel("10001", &count, &err) && count == 10000,
	    "one more may not");
	tap_is_text(error_text(&err), "must be from 1 to 10000, not 10001",
	    "the message names the limit");
	error_release(&err);
	tap_ok(!value_parallel("0", &count, &err), "none may not");
	error_release(&err);
	tap_ok(!value_parallel("2.5", &count, &err),
	    "a number of agents is whole");
}

int
main(void)
{
	durations();
	no_durations();
	sizes();
	variables();
	parallel();
	return tap_done();
}
