/* SPDX-License-Identifier: MIT */
/* One item on its way through the map phase. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "git/git.h"
#include "git/stale.h"
#include "plan/cause.h"
#include "plan/items.h"
#include "plan/label.h"
#include "run/item.h"
#include "run/links.h"
#include "run/users_side.h"
#include "run/workspace.h"
#include "state/job_record.h"

#define LOST_REPEATS 3

struct item *
item_new(struct item_shared *shared, size_t index, unsigned attempt_number,
    json_t *data, char *label)
{
	const struct supervisor *sup = shared->sup;
	struct item *item = mem_zalloc(sizeof(*item));
	item->shared = shared;
	item->index = index;
	item->attempt_number = attempt_number;
	item->lost_left = attempt_number > LOST_REPEATS
	    ? 0
	    : LOST_REPEATS + 1 - attempt_number;
	item->data = data;
	item->id = items_id(index);
	item->label = label;
	item->who = label_beside(item->id, label);
	item->agent_id = mem_format("%s_agent_%zu", sup->id, index);
	/* Each attempt has names of its own: a late one harms nobody. */
	autofree char *end = attempt_number == 1
	    ? mem_format("_agent_%zu", index)
	    : mem_format("_agent_%zu_attempt_%u", index, attempt_number);
	item->name = mem_format("mapreduce-agent-%s%s", sup->id, end);
	item->path = workspace_tree(sup, item->name);
	item->branch =
	    mem_format("prodigy-mapreduce-agent-%s%s", sup->run, end);
	item->branch_ref = mem_format("refs/heads/%s", item->branch);
	item->ready_ref = mem_format(
	    "refs/prodigy/%s/i/%s/%u", sup->run, item->id, attempt_number);
	item->start = clock_now();
	return item;
}

/* The first step begins, or never will. */
static void
end_filling(struct item *item)
{
	if (!item->tree_filling)
		return;
	item->tree_filling = false;
	trees_filled(item->shared->trees);
	item->shared->tree_filled(item->shared->owner);
}

void
item_free(struct item *item)
{
	if (item->tree_filling)
		trees_filled(item->shared->trees);
	if (item->question != NULL)
		item->question->item = NULL;
	json_decref(item->data);
	json_decref(item->users_side);
	frame_result_release(&item->result);
	failure_release(&item->failure);
	strv_release(&item->commits);
	strv_release(&item->files);
	free(item->id);
	free(item->label);
	free(item->who);
	free(item->agent_id);
	free(item->name);
	free(item->path);
	free(item->branch);
	free(item->branch_ref);
	free(item->ready_ref);
	free(item->base);
	free(item->tree_commit);
	free(item->merge_commit);
	free(item->resolved_tree);
	free(item->scratch);
	free(item);
}

static void
tell(struct item *item, enum item_event event)
{
	item->shared->handle(item, event);
}

/* A failure that the agent's own result does not tell. */
static void
tell_failure(struct item *item, enum item_event event, const struct error *why)
{
	failure_set(&item->failure, CAUSE_WORKTREE, 0, "%s", error_text(why));
	tell(item, event);
}

static struct recorder *
recorder_of(const struct item *item)
{
	return &item->shared->sup->recorder;
}

json_t *
item_event(const struct item *item)
{
	json_t *members = json_object();
	json_set_text(members, "agent_id", item->agent_id);
	json_set_text(members, "item_id", item->id);
	json_set_text(members, "item_label", item->label);
	json_object_set_new(
	    members, "attempt", json_integer((json_int_t)item->attempt_number));
	return members;
}

/* --- its work tree ---------------------------------------------------- */

static void
tree_came(enum trees_state state, const char *commit, const struct error *err,
    void *arg)
{
	struct item *item = arg;
	item->tree_filling = state == TREES_NEW;
	if (err != NULL) {
		end_filling(item);
		tell_failure(item, ITEM_TREE_FAILED, err);
		return;
	}
	item->tree = state;
	item->tree_commit = commit == NULL ? NULL : mem_text(commit);
	recorder_event(recorder_of(item), "worktree_created",
	    json_pack("{s:s, s:s, s:s}", "agent_id", item->agent_id,
		"worktree_name", item->name, "branch", item->branch));
	tell(item, ITEM_TREE_MADE);
}

