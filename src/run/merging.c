/* SPDX-License-Identifier: MIT */
/* Merging what agents made, in the order in which they came. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "git/git.h"
#include "git/head.h"
#include "git/merge.h"
#include "git/salvage.h"
#include "git/worktree.h"
#include "run/merging.h"
#include "run/users_side.h"
#include "run/workspace.h"

/* So many merges are published at once: a bound on what a failure undoes. */
#define BATCH_LIMIT 32

struct merging {
	struct item_shared *shared;
	struct item_list waiting; /* for their turn, in the order they came */
	struct item_list merged; /* onto head, and not published yet */
	size_t n_merged;
	char *head; /* what the map ref becomes when they are published */
	struct item *turn; /* whose turn it is, or NULL */
	struct strv paths; /* in conflict, of the one whose turn it is */
	bool has_conflict; /* with head: told once head is published */
	bool publishing;
	struct error failure; /* of a transaction whose ref is read back */
	bool giving; /* give_turn() is at work further up */
};

static void publish(struct merging *merging);

struct merging *
merging_new(struct item_shared *shared)
{
	struct merging *merging = mem_zalloc(sizeof(*merging));
	merging->shared = shared;
	merging->head = mem_text(shared->head);
	TAILQ_INIT(&merging->waiting);
	TAILQ_INIT(&merging->merged);
	return merging;
}

void
merging_free(struct merging *merging)
{
	if (merging == NULL)
		return;
	free(merging->head);
	strv_release(&merging->paths);
	error_release(&merging->failure);
	free(merging);
}

static void
tell(struct item *item, enum item_event event)
{
	item->shared->handle(item, event);
}

/* --- turns ------------------------------------------------------------ */

static struct item *
take_first(struct item_list *list)
{
	struct item *item = TAILQ_FIRST(list);
	if (item != NULL)
		TAILQ_REMOVE(list, item, merge_link);
	return item;
}

/*
 * Who is told of its turn may end it at once (while the job stops, each does),
 * which comes back to here: only the outermost call goes through the queue.
 */
static void
give_turn(struct merging *merging)
{
	if (merging->giving)
		return;
	merging->giving = true;
	while (merging->turn == NULL && !merging->publishing) {
		if (merging->n_merged > 0 &&
		    (TAILQ_EMPTY(&merging->waiting) ||
			merging->n_merged >= BATCH_LIMIT))
			publish(merging);
		else if ((merging->turn = take_first(&merging->waiting)) !=
		    NULL)
			tell(merging->turn, ITEM_TURN);
		else
			break;
	}
	merging->giving = false;
}

void
merging_add(struct merging *merging, struct item *item)
{
	TAILQ_INSERT_TAIL(&merging->waiting, item, merge_link);
	give_turn(merging);
}

static void
drop_scratch(struct item *item)
{
	if (item->has_scratch)
		trees_give_back(
		    item->shared->trees, item->scratch, TREES_UNUSABLE, NULL);
	item->has_scratch = false;
}

void
merging_end_turn(struct merging *merging, struct item *item)
{
	drop_scratch(item);
	if (merging->turn == item)
		merging->turn = NULL;
	give_turn(merging);
}

/* --- publishing ------------------------------------------------------- */

static void
tell_conflict(const struct merging *merging)
{
	struct item *item = merging->turn;
	json_t *members = item_event(item);
	json_object_set_new(members, "files", json_names(&merging->paths));
	recorder_event(
	    &merging->shared->sup->recorder, "merge_conflict", members);
	tell(item, ITEM_CONFLICT);
}

/* That there is no room is not the item's fault: then the job pauses. */
static void
cannot_merge(struct item *item, const struct error *err)
{
	if (err->kind == ERROR_NO_SPACE || err->kind == ERROR_STORAGE)
		recorder_fail(&item->shared->sup->recorder, err);
	failure_set(&item->failure, CAUSE_WORKTREE, 0, "%s", error_text(err));
	tell(item, ITEM_MERGE_ERROR);
}

