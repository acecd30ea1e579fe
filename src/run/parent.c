/* SPDX-License-Identifier: MIT */
/* The parent work tree of a run. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "git/git.h"
#include "git/head.h"
#include "git/nested_keep.h"
#include "git/salvage.h"
#include "git/stale.h"
#include "git/worktree.h"
#include "git/worktree_use.h"
#include "run/parent.h"
#include "run/room.h"
#include "run/users_side.h"
#include "run/workspace.h"
#include "state/job_record.h"
#include "state/workspaces.h"

static json_t *
metadata_of(const struct supervisor *sup)
{
	char now[CLOCK_RFC3339_SIZE];
	json_t *metadata = json_object();
	clock_rfc3339(clock_wall(), now);
	json_set_text(metadata, "session_id", sup->parent_name);
	json_set_text(metadata, "worktree_name", sup->parent_name);
	json_set_text(metadata, "branch", sup->parent_branch);
	json_set_text(metadata, "original_branch", sup->repo.branch);
	json_set_text(metadata, "created_at", now);
	json_set_text(metadata, "updated_at", now);
	json_set_text(metadata, "status", "in_progress");
	json_object_set_new(metadata, "merged", json_false());
	return metadata;
}

static bool
write_metadata(const struct supervisor *sup, struct error *err)
{
	autojson json_t *metadata = metadata_of(sup);
	autofree char *path = layout_metadata(&sup->layout, sup->parent_name);
	return session_write(path, metadata, err);
}

void
parent_follow(const struct repo *repo, const struct layout *layout)
{
	autoerror struct error err = { 0 };
	autostrv struct strv folders = { 0 };
	if (layout->former == NULL || layout_is_busy(layout))
		return;
	log_info("%s was %s before", repo->root, layout->former);
	if (!workspaces_list(layout, &folders, &err))
		log_warn("%s", error_text(&err));
	for (size_t i = 0; i < folders.n; i++) {
		autoerror struct error why = { 0 };
		if (path_is_dir(folders.items[i]) &&
		    !worktree_follow(repo, folders.items[i], &why))
			log_warn("%s", error_text(&why));
	}
}

bool
parent_create(struct supervisor *sup, struct error *err)
{
	autofree char *reason = mem_format("prodigy %s", sup->id);
	if (!workspace_open(sup, err) || !room_check(sup, err) ||
	    !write_metadata(sup, err))
		return false;
	if (!worktree_add_branch(&sup->repo, sup->parent_dir,
		sup->parent_branch, sup->repo.head, reason, err))
		return error_wrap(err, "making the work tree");
	return parent_read_head(sup, err);
}

bool
parent_read_head(struct supervisor *sup, struct error *err)
{
	struct head head;
	if (!head_read(sup->parent_dir, &head, err))
		return false;
	free(sup->recorder.parent_head);
	sup->recorder.parent_head = mem_text(head.oid);
	head_release(&head);
	return true;
}

bool
parent_start_map(struct supervisor *sup, struct error *err)
{
	if (!parent_read_head(sup, err))
		return false;
	const char *const args[] = { "update-ref", sup->map_ref,
		sup->recorder.parent_head, "", NULL };
	return git_run(sup->repo.root, args, NULL, err);
}

/* Tracked edits of setup steps, as a commit that no branch holds. */
static bool
stash(const struct supervisor *sup, struct str *oid, struct error *err)
{
	const char *const create[] = { "-c", "user.name=prodigy", "-c",
		"user.email=prodigy@localhost", "stash", "create", NULL };
	const char *const reset[] = { "reset", "-q", "--hard", NULL };
	if (!git_run(sup->parent_dir, create, oid, err))
		return false;
	if (oid->len == 0)
		return true;
	autofree char *ref = mem_format("refs/prodigy/%s/stash", sup->run);
	const char *const keep[] = { "update-ref", ref, str_text(oid), "",
		NULL };
	return git_run(sup->parent_dir, keep, NULL, err) &&
	    git_run(sup->parent_dir, reset, NULL, err);
}