void
item_make_tree(struct item *item)
{
	item->base = mem_text(item->shared->head);
	recorder_add(recorder_of(item),
	    job_record_write(&(struct job_record){ .op = JOB_OP_START,
		.item = item->id,
		.attempt = item->attempt_number,
		.agent = item->agent_id,
		.worktree = item->path,
		.branch = item->branch,
		.base = item->base }));
	trees_get(item->shared->trees, item->path, item->base, item->id,
	    tree_came, item);
}

static void
give_tree_back(struct item *item)
{
	const struct frame_result *result = &item->result;
	enum trees_state state = TREES_UNUSABLE;
	if (result->reusable && !supervisor_is_stopping(item->shared->sup))
		state = result->needs_clean ? TREES_LITTERED : TREES_CLEAN;
	trees_give_back(item->shared->trees, item->path, state,
	    result->is_tip ? result->tip : NULL);
	recorder_event(recorder_of(item), "worktree_cleaned",
	    json_pack("{s:s, s:s}", "agent_id", item->agent_id, "worktree_name",
		item->name));
}

/*
 * Uncommitted work that could not be kept elsewhere keeps its tree, and so does
 * an agent that did not get to look at it.
 */
static bool
would_lose_work(const struct item *item)
{
	const struct frame_result *result = &item->result;
	return result->tip == NULL ||
	    kept_find(&result->salvage, KEPT_TREE) != NULL;
}

static void
keep_tree(struct item *item, const char *why)
{
	const char *tip = item->result.tip;
	bool is_empty = tip != NULL && strcmp(tip, item->base) == 0;
	const struct failed_tree tree = {
		.path = item->path,
		.agent = item->agent_id,
		.item = item->id,
		.why = why,
		.may_go = !would_lose_work(item),
		.empty_branch = is_empty ? item->branch_ref : NULL,
		.tip = tip,
	};
	stale_clear_tree(item->path);
	item->tree_kept = true;
	failed_trees_add(item->shared->failed_trees, &tree);
}

/* What becomes of the work tree once its agent process has ended. */
static void
settle_tree(struct item *item, enum verdict verdict)
{
	bool may_go = verdict == VERDICT_OK ||
	    (verdict == VERDICT_FAILED &&
		!failed_trees_are_kept(item->shared->failed_trees));
	if (may_go && !would_lose_work(item))
		give_tree_back(item);
	else if (verdict == VERDICT_OK)
		keep_tree(item, "uncommitted changes");
	else if (verdict == VERDICT_FAILED)
		keep_tree(item, item->failure.message);
	else
		keep_tree(item, "interrupted");
}

/* --- its agent process ------------------------------------------------ */

static void
commit_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct item_question *question = arg;
	struct item *item = question->item;
	if (err != NULL)
		log_debug("%s", error_text(err));
	LIST_REMOVE(question, link);
	free(question);
	if (item == NULL)
		return;
	item->question = NULL;
	if (item->attempt != NULL)
		attempt_answer(
		    item->attempt, commit == NULL ? NULL : commit->tree);
}

/* An agent asks once. By the time git answers its item may be gone. */
static void
read_commit(struct item *item, const char *oid)
{
	struct item_shared *shared = item->shared;
	if (item->question != NULL || !git_is_oid(oid))
		return;
	struct item_question *question = mem_zalloc(sizeof(*question));
	question->item = item;
	item->question = question;
	LIST_INSERT_HEAD(&shared->questions, question, link);
	objects_read_commit(shared->objects, oid, commit_read, question);
}

static void
frame_came(enum frame_type type, const json_t *frame, void *arg)
{
	struct item *item = arg;
	struct supervisor *sup = item->shared->sup;
	const struct frame_source source = {
		.agent = item->agent_id,
		.item = item->id,
		.number = item->attempt_number,
		.slot = item->slot,
		.label = item->id,
		.who = item->who,
		.steps = &sup->workflow.map.agent_template,
		.attempt = item->attempt,
	};
	if (type == FRAME_ASK)
		read_commit(item, json_get_text(frame, "commit"));
	if (type == FRAME_STEP)
		end_filling(item);
	supervisor_pass_frame(sup, &source, type, frame);
}

void
item_take_spent(struct item *item)
{
	spent_add(&item->spent, attempt_spent(item->attempt));
	spent_add(&item->unrecorded, attempt_spent(item->attempt));
}

