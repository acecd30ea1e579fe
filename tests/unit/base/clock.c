/* SPDX-License-Identifier: MIT */
/* Tests of times and durations. */
#include "config.h"

#include <stdlib.h>
#include <time.h>

#include "../tap.h"
#include "base/clock.h"

static void
shown(void)
{
	char out[CLOCK_RFC3339_SIZE], stamp[CLOCK_STAMP_SIZE];
	tap_is_text(clock_rfc3339(0, out), "1970-01-01T00:00:00.000Z",
	    "the epoch is shown");
	tap_is_text(clock_rfc3339(1769860800123, out),
	    "2026-01-31T12:00:00.123Z", "milliseconds are shown");
	tap_is_text(clock_rfc3339(-1, out), "1969-12-31T23:59:59.999Z",
	    "a time before the epoch is shown");
	tap_is_text(clock_rfc3339(INT64_MAX, out), "9999-12-31T23:59:59.999Z",
	    "a time too late is the last that can be shown");
	tap_is_text(clock_rfc3339(INT64_MIN, out), "1000-01-01T00:00:00.000Z",
	    "a time too early is the first that can be shown");
	tap_is_text(clock_stamp(1769860800123, stamp), "20260131_120000",
	    "a stamp is UTC everywhere");
}

static void
passing(void)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int64_t before = clock_now();
	nanosleep(&pause, NULL);
	int64_t passed = clock_now() - before;
	tap_ok(passed >= 19 && passed < 10000, "20 ms are %lld",
	    (long long)passed);
	tap_ok(clock_wall() > 1700000000000,
	    "the wall clock counts from the epoch");
}

static void
read_back(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-01-31T12:00:00.123Z", 1769860800123 },
		{ "2026-01-31t12:00:00.1239999999999z", 1769860800123 },
		{ "2026-01-31 12:00:00.5Z", 1769860800500 },
		{ "2026-01-31T17:30:00+05:30", 1769860800000 },
		{ "2026-01-31T04:00:00-08:00", 1769860800000 },
		{ "2024-02-29T00:00:00Z", 1709164800000 },
		{ "2016-12-31T23:59:60Z", 1483228800000 },
		{ "1969-12-31T23:59:59.999Z", -1 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t ms = 77;
		tap_ok(clock_parse_rfc3339(cases[i].text, &ms), "%s",
		    cases[i].text);
		tap_is_int(ms, cases[i].ms, "is that");
	}
}

static void
not_a_time(void)
{
	static const char *const wrong[] = { "", "2026", "2026-01-31",
		"2026-01-31T12:00:00", "2026-01-31T12:00Z",
		"2026-13-01T12:00:00Z", "2026-00-01T12:00:00Z",
		"2026-04-31T12:00:00Z", "2025-02-29T12:00:00Z",
		"2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
		"2026-01-31T12:00:61Z", "2026-01-31T12:00:00.Z",
		"2026-01-31T12:00:00Zx", "2026-01-31T12:00:00+5:30",
		"2026-01-31T12:00:00+0530", "2026-01-31T12:00:00+24:00",
		" 2026-01-31T12:00:00Z", "+026-01-31T12:00:00Z",
		"2026- 1-31T12:00:00Z", "0000-01-01T00:00:00Z",
		"2026-01-31X12:00:00Z", "20261-01-31T12:00:00Z" };
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		int64_t ms = 77;
		tap_ok(!clock_parse_rfc3339(wrong[i], &ms) && ms == 77,
		    "not a time: '%s'", wrong[i]);
	}
}

static void
durations(void)
{
	static const struct {
		const char *text;
		int64_t bare, ms;
	} cases[] = { { "500ms", 0, 500 }, { "30s", 0, 30000 },
		{ "5m", 0, 300000 }, { "1h30m", 0, 5400000 },
		{ "1h 30m 5s", 0, 5405000 }, { "2d", 0, 172800000 },
		{ "1w", 0, 604800000 }, { "5 minutes", 0, 300000 },
		{ "1 hour", 0, 3600000 }, { "2hrs", 0, 7200000 },
		{ "1.5h", 0, 5400000 }, { ".5s", 0, 500 }, { "0.1s", 0, 100 },
		{ "1.0004s", 0, 1000 }, { "600", 1000, 600000 },
		{ "600 ", 1000, 600000 }, { "0", 1000, 0 }, { "0s", 0, 0 },
		{ "2.5", 1000, 2500 },
		{ "9000000000000s", 0, 9000000000000000 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autoerror struct error err = { 0 };
		int64_t ms = -1;
		tap_ok(clock_parse_duration(
			   cases[i].text, cases[i].bare, &ms, &err),
		    "'%s'", cases[i].text);
		tap_is_int(ms, cases[i].ms, "is that");
	}
}

static void
not_a_duration(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "'' is not a duration such as 500ms, 30s, 5m or 1h30m" },
		{ "30", "'30' lacks a unit (ms, s, m, h, d, w)" },
		{ "1h30", "'1h30' lacks a unit (ms, s, m, h, d, w)" },
		{ "9000000000001s", "'9000000000001s' is too long" },
		{ "5000000000000s5000000000000s",
		    "'5000000000000s5000000000000s' is too long" },
	};
	static const char *const wrong[] = { "s", " 5s", "-5s", "+5s", "5x",
		"5S", ".", ".s", "1e3s", "0x10s", "infs", "nan", "5s-", "1,5s",
		"5sm", "5 5s", "1.2.3s", "1000000000000000000000",
		"5averyveryverylongunitname", "5 \xc2\xb5s" };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autoerror struct error err = { 0 };
		int64_t ms = -1;
		tap_ok(!clock_parse_duration(cases[i].text, 0, &ms, &err) &&
			ms == -1 && err.kind == ERROR_INPUT,
		    "refused: '%s'", cases[i].text);
		tap_is_text(error_text(&err), cases[i].want, "and says why");
	}
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		autoerror struct error err = { 0 };
		int64_t ms = -1;
		tap_ok(!clock_parse_duration(wrong[i], 0, &ms, &err) &&
			ms == -1 && err.kind == ERROR_INPUT,
		    "refused: '%s'", wrong[i]);
	}
}

static int64_t
frozen(void)
{
	return 42;
}

static void
source(void)
{
	int64_t before = clock_now();
	clock_set_source(frozen);
	tap_is_int(clock_now(), 42, "a test may have a clock of its own");
	clock_set_source(NULL);
	tap_ok(clock_now() >= before, "and give the system's back");
}

static void
duration_text(void)
{
	static const struct {
		int64_t ms;
		const char *want;
	} cases[] = { { 0, "0ms" }, { 850, "850ms" }, { 1000, "1.0s" },
		{ 12399, "12.3s" }, { 59999, "59.9s" }, { 60000, "1m 0s" },
		{ 125000, "2m 5s" }, { 3599999, "59m 59s" },
		{ 3720000, "1h 2m" }, { 360000000, "100h 0m" } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autofree char *got = clock_duration_text(cases[i].ms);
		tap_is_text(
		    got, cases[i].want, "%lld ms", (long long)cases[i].ms);
	}
}

int
main(void)
{
	shown();
	passing();
	read_back();
	not_a_time();
	durations();
	not_a_duration();
	duration_text();
	source();
	return tap_done();
}
