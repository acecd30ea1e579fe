/* SPDX-License-Identifier: MIT */
/* Merging what agents made, one after the other, in order of completion. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "git/merge.h"
#include "run/map.h"

void
merge_queue_add(struct map *map, struct worker *worker)
{
	STAILQ_INSERT_TAIL(&map->merges, worker, queue);
	merge_queue_next(map);
}

/* What is ready is recorded as such: a resume merges it. */
static void
forget_queue(struct map *map)
{
	struct worker *worker;
	while ((worker = STAILQ_FIRST(&map->merges)) != NULL) {
		STAILQ_REMOVE_HEAD(&map->merges, queue);
		map_forget(map, worker);
	}
}

void
merge_queue_next(struct map *map)
{
	if (map->merging != NULL)
		return;
	if (supervisor_is_stopping(map->sup)) {
		forget_queue(map);
		return;
	}
	map->merging = STAILQ_FIRST(&map->merges);
	if (map->merging == NULL)
		return;
	STAILQ_REMOVE_HEAD(&map->merges, queue);
	worker_handle(map->merging, AGENT_TURN);
}

static void
conflict_came(struct worker *worker, const struct strv *paths)
{
	autostr struct str list = { 0 };
	for (size_t i = 0; i < paths->n; i++)
		str_format(&list, "%s%s", i > 0 ? ", " : "", paths->items[i]);
	failure_set(&worker->failure, CAUSE_MERGE_CONFLICT, 0,
	    "merge conflict in %s; its work is on branch %s", str_text(&list),
	    worker->branch);
}

static void
merged(const struct merge_result *result, void *arg)
{
	struct worker *worker = arg;
	struct map *map = worker->map;
	enum agent_event event = AGENT_MERGED;
	switch (result->outcome) {
	case MERGE_DONE:
		free(map->head);
		map->head = mem_text(result->commit);
		worker->merge_commit = mem_text(result->commit);
		break;
	case MERGE_CONFLICT:
		conflict_came(worker, &result->paths);
		event = AGENT_CONFLICT;
		break;
	case MERGE_FAILED:
		failure_set(&worker->failure, CAUSE_WORKTREE, 0, "%s",
		    error_text(result->err));
		event = AGENT_MERGE_ERROR;
		break;
	}
	/* A conflict that goes to claude keeps its turn: it needs this head. */
	bool keeps_turn = event == AGENT_CONFLICT && worker->scratch == NULL &&
	    !supervisor_is_stopping(map->sup);
	if (!keeps_turn)
		map->merging = NULL;
	worker_handle(worker, event);
	merge_queue_next(map);
}

static char *
make_message(const struct map *map, const struct worker *worker)
{
	return mem_format("Merge agent %s\n\n"
			  "Prodigy-Item: %s\n"
			  "Prodigy-Attempt: %u\n"
			  "Prodigy-Job: %s\n",
	    worker->branch, worker->item, worker->attempt_number, map->sup->id);
}

void
merge_queue_merge(struct map *map, struct worker *worker)
{
	const struct supervisor *sup = map->sup;
	autofree char *message = make_message(map, worker);
	autofree char *branch = mem_format("refs/heads/%s", worker->branch);
	struct merge_request request = {
		.old = map->head,
		.tip = worker->result.tip,
		.base = worker->base,
		.tree = worker->resolved_tree,
		.message = message,
		.identity = sup->identity,
		.wall_ms = clock_wall(),
		.ref = sup->map_ref,
		.drop_branch = worker->tree_kept ? NULL : branch,
		.drop_ref = worker->item_ref,
	};
	merge_start(map->objects, &request, merged, worker);
}