void
item_add_unrecorded(const struct item *item, struct spent *sum)
{
	spent_add(sum, &item->unrecorded);
	if (item->attempt != NULL)
		spent_add(sum, attempt_spent(item->attempt));
}

/* For the next record, which has to follow: a new reference, or NULL. */
static json_t *
take_unrecorded(struct item *item)
{
	json_t *spent = spent_to_json(&item->unrecorded);
	item->unrecorded = (struct spent){ 0 };
	return spent;
}

static void
attempt_ended(enum verdict verdict, struct frame_result *result,
    const char *why, void *arg)
{
	static const enum item_event events[VERDICTS] = {
		[VERDICT_OK] = ITEM_ENDED_WELL,
		[VERDICT_FAILED] = ITEM_ENDED_BADLY,
		[VERDICT_CANCELLED] = ITEM_CANCELLED,
		[VERDICT_LOST] = ITEM_LOST,
	};
	struct item *item = arg;
	struct supervisor *sup = item->shared->sup;
	const struct attempt *ended = item->attempt;
	item_take_spent(item);
	item->attempt = NULL;
	end_filling(item);
	progress_agent_gone(sup->progress, item->id);
	users_side_leave(sup->users_side, item->id, &item->users_side);
	if (result != NULL) {
		litter_add(&sup->litter, result);
		item->result = *result;
		*result = (struct frame_result){ 0 };
		failure_move(&item->failure, &item->result.failure);
	} else {
		attempt_tell_known(ended, &item->result);
		failure_set(&item->failure, CAUSE_LOST, 0, "%s", why);
		log_warn("%s: %s", item->who, why);
	}
	settle_tree(item, verdict);
	tell(item, events[verdict]);
}

static json_t *
make_vars(const struct item *item)
{
	const struct item_shared *shared = item->shared;
	json_t *vars = json_copy(shared->vars);
	json_object_set_new(vars, "item", json_pack("[s, O]", "d", item->data));
	json_object_set_new(
	    vars, "item_id", json_pack("[s, s]", "t", item->id));
	json_object_set_new(vars, "item_index",
	    json_pack("[s, I]", "t", (json_int_t)item->index));
	json_object_set_new(vars, "item_total",
	    json_pack(
		"[s, I]", "t", (json_int_t)shared->sup->recorder.job.total));
	return vars;
}

static bool
is_shortage(int code)
{
	return code == EAGAIN || code == ENOMEM || code == EMFILE ||
	    code == ENFILE;
}

/* Being refused is not the item's fault: it waits for a better moment. */
static void
start_failed(struct item *item, const struct error *err)
{
	bool refused = is_shortage(err->code);
	end_filling(item);
	trees_give_back(item->shared->trees, item->path, TREES_UNUSABLE, NULL);
	failure_set(&item->failure, CAUSE_RESOURCE, 0, "%s", error_text(err));
	tell(item, refused ? ITEM_REFUSED : ITEM_LOST);
}

/* Of its own for each attempt: nothing that was kept is written over. */
static char *
artifacts_path(const struct item *item)
{
	const struct supervisor *sup = item->shared->sup;
	autofree char *dir = layout_artifacts(&sup->layout, sup->id);
	return item->attempt_number == 1
	    ? path_join(dir, item->id)
	    : mem_format("%s/%s.%u", dir, item->id, item->attempt_number);
}

static bool
start_attempt(struct item *item, struct error *err)
{
	const struct supervisor *sup = item->shared->sup;
	autojson json_t *vars = make_vars(item);
	autofree char *artifacts = artifacts_path(item);
	autofree char *salvage_refs =
	    mem_format("refs/prodigy/salvage/%s/%s", sup->run, item->id);
	struct frame_spec spec = supervisor_spec(sup, PHASE_MAP);
	spec.agent = item->agent_id;
	spec.item = item->id;
	spec.attempt = item->attempt_number;
	spec.directory = item->path;
	spec.base = item->base;
	spec.branch = item->branch;
	spec.salvage_refs = salvage_refs;
	spec.artifacts = artifacts;
	spec.reused = item->tree != TREES_NEW;
	spec.needs_clean = item->tree == TREES_LITTERED;
	spec.stands_at = item->tree_commit;
	spec.check_reuse = true;
	spec.log_name = item->name;
	spec.vars = vars;
	item->attempt = attempt_start(sup->loop, &sup->executor, &spec,
	    frame_came, attempt_ended, item, err);
	return item->attempt != NULL;
}

