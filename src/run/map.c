/* SPDX-License-Identifier: MIT */
/* The map phase: slots, admission, and its end. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "proc/limits.h"
#include "run/map.h"
#include "state/session.h"

#define BACKLOG 4 /* ready items that may wait, in multiples of slots */
#define SHORT_MS 30000 /* fewer slots for so long after a refused start */
#define SHORT_LIMIT_MS 300000 /* no start at all for so long ends the job */

static void refill(void *arg);

static void
show_counts(const struct map *map)
{
	const struct job *job = &map->sup->record.job;
	progress_counts(map->sup->progress, job->counts[JOB_ITEM_DONE],
	    job->counts[JOB_ITEM_FAILED], map->used,
	    job->counts[JOB_ITEM_READY]);
}

void
map_refill_later(struct map *map)
{
	show_counts(map);
	if (!map->refill_due)
		loop_defer(map->sup->loop, refill, map);
	map->refill_due = true;
}

void
map_forget(struct map *map, struct worker *worker)
{
	map_release_slot(map, worker);
	TAILQ_REMOVE(&map->workers, worker, link);
	map->live--;
	worker_free(worker);
	map_refill_later(map);
}

void
map_release_slot(struct map *map, struct worker *worker)
{
	if (!worker->has_slot)
		return;
	worker->has_slot = false;
	map->used--;
	map_refill_later(map);
}

void
map_start_again(struct map *map, size_t index)
{
	map->again = mem_grow(
	    map->again, &map->again_cap, map->n_again + 1, sizeof(*map->again));
	map->again[map->n_again++] = index;
}

static void
recover(void *arg)
{
	struct map *map = arg;
	map->recover = NULL;
	map->slots_now = map->slots;
	map_refill_later(map);
}

void
map_is_short(struct map *map, const struct error *err)
{
	if (map->short_since == 0)
		map->short_since = clock_now();
	map->slots_now = map->slots_now > 1 ? map->slots_now / 2 : 1;
	log_warn("%s: %zu agents at once for a while", error_text(err),
	    map->slots_now);
	record_event(&map->sup->record, "admission_reduced",
	    json_pack("{s:I, s:o}", "slots", (json_int_t)map->slots_now,
		"reason", json_text(error_text(err))));
	timer_remove(map->recover);
	map->recover = loop_after(map->sup->loop,
	    map->used == 0 ? SHORT_MS / 30 : SHORT_MS, recover, map);
	if (map->used == 0 && clock_now() - map->short_since > SHORT_LIMIT_MS) {
		struct error *failure = &map->sup->record.failure;
		error_set(failure, ERROR_SYSTEM,
		    "no agent could be started: %s", error_text(err));
	}
}

/* The next index to start; false when none is left. */
static bool
take_index(struct map *map, size_t *index)
{
	if (map->n_again > 0) {
		*index = map->again[--map->n_again];
		return true;
	}
	if (map->next >= map->sup->record.job.total)
		return false;
	*index = map->next++;
	return true;
}

static bool
start_one(struct map *map, size_t index)
{
	struct record *record = &map->sup->record;
	struct error err = { 0 };
	json_t *data = spool_item(&record->spool, index, &err);
	if (data == NULL) {
		if (record->failure.kind == ERROR_NONE)
			error_move(&record->failure, &err);
		error_release(&err);
		return false;
	}
	struct worker *worker = worker_new(
	    map, index, record->job.items[index].attempts + 1u, data);
	TAILQ_INSERT_TAIL(&map->workers, worker, link);
	map->live++;
	map->used++;
	worker->has_slot = true;
	worker_handle(worker, AGENT_STARTS);
	return true;
}

static bool
may_start(const struct map *map)
{
	const struct job *job = &map->sup->record.job;
	return !supervisor_is_stopping(map->sup) &&
	    map->used < map->slots_now &&
	    job->counts[JOB_ITEM_READY] < BACKLOG * map->slots &&
	    (map->recover == NULL || map->used > 0);
}

