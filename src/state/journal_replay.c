/* SPDX-License-Identifier: MIT */
/* Reading a journal back: what is whole, what is torn, what is damaged. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/str.h"
#include "data/json.h"
#include "state/journal.h"

#define CRC_LEN 19 /* ,"crc":"00000000"} and a newline */
#define PREV_LEN 18 /* ,"prev":"00000000" */

struct replay {
	FILE *file;
	const char *path;
	uint64_t offset; /* of the line */
	char *line;
	size_t cap;
	size_t len;
};

/* The eight hex digits at text. */
static bool
get_hex(const char *text, uint32_t *value)
{
	char digits[9];
	memcpy(digits, text, 8);
	digits[8] = '\0';
	if (strspn(digits, "0123456789abcdef") != 8)
		return false;
	*value = (uint32_t)strtoul(digits, NULL, 16);
	return true;
}

/* Whether a line is whole by its own checksum; prev and crc are set then. */
static bool
check_line(const char *line, size_t len, uint32_t *prev, uint32_t *crc)
{
	static const char crc_key[] = ",\"crc\":\"";
	static const char prev_key[] = ",\"prev\":\"";
	if (len < CRC_LEN + PREV_LEN + 2 || line[0] != '{')
		return false;
	const char *tail = line + len - CRC_LEN;
	const char *before = tail - PREV_LEN;
	if (memcmp(tail, crc_key, 8) != 0 ||
	    memcmp(tail + 16, "\"}\n", 3) != 0 ||
	    memcmp(before, prev_key, 9) != 0 || before[17] != '"')
		return false;
	if (!get_hex(tail + 8, crc) || !get_hex(before + 9, prev))
		return false;
	return digest_crc32c(0, line, (size_t)(tail - line)) == *crc;
}

/* False at the end of the file. Lines over the limit come in parts. */
static bool
next_line(struct replay *replay)
{
	replay->offset += replay->len;
	ssize_t n = getline(&replay->line, &replay->cap, replay->file);
	replay->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/*
 * Whether a whole record ends this line. In a bad line it may start late: what
 * is damaged can be the newline in front of it. A record starts with a brace,
 * and not where JSON has one inside of a record.
 */
static bool
holds_record(const struct replay *replay)
{
	uint32_t prev, crc;
	const char *line = replay->line;
	for (size_t i = 0; i < replay->len; i++) {
		bool starts = line[i] == '{' &&
		    (i == 0 || memchr(":[,{", line[i - 1], 4) == NULL);
		if (starts &&
		    check_line(line + i, replay->len - i, &prev, &crc))
			return true;
	}
	return false;
}

/* From a bad line on: is any record whole? Then it is damage. */
static bool
classify_rest(
    struct replay *replay, struct journal_report *report, struct error *err)
{
	uint64_t bad = replay->offset;
	do {
		if (holds_record(replay))
			return error_set(err, ERROR_STATE,
			    "%s: damaged record at byte %llu", replay->path,
			    (unsigned long long)bad);
	} while (next_line(replay));
	report->torn_bytes = replay->offset - bad;
	return true;
}

static bool
pass_on(
    struct replay *replay, journal_record_fn *fn, void *arg, struct error *err)
{
	struct journal_place place = { replay->offset, (uint32_t)replay->len };
	autojson json_t *record =
	    json_load_record(replay->line, replay->len, replay->path, err);
	return record != NULL && fn(record, &place, arg, err);
}

static bool
replay_lines(struct replay *replay, journal_record_fn *fn, void *arg,
    struct journal_report *report, struct error *err)
{
	uint32_t prev, crc;
	while (next_line(replay)) {
		if (!check_line(replay->line, replay->len, &prev, &crc))
			return classify_rest(replay, report, err);
		if (prev != report->last_crc)
			return error_set(err, ERROR_STATE,
			    "%s: the record at "
			    "byte %llu does not follow the one before it",
			    replay->path, (unsigned long long)replay->offset);
		if (!pass_on(replay, fn, arg, err))
			return false;
		report->last_crc = crc;
		report->records++;
		report->valid_bytes = replay->offset + replay->len;
	}
	return true;
}

bool
journal_replay(const char *path, journal_record_fn *fn, void *arg,
    struct journal_report *report, struct error *err)
{
	struct replay replay = { .path = path, .file = fopen(path, "re") };
	*report = (struct journal_report){ 0 };
	if (replay.file == NULL)
		return error_system(err, "reading journal %s", path);
	bool ok = replay_lines(&replay, fn, arg, report, err);
	if (ok && ferror(replay.file) != 0)
		ok = error_system(err, "reading journal %s", path);
	fclose(replay.file);
	free(replay.line);
	return ok;
}