void
item_run(struct item *item)
{
	autoerror struct error err = { 0 };
	if (!start_attempt(item, &err)) {
		start_failed(item, &err);
		return;
	}
	users_side_enter(item->shared->sup->users_side, item->id);
	json_t *members = item_event(item);
	json_set_text(members, "worktree", item->name);
	json_object_set_new(
	    members, "slot", json_integer((json_int_t)item->slot));
	recorder_event(recorder_of(item), "agent_started", members);
}

void
item_stop(struct item *item, int64_t force_ms)
{
	if (item->attempt != NULL)
		attempt_stop(item->attempt, force_ms);
}

/* --- what its agent made ---------------------------------------------- */

static void
take_changes(struct item *item, const struct objects_changed *changed)
{
	strv_copy(&item->files, &changed->paths);
	item->changes = (struct changes){
		.files = (int64_t)changed->paths.n,
		.insertions = changed->insertions,
		.deletions = changed->deletions,
	};
}

static void
kept_on_branch(const struct error *err, void *arg)
{
	struct item *item = arg;
	if (err != NULL)
		log_warn("%s: %s", item->who, error_text(err));
	tell(item, ITEM_UNUSABLE);
}

/* Its branch keeps what cannot be merged, wherever the agent had HEAD. */
static void
refuse(struct item *item)
{
	const struct ref_change change = { .ref = item->branch_ref,
		.new = item->result.tip };
	objects_update_refs(
	    item->shared->objects, &change, 1, kept_on_branch, item);
}

static void
files_listed(
    const struct objects_changed *changed, const struct error *err, void *arg)
{
	struct item *item = arg;
	if (changed == NULL) {
		tell_failure(item, ITEM_UNUSABLE, err);
		return;
	}
	take_changes(item, changed);
	if (links_are_whole(item->shared->sup->repo.root, item->result.tip,
		&changed->links, &item->result.salvage, &item->failure))
		tell(item, ITEM_HAS_COMMITS);
	else
		refuse(item);
}

static void
refuse_rewritten_history(struct item *item)
{
	failure_set(&item->failure, CAUSE_WORKTREE, 0,
	    "history rewritten: HEAD does not descend from the commit the "
	    "agent started from");
	refuse(item);
}

static void
commits_listed(
    const struct strv *oids, bool descends, const struct error *err, void *arg)
{
	struct item *item = arg;
	if (oids == NULL) {
		tell_failure(item, ITEM_UNUSABLE, err);
	} else if (!descends) {
		refuse_rewritten_history(item);
	} else {
		strv_copy(&item->commits, oids);
		objects_changes(item->shared->objects, item->base,
		    item->result.tip, files_listed, item);
	}
}

void
item_collect(struct item *item)
{
	const char *tip = item->result.tip;
	if (tip == NULL || strcmp(tip, item->base) == 0)
		tell(item, ITEM_HAS_NO_COMMITS);
	else
		objects_walk(item->shared->objects, item->base, tip,
		    commits_listed, item);
}

/* --- what is recorded of it ------------------------------------------- */

static json_t *
list_of(const struct strv *texts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(list, json_text(texts->items[i]));
	return list;
}

static const char *
cleanup_status(const struct item *item)
{
	return item->tree_kept ? "Skipped" : "Success";
}

static json_t *
status_of(const struct item *item)
{
	if (item->state != ITEM_FAILED)
		return json_string("Success");
	if (item->failure.cause == CAUSE_TIMEOUT)
		return json_string("Timeout");
	return json_pack("{s:o}", "Failed", json_text(item->failure.message));
}

/* What went wrong, where, and how failures of its kind are found. */
static void
add_cause(const struct item *item, json_t *out)
{
	const struct failure *failure = &item->failure;
	autofree char *line = cause_line(failure);
	autofree char *signature = cause_signature(failure, item->data);
	json_set_text(out, "step_failed", failure->step);
	json_set_text(out, "cause", line);
	json_set_text(out, "error_signature", signature);
}

/* The log that jq can read, and beside it all others. */
static void
add_logs(const struct item *item, json_t *out)
{
	const struct frame_result *result = &item->result;
	json_set_text(out, "json_log_location", result->log);
	if (result->logs.n > 0)
		json_object_set_new(out, "logs", list_of(&result->logs));
}