static bool
unstash(const struct supervisor *sup, const struct str *oid, struct error *err)
{
	autoerror struct error why = { 0 };
	autofree char *ref = mem_format("refs/prodigy/%s/stash", sup->run);
	const char *const apply[] = { "stash", "apply", "-q", str_text(oid),
		NULL };
	const char *const reset[] = { "reset", "-q", "--hard", NULL };
	const char *const drop[] = { "update-ref", "-d", ref, str_text(oid),
		NULL };
	if (oid->len == 0)
		return true;
	if (git_run(sup->parent_dir, apply, NULL, &why))
		return git_run(sup->parent_dir, drop, NULL, err);
	log_warn("uncommitted edits of the setup steps do not fit what the "
		 "agents did: kept as %s (%s)",
	    ref, error_text(&why));
	return git_run(sup->parent_dir, reset, NULL, err);
}

/* An untracked file stands where an agent added one of that name. */
static bool
move_by_force(const struct supervisor *sup, const char *why, struct error *err)
{
	struct salvage_files kept = { 0 };
	const char *phase = frame_phase_name(PHASE_SETUP);
	autofree char *refs =
	    mem_format("refs/prodigy/salvage/%s/%s", sup->run, phase);
	const struct salvage_owner owner = {
		.dir = sup->parent_dir,
		.refs = refs,
		.item = phase,
		.attempt = 1,
	};
	const char *const reset[] = { "reset", "-q", "--hard", sup->map_ref,
		NULL };
	bool ok = salvage_files(&owner, "HEAD", &kept, err);
	if (ok && kept.files.name != NULL)
		log_warn("files of the setup steps were in the way of what the "
			 "agents did: kept as %s (%s)",
		    kept.files.name, why);
	salvage_ref_release(&kept.files);
	salvage_ref_release(&kept.staged);
	return ok && git_run(sup->parent_dir, reset, NULL, err);
}

static bool
fast_forward(const struct supervisor *sup, struct error *err)
{
	const struct git_options options = { .purpose = GIT_FOR_US };
	struct git_result git = { 0 };
	autoerror struct error why = { 0 };
	const char *const args[] = { "merge", "-q", "--ff-only", sup->map_ref,
		NULL };
	if (!git_call(sup->parent_dir, args, &options, &git, err))
		return false;
	bool moved = git.code == 0;
	bool in_way = !moved && git_found_in_way(&git, &why);
	if (!moved && !in_way)
		git_complain("git merge", &git, err);
	git_result_release(&git);
	return moved || (in_way && move_by_force(sup, error_text(&why), err));
}

/* Whether the branch of the run has all that was merged for it. */
static bool
has_all(const struct supervisor *sup, bool *all, struct error *err)
{
	const struct git_options options = { .purpose = GIT_FOR_US };
	struct git_result git = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor",
		sup->map_ref, "HEAD", NULL };
	if (!git_call(sup->parent_dir, args, &options, &git, err))
		return false;
	bool asked = git.code <= 1;
	*all = git.code == 0;
	if (!asked)
		git_complain("git merge-base", &git, err);
	git_result_release(&git);
	return asked;
}

bool
parent_catch_up(struct supervisor *sup, struct error *err)
{
	autostr struct str oid = { 0 };
	bool all = false;
	stale_clear_tree(sup->parent_dir);
	bool ok = has_all(sup, &all, err) &&
	    (all ||
		(stash(sup, &oid, err) && fast_forward(sup, err) &&
		    unstash(sup, &oid, err)));
	sup->left_behind = !ok;
	if (!ok)
		return error_wrap(err, "bringing the work tree up to date");
	return parent_read_head(sup, err);
}

bool
parent_is_untouched(struct supervisor *sup)
{
	autoerror struct error ignored = { 0 };
	struct worktree_status status;
	struct head head;
	if (!head_read(sup->parent_dir, &head, &ignored))
		return false;
	bool same = strcmp(head.oid, sup->repo.head) == 0;
	head_release(&head);
	if (!same || !worktree_status(sup->parent_dir, &status, &ignored))
		return false;
	bool clean = status.changed.n == 0 && status.untracked.n == 0;
	worktree_status_release(&status);
	return clean;
}