/* The one with the conflict merges again, with the head that there is. */
static void
undo_batch(struct merging *merging, const struct error *err)
{
	struct item *item;
	free(merging->head);
	merging->head = mem_text(merging->shared->head);
	merging->n_merged = 0;
	while ((item = take_first(&merging->merged)) != NULL) {
		free(item->merge_commit);
		item->merge_commit = NULL;
		cannot_merge(item, err);
	}
	merging->publishing = false;
	if (merging->has_conflict) {
		merging->has_conflict = false;
		merging_merge(merging, merging->turn);
	}
	give_turn(merging);
}

/* With err, nobody knows what was published: nothing is recorded any more. */
static void
end_batch(struct merging *merging, struct error *err)
{
	struct item_shared *shared = merging->shared;
	struct item *item;
	if (err != NULL) {
		err->kind = ERROR_STORAGE;
		recorder_fail(&shared->sup->recorder, err);
	}
	free(shared->head);
	shared->head = mem_text(merging->head);
	if (err == NULL)
		packer_merged(shared->packer, shared->head, merging->n_merged);
	merging->n_merged = 0;
	while ((item = take_first(&merging->merged)) != NULL)
		tell(item, ITEM_MERGED);
	merging->publishing = false;
	if (merging->has_conflict) {
		merging->has_conflict = false;
		tell_conflict(merging);
	}
	give_turn(merging);
}

/* Commits that are durable already; known has room for a batch. */
static void
list_known(const struct merging *merging, const char **known)
{
	const struct item *item;
	size_t n = 0;
	known[n++] = merging->shared->head;
	TAILQ_FOREACH(item, &merging->merged, merge_link)
		known[n++] = item->result.tip;
	known[n] = NULL;
}

static void
moved_ref_is_durable(const struct error *err, void *arg)
{
	autoerror struct error why = { 0 };
	if (err != NULL)
		error_set(&why, err->kind, "%s", error_text(err));
	end_batch(arg, err == NULL ? NULL : &why);
}

/* The map ref has the merges, whatever became of the other refs. */
static void
keep_batch(struct merging *merging)
{
	const struct item_shared *shared = merging->shared;
	const char *known[BATCH_LIMIT + 2];
	const char *const refs[] = { shared->sup->map_ref, NULL };
	const struct objects_hardening what = {
		.tip = merging->head,
		.known = known,
		.refs = refs,
	};
	list_known(merging, known);
	objects_harden(shared->objects, &what, moved_ref_is_durable, merging);
}

static void
map_ref_read(bool has_batch, const struct error *err, void *arg)
{
	struct merging *merging = arg;
	autoerror struct error failure = { 0 };
	error_move(&failure, &merging->failure);
	if (err != NULL) {
		error_wrap(&failure,
		    "whether merges were published cannot be told (%s)",
		    error_text(err));
		end_batch(merging, &failure);
	} else if (has_batch) {
		log_warn("%s, but what was merged is published",
		    error_text(&failure));
		keep_batch(merging);
	} else {
		undo_batch(merging, &failure);
	}
}

/*
 * A transaction may fail when the map ref has moved already (another ref could
 * not be deleted, git was killed before it answered): where the ref is now
 * tells which items are merged, as it does for a resume.
 */
static void
batch_is_published(const struct error *err, void *arg)
{
	struct merging *merging = arg;
	const struct item_shared *shared = merging->shared;
	autoerror struct error why = { 0 };
	if (err == NULL) {
		end_batch(merging, NULL);
		return;
	}
	error_set(&why, err->kind, "%s", error_text(err));
	if (err->kind == ERROR_STORAGE) {
		end_batch(merging, &why);
		return;
	}
	error_move(&merging->failure, &why);
	objects_is_ancestor(shared->objects, merging->head,
	    shared->sup->map_ref, map_ref_read, merging);
}

/*
 * The map ref moves from where it was known to be, once what was merged is
 * written (what it joins was, when it became ready); the refs of the items have
 * served, but the branch of a tree that stays.
 */
