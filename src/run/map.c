/* SPDX-License-Identifier: MIT */
/* The map phase: slots, admission, what follows an event, and the end. */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "proc/fds.h"
#include "run/item.h"
#include "run/map.h"
#include "run/merging.h"
#include "run/room.h"
#include "state/session.h"

/* --- how many at once ------------------------------------------------- */

#define FDS_PER_SLOT 6 /* pipes of an agent and of git for it */
#define PROCESSES_PER_SLOT 4 /* agent, shell, program, git */

/* Threads of one process, 0 if it is another user's or gone. */
static unsigned
threads_of(int proc, const char *pid, uid_t uid)
{
	char path[64];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s/task", pid);
	if (len < 0 || (size_t)len >= sizeof(path))
		return 0;
	if (fstatat(proc, path, &st, 0) != 0 || st.st_uid != uid)
		return 0;
	/* A link for each subdirectory, and two more. */
	return st.st_nlink > 2 ? (unsigned)st.st_nlink - 2 : 1;
}

/* What RLIMIT_NPROC counts; 0 where /proc does not tell. */
static uint64_t
tasks_of_user(uid_t uid)
{
	DIR *dir = opendir("/proc");
	if (dir == NULL)
		return 0;
	uint64_t n = 0;
	const struct dirent *entry = NULL;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			n += threads_of(dirfd(dir), entry->d_name, uid);
	}
	closedir(dir);
	return n;
}

