/* SPDX-License-Identifier: MIT */
/*
 * The outside of an agent process: the spec on its standard input, which then
 * is the lifeline; frames on its standard output; signals; heartbeats; and
 * the promise that nothing below it survives.
 *
 * Everything happens in turns of its loop. Whoever waits, waits in
 * keeper_turn(), so beats go out and a stop is noticed however long a step
 * is silent. When the lifeline ends the supervisor is gone: the keeper kills
 * every descendant and the process, without returning.
 */
#ifndef AGENT_KEEPER_H
#define AGENT_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "proc/child.h"
#include "proc/loop.h"

#define KEEPER_SPEC_LIMIT (512u * 1024 * 1024) /* bytes of the spec line */
/* Bytes of frames that wait to be written, above which output is left out. */
#define KEEPER_QUEUE_LIMIT (4u * 1024 * 1024)
#define KEEPER_ANSWER_MS 5000 /* what is asked can be found out otherwise */
#define KEEPER_ANSWER_LIMIT 4096 /* bytes */

enum keeper_stop {
	KEEPER_GOES_ON,
	KEEPER_CANCELLED, /* by SIGTERM */
	KEEPER_OUT_OF_TIME, /* the chain's own limit */
};

struct keeper {
	struct loop *loop;
	struct watch *lifeline;
	struct watch *output;
	struct timer *beat;
	struct timer *limit; /* pending: the end of the chain's time */
	struct child *running; /* borrowed; what a stop has to end */
	struct str spec; /* the line, while it is read */
	bool has_spec;
	struct str answer; /* the line that answers what was asked */
	bool has_answer;
	struct str queue; /* frames that are not written yet */
	bool deaf; /* nobody reads frames any more */
	int64_t grace_end; /* of what was asked to end; 0: nothing was */
	pid_t parent; /* the supervisor */
	const char *tree; /* where children work; NULL: not known yet */
	enum keeper_stop stop;
	bool finishing; /* closing work is done: nothing stops it */
	int64_t grace_ms;
};

/*
 * Once per process, before anything else runs: own process group, subreaper,
 * signals, heartbeat.
 */
bool keeper_open(struct keeper *keeper, struct error *err) MUST_USE;
/*
 * Waits for the spec line, which is then (without newline) in keeper->spec.
 * The end of standard input, now or later, ends the process.
 */
void keeper_read_spec(struct keeper *keeper);
/* Sets the limit of the whole chain; 0: none. */
void keeper_set_limit(struct keeper *keeper, int64_t ms);
/*
 * The child that a stop ends; NULL, from its on_done: none. Told to end at once
 * if stopped.
 */
void keeper_set_running(struct keeper *keeper, struct child *child);
/*
 * Asks the running child and all that it started to end: they have grace_ms
 * (0: none). Asking again changes nothing.
 */
void keeper_end_running(struct keeper *keeper, int64_t grace_ms);
/*
 * When the running child is done: waits for the time of what was asked, unless
 * all of it ends before; then kills whatever is left below, and removes the
 * locks that a git among it left in the tree.
 */
void keeper_clear(struct keeper *keeper);
/* One turn: until something happens. */
void keeper_turn(struct keeper *keeper);
/* Queues a frame (a line with its newline) and writes what can be written. */
void keeper_send(struct keeper *keeper, const struct str *frame);
/*
 * Sends a frame that asks the supervisor something and waits for the line that
 * answers it, which is then (without newline) in keeper->answer. False when
 * none came in KEEPER_ANSWER_MS.
 */
bool keeper_ask(struct keeper *keeper, const struct str *frame) MUST_USE;
/* Whether a frame that may be left out should be sent now. */
bool keeper_has_room(const struct keeper *keeper);
/* Waits until all frames are written or nobody reads them. */
void keeper_flush(struct keeper *keeper);
/* From now on neither a signal nor the limit stops children (closing work). */
void keeper_finish(struct keeper *keeper);
/* Kills whatever is left below and releases everything. */
void keeper_close(struct keeper *keeper);

#endif
