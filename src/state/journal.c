/* SPDX-License-Identifier: MIT */
/* The journal of a job. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "data/json.h"
#include "state/journal.h"

#define CRC_LEN 19 /* ,"crc":"00000000"} and a newline */
#define PREV_LEN 18 /* ,"prev":"00000000" */

/* --- appending -------------------------------------------------------- */

bool
journal_create(struct journal *journal, const char *path, json_t *header,
    struct error *err)
{
	autofree char *dir = path_parent(path);
	*journal = (struct journal){ .fd = -1, .path = mem_text(path) };
	journal->fd = open(path,
	    O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (journal->fd < 0) {
		json_decref(header);
		return error_system(err, "creating journal %s", path);
	}
	journal_add(journal, header, NULL);
	return journal_flush(journal, true, err) && file_sync_dir(dir, err);
}

void
journal_add(
    struct journal *journal, json_t *record, struct journal_place *place)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str line = { 0 };
	json_set_text(record, "t", clock_rfc3339(clock_wall(), now));
	json_compact(record, &line, false);
	json_decref(record);
	str_cut(&line, line.len - 1); /* the brace comes back at the end */
	str_format(&line, ",\"prev\":\"%08x\"", journal->last_crc);
	journal->last_crc = digest_crc32c(0, line.data, line.len);
	str_format(&line, ",\"crc\":\"%08x\"}\n", journal->last_crc);
	if (place != NULL)
		*place = (struct journal_place){
			.offset = journal->size + journal->buffer.len,
			.len = (uint32_t)line.len,
		};
	str_add_str(&journal->buffer, &line);
}

static bool
write_buffer(struct journal *journal, struct error *err)
{
	if (journal->buffer.len == 0)
		return true;
	if (!file_write_all(
		journal->fd, journal->buffer.data, journal->buffer.len, err)) {
		/* A part of a record must not stay in front of the rest. */
		if (ftruncate(journal->fd, (off_t)journal->size) != 0 ||
		    err->kind != ERROR_NO_SPACE) {
			journal->broken = true;
			err->kind = ERROR_STORAGE;
		}
		return false;
	}
	journal->size += journal->buffer.len;
	str_clear(&journal->buffer);
	journal->unsynced = true;
	return true;
}

bool
journal_flush(struct journal *journal, bool sync, struct error *err)
{
	if (journal->broken)
		return error_set(err, ERROR_STORAGE,
		    "journal %s: storage failed before", journal->path);
	if (!write_buffer(journal, err))
		return error_wrap(err, "journal %s", journal->path);
	if (!sync || !journal->unsynced)
		return true;
	if (!file_sync(journal->fd, err)) {
		journal->broken = true;
		return error_wrap(err, "journal %s", journal->path);
	}
	journal->unsynced = false;
	return true;
}

json_t *
journal_read(const struct journal *journal, const struct journal_place *place,
    struct error *err)
{
	autostr struct str line = { 0 };
	if (place->offset >= journal->size) {
		/* Not written yet: it waits in the buffer. */
		size_t at = (size_t)(place->offset - journal->size);
		if (at + place->len > journal->buffer.len)
			BUG("a journal place beyond its end");
		str_add_n(&line, journal->buffer.data + at, place->len);
	} else if (!file_read_at(
		       journal->fd, place->offset, place->len, &line, err)) {
		return NULL;
	}
	return json_load_record(str_text(&line), line.len, journal->path, err);
}

void
journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	free(journal->path);
	str_release(&journal->buffer);
	*journal = (struct journal){ .fd = -1 };
}

/* --- reading back ----------------------------------------------------- */

