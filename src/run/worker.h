/* SPDX-License-Identifier: MIT */
/*
 * One item on its way through the map phase: carries out what plan/agent
 * decides. Belongs to a map (run/map.h), which owns slots and queue.
 */
#ifndef RUN_WORKER_H
#define RUN_WORKER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/strv.h"
#include "plan/agent.h"
#include "plan/frame.h"
#include "run/attempt.h"

struct map;

struct worker {
	TAILQ_ENTRY(worker) link; /* all workers of the map */
	STAILQ_ENTRY(worker) queue; /* in the merge queue */
	struct map *map;
	size_t index;
	char *item; /* "item_7" */
	char *agent; /* "{job}_agent_7" */
	unsigned attempt_number; /* from 1 */
	unsigned lost_left;
	enum agent_state state; /* set by worker_handle() alone */
	bool has_slot;
	json_t *data; /* the item */
	char *name; /* of its work tree */
	char *path;
	char *branch; /* short name */
	char *item_ref; /* refs/prodigy/JOB/i/ITEM/ATTEMPT */
	char *base; /* commit it started from */
	bool reused; /* its tree served another agent */
	struct attempt *attempt;
	struct frame_result result; /* a copy of what the agent said */
	bool has_ref; /* item_ref is set */
	bool tree_kept; /* its work tree stays for the user */
	struct strv commits; /* base..tip, oldest first */
	struct strv files; /* changed by them */
	char *merge_commit;
	char *resolved_tree; /* of a conflict that claude resolved */
	char *scratch; /* work tree in which it does */
	struct failure failure; /* why it failed, or is about to */
	int64_t start; /* clock_now() */
};
TAILQ_HEAD(workers, worker);
STAILQ_HEAD(merge_list, worker);

/* A worker for an item, in state pending; data is taken. */
struct worker *worker_new(
    struct map *map, size_t index, unsigned attempt, json_t *data);
void worker_free(struct worker *worker);
/* What happened to it: moves on and does what follows. May free it. */
void worker_handle(struct worker *worker, enum agent_event event);
/* Ends its agent process, if it has one. */
void worker_stop(struct worker *worker, int64_t force_ms);
/* The AgentResult of the item (new reference). */
json_t *worker_result(const struct worker *worker);

#endif
