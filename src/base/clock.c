/* SPDX-License-Identifier: MIT */
/* Time and durations. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

struct unit {
	const char *names; /* separated by blanks */
	int64_t ms;
};

static const struct unit units[] = {
	{ " ms millis milliseconds millisecond ", 1 },
	{ " s sec secs second seconds ", 1000 },
	{ " m min mins minute minutes ", 60000 },
	{ " h hr hrs hour hours ", 3600000 },
	{ " d day days ", 86400000 },
	{ " w week weeks ", 604800000 },
};

/* Years 1000 to 9999, the four digits that the forms of a time show. */
#define WALL_MIN (-30610224000000)
#define WALL_MAX 253402300799999
#define DURATION_MAX 9000000000000000 /* exact in a double too */

static int64_t
read_clock(clockid_t id)
{
	struct timespec now;
	if (clock_gettime(id, &now) != 0)
		BUG("clock_gettime: %s", strerror(errno));
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
read_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Another one only in tests. */
static int64_t (*now_source)(void) = read_monotonic;

int64_t
clock_now(void)
{
	return now_source();
}

void
clock_set_source(int64_t (*source)(void))
{
	now_source = source != NULL ? source : read_monotonic;
}

int64_t
clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

static void
split(int64_t wall_ms, struct tm *tm, bool local, int *ms)
{
	if (wall_ms < WALL_MIN)
		wall_ms = WALL_MIN;
	if (wall_ms > WALL_MAX)
		wall_ms = WALL_MAX;
	int64_t seconds = wall_ms / 1000;
	*ms = (int)(wall_ms % 1000);
	if (*ms < 0) {
		*ms += 1000;
		seconds--;
	}
	time_t t = (time_t)seconds;
	if ((local ? localtime_r(&t, tm) : gmtime_r(&t, tm)) == NULL)
		memset(tm, 0, sizeof(*tm));
}

char *
clock_rfc3339(int64_t wall_ms, char out[CLOCK_RFC3339_SIZE])
{
	struct tm tm;
	int ms;
	split(wall_ms, &tm, false, &ms);
	size_t n = strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, CLOCK_RFC3339_SIZE - n, ".%03dZ", ms);
	return out;
}

char *
clock_stamp(int64_t wall_ms, char out[CLOCK_STAMP_SIZE])
{
	struct tm tm;
	int ms;
	split(wall_ms, &tm, false, &ms);
	strftime(out, CLOCK_STAMP_SIZE, "%Y%m%d_%H%M%S", &tm);
	return out;
}

char *
clock_local(int64_t wall_ms, char out[CLOCK_RFC3339_SIZE])
{
	struct tm tm;
	int ms;
	split(wall_ms, &tm, true, &ms);
	strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
	return out;
}

/* Exactly digits decimal digits, at most most; *text moves behind them. */
static bool
read_digits(const char **text, int digits, int least, int most, int *value)
{
	*value = 0;
	for (; digits > 0; digits--, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return false;
		*value = *value * 10 + (**text - '0');
	}
	return *value >= least && *value <= most;
}

static bool
read_one(const char **text, const char *allowed)
{
	if (**text == '\0' || strchr(allowed, **text) == NULL)
		return false;
	(*text)++;
	return true;
}

/* The offset behind the time: Z, +hh:mm or -hh:mm, as minutes. */
static bool
read_zone(const char **text, int *minutes)
{
	int hours, mins;
	char sign = **text;
	*minutes = 0;
	if (read_one(text, "Zz"))
		return true;
	if (!read_one(text, "+-") || !read_digits(text, 2, 0, 23, &hours) ||
	    !read_one(text, ":") || !read_digits(text, 2, 0, 59, &mins))
		return false;
	*minutes = (hours * 60 + mins) * (sign == '-' ? -1 : 1);
	return true;
}

/* A fraction of a second, as milliseconds; further digits are dropped. */
static bool
read_fraction(const char **text, int *ms)
{
	int weight = 100;
	*ms = 0;
	if (!read_one(text, "."))
		return true;
	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++) {
		*ms += (**text - '0') * weight;
		weight /= 10;
	}
	return true;
}

static bool
read_date(const char **text, struct tm *tm)
{
	return read_digits(text, 4, 1, 9999, &tm->tm_year) &&
	    read_one(text, "-") && read_digits(text, 2, 1, 12, &tm->tm_mon) &&
	    read_one(text, "-") && read_digits(text, 2, 1, 31, &tm->tm_mday);
}