static void
publish(struct merging *merging)
{
	const struct item_shared *shared = merging->shared;
	const struct item *item;
	const char *known[BATCH_LIMIT + 2];
	struct ref_change changes[1 + 2 * BATCH_LIMIT] = {
		{ .ref = shared->sup->map_ref,
		    .old = shared->head,
		    .new = merging->head },
	};
	struct objects_hardening what = {
		.tip = merging->head,
		.known = known,
		.changes = changes,
		.n_changes = 1,
	};
	list_known(merging, known);
	TAILQ_FOREACH(item, &merging->merged, merge_link) {
		changes[what.n_changes++].ref = item->ready_ref;
		if (!item->tree_kept)
			changes[what.n_changes++].ref = item->branch_ref;
	}
	merging->publishing = true;
	objects_harden(shared->objects, &what, batch_is_published, merging);
}

/* --- one merge -------------------------------------------------------- */

/* Of whatever bytes, so that it can be told and recorded. */
static void
add_path(struct str *list, const char *path)
{
	str_add(list, list->len > 0 ? ", " : "");
	text_visible(list, path, strlen(path), true);
}

static void
set_conflict(struct item *item, const struct strv *paths)
{
	autostr struct str list = { 0 };
	for (size_t i = 0; i < paths->n; i++)
		add_path(&list, paths->items[i]);
	failure_set(&item->failure, CAUSE_MERGE_CONFLICT, 0,
	    "merge conflict in %s; its work is on branch %s", str_text(&list),
	    item->branch);
}

/* A conflict is with what is published: that comes first. */
static void
found_conflict(struct merging *merging, const struct strv *paths)
{
	set_conflict(merging->turn, paths);
	strv_clear(&merging->paths);
	strv_copy(&merging->paths, paths);
	if (merging->n_merged == 0) {
		tell_conflict(merging);
		return;
	}
	merging->has_conflict = true;
	publish(merging);
}

static void
announce_merge(const struct item *item, const char *type)
{
	json_t *members = json_object();
	json_set_text(members, "agent_id", item->agent_id);
	json_set_text(members, "item_id", item->id);
	if (item->merge_commit != NULL)
		json_set_text(members, "commit", item->merge_commit);
	recorder_event(&item->shared->sup->recorder, type, members);
}

static void
merge_ended(const struct merge_result *result, void *arg)
{
	struct merging *merging = arg;
	struct item *item = merging->turn;
	switch (result->outcome) {
	case MERGE_DONE:
		free(merging->head);
		merging->head = mem_text(result->commit);
		item->merge_commit = mem_text(result->commit);
		announce_merge(item, "merge_completed");
		TAILQ_INSERT_TAIL(&merging->merged, item, merge_link);
		merging->n_merged++;
		merging_end_turn(merging, item);
		break;
	case MERGE_CONFLICT:
		found_conflict(merging, &result->paths);
		break;
	case MERGE_FAILED:
		cannot_merge(item, result->err);
		break;
	}
}

/* The trailers are the truth about what is merged (docs/FORMATS.md). */
static char *
make_message(const struct item *item)
{
	return mem_format("Merge agent %s\n\n"
			  "Prodigy-Item: %s\n"
			  "Prodigy-Label: %s\n"
			  "Prodigy-Attempt: %u\n"
			  "Prodigy-Job: %s\n",
	    item->branch, item->id, item->label, item->attempt_number,
	    item->shared->sup->id);
}

void
merging_merge(struct merging *merging, struct item *item)
{
	autofree char *message = make_message(item);
	announce_merge(item, "merge_started");
	const struct merge_request request = {
		.old = merging->head,
		.tip = item->result.tip,
		.base = item->base,
		.tree = item->resolved_tree,
		.message = message,
		.identity = item->shared->sup->identity,
		.wall_ms = clock_wall(),
	};
	merge_start(item->shared->objects, &request, merge_ended, merging);
}

/* --- a conflict ------------------------------------------------------- */

struct resolution {
	struct item *item;
	struct steps steps;
	char *log; /* where claude's stream goes, if it comes to that */
	int64_t start; /* clock_now() */
};

/* What claude said of the conflict is the log to look at. */
static void
take_log(struct item *item, const char *log)
{
	if (log == NULL)
		return;
	free(item->result.log);
	item->result.log = mem_text(log);
	strv_add(&item->result.logs, log);
}

