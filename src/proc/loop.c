/* SPDX-License-Identifier: MIT */
/* The event loop: watches in a list, timers in a heap, deferred calls. */
#include "config.h"

#include <sys/queue.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "proc/loop.h"

/* The place of a timer that is in no heap any more. */
#define NOWHERE SIZE_MAX

struct watch {
	TAILQ_ENTRY(watch) entry;
	struct loop *loop; /* borrowed */
	loop_fd_fn *fn;
	void *arg;
	int fd;
	short events;
	bool removed;
};

struct timer {
	TAILQ_ENTRY(timer) entry; /* among the spent ones */
	struct loop *loop; /* borrowed */
	loop_fn *fn;
	void *arg;
	int64_t deadline;
	uint64_t order; /* of creation: decides between equal deadlines */
	size_t index; /* in the heap */
};

struct deferred {
	STAILQ_ENTRY(deferred) entry;
	loop_fn *fn;
	void *arg;
};

struct poll_set {
	struct pollfd *fds;
	struct watch **watches; /* borrowed, same order */
	size_t n;
	size_t fds_cap;
	size_t watches_cap;
};

TAILQ_HEAD(watch_list, watch);
TAILQ_HEAD(timer_list, timer);
STAILQ_HEAD(deferred_list, deferred);

struct loop {
	struct watch_list watches;
	struct watch_list removed;
	struct timer **heap;
	size_t n_timers;
	size_t heap_cap;
	uint64_t next_order;
	struct timer_list spent;
	struct deferred_list deferred;
	size_t n_deferred;
	struct poll_set spare; /* its memory serves the next turn */
	unsigned depth; /* turns nest when a callback waits */
};

struct loop *
loop_new(void)
{
	struct loop *loop = mem_zalloc(sizeof(*loop));
	TAILQ_INIT(&loop->watches);
	TAILQ_INIT(&loop->removed);
	TAILQ_INIT(&loop->spent);
	STAILQ_INIT(&loop->deferred);
	return loop;
}

static void
free_watches(struct watch_list *list)
{
	struct watch *next = NULL;
	for (struct watch *w = TAILQ_FIRST(list); w != NULL; w = next) {
		next = TAILQ_NEXT(w, entry);
		free(w);
	}
	TAILQ_INIT(list);
}

static void
free_spent(struct loop *loop)
{
	struct timer *next = NULL;
	for (struct timer *t = TAILQ_FIRST(&loop->spent); t != NULL; t = next) {
		next = TAILQ_NEXT(t, entry);
		free(t);
	}
	TAILQ_INIT(&loop->spent);
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	free_watches(&loop->watches);
	free_watches(&loop->removed);
	free_spent(loop);
	for (size_t i = 0; i < loop->n_timers; i++)
		free(loop->heap[i]);
	free(loop->heap);
	struct deferred *next = NULL;
	struct deferred *d = STAILQ_FIRST(&loop->deferred);
	for (; d != NULL; d = next) {
		next = STAILQ_NEXT(d, entry);
		free(d);
	}
	free(loop->spare.fds);
	free(loop->spare.watches);
	free(loop);
}

struct watch *
loop_watch(struct loop *loop, int fd, short events, loop_fd_fn *fn, void *arg)
{
	struct watch *watch = mem_zalloc(sizeof(*watch));
	watch->loop = loop;
	watch->fd = fd;
	watch->events = events;
	watch->fn = fn;
	watch->arg = arg;
	TAILQ_INSERT_TAIL(&loop->watches, watch, entry);
	return watch;
}

bool
loop_is_watching(const struct loop *loop, int fd)
{
	const struct watch *watch = NULL;
	TAILQ_FOREACH(watch, &loop->watches, entry) {
		if (watch->fd == fd)
			return true;
	}
	return false;
}

void
watch_set_events(struct watch *watch, short events)
{
	watch->events = events;
}

void
watch_remove(struct watch *watch)
{
	if (watch == NULL || watch->removed)
		return;
	struct loop *loop = watch->loop;
	TAILQ_REMOVE(&loop->watches, watch, entry);
	if (loop->depth == 0) {
		free(watch);
		return;
	}
	watch->removed = true;
	TAILQ_INSERT_TAIL(&loop->removed, watch, entry);
}

static bool
is_before(const struct timer *a, const struct timer *b)
{
	if (a->deadline != b->deadline)
		return a->deadline < b->deadline;
	return a->order < b->order;
}

static void
heap_put(struct loop *loop, struct timer *timer, size_t index)
{
	loop->heap[index] = timer;
	timer->index = index;
}

static void
heap_rise(struct loop *loop, struct timer *timer, size_t index)
{
	while (index > 0) {
		size_t parent = (index - 1) / 2;
		if (!is_before(timer, loop->heap[parent]))
			break;
		heap_put(loop, loop->heap[parent], index);
		index = parent;
	}
	heap_put(loop, timer, index);
}

static void
heap_sink(struct loop *loop, struct timer *timer, size_t index)
{
	for (;;) {
		size_t least = 2 * index + 1;
		if (least >= loop->n_timers)
			break;
		if (least + 1 < loop->n_timers &&
		    is_before(loop->heap[least + 1], loop->heap[least]))
			least++;
		if (!is_before(loop->heap[least], timer))
			break;
		heap_put(loop, loop->heap[least], index);
		index = least;
	}
	heap_put(loop, timer, index);
}

