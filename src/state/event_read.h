/* SPDX-License-Identifier: MIT */
/* Reading the event files of a job in time order. */
#ifndef STATE_EVENT_READ_H
#define STATE_EVENT_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"

/* What a reading has looked at. */
struct event_tally {
	size_t malformed; /* whole lines that are no events */
	uint64_t bytes; /* read from the files */
};

/*
 * Reads all event files of a folder in time order, streaming. A malformed line
 * is passed over and counted; a last line without its newline is still being
 * written and is left out uncounted. The order within a file is kept, the
 * files are merged by their timestamps. fn returns false to stop. A folder
 * that is missing holds no events.
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