static void
stays_unresolved(struct item *item, const char *why, const char *log)
{
	failure_set(&item->failure, CAUSE_MERGE_CONFLICT, 0,
	    "%s (claude could not resolve it: %s)", item->failure.message, why);
	item->failure.log = log == NULL ? NULL : mem_text(log);
	take_log(item, log);
	json_t *members = item_event(item);
	json_set_text(members, "error", why);
	json_set_text(members, "json_log_location", log);
	recorder_event(
	    &item->shared->sup->recorder, "merge_conflict_unresolved", members);
	tell(item, ITEM_UNRESOLVED);
}

static void
scratch_added(const struct error *why, void *arg)
{
	struct item *item = arg;
	if (why != NULL)
		stays_unresolved(item, error_text(why), NULL);
	else
		tell(item, ITEM_SCRATCH_ADDED);
}

void
merging_add_scratch(struct item *item)
{
	const struct supervisor *sup = item->shared->sup;
	autofree char *name = mem_format("%s-merge", item->name);
	autofree char *reason =
	    mem_format("prodigy %s %s: merge", sup->id, item->id);
	item->scratch = workspace_tree(sup, name);
	item->has_scratch = true;
	progress_say(sup->progress, "%s: %s: asking claude", item->who,
	    item->failure.message);
	worktree_add(sup->loop, &sup->repo, item->scratch, item->shared->head,
	    reason, scratch_added, item);
}

static void
scratch_filled(const struct git_result *git, void *arg)
{
	struct item *item = arg;
	autoerror struct error err = { 0 };
	if (git->code == 0) {
		tell(item, ITEM_SCRATCH_FILLED);
		return;
	}
	git_complain("git checkout", git, &err);
	stays_unresolved(item, error_text(&err), NULL);
}

void
merging_fill_scratch(struct item *item)
{
	autoerror struct error err = { 0 };
	const char *const args[] = { "checkout", "-q", "-f", "--detach",
		item->shared->head, "--", NULL };
	if (!git_start(item->shared->sup->loop, item->scratch, args,
		scratch_filled, item, &err))
		stays_unresolved(item, error_text(&err), NULL);
}

/* The repository's own command for it, or the task in words. */
static char *
make_prompt(const struct item *item)
{
	autofree char *command = path_join(
	    item->scratch, ".claude/commands/prodigy-merge-worktree.md");
	if (path_exists(command))
		return mem_format("/prodigy-merge-worktree %s", item->branch);
	return mem_format(
	    "Merge a branch into HEAD of this work tree with "
	    "'git merge --no-ff'. It conflicts: resolve each conflict so that "
	    "what both sides intended is kept, leave no conflict marker, and "
	    "commit the merge. Change nothing else. If that is impossible, "
	    "run 'git merge --abort' and say why. The branch: %s",
	    item->branch);
}

static void
frame_came(enum frame_type type, const json_t *frame, void *arg)
{
	const struct resolution *resolution = arg;
	const struct item *item = resolution->item;
	const struct frame_source source = {
		.agent = item->agent_id,
		.item = item->id,
		.number = item->attempt_number,
		.label = item->id,
		.who = item->who,
		.steps = &resolution->steps,
		.attempt = item->attempt,
	};
	supervisor_pass_frame(item->shared->sup, &source, type, frame);
}

static void
announce_resolved(const struct resolution *resolution, const char *log)
{
	const struct item *item = resolution->item;
	json_t *members = item_event(item);
	json_object_set_new(members, "duration",
	    json_duration(clock_now() - resolution->start));
	json_set_text(members, "json_log_location", log);
	recorder_event(
	    &item->shared->sup->recorder, "merge_conflict_resolved", members);
}

