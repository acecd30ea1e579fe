/* SPDX-License-Identifier: MIT */
/*
 * The journal of a job: what happened, in order, one JSON object a line,
 * durable before it is acknowledged.
 *
 * The last two members of every line are
 *	,"prev":"8 hex digits","crc":"8 hex digits"}
 * crc is the CRC-32C of all bytes of the line before ,"crc"; prev is the crc
 * of the line before (zeros for the first). A line can be checked alone, and a
 * line that is lost, doubled, moved or foreign breaks the chain.
 *
 * Records are buffered by journal_add() and written by journal_flush(): one
 * write for all that wait, and one fdatasync when it is asked for. After a
 * failed fdatasync the journal takes nothing more: what the disk holds is no
 * longer known.
 */
#ifndef STATE_JOURNAL_H
#define STATE_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"

#define JOURNAL_NAME "journal-v0.jsonl"
/*
 * What the member "format" of the first record says. It grows when records get
 * another meaning, not when they get another member.
 */
#define JOURNAL_FORMAT 1
#define JOURNAL_LINE_LIMIT ((size_t)64 * 1024 * 1024) /* when it is read */

struct journal {
	int fd; /* -1: not open */
	char *path;
	uint32_t last_crc;
	uint64_t size; /* durable or written bytes */
	struct str buffer;
	bool unsynced; /* something was written since the last fdatasync */
	bool broken; /* a sync failed */
};

/* Where a record lies. */
struct journal_place {
	uint64_t offset;
	uint32_t len; /* with newline */
};

/* Creates a journal with its first record, durably; header is taken. */
bool journal_create(struct journal *journal, const char *path, json_t *header,
    struct error *err) MUST_USE;
/* Buffers a record (taken); "t" is added. place may be NULL. */
void journal_add(
    struct journal *journal, json_t *record, struct journal_place *place);
/*
 * Writes what waits; with sync it is durable when this returns. On
 * ERROR_NO_SPACE nothing of the batch is in the file and the records still
 * wait; on ERROR_STORAGE the journal is broken.
 */
bool journal_flush(
    struct journal *journal, bool sync, struct error *err) MUST_USE;
/* Reads one written record back; new reference, NULL on failure. */
json_t *journal_read(const struct journal *journal,
    const struct journal_place *place, struct error *err) MUST_USE;
void journal_close(struct journal *journal);

struct journal_report {
	size_t records;
	uint64_t valid_bytes;
	uint64_t torn_bytes; /* behind the last valid record */
	uint32_t last_crc;
};
typedef bool journal_record_fn(const json_t *record,
    const struct journal_place *place, void *arg, struct error *err);
/*
 * Calls fn for each record. A bad end (nothing valid behind it) is a torn
 * tail: reported, not an error. A bad record with a valid one behind it is
 * damage: ERROR_STATE with file and offset. So is a journal of a later format.
 */
bool journal_replay(const char *path, journal_record_fn *fn, void *arg,
    struct journal_report *report, struct error *err) MUST_USE;
/*
 * The same from a byte on at which a record begins, or the file ends: what
 * stands before it is not looked at, and is taken to fit.
 */
bool journal_replay_from(const char *path, uint64_t from, journal_record_fn *fn,
    void *arg, struct journal_report *report, struct error *err) MUST_USE;
/*
 * Opens a journal for appending behind what journal_replay() reported. A torn
 * tail is copied to {path}.torn-{stamp} and cut off, durably. The caller holds
 * the lock of the job.
 */
bool journal_reopen(struct journal *journal, const char *path,
    const struct journal_report *report, struct error *err) MUST_USE;

#endif