/* Their commits and files are in no object of the tree's own repository. */
static bool
save_nested(const struct supervisor *sup, struct error *err)
{
	autofree char *refs =
	    mem_format("refs/prodigy/salvage/%s/workflow", sup->run);
	const struct salvage_owner owner = {
		.dir = sup->parent_dir,
		.refs = refs,
		.item = "workflow",
		.attempt = 1,
	};
	struct nested_list list = { 0 };
	bool ok = nested_find(sup->parent_dir, &list, err);
	for (size_t i = 0; ok && i < list.n; i++) {
		autofree char *what = nested_quote(list.items[i].path);
		struct nested_kept kept = { 0 };
		ok = nested_keep(
		    sup->parent_dir, &owner, &list, &list.items[i], &kept, err);
		if (kept.ref.name != NULL)
			log_note("The repository in %s is kept: "
				 "prodigy salvage list %s",
			    what, sup->id);
		nested_kept_release(&kept);
	}
	nested_release(&list);
	return ok;
}

/*
 * What is uncommitted in the tree (reports, lists of items) is kept as a patch
 * beside the state of the run, so that no ref stays behind for it.
 */
static bool
save_leftovers(struct supervisor *sup, struct error *err)
{
	struct worktree_status status;
	if (!save_nested(sup, err) ||
	    !worktree_status(sup->parent_dir, &status, err))
		return false;
	bool clean = status.changed.n == 0 && status.untracked.n == 0;
	worktree_status_release(&status);
	if (clean)
		return true;
	autofree char *path = path_join(sup->log_dir, "uncommitted.patch");
	autofree char *output = mem_format("--output=%s", path);
	const char *const add[] = { "add", "-A", "--", ".", NULL };
	const char *const diff[] = { "diff", "--cached", "--binary",
		"--no-ext-diff", output, "HEAD", NULL };
	stale_clear_tree(sup->parent_dir);
	if (!path_make_dirs(sup->log_dir, err) ||
	    !git_run(sup->parent_dir, add, NULL, err) ||
	    !git_run(sup->parent_dir, diff, NULL, err))
		return false;
	log_note("Uncommitted files of the run are kept in %s", path);
	return true;
}

/* Could not look, or is not in it: both are a no. */
static bool
is_in(const struct supervisor *sup, const char *oid, const char *commit)
{
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor", oid, commit,
		NULL };
	return git_run(sup->repo.root, args, NULL, &ignored);
}

/* In the user's branch, or in what the run began with. */
static bool
is_contained(const struct supervisor *sup, const char *oid)
{
	autofree char *target = mem_format("refs/heads/%s", sup->repo.branch);
	return is_in(sup, oid, sup->repo.head) ||
	    (sup->repo.branch != NULL && is_in(sup, oid, target));
}

/* oid gets what a ref names; false: it is nowhere else and has to stay. */
static bool
may_drop(const struct supervisor *sup, const char *ref, struct str *oid)
{
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "rev-parse", "--verify", "-q", ref, NULL };
	if (!git_run(sup->repo.root, args, oid, &ignored)) {
		str_clear(oid);
		return true;
	}
	if (is_contained(sup, str_text(oid)))
		return true;
	log_warn("%s stays: %s does not contain it", ref,
	    sup->repo.branch == NULL ? "what the run began with"
				     : sup->repo.branch);
	return false;
}

/* As long as it is what was looked at. */
static bool
drop_ref(const struct supervisor *sup, const char *ref, const struct str *oid,
    struct error *err)
{
	const char *const args[] = { "update-ref", "-d", ref, str_text(oid),
		NULL };
	return oid->len == 0 || git_run(sup->repo.root, args, NULL, err);
}

/* Metadata go last: they tell that there is something to remove. */
static bool
drop(const struct supervisor *sup, struct error *err)
{
	autostr struct str tip = { 0 };
	autostr struct str merged = { 0 };
	autofree char *branch = mem_format("refs/heads/%s", sup->parent_branch);
	autofree char *metadata =
	    layout_metadata(&sup->layout, sup->parent_name);
	if (!may_drop(sup, branch, &tip) ||
	    !may_drop(sup, sup->map_ref, &merged))
		return true;
	if (!worktree_remove(&sup->repo, sup->parent_dir, err) ||
	    !drop_ref(sup, branch, &tip, err) ||
	    !drop_ref(sup, sup->map_ref, &merged, err))
		return error_wrap(err, "removing the work tree");
	unlink(metadata);
	return true;
}