/* Commits of a resolution that is not taken. */
static void
keep_commits(struct item *item)
{
	autoerror struct error err = { 0 };
	struct head head = { 0 };
	struct salvage_ref ref = { 0 };
	autofree char *refs = mem_format(
	    "refs/prodigy/salvage/%s/%s", item->shared->sup->run, item->id);
	const struct salvage_owner owner = {
		.dir = item->scratch,
		.refs = refs,
		.item = item->id,
		.attempt = item->attempt_number,
	};
	if (head_read(item->scratch, &head, &err) &&
	    strcmp(head.oid, item->shared->head) != 0 &&
	    salvage_put(&owner, head.oid, &ref, &err))
		kept_add_ref(&item->result.salvage, KEPT_COMMIT,
		    "a resolution that was not taken", ref.name, ref.commit);
	if (err.kind != ERROR_NONE)
		log_warn("%s: %s", item->id, error_text(&err));
	head_release(&head);
	salvage_ref_release(&ref);
}

/* What claude left counts only if it stands up to a check. */
static void
take_resolution(const struct resolution *resolution, const char *log)
{
	struct item *item = resolution->item;
	autoerror struct error err = { 0 };
	char tree[GIT_OID_SIZE];
	if (!merge_verify(item->scratch, item->shared->head, item->result.tip,
		tree, &err)) {
		keep_commits(item);
		stays_unresolved(item, error_text(&err), log);
		return;
	}
	announce_resolved(resolution, log);
	item->resolved_tree = mem_text(tree);
	drop_scratch(item);
	tell(item, ITEM_RESOLVED);
}

static void
resolution_free(struct resolution *resolution)
{
	steps_release(&resolution->steps);
	free(resolution->log);
	free(resolution);
}

static void
claude_ended(enum verdict verdict, struct frame_result *result, const char *why,
    void *arg)
{
	struct resolution *resolution = arg;
	struct item *item = resolution->item;
	struct supervisor *sup = item->shared->sup;
	item_take_spent(item);
	item->attempt = NULL;
	progress_agent_gone(sup->progress, item->id);
	users_side_leave(sup->users_side, item->id, &item->users_side);
	if (result != NULL)
		kept_move(&item->result.salvage, &result->salvage);
	switch (verdict) {
	case VERDICT_OK:
		take_resolution(resolution, result->log);
		break;
	case VERDICT_CANCELLED:
		tell(item, ITEM_CANCELLED);
		break;
	case VERDICT_FAILED:
		stays_unresolved(item, result->failure.message, result->log);
		break;
	case VERDICT_LOST:
	case VERDICTS:
		/* Nobody was left to say which log there is. */
		stays_unresolved(item, why,
		    path_exists(resolution->log) ? resolution->log : NULL);
		break;
	}
	resolution_free(resolution);
}

static bool
start_claude(struct resolution *resolution, struct error *err)
{
	struct item *item = resolution->item;
	const struct supervisor *sup = item->shared->sup;
	autofree char *name = mem_format("%s-merge", item->name);
	autojson json_t *vars = json_object();
	struct frame_spec spec = supervisor_spec(sup, PHASE_RESOLVE);
	spec.agent = item->agent_id;
	spec.item = item->id;
	spec.attempt = item->attempt_number;
	spec.directory = item->scratch;
	spec.steps = resolution->steps;
	autofree char *refs =
	    mem_format("refs/prodigy/salvage/%s/%s", sup->run, item->id);
	spec.salvage_refs = refs;
	spec.branch = item->branch;
	spec.log_name = name;
	resolution->log = frame_log_path(&spec, 1, "claude", "jsonl");
	spec.vars = vars;
	item->attempt = attempt_start(sup->loop, &sup->executor, &spec,
	    frame_came, claude_ended, resolution, err);
	if (item->attempt != NULL)
		users_side_enter(sup->users_side, item->id);
	return item->attempt != NULL;
}

void
merging_ask_claude(struct item *item)
{
	autoerror struct error err = { 0 };
	struct resolution *resolution = mem_zalloc(sizeof(*resolution));
	resolution->item = item;
	resolution->start = clock_now();
	struct step *step = steps_add(&resolution->steps);
	step->kind = STEP_CLAUDE;
	step->command = make_prompt(item);
	if (start_claude(resolution, &err))
		return;
	resolution_free(resolution);
	stays_unresolved(item, error_text(&err), NULL);
}
