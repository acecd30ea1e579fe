/* SPDX-License-Identifier: MIT */
/*
 * The event log of a job: what a person or a program follows. One JSON object
 * a line:
 *
 *	{"id","timestamp","correlation_id","event":{"event_type",...},
 *	 "metadata":{"host","pid","thread"}}
 *
 * Events are derived from what the journal records; they are written at once
 * (frequent ones within a second) and not synced. A failing write never fails
 * the job: it is remembered and told once.
 */
#ifndef STATE_EVENT_H
#define STATE_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"

struct event_log {
	int fd; /* -1: not open */
	char *path;
	char *correlation_id;
	char *host;
	struct str buffer;
	size_t written; /* bytes of buffer that are in the file */
	bool has_lost; /* too much waited: events are lost for good */
	struct error failure; /* why something waits, or is lost */
	/*
	 * Called when the file has grown; NULL: nobody follows it. For whoever
	 * follows it, every event is written at once.
	 */
	void (*on_growth)(void *arg);
	void *growth_arg;
};

/* Opens a new file events-{stamp}-{pid}.jsonl in dir, which is made. */
bool event_open(struct event_log *log, const char *dir,
    const char *correlation_id, struct error *err) MUST_USE;
/* Emits an event; members (taken; may be NULL) stand beside its type. */
void event_emit(struct event_log *log, const char *type, json_t *members);
/*
 * Writes what waits. What cannot be written is kept for the next time, up to
 * a bound (1 MiB); log->failure tells why until all is written.
 */
void event_flush(struct event_log *log);
/* Flushes a last time, and frees; failure is to be looked at before. */
void event_close(struct event_log *log);

/* Whether docs/FORMATS.md describes this type; no other is written. */
bool event_is_known(const char *type);
/* "agent_failed" of AgentFailed, agent-failed or d_l_q_… spellings. */
char *event_canonical_type(const char *type) MUST_USE;

/* --- reading ---------------------------------------------------------- */

#define EVENT_LINE_LIMIT ((size_t)32 * 1024 * 1024)

/* What a reading has looked at. */
struct event_tally {
	size_t malformed; /* whole lines that are no events */
	uint64_t bytes; /* read from the files */
	struct strv unread; /* files that could not be read, with the reason */
};
void event_tally_release(struct event_tally *tally);

/*
 * Reads all event files of a folder in time order, streaming. A malformed line,
 * or one of more than EVENT_LINE_LIMIT bytes, is passed over and counted; a
 * last line without its newline is still being written and is left out
 * uncounted. The order within a file is kept, the files are merged by their
 * timestamps. fn returns false to stop. A folder that is missing holds no
 * events; a file that cannot be read is told in the tally (begun anew here,
 * released by the caller), and the others are read.
 */
typedef bool event_read_fn(const json_t *event, void *arg);
bool event_read(const char *dir, event_read_fn *fn, void *arg,
    struct event_tally *tally, struct error *err) MUST_USE;
/*
 * Reads from the last event to the first, so that whoever stops early reads
 * the ends of the files only. Memory is needed for a block and the longest
 * line of each file.
 */
bool event_read_backwards(const char *dir, event_read_fn *fn, void *arg,
    struct event_tally *tally, struct error *err) MUST_USE;

#endif