/* The AgentResult of the item (docs/FORMATS.md), a new reference. */
static json_t *
make_result(const struct item *item)
{
	const struct frame_result *result = &item->result;
	json_t *out = json_object();
	json_set_text(out, "item_id", item->id);
	json_set_text(out, "item_label", item->label);
	json_object_set_new(out, "status", status_of(item));
	json_set_text(
	    out, "output", result->output == NULL ? "" : result->output);
	json_object_set_new(out, "commits", list_of(&item->commits));
	if (item->files.n > 0)
		json_object_set_new(
		    out, "files_modified", json_names(&item->files));
	json_object_set_new(
	    out, "duration", json_duration(clock_now() - item->start));
	json_set_text(out, "error",
	    item->state == ITEM_FAILED ? item->failure.message : NULL);
	if (item->state == ITEM_FAILED)
		add_cause(item, out);
	json_set_text(
	    out, "worktree_path", item->tree_kept ? item->path : NULL);
	json_set_text(out, "branch_name", item->branch);
	json_set_text(out, "worktree_session_id", item->agent_id);
	add_logs(item, out);
	json_set_text(out, "cleanup_status", cleanup_status(item));
	if (result->claude_session != NULL)
		json_set_text(out, "claude_session_id", result->claude_session);
	if (result->salvage.n > 0)
		json_object_set_new(
		    out, "salvage", kept_to_json(&result->salvage));
	if (result->ignored != NULL)
		json_object_set(out, "ignored", result->ignored);
	if (result->artifacts != NULL)
		json_object_set(out, "artifacts", result->artifacts);
	spent_describe(&item->spent, out);
	if (item->users_side != NULL)
		json_object_set(out, "users_side", item->users_side);
	changes_describe(&item->changes, out);
	return out;
}

static void
is_recorded(void *arg)
{
	struct item *item = arg;
	tell(item, ITEM_RECORDED);
}

/* Nothing is told then: like all that waits for storage, it waits in vain. */
static bool
storage_failed(struct item *item, const struct error *err)
{
	if (err == NULL || err->kind != ERROR_STORAGE)
		return false;
	recorder_fail(recorder_of(item), err);
	return true;
}

static void
tip_is_durable(const struct error *err, void *arg)
{
	struct item *item = arg;
	if (storage_failed(item, err))
		return;
	if (err != NULL) {
		tell_failure(item, ITEM_UNUSABLE, err);
		return;
	}
	item->has_ready_ref = true;
	autojson json_t *result = make_result(item);
	autojson json_t *spent = take_unrecorded(item);
	recorder_add(recorder_of(item),
	    job_record_write(&(struct job_record){ .op = JOB_OP_READY,
		.item = item->id,
		.tip = item->result.tip,
		.base = item->base,
		.result = result,
		.spent = spent }));
	recorder_then(recorder_of(item), is_recorded, item);
}

/*
 * What its agent's git wrote was not synced: that is done once, here. The
 * branch is set, too: the agent may have left it for another, or none.
 */
void
item_record_ready(struct item *item)
{
	const char *const known[] = { item->base, NULL };
	const struct ref_change changes[] = {
		{ .ref = item->ready_ref, .new = item->result.tip },
		{ .ref = item->branch_ref, .new = item->result.tip },
	};
	const struct objects_hardening what = {
		.tip = item->result.tip,
		.known = known,
		.changes = changes,
		.n_changes = COUNT_OF(changes),
	};
	objects_harden(item->shared->objects, &what, tip_is_durable, item);
}

/* But for commits that the agent gave up itself, when all else went well. */
static void
say_what_was_kept(const struct item *item)
{
	const struct kept_list *list = &item->result.salvage;
	for (size_t i = 0; i < list->n; i++) {
		const struct kept *entry = &list->items[i];
		if (strcmp(entry->kind, KEPT_COMMIT) == 0)
			continue;
		if (entry->path != NULL)
			log_warn("%s left %s: kept in %s", item->id,
			    entry->what, entry->path);
		else
			log_warn("%s left %s: kept as commit %s", item->id,
			    entry->what, entry->commit);
	}
}

/* What an end of the item, good or bad, tells of the way there. */
static void
describe_effort(const struct item *item, json_t *event)
{
	const char *session = item->result.claude_session;
	const struct kept_list *salvage = &item->result.salvage;
	if (salvage->n > 0)
		json_object_set_new(event, "salvage", kept_to_json(salvage));
	if (session != NULL)
		json_set_text(event, "claude_session_id", session);
	spent_describe(&item->spent, event);
	changes_describe(&item->changes, event);
}