/* Second 60 is a leap second. */
static bool
read_time(const char **text, struct tm *tm)
{
	return read_digits(text, 2, 0, 23, &tm->tm_hour) &&
	    read_one(text, ":") && read_digits(text, 2, 0, 59, &tm->tm_min) &&
	    read_one(text, ":") && read_digits(text, 2, 0, 60, &tm->tm_sec);
}

bool
clock_parse_rfc3339(const char *text, int64_t *wall_ms)
{
	struct tm date = { 0 }, time = { 0 };
	int minutes, ms;
	if (!read_date(&text, &date) || !read_one(&text, "Tt ") ||
	    !read_time(&text, &time) || !read_fraction(&text, &ms) ||
	    !read_zone(&text, &minutes) || *text != '\0')
		return false;
	int day = date.tm_mday;
	date.tm_year -= 1900;
	date.tm_mon -= 1;
	int64_t seconds = (int64_t)timegm(&date);
	/* There is no 31 April: timegm() has made it 1 May. */
	if (date.tm_mday != day)
		return false;
	seconds += (time.tm_hour * 60 + time.tm_min - minutes) * 60;
	*wall_ms = (seconds + time.tm_sec) * 1000 + ms;
	return true;
}

/* The unit that text starts with; *len is set to its length. */
static const struct unit *
find_unit(const char *text, size_t *len)
{
	char word[16];
	*len = 0;
	while (isalpha((unsigned char)text[*len]))
		(*len)++;
	if (*len == 0 || *len + 3 > sizeof(word))
		return NULL;
	snprintf(word, sizeof(word), " %.*s ", (int)*len, text);
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (strstr(units[i].names, word) != NULL)
			return &units[i];
	return NULL;
}

static bool
bad_duration(const char *text, struct error *err)
{
	return error_set(err, ERROR_INPUT,
	    "'%s' is not a duration such as 500ms, 30s, 5m or 1h30m", text);
}

/* An unsigned decimal number such as 1, 1.5 or .5; *text moves behind it. */
static bool
read_number(const char **text, double *number)
{
	const char *at = *text;
	double scale = 1;
	bool any = false;
	*number = 0;
	for (; isdigit((unsigned char)*at); at++, any = true)
		*number = *number * 10 + (*at - '0');
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++, any = true) {
			scale /= 10;
			*number += (*at - '0') * scale;
		}
	}
	*text = at;
	return any;
}

/* One number with its unit; *text moves behind it. */
static bool
read_part(const char **text, int64_t bare_unit_ms, const char *whole,
    int64_t *ms, struct error *err)
{
	size_t len;
	double number;
	bool first = *text == whole;
	if (!read_number(text, &number))
		return bad_duration(whole, err);
	*text += strspn(*text, " ");
	const struct unit *unit = find_unit(*text, &len);
	int64_t factor = unit == NULL ? 0 : unit->ms;
	bool bare = unit == NULL && **text == '\0';
	if (bare && first)
		factor = bare_unit_ms;
	if (bare && factor == 0)
		return error_set(err, ERROR_INPUT,
		    "'%s' lacks a unit (ms, s, m, h, d, w)", whole);
	if (factor == 0)
		return bad_duration(whole, err);
	if (number > (double)(DURATION_MAX - *ms) / (double)factor)
		return error_set(err, ERROR_INPUT, "'%s' is too long", whole);
	*ms += (int64_t)(number * (double)factor + 0.5);
	*text += unit == NULL ? 0 : len;
	*text += strspn(*text, " ");
	return true;
}

bool
clock_parse_duration(
    const char *text, int64_t bare_unit_ms, int64_t *ms, struct error *err)
{
	int64_t sum = 0;
	const char *at = text;
	do {
		if (!read_part(&at, bare_unit_ms, text, &sum, err))
			return false;
	} while (*at != '\0');
	*ms = sum;
	return true;
}

char *
clock_duration_text(int64_t ms)
{
	int64_t s = ms / 1000;
	if (ms < 1000)
		return mem_format("%lldms", (long long)ms);
	if (s < 60)
		return mem_format(
		    "%lld.%llds", (long long)s, (long long)(ms % 1000 / 100));
	if (s < 3600)
		return mem_format(
		    "%lldm %llds", (long long)(s / 60), (long long)(s % 60));
	return mem_format(
	    "%lldh %lldm", (long long)(s / 3600), (long long)(s % 3600 / 60));
}
