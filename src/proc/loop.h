/* SPDX-License-Identifier: MIT */
/*
 * One event loop on poll(2): descriptors, timers, deferred calls. Single
 * threaded; a callback may remove anything, itself included.
 *
 * Each turn: due timers, poll with the nearest deadline, descriptor callbacks,
 * deferred calls, then what was removed is freed.
 */
#ifndef PROC_LOOP_H
#define PROC_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"

struct loop;
struct watch;
struct timer;

typedef void loop_fd_fn(int fd, short revents, void *arg);
typedef void loop_fn(void *arg);

struct loop *loop_new(void) MUST_USE;
void loop_free(struct loop *loop); /* everything still registered goes */

/* Watches fd (not owned) for POLLIN/POLLOUT; errors and hang-up always. */
struct watch *loop_watch(
    struct loop *loop, int fd, short events, loop_fd_fn *fn, void *arg);
/* 0 pauses: not even a hang-up is reported until there are events again. */
void watch_set_events(struct watch *watch, short events);
void watch_remove(struct watch *watch); /* NULL is ignored */

bool loop_is_watching(const struct loop *loop, int fd);

/* Calls fn once, ms from now (not before the next turn). */
struct timer *loop_after(struct loop *loop, int64_t ms, loop_fn *fn, void *arg);
void timer_remove(struct timer *timer); /* only while pending; NULL ignored */

/* Calls fn at the end of this turn (or the next, outside of a turn). */
void loop_defer(struct loop *loop, loop_fn *fn, void *arg);

/*
 * One turn, waiting at most max_wait ms (-1: until something happens). A
 * callback may turn the loop itself.
 */
bool loop_turn(struct loop *loop, int64_t max_wait, struct error *err) MUST_USE;

#endif