static void
announce_done(struct item *item)
{
	const struct supervisor *sup = item->shared->sup;
	struct recorder *recorder = recorder_of(item);
	int64_t ms = clock_now() - item->start;
	autofree char *took = clock_duration_text(ms);
	if (item->merge_commit != NULL)
		recorder_event(recorder, "worktree_merged",
		    json_pack("{s:s, s:s}", "agent_id", item->agent_id,
			"target_branch", sup->parent_branch));
	json_t *members = item_event(item);
	json_object_set_new(members, "duration", json_duration(ms));
	json_object_set_new(members, "commits", list_of(&item->commits));
	json_set_text(members, "cleanup_status", cleanup_status(item));
	add_logs(item, members);
	describe_effort(item, members);
	recorder_event(recorder, "agent_completed", members);
	progress_say_item(sup->progress, "%s done (%s, %zu/%zu)", item->who,
	    took, job_ended(&recorder->job), recorder->job.total);
	say_what_was_kept(item);
}

static void
done_is_durable(void *arg)
{
	struct item *item = arg;
	announce_done(item);
	recorder_snapshot_if_due(recorder_of(item));
	tell(item, ITEM_RECORDED);
}

static void
empty_branch_dropped(const struct error *err, void *arg)
{
	struct item *item = arg;
	if (err != NULL)
		log_debug("%s: %s", item->id, error_text(err));
	recorder_then(recorder_of(item), done_is_durable, item);
}

/* A merge has dropped the item's refs; an empty branch is left to drop. */
void
item_record_done(struct item *item)
{
	autojson json_t *result =
	    item->merge_commit == NULL ? make_result(item) : NULL;
	autojson json_t *spent = take_unrecorded(item);
	autojson json_t *changes = changes_to_json(&item->changes);
	struct recorder *recorder = recorder_of(item);
	const struct ref_change drop = { .ref = item->branch_ref,
		.old = item->base };
	if (item->merge_commit != NULL)
		recorder_add(recorder,
		    job_record_write(&(struct job_record){ .op = JOB_OP_MERGED,
			.item = item->id,
			.merge_commit = item->merge_commit,
			.changes = changes,
			.spent = spent }));
	else
		recorder_add(recorder,
		    job_record_write(&(struct job_record){ .op = JOB_OP_DONE,
			.item = item->id,
			.result = result,
			.spent = spent }));
	if (item->merge_commit != NULL || item->tree_kept)
		recorder_then(recorder, done_is_durable, item);
	else
		objects_update_refs(item->shared->objects, &drop, 1,
		    empty_branch_dropped, item);
}

static void
bury(struct item *item)
{
	autojson json_t *salvage = kept_to_json(&item->result.salvage);
	const struct dlq_attempt attempt = {
		.failure = &item->failure,
		.label = item->label,
		.agent = item->agent_id,
		.log = item->result.log,
		.logs = &item->result.logs,
		.duration_ms = clock_now() - item->start,
		.worktree = item->tree_kept ? item->path : NULL,
		.branch = item->branch,
		.uncommitted = item->result.uncommitted,
		.salvage = salvage,
		.claude_session = item->result.claude_session,
		.spent = &item->spent,
		.changes = &item->changes,
	};
	recorder_dead_letter(recorder_of(item), item->id, item->data, &attempt);
}

static void
announce_failure(struct item *item)
{
	const struct failure *failure = &item->failure;
	json_t *members = item_event(item);
	json_set_text(members, "error", failure->message);
	add_cause(item, members);
	json_object_set_new(
	    members, "duration", json_duration(clock_now() - item->start));
	json_object_set_new(members, "retry_eligible",
	    json_boolean(!dlq_needs_review(failure)));
	json_object_set_new(
	    members, "failure_reason", failure_error_type(failure));
	add_logs(item, members);
	describe_effort(item, members);
	recorder_event(recorder_of(item), "agent_failed", members);
	progress_say_failed(
	    item->shared->sup->progress, item->who, failure->message);
}

static void
refs_dropped(const struct error *err, void *arg)
{
	struct item *item = arg;
	if (err != NULL)
		log_debug("%s: %s", item->id, error_text(err));
	tell(item, ITEM_RECORDED);
}