void
parent_let_go(const struct supervisor *sup)
{
	autoerror struct error err = { 0 };
	autofree char *reason = mem_format("prodigy %s: result", sup->id);
	if (path_is_dir(sup->parent_dir) &&
	    !worktree_let_go(&sup->repo, sup->parent_dir, reason, &err))
		log_debug("%s", error_text(&err));
}

bool
parent_remove(struct supervisor *sup, struct error *err)
{
	if (path_is_dir(sup->parent_dir) && !save_leftovers(sup, err))
		return error_wrap(err, "keeping uncommitted files");
	return drop(sup, err);
}

bool
parent_take_back(struct supervisor *sup, struct error *err)
{
	autofree char *metadata =
	    layout_metadata(&sup->layout, sup->parent_name);
	return !path_exists(metadata) || drop(sup, err);
}

/* --- steps in it ------------------------------------------------------ */

struct parent_run {
	struct supervisor *sup;
	const struct parent_steps *what;
	enum frame_phase phase;
	struct steps steps; /* of the phase, borrowed */
	struct frame_result *result; /* the caller's */
	struct failure failure;
	bool done;
};

/* --- what the agent process says -------------------------------------- */

/* A finished step is an outcome: resuming must not run it again. */
static void
record_step(const struct parent_run *run, const json_t *frame)
{
	struct recorder *recorder = &run->sup->recorder;
	int64_t index = json_get_int(frame, "step", 0);
	const char *state = json_get_text(frame, "state");
	if (strcmp(state, "done") != 0 && strcmp(state, "skipped") != 0)
		return;
	if (run->phase == PHASE_REDUCE) {
		recorder_add(recorder,
		    job_record_write(
			&(struct job_record){ .op = JOB_OP_REDUCE_STEP,
			    .index = (json_int_t)index }));
		recorder_flush(recorder);
	} else if (run->phase == PHASE_WORKFLOW) {
		recorder_workflow_step(
		    recorder, (size_t)index + 1, run->steps.n);
	}
}

static void
frame_came(enum frame_type type, const json_t *frame, void *arg)
{
	const struct parent_run *run = arg;
	const struct frame_source source = {
		.agent = frame_phase_name(run->phase),
		.attempt = run->sup->attempt,
	};
	if (type == FRAME_STEP) {
		progress_say_step(run->sup->progress, run->what->title,
		    &run->steps, frame, run->sup->options->verbose > 0);
		record_step(run, frame);
	}
	supervisor_pass_frame(run->sup, &source, type, frame);
}

static void
attempt_ended(enum verdict verdict, struct frame_result *result,
    const char *why, void *arg)
{
	struct parent_run *run = arg;
	const struct spent spent = *attempt_spent(run->sup->attempt);
	autojson json_t *told = NULL;
	users_side_leave(
	    run->sup->users_side, frame_phase_name(run->phase), &told);
	run->sup->attempt = NULL;
	run->done = true;
	recorder_spent(
	    &run->sup->recorder, frame_phase_name(run->phase), NULL, &spent);
	if (verdict == VERDICT_LOST) {
		failure_set(&run->failure, CAUSE_LOST, 0, "%s", why);
		return;
	}
	*run->result = *result;
	*result = (struct frame_result){ 0 };
	failure_move(&run->failure, &run->result->failure);
}

/* --- the phase -------------------------------------------------------- */

static enum error_kind
kind_of(enum failure_cause cause)
{
	if (cause == CAUSE_TIMEOUT)
		return ERROR_TIMEOUT;
	if (cause == CAUSE_INPUT)
		return ERROR_INPUT;
	return ERROR_COMMAND;
}