/*
 * Once storage failed nothing is acknowledged any more: who waits for its
 * record waits in vain, and only what still runs is waited for.
 */
static bool
only_waits_for_storage(const struct map *map)
{
	const struct worker *worker;
	if (map->sup->record.failure.kind == ERROR_NONE)
		return false;
	TAILQ_FOREACH(worker, &map->workers, link)
		if (worker->state == AGENT_CREATING ||
		    worker->state == AGENT_RUNNING || worker == map->merging)
			return false;
	return true;
}

static void
refill(void *arg)
{
	struct map *map = arg;
	size_t index;
	map->refill_due = false;
	while (may_start(map) && take_index(map, &index))
		if (!start_one(map, index))
			break;
	show_counts(map);
	bool more = map->next < map->sup->record.job.total || map->n_again > 0;
	map->done = only_waits_for_storage(map) ||
	    (map->live == 0 && (!more || supervisor_is_stopping(map->sup)));
}

void
map_stop(struct map *map, int64_t force_ms)
{
	struct worker *worker;
	TAILQ_FOREACH(worker, &map->workers, link)
		worker_stop(worker, force_ms);
	map_refill_later(map);
}

static void
choose_slots(struct map *map)
{
	struct supervisor *sup = map->sup;
	size_t wanted = sup->workflow.map.max_parallel;
	autostr struct str reason = { 0 };
	if (sup->options->max_parallel > 0)
		wanted = sup->options->max_parallel;
	map->slots = limits_slots(wanted, &reason);
	if (map->slots < wanted)
		log_warn("%zu agents at once instead of %zu: %s", map->slots,
		    wanted, str_text(&reason));
	map->slots_now = map->slots;
}

/* Trees and removals that are left go before the phase is over. */
static bool
clear_trees(struct map *map, struct error *err)
{
	trees_drain(map->trees);
	while (trees_are_busy(map->trees))
		if (!loop_turn(map->sup->loop, -1, err))
			return false;
	return true;
}

static void
write_orphans(struct map *map)
{
	autoerror struct error err = { 0 };
	struct supervisor *sup = map->sup;
	autofree char *path = layout_orphans(&sup->layout, sup->id);
	if (json_array_size(map->orphans) > 0 &&
	    !session_write(path, map->orphans, &err))
		log_warn("%s", error_text(&err));
}

static void
open_map(struct map *map, struct supervisor *sup)
{
	*map = (struct map){ .sup = sup };
	TAILQ_INIT(&map->workers);
	STAILQ_INIT(&map->merges);
	map->objects =
	    objects_open(sup->loop, sup->parent_dir, sup->record.job_dir);
	map->trees = trees_new(sup);
	map->head = mem_text(sup->record.parent_head);
	map->vars = vars_to_json(sup->vars);
	map->orphans = json_array();
	choose_slots(map);
	sup->map = map;
}

static void
close_map(struct map *map)
{
	struct worker *worker;
	while ((worker = TAILQ_FIRST(&map->workers)) != NULL) {
		TAILQ_REMOVE(&map->workers, worker, link);
		worker_free(worker);
	}
	timer_remove(map->recover);
	objects_close(map->objects);
	trees_free(map->trees);
	free(map->again);
	free(map->head);
	json_decref(map->vars);
	json_decref(map->orphans);
	map->sup->map = NULL;
}

bool
map_run(struct supervisor *sup, struct error *err)
{
	struct map map;
	open_map(&map, sup);
	progress_map(sup->progress, sup->record.job.total);
	map_refill_later(&map);
	bool ok =
	    supervisor_wait(sup, &map.done, err) && clear_trees(&map, err);
	progress_map_end(sup->progress);
	write_orphans(&map);
	free(sup->record.parent_head);
	sup->record.parent_head = mem_text(map.head);
	close_map(&map);
	return ok && supervisor_check(sup, err);
}
