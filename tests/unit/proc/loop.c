/* SPDX-License-Identifier: MIT */
/* The event loop: order, removal inside callbacks, no needless wake-ups. */
#include "config.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/str.h"
#include "proc/fds.h"
#include "proc/loop.h"

#define MANY_TIMERS 5000

struct scene {
	struct loop *loop;
	struct str log;
	struct watch *a;
	struct watch *b;
	struct timer *timer;
	int64_t last;
	unsigned count;
	bool in_order;
};

static bool
turn(struct loop *loop, int64_t wait)
{
	autoerror struct error why = { 0 };
	bool ok = loop_turn(loop, wait, &why);
	if (!ok)
		tap_note("%s", error_text(&why));
	return ok;
}

static void
log_timer(void *arg)
{
	struct scene *s = arg;
	str_add(&s->log, "timer ");
}

static void
log_deferred(void *arg)
{
	struct scene *s = arg;
	str_add(&s->log, "deferred ");
}

static void
defer_again(void *arg)
{
	struct scene *s = arg;
	str_add(&s->log, "again ");
	loop_defer(s->loop, log_deferred, s);
}

static void
log_fd(int fd, short revents, void *arg)
{
	struct scene *s = arg;
	char byte;
	(void)revents;
	if (read(fd, &byte, 1) == 1)
		str_add(&s->log, "fd ");
	loop_defer(s->loop, log_deferred, s);
}

static void
test_order(void)
{
	struct scene s = { .loop = loop_new() };
	autoerror struct error why = { 0 };
	int ends[2];
	tap_ok(fds_pipe(ends, &why), "a pipe");
	loop_watch(s.loop, ends[0], POLLIN, log_fd, &s);
	loop_after(s.loop, 0, log_timer, &s);
	tap_ok(write(ends[1], "x", 1) == 1, "one byte written");
	turn(s.loop, -1);
	tap_is_text(str_text(&s.log), "timer fd deferred ",
	    "timers, descriptors, deferred calls, in one turn");

	str_clear(&s.log);
	loop_defer(s.loop, defer_again, &s);
	turn(s.loop, -1);
	tap_is_text(str_text(&s.log), "again ",
	    "a call deferred by a deferred call waits for the next turn");
	turn(s.loop, -1);
	tap_is_text(str_text(&s.log), "again deferred ",
	    "which does not wait for events");
	str_release(&s.log);
	loop_free(s.loop);
	fds_close(&ends[0]);
	fds_close(&ends[1]);
}

static void
remove_both(int fd, short revents, void *arg)
{
	struct scene *s = arg;
	(void)fd;
	(void)revents;
	s->count++;
	watch_remove(s->a);
	watch_remove(s->b);
	timer_remove(s->timer);
}

static void
test_removal(void)
{
	struct scene s = { .loop = loop_new() };
	autoerror struct error why = { 0 };
	int ends[2];
	if (!fds_pipe(ends, &why) || write(ends[1], "x", 1) != 1)
		tap_ok(false, "a pipe with a byte");
	s.a = loop_watch(s.loop, ends[0], POLLIN, remove_both, &s);
	s.b = loop_watch(s.loop, ends[0], POLLIN, remove_both, &s);
	s.timer = loop_after(s.loop, 60000, log_timer, &s);
	turn(s.loop, 1000);
	tap_is_int(s.count, 1,
	    "a callback removes itself, another ready watch and a timer");
	turn(s.loop, 0);
	tap_is_int(s.count, 1, "neither is called again");
	loop_free(s.loop);
	fds_close(&ends[0]);
	fds_close(&ends[1]);
}

static void
test_pause(void)
{
	struct scene s = { .loop = loop_new() };
	autoerror struct error why = { 0 };
	int ends[2];
	if (!fds_pipe(ends, &why))
		tap_ok(false, "a pipe");
	struct watch *watch = loop_watch(s.loop, ends[0], POLLIN, log_fd, &s);
	watch_set_events(watch, 0);
	fds_close(&ends[1]);
	turn(s.loop, 0);
	tap_is_text(str_text(&s.log), "", "a paused watch hears no hang-up");
	int64_t before = clock_now();
	turn(s.loop, 30);
	tap_ok(clock_now() - before >= 29, "and does not wake the loop");
	watch_set_events(watch, POLLIN);
	turn(s.loop, -1);
	turn(s.loop, -1);
	tap_is_text(str_text(&s.log), "deferred deferred ",
	    "a hang-up is reported, each turn, once resumed");
	str_release(&s.log);
	loop_free(s.loop);
	fds_close(&ends[0]);
}