/* A branch without a commit of its own, in no tree that stays. */
static bool
has_empty_branch(const struct item *item)
{
	const char *tip = item->result.tip;
	return !item->tree_kept && item->base != NULL &&
	    (tip == NULL || strcmp(tip, item->base) == 0);
}

/* The branch keeps what could not be merged: the other ref has served. */
static void
failure_is_durable(void *arg)
{
	struct item *item = arg;
	struct ref_change changes[2];
	size_t n = 0;
	if (item->has_ready_ref)
		changes[n++] = (struct ref_change){ .ref = item->ready_ref };
	if (has_empty_branch(item))
		changes[n++] = (struct ref_change){ .ref = item->branch_ref,
			.old = item->base };
	announce_failure(item);
	recorder_snapshot_if_due(recorder_of(item));
	if (n > 0)
		objects_update_refs(
		    item->shared->objects, changes, n, refs_dropped, item);
	else
		tell(item, ITEM_RECORDED);
}

/* Once storage failed a failure is not recorded: a resume repeats the item. */
static void
record_failure(struct item *item)
{
	struct recorder *recorder = recorder_of(item);
	bury(item);
	if (recorder->failure.kind != ERROR_NONE) {
		tell(item, ITEM_RECORDED);
		return;
	}
	autojson json_t *error_type = failure_error_type(&item->failure);
	autojson json_t *result = make_result(item);
	autojson json_t *spent = take_unrecorded(item);
	recorder_add(recorder,
	    job_record_write(&(struct job_record){ .op = JOB_OP_FAIL,
		.item = item->id,
		.error = item->failure.message,
		.error_type = error_type,
		.result = result,
		.spent = spent }));
	recorder_then(recorder, failure_is_durable, item);
}

static void
failed_work_is_durable(const struct error *err, void *arg)
{
	struct item *item = arg;
	if (storage_failed(item, err))
		return;
	if (err != NULL)
		log_warn("%s: %s", item->who, error_text(err));
	record_failure(item);
}

static void
harden_failed_work(struct item *item)
{
	const char *const known[] = { item->base, NULL };
	const char *const refs[] = { item->branch_ref, NULL };
	const struct objects_hardening what = {
		.tip = item->result.tip,
		.known = known,
		.refs = refs,
	};
	objects_harden(
	    item->shared->objects, &what, failed_work_is_durable, item);
}

/* What cannot be told of them keeps nothing from being recorded. */
static void
failed_files_listed(
    const struct objects_changed *changed, const struct error *err, void *arg)
{
	struct item *item = arg;
	if (changed != NULL)
		take_changes(item, changed);
	else
		log_debug("%s: %s", item->id, error_text(err));
	harden_failed_work(item);
}

/* Its dead letter tells of the branch, which may have commits. */
void
item_record_failure(struct item *item)
{
	const char *tip = item->result.tip;
	bool has_commits =
	    tip != NULL && item->base != NULL && strcmp(tip, item->base) != 0;
	if (!has_commits || item->has_ready_ref)
		record_failure(item);
	else if (item->files.n > 0)
		harden_failed_work(item);
	else
		objects_changes(item->shared->objects, item->base, tip,
		    failed_files_listed, item);
}

void
item_record_spent(struct item *item)
{
	recorder_spent(recorder_of(item), NULL, item->id, &item->unrecorded);
	item->unrecorded = (struct spent){ 0 };
}

/* What it did in vain is told all the same. */
static void
announce_stopped(const struct item *item)
{
	const struct failure *failure = &item->failure;
	json_t *members = item_event(item);
	json_set_text(members, "reason",
	    failure->cause == CAUSE_NONE ? failure_cause_name(CAUSE_CANCELLED)
					 : failure_cause_name(failure->cause));
	json_set_text(members, "error", failure->message);
	json_object_set_new(
	    members, "duration", json_duration(clock_now() - item->start));
	add_logs(item, members);
	describe_effort(item, members);
	recorder_event(recorder_of(item), "agent_stopped", members);
}

void
item_record_reset(struct item *item)
{
	autojson json_t *spent = take_unrecorded(item);
	recorder_add(recorder_of(item),
	    job_record_write(&(struct job_record){
		.op = JOB_OP_RESET, .item = item->id, .spent = spent }));
	announce_stopped(item);
}
