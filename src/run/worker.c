/* SPDX-License-Identifier: MIT */
/* One item on its way through the map phase. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "run/map.h"
#include "run/settle.h"
#include "run/shown.h"

#define LOST_REPEATS 3

struct worker *
worker_new(struct map *map, size_t index, unsigned attempt, json_t *data)
{
	const struct supervisor *sup = map->sup;
	struct worker *worker = mem_zalloc(sizeof(*worker));
	worker->map = map;
	worker->index = index;
	worker->attempt_number = attempt;
	worker->lost_left =
	    attempt > LOST_REPEATS ? 0 : LOST_REPEATS + 1 - attempt;
	worker->data = data;
	worker->item = job_item_id(index);
	worker->agent = mem_format("%s_agent_%zu", sup->id, index);
	/* Each attempt has names of its own: a late one harms nobody. */
	worker->name = attempt == 1
	    ? mem_format("mapreduce-agent-%s", worker->agent)
	    : mem_format(
		  "mapreduce-agent-%s_attempt_%u", worker->agent, attempt);
	worker->path = layout_worktree(&sup->layout, worker->name);
	worker->branch = mem_format("prodigy-%s", worker->name);
	worker->item_ref = mem_format(
	    "refs/prodigy/%s/i/%s/%u", sup->id, worker->item, attempt);
	worker->start = clock_now();
	return worker;
}

void
worker_free(struct worker *worker)
{
	json_decref(worker->data);
	frame_result_release(&worker->result);
	strv_release(&worker->commits);
	strv_release(&worker->files);
	free(worker->item);
	free(worker->agent);
	free(worker->name);
	free(worker->path);
	free(worker->branch);
	free(worker->item_ref);
	free(worker->base);
	free(worker->merge_commit);
	free(worker->resolved_tree);
	free(worker->scratch);
	failure_release(&worker->failure);
	free(worker);
}

/* --- its work tree ------------------------------------------------------- */

static void
tree_came(bool reused, const struct error *err, void *arg)
{
	struct worker *worker = arg;
	struct record *record = &worker->map->sup->record;
	if (err != NULL) {
		failure_set(
		    &worker->failure, CAUSE_WORKTREE, 0, "%s", error_text(err));
		worker_handle(worker, AGENT_TREE_FAILED);
		return;
	}
	worker->reused = reused;
	record_event(record, "worktree_created",
	    json_pack("{s:s, s:s, s:s}", "agent_id", worker->agent,
		"worktree_name", worker->name, "branch", worker->branch));
	worker_handle(worker, AGENT_TREE_MADE);
}

static void
make_tree(struct worker *worker)
{
	struct map *map = worker->map;
	struct record *record = &map->sup->record;
	worker->base = mem_text(map->head);
	record_add(record,
	    json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "op", "start",
		"item", worker->item, "attempt", (int)worker->attempt_number,
		"agent", worker->agent, "worktree", worker->path, "branch",
		worker->branch, "base", worker->base));
	trees_get(map->trees, worker->path, worker->base, tree_came, worker);
}

/* --- its process --------------------------------------------------------- */

static void
frame_came(enum frame_type type, const json_t *frame, void *arg)
{
	struct worker *worker = arg;
	struct supervisor *sup = worker->map->sup;
	const char *state = json_get_text(frame, "state");
	switch (type) {
	case FRAME_STEP:
		if (state != NULL && strcmp(state, "start") == 0)
			progress_agent(sup->progress, worker->item,
			    json_get_text(frame, "label"));
		break;
	case FRAME_OUT:
		shown_frame(sup->progress, worker->item, frame);
		break;
	case FRAME_NOTE:
		log_warn("%s: %s", worker->item, json_get_text(frame, "text"));
		break;
	case FRAME_EVENT:
		supervisor_pass_event(sup, frame, worker->agent, worker->item);
		break;
	case FRAME_HELLO:
	case FRAME_BEAT:
	case FRAME_RESULT:
	case FRAME_TYPES:
		break;
	}
}

static void
commits_listed(const struct strv *paths, const struct error *err, void *arg)
{
	struct worker *worker = arg;
	if (paths == NULL) {
		failure_set(
		    &worker->failure, CAUSE_WORKTREE, 0, "%s", error_text(err));
		worker_handle(worker, AGENT_ENDED_BADLY);
		return;
	}
	strv_copy(&worker->files, paths);
	worker_handle(worker, AGENT_ENDED_WITH_COMMITS);
}

/* Its branch keeps what cannot be merged, wherever the agent had HEAD. */
static void
kept_on_branch(const struct error *err, void *arg)
{
	struct worker *worker = arg;
	if (err != NULL)
		log_warn("%s: %s", worker->item, error_text(err));
	worker_handle(worker, AGENT_ENDED_BADLY);
}

static void
keep_on_branch(struct worker *worker)
{
	autofree char *branch = mem_format("refs/heads/%s", worker->branch);
	struct ref_change change = { .ref = branch, .new = worker->result.tip };
	failure_set(&worker->failure, CAUSE_WORKTREE, 0,
	    "history rewritten: HEAD does not descend from the commit the "
	    "agent started from");
	objects_update_refs(
	    worker->map->objects, &change, 1, kept_on_branch, worker);
}

static void
walked(
    const struct strv *oids, bool descends, const struct error *err, void *arg)
{
	struct worker *worker = arg;
	if (oids == NULL) {
		failure_set(
		    &worker->failure, CAUSE_WORKTREE, 0, "%s", error_text(err));
		worker_handle(worker, AGENT_ENDED_BADLY);
	} else if (!descends) {
		keep_on_branch(worker);
	} else {
		strv_copy(&worker->commits, oids);
		objects_commit_changes(worker->map->objects, worker->base,
		    worker->result.tip, commits_listed, worker);
	}
}