/* The clock may move while a timer is set: its deadline is between these. */
struct mark {
	struct scene *scene;
	int64_t earliest;
	int64_t latest;
};

static void
on_mark(void *arg)
{
	struct mark *mark = arg;
	struct scene *s = mark->scene;
	if (mark->latest < s->last)
		s->in_order = false;
	if (mark->earliest > s->last)
		s->last = mark->earliest;
	s->count++;
}

static void
test_many_timers(void)
{
	struct scene s = { .loop = loop_new(), .in_order = true };
	static struct mark marks[MANY_TIMERS];
	static struct timer *timers[MANY_TIMERS];
	unsigned state = 12345;
	for (size_t i = 0; i < MANY_TIMERS; i++) {
		state = state * 1103515245u + 12345u;
		int64_t ms = (state >> 16) % 50;
		marks[i].scene = &s;
		marks[i].earliest = clock_now() + ms;
		timers[i] = loop_after(s.loop, ms, on_mark, &marks[i]);
		marks[i].latest = clock_now() + ms;
	}
	for (size_t i = 0; i < MANY_TIMERS; i += 3)
		timer_remove(timers[i]);
	unsigned expected = MANY_TIMERS - (MANY_TIMERS + 2) / 3;
	int64_t deadline = clock_now() + 20000;
	while (s.count < expected && clock_now() < deadline)
		turn(s.loop, 1000);
	tap_is_int(s.count, expected, "timers that were not removed fired");
	tap_ok(s.in_order, "in the order of their deadlines");
	turn(s.loop, 60);
	tap_is_int(s.count, expected, "and no other");
	loop_free(s.loop);
}

static void
renew(void *arg)
{
	struct scene *s = arg;
	timer_remove(s->timer);
	s->timer = NULL;
	s->count++;
	loop_after(s->loop, 0, renew, s);
}

static void
test_renewal(void)
{
	struct scene s = { .loop = loop_new() };
	s.timer = loop_after(s.loop, 0, renew, &s);
	turn(s.loop, -1);
	tap_is_int(s.count, 1,
	    "a timer of 0 ms set by a timer waits for the next turn; removing "
	    "one that has just fired does no harm");
	turn(s.loop, -1);
	tap_is_int(s.count, 2, "and fires then");
	loop_free(s.loop);
}

static void
turn_inside(int fd, short revents, void *arg)
{
	struct scene *s = arg;
	(void)revents;
	char byte;
	if (read(fd, &byte, 1) != 1)
		return;
	watch_remove(s->b);
	s->b = NULL;
	for (int i = 0; i < 40; i++)
		loop_watch(s->loop, fd, POLLIN, log_fd, s);
	turn(s->loop, 0);
	s->count++;
}

static void
test_nested(void)
{
	struct scene s = { .loop = loop_new() };
	autoerror struct error why = { 0 };
	int ends[2];
	if (!fds_pipe(ends, &why) || write(ends[1], "x", 1) != 1)
		tap_ok(false, "a pipe with a byte");
	loop_watch(s.loop, ends[0], POLLIN, turn_inside, &s);
	s.b = loop_watch(s.loop, ends[0], POLLIN, remove_both, &s);
	turn(s.loop, 1000);
	tap_is_int(s.count, 1, "a callback turns the loop itself");
	loop_free(s.loop);
	str_release(&s.log);
	fds_close(&ends[0]);
	fds_close(&ends[1]);
}

static int64_t pretended;

static int64_t
pretended_now(void)
{
	return pretended;
}

/* An hour passes without waiting for it. */
static void
test_clock(void)
{
	struct scene s = { .loop = loop_new() };
	clock_set_source(pretended_now);
	loop_after(s.loop, 3600000, log_timer, &s);
	pretended += 3599999;
	turn(s.loop, 0);
	tap_is_text(str_text(&s.log), "",
	    "a timer is not called before the clock has reached it");
	pretended++;
	turn(s.loop, -1);
	tap_is_text(
	    str_text(&s.log), "timer ", "it is called when a test's clock has");
	clock_set_source(NULL);
	loop_free(s.loop);
	str_release(&s.log);
}

static void
never(void *arg)
{
	tap_ok(false, "%s is not called", (const char *)arg);
}

static void
test_free(void)
{
	static char timer[] = "a pending timer";
	static char call[] = "a deferred call";
	struct loop *loop = loop_new();
	loop_after(loop, 60000, never, timer);
	loop_defer(loop, never, call);
	loop_free(loop);
	tap_ok(true, "a loop is freed with timers and calls pending");
}

int
main(void)
{
	test_order();
	test_removal();
	test_pause();
	test_many_timers();
	test_renewal();
	test_nested();
	test_clock();
	test_free();
	return tap_done();
}