static void
heap_take(struct loop *loop, struct timer *timer)
{
	size_t index = timer->index;
	timer->index = NOWHERE;
	struct timer *last = loop->heap[--loop->n_timers];
	if (last == timer)
		return;
	heap_rise(loop, last, index);
	heap_sink(loop, last, last->index);
}

struct timer *
loop_after(struct loop *loop, int64_t ms, loop_fn *fn, void *arg)
{
	struct timer *timer = mem_zalloc(sizeof(*timer));
	int64_t now = clock_now();
	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	if (ms < 0)
		ms = 0;
	timer->deadline = ms > INT64_MAX - now ? INT64_MAX : now + ms;
	timer->order = loop->next_order++;
	loop->heap = mem_grow(loop->heap, &loop->heap_cap, loop->n_timers + 1,
	    sizeof(*loop->heap));
	heap_rise(loop, timer, loop->n_timers++);
	return timer;
}

void
timer_remove(struct timer *timer)
{
	/* A timer that has just fired is freed by the turn. */
	if (timer == NULL || timer->index == NOWHERE)
		return;
	heap_take(timer->loop, timer);
	free(timer);
}

/* Runs what was due and present when the turn began. */
static bool
run_timers(struct loop *loop)
{
	int64_t now = clock_now();
	uint64_t end = loop->next_order;
	bool any = false;
	while (loop->n_timers > 0) {
		struct timer *timer = loop->heap[0];
		if (timer->deadline > now || timer->order >= end)
			break;
		heap_take(loop, timer);
		TAILQ_INSERT_TAIL(&loop->spent, timer, entry);
		timer->fn(timer->arg);
		any = true;
	}
	return any;
}

void
loop_defer(struct loop *loop, loop_fn *fn, void *arg)
{
	struct deferred *d = mem_zalloc(sizeof(*d));
	d->fn = fn;
	d->arg = arg;
	STAILQ_INSERT_TAIL(&loop->deferred, d, entry);
	loop->n_deferred++;
}

/* Calls that defer again wait for the next turn. */
static void
run_deferred(struct loop *loop)
{
	for (size_t n = loop->n_deferred; n > 0; n--) {
		struct deferred *d = STAILQ_FIRST(&loop->deferred);
		if (d == NULL)
			return;
		STAILQ_REMOVE_HEAD(&loop->deferred, entry);
		loop->n_deferred--;
		loop_fn *fn = d->fn;
		void *arg = d->arg;
		free(d);
		fn(arg);
	}
}

static int
poll_timeout(const struct loop *loop, int64_t max_wait)
{
	if (loop->n_deferred > 0)
		return 0;
	int64_t wait = max_wait < 0 ? -1 : max_wait;
	if (loop->n_timers > 0) {
		int64_t left = loop->heap[0]->deadline - clock_now();
		if (left < 0)
			left = 0;
		if (wait == -1 || left < wait)
			wait = left;
	}
	return wait > INT_MAX ? INT_MAX : (int)wait;
}

static void
fill_poll_set(const struct loop *loop, struct poll_set *set)
{
	set->n = 0;
	struct watch *watch = NULL;
	TAILQ_FOREACH(watch, &loop->watches, entry) {
		/* A paused descriptor that hung up would spin the loop. */
		if (watch->events == 0)
			continue;
		set->fds = mem_grow(
		    set->fds, &set->fds_cap, set->n + 1, sizeof(*set->fds));
		set->watches = mem_grow(set->watches, &set->watches_cap,
		    set->n + 1, sizeof(struct watch *));
		set->watches[set->n] = watch;
		set->fds[set->n++] = (struct pollfd){
			.fd = watch->fd,
			.events = watch->events,
		};
	}
}

static void
dispatch(const struct poll_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct watch *watch = set->watches[i];
		short revents = set->fds[i].revents;
		if (revents == 0 || watch->removed || watch->events == 0)
			continue;
		watch->fn(watch->fd, revents, watch->arg);
	}
}

/*
 * The set belongs to this turn while callbacks run: a callback that turns the
 * loop itself must not overwrite it.
 */
static bool
poll_once(struct loop *loop, int64_t max_wait, struct error *err)
{
	struct poll_set set = loop->spare;
	loop->spare = (struct poll_set){ 0 };
	fill_poll_set(loop, &set);
	int timeout = poll_timeout(loop, max_wait);
	int n = poll(set.fds, (nfds_t)set.n, timeout);
	bool ok = n != -1 || errno == EINTR;
	if (!ok)
		error_system(err, "waiting for events");
	if (n > 0)
		dispatch(&set);
	free(loop->spare.fds);
	free(loop->spare.watches);
	loop->spare = set;
	return ok;
}

bool
loop_turn(struct loop *loop, int64_t max_wait, struct error *err)
{
	loop->depth++;
	/* A timer may have changed what the caller is waiting for. */
	if (run_timers(loop))
		max_wait = 0;
	bool ok = poll_once(loop, max_wait, err);
	run_deferred(loop);
	if (--loop->depth == 0) {
		free_watches(&loop->removed);
		free_spent(loop);
	}
	return ok;
}
