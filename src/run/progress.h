/* SPDX-License-Identifier: MIT */
/*
 * What a person sees while a run is on, on standard error: on a terminal a
 * block of live lines that is repainted in place, elsewhere plain lines.
 *
 * Lines that nobody reads are left out (run/streams.h), and so are repaints.
 * Each repaint is one write that leaves the terminal as it found it: no raw
 * mode, no hidden cursor, no alternate screen.
 */
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "proc/loop.h"
#include "run/streams.h"
#include "workflow/step.h"

enum progress_mode {
	PROGRESS_NONE,
	PROGRESS_PLAIN, /* one line for each thing that ended */
	PROGRESS_LIVE,
};

struct progress;

/*
 * LIVE only if standard error is a terminal of at least 40 columns that is not
 * "dumb", NO_COLOR is unset and PRODIGY_PROGRESS_MODE does not say otherwise
 * (simple, none).
 */
enum progress_mode progress_choose(bool quiet);

/* streams are borrowed; mode NONE needs none. */
struct progress *progress_new(
    struct streams *streams, enum progress_mode mode, bool ascii) MUST_USE;
void progress_free(struct progress *progress); /* leaves no live lines */

/* A line that stays. Text from outside is made harmless. */
void progress_say(struct progress *progress, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* A line for an item that ended well: plain mode only. */
void progress_say_item(struct progress *progress, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* "item_3 (a.c) failed: why", in a colour where there are colours. */
void progress_say_failed(
    struct progress *progress, const char *item, const char *why);

/*
 * What a FRAME_STEP tells about one of these steps: "Setup [1/2]: label" when
 * it starts, who being "Setup"; a line when it is skipped; with_end, one with
 * its exit status and its time when it has ended.
 */
void progress_say_step(struct progress *progress, const char *who,
    const struct steps *steps, const json_t *frame, bool with_end);

/*
 * What a step printed, a line for each of its lines; label (NULL: none) stands
 * before each.
 */
void progress_output(
    struct progress *progress, const char *label, const char *text);

/* The map phase: how many items there are, then how it stands. */
void progress_map(struct progress *progress, size_t total);
void progress_counts(struct progress *progress, size_t done, size_t failed,
    size_t running, size_t merging);
void progress_map_end(struct progress *progress);

/* An agent and the step that it is at. */
struct progress_row {
	const char *item; /* its id, by which it is known */
	const char *who; /* what people see of it */
	unsigned slot; /* rows are in the order of these; 0: not shown */
	const char *title; /* of the step */
};
/* Live mode only, as is the next. */
void progress_agent(struct progress *progress, const struct progress_row *row);
/* The agent of this item is gone. */
void progress_agent_gone(struct progress *progress, const char *item);

#endif
