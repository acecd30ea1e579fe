/* SPDX-License-Identifier: MIT */
/*
 * The map phase: a bounded number of agents at once, refilled as they end,
 * and the queue of merges behind them.
 */
#ifndef RUN_MAP_H
#define RUN_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/objects.h"
#include "run/supervisor.h"
#include "run/trees.h"
#include "run/worker.h"

struct map {
	struct supervisor *sup;
	struct objects *objects;
	struct trees *trees;
	struct workers workers;
	struct merge_list merges; /* ready, in order of completion */
	struct worker *merging; /* the one whose turn it is */
	size_t next; /* items before it were started */
	size_t *again; /* indices to start anew (lost attempts) */
	size_t n_again;
	size_t again_cap;
	size_t slots; /* agents at once */
	size_t slots_now; /* fewer for a while when the system is short */
	size_t used; /* slots in use */
	size_t live; /* workers */
	size_t kept; /* failed work trees that stay */
	char *head; /* of the map ref */
	json_t *vars; /* vars_to_json() of the run, shared by all specs */
	json_t *orphans; /* registry entries of trees that stay */
	struct timer *recover; /* pending while slots_now < slots */
	int64_t short_since; /* clock_now() of the first refused start, or 0 */
	bool refill_due;
	bool done;
};

/*
 * Runs the map phase and waits for its end. False only when it was stopped or
 * cannot go on: failed items are no failure of the phase.
 */
bool map_run(struct supervisor *sup, struct error *err) MUST_USE;
/* Stops admission and agents; they come back as cancelled. */
void map_stop(struct map *map, int64_t force_ms);

/* For workers: */
void map_refill_later(struct map *map);
void map_forget(struct map *map, struct worker *worker);
void map_release_slot(struct map *map, struct worker *worker);
void map_start_again(struct map *map, size_t index);
/* A start was refused for want of processes, memory or descriptors. */
void map_is_short(struct map *map, const struct error *err);

/* Queues a ready worker for its merge (run/merge_queue.c). */
void merge_queue_add(struct map *map, struct worker *worker);
void merge_queue_next(struct map *map);
/* Merges the worker whose turn it is, with its resolved tree if it has one. */
void merge_queue_merge(struct map *map, struct worker *worker);
/* Lets claude work on its conflict (run/resolve.c). */
void resolve_start(struct map *map, struct worker *worker);

#endif
