/* SPDX-License-Identifier: MIT */
/*
 * Standard output and standard error of a run. Nothing waits for who reads
 * them, until the run is over: lines that show how it goes on are left out
 * when they are not read, with a line that says how many; events are read
 * again from their log, so that none is lost.
 */
#ifndef RUN_STREAMS_H
#define RUN_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "proc/loop.h"
#include "proc/outlet.h"

struct streams {
	struct loop *loop;
	struct outlet *out;
	struct outlet *err; /* the same when both lead to the same reader */
	int events; /* the log that standard output shows; -1: none */
	uint64_t events_at; /* up to here it is shown */
};

void streams_open(struct streams *streams, struct loop *loop);
/* What is not delivered is lost. Does nothing when they are not open. */
void streams_close(struct streams *streams);

/* Standard output shows this file, which grows, and nothing else. */
bool streams_follow(
    struct streams *streams, const char *path, struct error *err) MUST_USE;
/* It has grown. */
void streams_have_events(struct streams *streams);

/* Bytes of lines on standard output. */
void streams_print(struct streams *streams, const void *bytes, size_t len);
/* On standard error. */
void streams_say(struct streams *streams, const void *bytes, size_t len);
/* What shows how it goes on: false when it was left out. */
bool streams_show(struct streams *streams, const void *bytes, size_t len);

/*
 * Waits until all is read, but not beyond a signal: *signals counts those that
 * came. After one came earlier, readers have LADDER_READER_MS. False when
 * something was not read in time.
 */
bool streams_deliver(struct streams *streams, const unsigned *signals);

#endif