struct journal_reader {
	FILE *file;
	const char *path;
	uint64_t offset; /* of the line */
	struct str line;
	uint64_t len; /* in the file: more than line has, if it is too long */
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

/* False at the end of the file. A line over the limit is no record. */
static bool
next_line(struct journal_reader *reader)
{
	reader->offset += reader->len;
	reader->len =
	    file_read_line(reader->file, JOURNAL_LINE_LIMIT, &reader->line);
	return reader->len > 0;
}

/*
 * Whether a whole record ends this line. In a bad line it may start late: what
 * is damaged can be the newline in front of it. A record starts with a brace,
 * and not where JSON has one inside of a record.
 */
static bool
holds_record(const struct journal_reader *reader)
{
	uint32_t prev, crc;
	const char *line = reader->line.data;
	for (size_t i = 0; i < reader->line.len; i++) {
		bool starts = line[i] == '{' &&
		    (i == 0 || memchr(":[,{", line[i - 1], 4) == NULL);
		if (starts &&
		    check_line(line + i, reader->line.len - i, &prev, &crc))
			return true;
	}
	return false;
}

/* From a bad line on: is any record whole? Then it is damage. */
static bool
classify_rest(struct journal_reader *reader, struct journal_report *report,
    struct error *err)
{
	uint64_t bad = reader->offset;
	do {
		if (holds_record(reader))
			return error_set(err, ERROR_STATE,
			    "%s: damaged record at byte %llu", reader->path,
			    (unsigned long long)bad);
	} while (next_line(reader));
	report->torn_bytes = reader->offset - bad;
	return true;
}

/* The record that begins a journal says it. */
static bool
knows_format(const struct journal_reader *reader, const json_t *record,
    struct error *err)
{
	const int64_t format = json_get_int(record, "format", JOURNAL_FORMAT);
	if (format <= JOURNAL_FORMAT)
		return true;
	return error_set(err, ERROR_STATE,
	    "%s: format %lld of a later version of prodigy (this one knows %d)",
	    reader->path, (long long)format, JOURNAL_FORMAT);
}

static bool
pass_on(struct journal_reader *reader, journal_record_fn *fn, void *arg,
    struct error *err)
{
	struct journal_place place = { reader->offset, (uint32_t)reader->len };
	autojson json_t *record = json_load_record(
	    reader->line.data, reader->line.len, reader->path, err);
	return record != NULL && knows_format(reader, record, err) &&
	    fn(record, &place, arg, err);
}

static bool
replay_lines(struct journal_reader *reader, journal_record_fn *fn, void *arg,
    struct journal_report *report, struct error *err)
{
	uint32_t prev, crc;
	while (next_line(reader)) {
		if (!check_line(
			reader->line.data, reader->line.len, &prev, &crc))
			return classify_rest(reader, report, err);
		if (report->records == 0 && reader->offset > 0)
			report->last_crc = prev;
		if (prev != report->last_crc)
			return error_set(err, ERROR_STATE,
			    "%s: the record at "
			    "byte %llu does not follow the one before it",
			    reader->path, (unsigned long long)reader->offset);
		if (!pass_on(reader, fn, arg, err))
			return false;
		report->last_crc = crc;
		report->records++;
		report->valid_bytes = reader->offset + reader->len;
	}
	return true;
}

bool
journal_replay_from(const char *path, uint64_t from, journal_record_fn *fn,
    void *arg, struct journal_report *report, struct error *err)
{
	struct journal_reader reader = { .path = path, .offset = from };
	*report = (struct journal_report){ .valid_bytes = from };
	int fd = file_open_regular(path, err);
	if (fd < 0)
		return error_wrap(err, "journal");
	reader.file = fdopen(fd, "r");
	if (reader.file == NULL) {
		close(fd);
		return error_system(err, "reading journal %s", path);
	}
	bool ok = fseeko(reader.file, (off_t)from, SEEK_SET) == 0 &&
	    replay_lines(&reader, fn, arg, report, err);
	if (ok && ferror(reader.file) != 0)
		ok = error_system(err, "reading journal %s", path);
	fclose(reader.file);
	str_release(&reader.line);
	return ok;
}

bool
journal_replay(const char *path, journal_record_fn *fn, void *arg,
    struct journal_report *report, struct error *err)
{
	return journal_replay_from(path, 0, fn, arg, report, err);
}

/* --- opening again, with a torn end put aside ------------------------- */

/* Kept, for whoever wants to know what was lost. */
static bool
keep_tail(const struct journal *journal, uint64_t from, uint64_t len,
    struct error *err)
{
	char stamp[CLOCK_STAMP_SIZE];
	autostr struct str tail = { 0 };
	autofree char *aside = mem_format(
	    "%s.torn-%s", journal->path, clock_stamp(clock_wall(), stamp));
	return file_read_at(journal->fd, from, (size_t)len, &tail, err) &&
	    file_replace(aside, str_text(&tail), tail.len, err);
}

static bool
cut_tail(struct journal *journal, struct error *err)
{
	if (ftruncate(journal->fd, (off_t)journal->size) != 0)
		return error_system(err, "cutting the torn end");
	return file_sync(journal->fd, err);
}

static bool
repair(struct journal *journal, struct error *err)
{
	struct stat st;
	if (fstat(journal->fd, &st) != 0)
		return error_system(err, "looking at it");
	uint64_t size = (uint64_t)st.st_size;
	if (size < journal->size)
		return error_set(err, ERROR_STATE,
		    "it is shorter than what was read from it");
	return size == journal->size ||
	    (keep_tail(journal, journal->size, size - journal->size, err) &&
		cut_tail(journal, err));
}

bool
journal_reopen(struct journal *journal, const char *path,
    const struct journal_report *report, struct error *err)
{
	*journal = (struct journal){
		.path = mem_text(path),
		.last_crc = report->last_crc,
		.size = report->valid_bytes,
	};
	journal->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (journal->fd < 0)
		return error_system(err, "opening journal %s", path);
	return repair(journal, err) || error_wrap(err, "journal %s", path);
}