static uint64_t
slots_by_nofile(uint64_t *limit)
{
	struct rlimit now;
	if (getrlimit(RLIMIT_NOFILE, &now) != 0 ||
	    now.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	*limit = now.rlim_cur;
	if (now.rlim_cur <= FDS_NEEDED)
		return 0;
	return (now.rlim_cur - FDS_NEEDED) / FDS_PER_SLOT;
}

static uint64_t
slots_by_nproc(uint64_t *limit)
{
	struct rlimit now;
	/* The superuser is exempt. */
	if (geteuid() == 0 || getrlimit(RLIMIT_NPROC, &now) != 0 ||
	    now.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	*limit = now.rlim_cur;
	uint64_t used = tasks_of_user(getuid());
	if (now.rlim_cur <= used)
		return 0;
	return (now.rlim_cur - used) / PROCESSES_PER_SLOT;
}

static void
explain(struct str *why, const char *what, uint64_t limit)
{
	str_clear(why);
	str_format(why, "the limit of %s is %ju", what, (uintmax_t)limit);
}

unsigned
slots_allowed(unsigned wanted, struct str *why)
{
	unsigned slots = wanted;
	uint64_t limit = 0;
	uint64_t allowed = slots_by_nofile(&limit);
	if (allowed < slots) {
		slots = allowed == 0 ? 1 : (unsigned)allowed;
		explain(why, "open files", limit);
	}
	allowed = slots_by_nproc(&limit);
	if (allowed < slots) {
		slots = allowed == 0 ? 1 : (unsigned)allowed;
		explain(why, "processes", limit);
	}
	return slots == 0 ? 1 : slots;
}

#define BACKLOG 4 /* ready items that may wait, in multiples of slots */
/* After a refused start: how long fewer agents run at once, ... */
#define SHORTAGE_MS 30000
/* ... when to try again if none runs at all, ... */
#define SHORTAGE_RETRY_MS 1000
/* ... and how long that may go on before the job ends. */
#define SHORTAGE_LIMIT_MS 300000

struct map {
	struct item_shared shared;
	struct supervisor *sup;
	struct merging *merging;
	struct item_list items; /* on their way */
	size_t in_state[ITEM_STATES]; /* how many of them are in each state */
	size_t next; /* items before it were started */
	size_t *again; /* indices to start anew */
	size_t n_again;
	size_t again_cap;
	bool *slot_taken; /* by number from 0: an agent has it */
	size_t n_slots; /* numbers given so far */
	size_t slots_cap;
	size_t slots; /* agents at once */
	size_t slots_now; /* fewer for a while when the system is short */
	struct timer *recovery; /* pending while slots_now < slots */
	int64_t short_since; /* clock_now() of the first refused start, or 0 */
	struct room *room;
	struct error failure; /* why the map cannot go on */
	bool refill_due;
	bool done;
};

/* The lowest number that no agent has. */
static void
take_slot(struct map *map, struct item *item)
{
	size_t slot = 0;
	while (slot < map->n_slots && map->slot_taken[slot])
		slot++;
	if (slot == map->n_slots) {
		map->slot_taken = mem_grow(map->slot_taken, &map->slots_cap,
		    slot + 1, sizeof(*map->slot_taken));
		map->n_slots++;
	}
	map->slot_taken[slot] = true;
	item->slot = (unsigned)slot + 1;
}

static void
free_slot(struct map *map, struct item *item)
{
	if (item->slot > 0)
		map->slot_taken[item->slot - 1] = false;
	item->slot = 0;
}

static size_t
slots_used(const struct map *map)
{
	size_t used = 0;
	for (int state = 0; state < ITEM_STATES; state++)
		if (item_has_slot((enum item_state)state))
			used += map->in_state[state];
	return used;
}

/* --- what follows an event -------------------------------------------- */

static void
forget(struct map *map, struct item *item)
{
	merging_end_turn(map->merging, item);
	item_record_spent(item);
	free_slot(map, item);
	TAILQ_REMOVE(&map->items, item, link);
	map->in_state[item->state]--;
	item_free(item);
}

static void
start_again(struct map *map, const struct item *item)
{
	map->again = mem_grow(
	    map->again, &map->again_cap, map->n_again + 1, sizeof(*map->again));
	map->again[map->n_again++] = item->index;
}

static void
recover(void *arg)
{
	struct map *map = arg;
	map->recovery = NULL;
	map->slots_now = map->slots;
	map_refill_later(map);
}

static void
tell_wait(const struct map *map, const struct failure *why, int64_t ms)
{
	char until[CLOCK_RFC3339_SIZE];
	json_t *members = json_object();
	json_set_text(members, "reason", failure_cause_name(why->cause));
	json_set_text(
	    members, "until", clock_rfc3339(clock_wall() + ms, until));
	json_set_text(members, "error", why->message);
	recorder_event(&map->sup->recorder, "waiting", members);
}

/* A start was refused for want of processes, memory or descriptors. */
static void
reduce_slots(struct map *map, const struct failure *why)
{
	struct recorder *recorder = &map->sup->recorder;
	bool none_runs = slots_used(map) == 0;
	if (map->short_since == 0)
		map->short_since = clock_now();
	map->slots_now = map->slots_now > 1 ? map->slots_now / 2 : 1;
	log_warn(
	    "%s: %zu agents at once for a while", why->message, map->slots_now);
	recorder_event(recorder, "admission_reduced",
	    json_pack("{s:I, s:o}", "slots", (json_int_t)map->slots_now,
		"reason", json_text(why->message)));
	const int64_t wait = none_runs ? SHORTAGE_RETRY_MS : SHORTAGE_MS;
	tell_wait(map, why, wait);
	timer_remove(map->recovery);
	map->recovery = loop_after(map->sup->loop, wait, recover, map);
	if (none_runs && clock_now() - map->short_since > SHORTAGE_LIMIT_MS) {
		autoerror struct error err = { 0 };
		error_set(&err, ERROR_SYSTEM, "no agent could be started: %s",
		    why->message);
		recorder_fail(recorder, &err);
	}
}

static void
let_go(struct map *map, struct item *item)
{
	item_record_reset(item);
	forget(map, item);
}

static void
perform(struct map *map, struct item *item, enum item_action action)
{
	switch (action) {
	case ITEM_DO_MAKE_TREE:
		item_make_tree(item);
		break;
	case ITEM_DO_RUN:
		item_run(item);
		break;
	case ITEM_DO_COLLECT:
		item_collect(item);
		break;
	case ITEM_DO_RECORD_READY:
		item_record_ready(item);
		break;
	case ITEM_DO_QUEUE:
		merging_add(map->merging, item);
		break;
	case ITEM_DO_MERGE:
		merging_merge(map->merging, item);
		break;
	case ITEM_DO_ADD_SCRATCH:
		merging_add_scratch(item);
		break;
	case ITEM_DO_FILL_SCRATCH:
		merging_fill_scratch(item);
		break;
	case ITEM_DO_ASK_CLAUDE:
		merging_ask_claude(item);
		break;
	case ITEM_DO_RECORD_DONE:
		item_record_done(item);
		break;
	case ITEM_DO_RECORD_FAILURE:
		merging_end_turn(map->merging, item);
		item_record_failure(item);
		break;
	case ITEM_DO_REPEAT:
		start_again(map, item);
		let_go(map, item);
		break;
	case ITEM_DO_PUT_BACK:
		start_again(map, item);
		reduce_slots(map, &item->failure);
		let_go(map, item);
		break;
	case ITEM_DO_LET_GO:
		let_go(map, item);
		break;
	case ITEM_DO_LEAVE:
	case ITEM_DO_FORGET:
		forget(map, item);
		break;
	case ITEM_ACTIONS:
		break;
	}
}

/* The only place where the state of an item changes. */
static void
handle(struct item *item, enum item_event event)
{
	struct map *map = item->shared->owner;
	const struct item_view view = {
		.state = item->state,
		.can_repeat = item->lost_left > 0,
		.stopping = supervisor_is_stopping(map->sup),
	};
	struct item_step step;
	if (!item_follow(&view, event, &step))
		BUG("%s is %s and cannot have '%s'", item->id,
		    item_state_name(item->state), item_event_name(event));
	/* Its agent could be started: a shortage that was is over. */
	if (item->state == ITEM_RUNNING && event != ITEM_REFUSED)
		map->short_since = 0;
	log_debug("%s: %s -> %s (%s: %s)", item->id,
	    item_state_name(item->state), item_state_name(step.state),
	    item_event_name(event), item_action_name(step.action));
	map->in_state[item->state]--;
	map->in_state[step.state]++;
	item->state = step.state;
	if (!item_has_slot(item->state))
		free_slot(map, item);
	else if (item->slot == 0)
		take_slot(map, item);
	perform(map, item, step.action);
	map_refill_later(map);
}

/* --- admission -------------------------------------------------------- */

static void
show_counts(const struct map *map)
{
	const struct job *job = &map->sup->recorder.job;
	progress_counts(map->sup->progress, job->counts[JOB_ITEM_DONE],
	    job->counts[JOB_ITEM_FAILED], slots_used(map),
	    job->counts[JOB_ITEM_READY]);
}

static bool
has_more(const struct map *map)
{
	return map->next < map->sup->recorder.job.total || map->n_again > 0;
}

static size_t
take_index(struct map *map)
{
	return map->n_again > 0 ? map->again[--map->n_again] : map->next++;
}

static bool
may_start(struct map *map)
{
	const struct item_admission admission = {
		.stopping = supervisor_is_stopping(map->sup),
		.recovering = map->recovery != NULL,
		.slots = map->slots_now,
		.used = slots_used(map),
		.ready = map->sup->recorder.job.counts[JOB_ITEM_READY],
		.ready_limit = BACKLOG * map->slots,
		.idle = trees_idle(map->shared.trees),
		.filling = trees_filling(map->shared.trees),
		.fill_limit = map->sup->processors,
	};
	return has_more(map) && item_may_start(&admission) &&
	    room_is_there(map->room);
}

static bool
start_next(struct map *map)
{
	struct recorder *recorder = &map->sup->recorder;
	autoerror struct error err = { 0 };
	size_t index = take_index(map);
	char *label = NULL;
	json_t *data = spool_item(&recorder->spool, index, &label, &err);
	if (data == NULL) {
		recorder_fail(recorder, &err);
		return false;
	}
	struct item *item = item_new(&map->shared, index,
	    recorder->job.items[index].attempts + 1u, data, label);
	TAILQ_INSERT_TAIL(&map->items, item, link);
	map->in_state[item->state]++;
	handle(item, ITEM_STARTS);
	return true;
}

/*
 * Once storage failed nothing is acknowledged any more: who waits for its
 * record waits in vain, and only what still moves is waited for.
 */
static bool
only_waits_for_storage(const struct map *map)
{
	size_t waiting = map->in_state[ITEM_READY] + map->in_state[ITEM_DONE] +
	    map->in_state[ITEM_FAILED];
	size_t all = 0;
	for (int state = 0; state < ITEM_STATES; state++)
		all += map->in_state[state];
	return map->sup->recorder.failure.kind != ERROR_NONE && waiting == all;
}

/*
 * No item is on its way, and none can start for want of room. Trees that wait
 * for an agent go first: without them there may be room for one.
 */
static bool
is_stuck(struct map *map)
{
	if (!has_more(map) || !room_is_short(map->room))
		return false;
	trees_drain(map->shared.trees);
	return !trees_are_busy(map->shared.trees);
}

static void
refill(void *arg)
{
	struct map *map = arg;
	map->refill_due = false;
	while (may_start(map))
		if (!start_next(map))
			break;
	show_counts(map);
	map->done = only_waits_for_storage(map) ||
	    (TAILQ_EMPTY(&map->items) &&
		(!has_more(map) || supervisor_is_stopping(map->sup)));
	if (!map->done && TAILQ_EMPTY(&map->items) && is_stuck(map)) {
		room_complain(map->room, &map->failure);
		map->done = true;
	}
}

void
map_refill_later(struct map *map)
{
	show_counts(map);
	if (!map->refill_due)
		loop_defer(map->sup->loop, refill, map);
	map->refill_due = true;
}

static void
refill_soon(void *arg)
{
	map_refill_later(arg);
}

void
map_stop(struct map *map, int64_t force_ms)
{
	struct item *item;
	TAILQ_FOREACH(item, &map->items, link)
		item_stop(item, force_ms);
	map_refill_later(map);
}

void
map_add_spent(const struct map *map, struct spent *sum)
{
	const struct item *item;
	TAILQ_FOREACH(item, &map->items, link)
		item_add_unrecorded(item, sum);
}

/* --- the whole phase -------------------------------------------------- */

static void
choose_slots(struct map *map)
{
	const struct supervisor *sup = map->sup;
	size_t wanted = sup->workflow.map.max_parallel;
	autostr struct str reason = { 0 };
	if (sup->options->max_parallel > 0)
		wanted = sup->options->max_parallel;
	map->slots = slots_allowed(wanted, &reason);
	if (map->slots < wanted)
		log_warn("%zu agents at once instead of %zu: %s", map->slots,
		    wanted, str_text(&reason));
	map->slots_now = map->slots;
}

static void
announce(const struct map *map)
{
	const struct supervisor *sup = map->sup;
	size_t total = sup->recorder.job.total;
	progress_say(sup->progress,
	    "Processing %zu items with %zu parallel agents...", total,
	    total < map->slots ? total : map->slots);
	progress_map(sup->progress, total);
}

/* A pack is soon done, unless somebody has lost patience. */
static bool
waits_for_pack(const struct map *map)
{
	return packer_is_busy(map->shared.packer) && map->sup->stop_count < 2;
}

/* Trees and removals that are left go before the phase is over. */
static bool
clear_trees(struct map *map, struct error *err)
{
	trees_drain(map->shared.trees);
	while (trees_are_busy(map->shared.trees) || waits_for_pack(map))
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
	autojson json_t *stay = failed_trees_registry(map->shared.failed_trees);
	if (json_array_size(stay) > 0 && !session_write(path, stay, &err))
		log_warn("%s", error_text(&err));
}

static void
open_map(struct map *map, struct supervisor *sup)
{
	struct recorder *recorder = &sup->recorder;
	*map = (struct map){ .sup = sup };
	TAILQ_INIT(&map->items);
	map->shared = (struct item_shared){
		.sup = sup,
		.objects = objects_open(sup->loop, sup->parent_dir,
		    sup->trees_dir == NULL ? recorder->job_dir
					   : sup->trees_dir),
		.packer = packer_new(sup->loop, sup->parent_dir,
		    recorder->parent_head, PACKER_MERGES),
		.trees = trees_new(sup),
		.head = mem_text(recorder->parent_head),
		.vars = vars_to_json(sup->vars),
		.handle = handle,
		.tree_filled = refill_soon,
		.owner = map,
	};
	map->shared.failed_trees =
	    failed_trees_new(sup, map->shared.trees, map->shared.objects);
	map->room = room_new(sup, refill_soon, map);
	map->merging = merging_new(&map->shared);
	choose_slots(map);
	sup->map = map;
}

static void
close_map(struct map *map)
{
	struct item *item;
	while ((item = TAILQ_FIRST(&map->items)) != NULL) {
		TAILQ_REMOVE(&map->items, item, link);
		item_free(item);
	}
	timer_remove(map->recovery);
	merging_free(map->merging);
	room_free(map->room);
	failed_trees_free(map->shared.failed_trees);
	packer_free(map->shared.packer);
	objects_close(map->shared.objects);
	struct item_question *question;
	while ((question = LIST_FIRST(&map->shared.questions)) != NULL) {
		LIST_REMOVE(question, link);
		free(question);
	}
	trees_free(map->shared.trees);
	free(map->shared.head);
	json_decref(map->shared.vars);
	free(map->again);
	error_release(&map->failure);
	free(map->slot_taken);
	map->sup->map = NULL;
}

bool
map_run(struct supervisor *sup, struct error *err)
{
	struct map map;
	open_map(&map, sup);
	announce(&map);
	map_refill_later(&map);
	bool ok =
	    supervisor_wait(sup, &map.done, err) && clear_trees(&map, err);
	progress_map_end(sup->progress);
	write_orphans(&map);
	free(sup->recorder.parent_head);
	sup->recorder.parent_head = mem_text(map.shared.head);
	ok = ok && supervisor_check(sup, err);
	if (ok && map.failure.kind != ERROR_NONE) {
		error_move(err, &map.failure);
		ok = false;
	}
	close_map(&map);
	return ok;
}
