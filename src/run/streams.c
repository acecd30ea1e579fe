/* SPDX-License-Identifier: MIT */
/* What the readers of a run get, when they take it. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "proc/ladder.h"
#include "run/streams.h"

#define EVENTS_BLOCK ((size_t)65536) /* bytes read at once */

void
streams_open(struct streams *streams, struct loop *loop)
{
	*streams = (struct streams){ .loop = loop, .events = -1 };
	streams->err = outlet_new(loop, STDERR_FILENO);
	streams->out = outlet_is_same(STDOUT_FILENO, STDERR_FILENO)
	    ? streams->err
	    : outlet_new(loop, STDOUT_FILENO);
}

void
streams_close(struct streams *streams)
{
	if (streams->loop == NULL)
		return;
	if (streams->out != streams->err)
		outlet_free(streams->out);
	outlet_free(streams->err);
	if (streams->events >= 0)
		close(streams->events);
	*streams = (struct streams){ .events = -1 };
}

/* --- events ----------------------------------------------------------- */

/* Whole lines only: others may be written between two blocks. */
static void
read_events(struct str *out, void *arg)
{
	struct streams *streams = arg;
	for (size_t want = EVENTS_BLOCK;; want *= 2) {
		char *room = str_room(out, want);
		ssize_t n = pread(
		    streams->events, room, want, (off_t)streams->events_at);
		const char *end = n > 0 ? memrchr(room, '\n', (size_t)n) : NULL;
		if (end != NULL) {
			size_t len = (size_t)(end - room) + 1;
			str_grown(out, len);
			streams->events_at += len;
			return;
		}
		if (n < (ssize_t)want)
			return;
	}
}

bool
streams_follow(struct streams *streams, const char *path, struct error *err)
{
	streams->events = open(path, O_RDONLY | O_CLOEXEC);
	if (streams->events < 0)
		return error_system(err, "reading %s", path);
	outlet_set_source(streams->out, read_events, streams);
	return true;
}

void
streams_have_events(struct streams *streams)
{
	outlet_wake(streams->out);
}

/* --- lines ------------------------------------------------------------ */

/* In the place where something was left out. */
static void
tell_left_out(const struct streams *streams)
{
	autostr struct str line = { 0 };
	size_t n = outlet_left_out(streams->err);
	if (n == 0)
		return;
	str_format(&line,
	    "[%zu lines were left out here, since nobody read them in time; "
	    "logs and events have everything]\n",
	    n);
	outlet_write(streams->err, line.data, line.len);
}

void
streams_print(struct streams *streams, const void *bytes, size_t len)
{
	if (streams->out == streams->err)
		tell_left_out(streams);
	outlet_write(streams->out, bytes, len);
}

void
streams_say(struct streams *streams, const void *bytes, size_t len)
{
	tell_left_out(streams);
	outlet_write(streams->err, bytes, len);
}

bool
streams_show(struct streams *streams, const void *bytes, size_t len)
{
	if (!outlet_is_full(streams->err))
		tell_left_out(streams);
	return outlet_offer(streams->err, bytes, len);
}

/* --- the end ---------------------------------------------------------- */

static void
time_is_up(void *arg)
{
	bool *is_up = arg;
	*is_up = true;
}

static bool
are_idle(const struct streams *streams)
{
	return outlet_is_idle(streams->out) && outlet_is_idle(streams->err);
}

bool
streams_deliver(struct streams *streams, const unsigned *signals)
{
	autoerror struct error err = { 0 };
	unsigned before = *signals;
	bool is_up = false;
	struct timer *limit = before == 0
	    ? NULL
	    : loop_after(streams->loop, LADDER_READER_MS, time_is_up, &is_up);
	tell_left_out(streams);
	while (!are_idle(streams) && *signals == before && !is_up)
		if (!loop_turn(streams->loop, -1, &err))
			break;
	if (!is_up)
		timer_remove(limit);
	return are_idle(streams);
}