static void
ended_well(struct worker *worker)
{
	const char *tip = worker->result.tip;
	if (tip == NULL || strcmp(tip, worker->base) == 0)
		worker_handle(worker, AGENT_ENDED_WITHOUT_COMMITS);
	else
		objects_walk(
		    worker->map->objects, worker->base, tip, walked, worker);
}

static void
attempt_ended(enum verdict verdict, const struct frame_result *result,
    const char *why, void *arg)
{
	struct worker *worker = arg;
	struct supervisor *sup = worker->map->sup;
	worker->attempt = NULL;
	progress_agent(sup->progress, worker->item, NULL);
	map_release_slot(worker->map, worker);
	supervisor_add_cost(sup, result);
	if (result != NULL) {
		frame_result_copy(result, &worker->result);
		failure_copy(&worker->failure, &result->failure);
	}
	settle_tree(worker, verdict);
	switch (verdict) {
	case VERDICT_OK:
		ended_well(worker);
		break;
	case VERDICT_FAILED:
		worker_handle(worker, AGENT_ENDED_BADLY);
		break;
	case VERDICT_CANCELLED:
		worker_handle(worker, AGENT_CANCELLED);
		break;
	case VERDICT_LOST:
	case VERDICTS:
		failure_set(&worker->failure, CAUSE_LOST, 0, "%s", why);
		log_warn("%s: %s", worker->item, why);
		worker_handle(worker, AGENT_LOST);
		break;
	}
}

static json_t *
make_vars(const struct worker *worker)
{
	const struct map *map = worker->map;
	json_t *vars = json_copy(map->vars);
	json_object_set_new(
	    vars, "item", json_pack("[s, O]", "d", worker->data));
	json_object_set_new(
	    vars, "item_id", json_pack("[s, s]", "t", worker->item));
	json_object_set_new(vars, "item_index",
	    json_pack("[s, I]", "t", (json_int_t)worker->index));
	json_object_set_new(vars, "item_total",
	    json_pack("[s, I]", "t", (json_int_t)map->sup->record.job.total));
	return vars;
}

static bool
is_shortage(int code)
{
	return code == EAGAIN || code == ENOMEM || code == EMFILE ||
	    code == ENFILE;
}

/* Not the item's fault: it waits for a better moment. */
static void
put_back(struct worker *worker, const struct error *err)
{
	struct map *map = worker->map;
	map_start_again(map, worker->index);
	trees_give(map->trees, worker->path, false);
	map_is_short(map, err);
	worker_handle(worker, AGENT_CANCELLED);
}

static void
run_agent(struct worker *worker)
{
	struct map *map = worker->map;
	struct supervisor *sup = map->sup;
	struct error err = { 0 };
	autofree char *salvage =
	    mem_format("refs/prodigy/salvage/%s/%s", sup->id, worker->item);
	struct frame_spec spec = supervisor_spec(sup, PHASE_MAP);
	spec.agent = worker->agent;
	spec.item = worker->item;
	spec.attempt = worker->attempt_number;
	spec.directory = worker->path;
	spec.base = worker->base;
	spec.branch = worker->branch;
	spec.salvage_ref = salvage;
	spec.reused = worker->reused;
	spec.needs_clean = worker->reused;
	spec.check_reuse = true;
	spec.steps = sup->workflow.map.agent_template;
	spec.timeout_ms = sup->workflow.map.agent_timeout_ms;
	spec.log_name = worker->name;
	spec.vars = make_vars(worker);
	worker->attempt = attempt_start(sup->loop, &sup->executor, &spec,
	    frame_came, attempt_ended, worker, &err);
	json_decref(spec.vars);
	if (worker->attempt != NULL) {
		map->short_since = 0;
		settle_started(worker);
	} else if (is_shortage(err.code)) {
		put_back(worker, &err);
	} else {
		failure_set(&worker->failure, CAUSE_RESOURCE, 0, "%s",
		    error_text(&err));
		worker_handle(worker, AGENT_LOST);
	}
	error_release(&err);
}

void
worker_stop(struct worker *worker, int64_t force_ms)
{
	if (worker->attempt != NULL)
		attempt_stop(worker->attempt, force_ms);
}

/* --- what the machine says ----------------------------------------------- */

static void
perform(struct worker *worker, enum agent_action action)
{
	switch (action) {
	case AGENT_DO_MAKE_TREE:
		make_tree(worker);
		return;
	case AGENT_DO_RUN:
		run_agent(worker);
		return;
	case AGENT_DO_QUEUE:
		settle_ready(worker);
		return;
	case AGENT_DO_MERGE:
	case AGENT_DO_MERGE_RESOLVED:
		merge_queue_merge(worker->map, worker);
		return;
	case AGENT_DO_RESOLVE:
		resolve_start(worker->map, worker);
		return;
	case AGENT_DO_SETTLE_DONE:
		settle_done(worker);
		return;
	case AGENT_DO_SETTLE_FAILED:
		settle_failed(worker);
		return;
	case AGENT_DO_AGAIN:
		map_start_again(worker->map, worker->index);
		settle_pending(worker);
		return;
	case AGENT_DO_LET_GO:
		settle_pending(worker);
		return;
	case AGENT_DO_NOTHING:
		map_forget(worker->map, worker);
		return;
	case AGENT_ACTIONS:
		break;
	}
}

void
worker_handle(struct worker *worker, enum agent_event event)
{
	const struct supervisor *sup = worker->map->sup;
	struct agent_view view = {
		.state = worker->state,
		.lost_left = worker->lost_left,
		.can_resolve = worker->scratch == NULL,
		.stopping = supervisor_is_stopping(sup),
	};
	struct agent_next next = agent_next(&view, event);
	worker->state = next.state;
	perform(worker, next.action);
}