static bool
judge(const struct parent_run *run, struct error *err)
{
	const struct failure *failure = &run->failure;
	const char *log = failure->log;
	if (failure->cause == CAUSE_NONE)
		return true;
	if (failure->cause == CAUSE_CANCELLED)
		return error_set(err, ERROR_CANCELLED, "interrupted");
	return error_set(err, kind_of(failure->cause), "%s: %s%s%s",
	    run->what->title, failure->message,
	    log == NULL ? "" : "\n  log: ", log == NULL ? "" : log);
}

static bool
start(struct parent_run *run, struct error *err)
{
	struct supervisor *sup = run->sup;
	const struct parent_steps *what = run->what;
	struct frame_spec spec = supervisor_spec(sup, run->phase);
	autofree char *name = mem_text(frame_phase_name(run->phase));
	autofree char *no_item = mem_text("");
	autojson json_t *vars =
	    vars_to_json(what->vars == NULL ? sup->vars : what->vars);
	autofree char *refs =
	    mem_format("refs/prodigy/salvage/%s/%s", sup->run, name);
	run->steps = spec.steps;
	spec.salvage_refs = refs;
	if (run->phase != PHASE_MERGE)
		spec.branch = sup->parent_branch;
	spec.plan.spool = what->spool;
	spec.vars = vars;
	spec.item = no_item;
	spec.agent = name;
	spec.log_name = name;
	sup->attempt = attempt_start(sup->loop, &sup->executor, &spec,
	    frame_came, attempt_ended, run, err);
	if (sup->attempt != NULL)
		users_side_enter(sup->users_side, name);
	return sup->attempt != NULL;
}

static void
say_what_was_kept(const struct parent_run *run)
{
	const struct kept_list *list = &run->result->salvage;
	for (size_t i = 0; i < list->n; i++)
		log_warn("%s left %s: kept as %s", run->what->title,
		    list->items[i].what,
		    list->items[i].ref != NULL ? list->items[i].ref
					       : list->items[i].path);
}

/*
 * What the steps came to is on the branch of the run, wherever they left HEAD;
 * merge steps may leave it where they like.
 */
static bool
follow_tip(const struct parent_run *run, struct error *err)
{
	const struct supervisor *sup = run->sup;
	const char *dir = sup->parent_dir;
	const char *tip = run->result->tip;
	struct head head = { 0 };
	char old[GIT_OID_SIZE];
	if (run->phase == PHASE_PLAN || run->phase == PHASE_MERGE ||
	    tip == NULL)
		return true;
	autofree char *ref = mem_format("refs/heads/%s", sup->parent_branch);
	if (!head_read(dir, &head, err))
		return false;
	bool attached = head.branch != NULL && strcmp(head.branch, ref) == 0;
	bool at_tip = strcmp(head.oid, tip) == 0;
	head_release(&head);
	if (attached)
		return true;
	const char *const contains[] = { "merge-base", "--is-ancestor", ref,
		tip, NULL };
	const char *const attach[] = { "symbolic-ref", "HEAD", ref, NULL };
	const char *const checkout[] = { "checkout", "-q", sup->parent_branch,
		"--", NULL };
	if (!head_read_ref(dir, ref, old) || !git_run(dir, contains, NULL, err))
		return error_set(err, ERROR_GIT,
		    "HEAD does not descend from %s", sup->parent_branch);
	const char *const move[] = { "update-ref", ref, tip, old, NULL };
	return git_run(dir, move, NULL, err) &&
	    git_run(dir, at_tip ? attach : checkout, NULL, err);
}

bool
parent_steps_run(struct supervisor *sup, enum frame_phase phase,
    const struct parent_steps *what, struct frame_result *result,
    struct error *err)
{
	struct parent_run run = {
		.sup = sup, .what = what, .phase = phase, .result = result
	};
	if (!supervisor_check(sup, err))
		return false;
	if (!start(&run, err))
		return error_wrap(err, "%s", what->title);
	bool ok = supervisor_wait(sup, &run.done, err) && judge(&run, err) &&
	    (follow_tip(&run, err) || error_wrap(err, "%s", what->title));
	say_what_was_kept(&run);
	failure_release(&run.failure);
	return ok;
}
