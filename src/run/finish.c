/* SPDX-License-Identifier: MIT */
/* The end of a run. */
#include "config.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "git/final.h"
#include "git/git.h"
#include "git/refs.h"
#include "run/finish.h"
#include "run/parent.h"
#include "run/reopen.h"
#include "run/report.h"
#include "state/job_record.h"

#define LOCK_RETRY_MS 100

/* --- the question ----------------------------------------------------- */

struct finish_answer {
	bool done;
	bool yes;
};

/* The terminal gives whole lines: one read is one answer. */
static void
input_came(int fd, short revents, void *arg)
{
	struct finish_answer *answer = arg;
	char line[256];
	ssize_t n = read(fd, line, sizeof(line) - 1);
	(void)revents;
	answer->done = true;
	if (n <= 0)
		return;
	line[n] = '\0';
	const char *word = text_trim(line);
	answer->yes = *word == '\0' || strcasecmp(word, "y") == 0 ||
	    strcasecmp(word, "yes") == 0;
}

/*
 * Asks on standard error, reads a line of standard input. Enter alone is yes;
 * end of input, a signal, and anything but y or yes are no. The event loop goes
 * on meanwhile.
 */
static bool
ask_user(struct supervisor *sup, const char *question)
{
	autoerror struct error err = { 0 };
	struct finish_answer answer = { 0 };
	autofree char *text = mem_format("%s [Y/n] ", question);
	struct watch *watch =
	    loop_watch(sup->loop, STDIN_FILENO, POLLIN, input_came, &answer);
	streams_say(&sup->streams, text, strlen(text));
	while (!answer.done && !supervisor_is_stopping(sup))
		if (!loop_turn(sup->loop, -1, &err))
			break;
	watch_remove(watch);
	if (!answer.done)
		streams_say(&sup->streams, "\n", 1);
	return answer.yes;
}

/* --- the merge into the user's branch --------------------------------- */

static char *
way_to_merge(const struct supervisor *sup)
{
	if (sup->repo.branch == NULL)
		return mem_format("HEAD was detached, so there is no branch to "
				  "merge it into: git merge %s",
		    sup->parent_branch);
	return mem_format(
	    "Merge it with: prodigy worktree merge %s", sup->parent_name);
}

static void
say_how_to_merge(struct supervisor *sup)
{
	autofree char *way = way_to_merge(sup);
	report_line(sup, "The result is on branch %s.", sup->parent_branch);
	report_line(sup, "%s", way);
}

static bool
has_consent(struct supervisor *sup, const struct final_counts *counts)
{
	const struct run_options *options = sup->options;
	const char *test_mode = getenv("PRODIGY_TEST_MODE");
	if (options->no_merge || sup->repo.branch == NULL ||
	    (test_mode != NULL && strcmp(test_mode, "true") == 0))
		return false;
	if (options->yes)
		return true;
	if (!options->can_ask)
		return false;
	autofree char *question = mem_format("Merge %zu commit%s (%zu file%s) "
					     "of %s into %s?",
	    counts->commits, counts->commits == 1 ? "" : "s", counts->files,
	    counts->files == 1 ? "" : "s", sup->parent_name, sup->repo.branch);
	return ask_user(sup, question);
}

/* What git listed, with NULs between. */
static void
set_list(struct vars *vars, const char *name, const char *joined,
    const struct str *listed)
{
	autojson json_t *list = json_array();
	autostr struct str commas = { 0 };
	autostr struct str json = { 0 };
	const char *end = str_text(listed) + listed->len;
	for (const char *at = str_text(listed); at < end;
	     at += strlen(at) + 1) {
		json_array_append_new(list, json_text(at));
		str_format(&commas, "%s%s", commas.len > 0 ? "," : "", at);
	}
	json_compact(list, &json, false);
	vars_set_text(vars, name, str_text(&json), VARS_DATA);
	vars_set_text(vars, joined, str_text(&commas), VARS_DATA);
}

static bool
set_merge_vars(struct supervisor *sup, struct vars *vars,
    const struct final_counts *counts, struct error *err)
{
	autostr struct str commits = { 0 };
	autostr struct str files = { 0 };
	autofree char *range = mem_format("refs/heads/%s..refs/heads/%s",
	    sup->repo.branch, sup->parent_branch);
	autofree char *change = mem_format("refs/heads/%s...refs/heads/%s",
	    sup->repo.branch, sup->parent_branch);
	const char *const list[] = { "rev-list", "--reverse", range, "--",
		NULL };
	const char *const names[] = { "diff", "--name-only", "-z",
		"--no-ext-diff", change, "--", NULL };
	if (!git_run(sup->repo.root, list, &commits, err) ||
	    !git_run(sup->repo.root, names, &files, err))
		return false;
	for (size_t i = 0; i < commits.len; i++)
		if (commits.data[i] == '\n')
			commits.data[i] = '\0';
	vars_set_text(vars, "merge.worktree", sup->parent_name, VARS_TRUSTED);
	vars_set_text(
	    vars, "merge.source_branch", sup->parent_branch, VARS_TRUSTED);
	vars_set_text(vars, "merge.target_branch", sup->repo.branch, VARS_DATA);
	vars_set_text(vars, "merge.session_id", sup->parent_name, VARS_TRUSTED);
	vars_set_new(vars, "merge.commit_count",
	    json_integer((json_int_t)counts->commits), VARS_TRUSTED);
	vars_set_new(vars, "merge.file_count",
	    json_integer((json_int_t)counts->files), VARS_TRUSTED);
	set_list(vars, "merge.commits", "merge.commit_ids", &commits);
	set_list(vars, "merge.modified_files", "merge.file_list", &files);
	return true;
}

/* The run's variables and those of the merge in one scope. */
static bool
make_merge_vars(struct supervisor *sup, const struct final_counts *counts,
    struct vars **vars, struct error *err)
{
	autojson json_t *all = vars_to_json(sup->vars);
	*vars = vars_new(NULL);
	return vars_add_json(*vars, all, err) &&
	    set_merge_vars(sup, *vars, counts, err);
}

/* For a prodigy that a merge step starts. */
static void
tell_below(struct supervisor *sup)
{
	autofree char *name = final_name(&sup->repo);
	const char *above = getenv(FINAL_HELD);
	autofree char *list = mem_format("%s%s%s", above == NULL ? "" : above,
	    above == NULL ? "" : " ", name);
	strv_env_set(&sup->env, FINAL_HELD, list);
}

bool
finish_can_merge(const struct supervisor *sup, struct error *err)
{
	return !final_is_held_above(&sup->repo) ||
	    error_set(err, ERROR_STATE,
		"this was started by the merge steps of another run, which "
		"wait for it: nothing else is merged into %s before they end "
		"(--no-merge leaves the result on its branch)",
		sup->repo.root);
}

static bool
run_merge_block(struct supervisor *sup, const struct final_counts *counts,
    struct error *err)
{
	const struct final final = supervisor_final(sup);
	struct frame_result result = { 0 };
	struct vars *vars = NULL;
	bool merged = false;
	bool ok = make_merge_vars(sup, counts, &vars, err);
	tell_below(sup);
	if (ok) {
		const struct parent_steps what = { .title = "Merge",
			.vars = vars };
		ok = parent_steps_run(sup, PHASE_MERGE, &what, &result, err);
	}
	vars_free(vars);
	frame_result_release(&result);
	if (!ok ||
	    !final_is_merged(
		&final, sup->parent_branch, sup->repo.branch, &merged, err))
		return false;
	if (!merged)
		return error_set(err, ERROR_GIT,
		    "the merge steps succeeded, but %s does not contain %s",
		    sup->repo.branch, sup->parent_branch);
	return true;
}

/* While another job merges into this repository; a descriptor, or -1. */
static int
await_turn(struct supervisor *sup, struct error *err)
{
	bool told = false;
	for (;;) {
		autoerror struct error why = { 0 };
		int lock = final_lock(&sup->repo, 0, &why);
		if (lock >= 0 || why.kind != ERROR_STATE) {
			error_move(err, &why);
			return lock;
		}
		if (!finish_can_merge(sup, err))
			return -1;
		if (!told)
			progress_say(sup->progress,
			    "Another job merges into this repository: "
			    "waiting for it.");
		told = true;
		if (!supervisor_check(sup, err) ||
		    !loop_turn(sup->loop, LOCK_RETRY_MS, err))
			return -1;
	}
}

static bool
merge_now(struct supervisor *sup, const struct final_counts *counts,
    struct error *err)
{
	const struct final final = supervisor_final(sup);
	autofree char *message = mem_format("Merge %s %s\n\n"
					    "Prodigy-Session: %s\n",
	    sup->workflow.mapreduce ? "job" : "session", sup->id,
	    sup->parent_name);
	autofd int lock = await_turn(sup, err);
	if (lock < 0)
		return false;
	if (sup->workflow.merge.present)
		return run_merge_block(sup, counts, err);
	return final_merge(&final, sup->parent_branch, sup->repo.branch,
	    message, &sup->in_conflict, err);
}

/* What is merged, or nothing, stays so if its tree cannot be removed. */
static void
clear_away(struct supervisor *sup)
{
	autoerror struct error err = { 0 };
	const char *cleanup = getenv("PRODIGY_AUTO_CLEANUP");
	if (cleanup != NULL && strcmp(cleanup, "false") == 0)
		return;
	if (!parent_remove(sup, &err))
		log_warn("%s", error_text(&err));
}

static void
note_merged(struct supervisor *sup)
{
	session_set_text(
	    &sup->recorder.session, SESSION_MERGED_INTO, sup->repo.branch);
}

/* With consent; *merged: it was given. */
static bool
merge_commits(struct supervisor *sup, const struct final_counts *counts,
    bool *merged, struct error *err)
{
	*merged = false;
	if (!has_consent(sup, counts)) {
		say_how_to_merge(sup);
		return true;
	}
	if (!merge_now(sup, counts, err))
		return false;
	*merged = true;
	note_merged(sup);
	report_line(sup, "Merged %zu commit%s into %s.", counts->commits,
	    counts->commits == 1 ? "" : "s", sup->repo.branch);
	clear_away(sup);
	return true;
}

static bool
check_target(const struct supervisor *sup, struct error *err)
{
	autoerror struct error ignored = { 0 };
	autofree char *ref = mem_format("refs/heads/%s", sup->repo.branch);
	const char *const args[] = { "rev-parse", "--verify", "-q", ref, NULL };
	return git_run(sup->repo.root, args, NULL, &ignored) ||
	    error_set(err, ERROR_GIT,
		"it is gone: 'git branch %s %.12s' makes it again as it was",
		sup->repo.branch, sup->repo.head);
}

/*
 * The user took commits off the branch that the run began with, or wrote them
 * anew: a merge would bring them back without a word.
 */
static bool
check_base(struct supervisor *sup, const struct final_counts *counts,
    struct error *err)
{
	const struct final final = supervisor_final(sup);
	bool has_base = true;
	if (*sup->repo.head != '\0' &&
	    !final_contains(
		&final, sup->repo.head, sup->repo.branch, &has_base, err))
		return false;
	sup->in_conflict = !has_base;
	return has_base ||
	    error_set(err, ERROR_GIT,
		"%s was moved back or rewritten: it does not contain %.12s, "
		"with which the run began, so that a merge of its %zu commits "
		"would bring back what was taken off",
		sup->repo.branch, sup->repo.head, counts->commits);
}

static bool
count_commits(
    struct supervisor *sup, struct final_counts *counts, struct error *err)
{
	const struct final final = supervisor_final(sup);
	const char *target = sup->repo.branch;
	*counts = (struct final_counts){ .commits = 1 };
	if (target != NULL &&
	    (!check_target(sup, err) ||
		!final_count(&final, sup->parent_branch, target, counts, err)))
		return error_wrap(err, "branch %s", target);
	if (target != NULL && counts->commits > 0 &&
	    !check_base(sup, counts, err))
		return false;
	if (counts->commits == 0)
		report_line(sup, "No new commits: nothing to merge.");
	return true;
}

bool
finish_merge(struct supervisor *sup, struct error *err)
{
	struct final_counts counts;
	bool merged;
	if (!count_commits(sup, &counts, err))
		return false;
	if (counts.commits > 0)
		return reopen_keep_vars(sup, err) &&
		    merge_commits(sup, &counts, &merged, err);
	clear_away(sup);
	return true;
}

/* A merge ends the run: what it did not do stays undone. */
static void
say_open(struct supervisor *sup)
{
	const struct job *job = &sup->recorder.job;
	size_t ended = job_ended(job);
	if (ended < job->total)
		report_line(sup,
		    "%zu of %zu items did not come to their end: a merge ends "
		    "the run without them.",
		    job->total - ended, job->total);
}

bool
finish_earlier(struct supervisor *sup, bool *merged, struct error *err)
{
	struct final_counts counts;
	*merged = false;
	if (!count_commits(sup, &counts, err))
		return false;
	if (counts.commits > 0) {
		say_open(sup);
		return merge_commits(sup, &counts, merged, err);
	}
	*merged = strcmp(sup->recorder.parent_head, sup->repo.head) != 0;
	if (*merged) {
		note_merged(sup);
		clear_away(sup);
	}
	return true;
}

/* --- the last words --------------------------------------------------- */

static void
say_position(const struct supervisor *sup)
{
	const struct job *job = &sup->recorder.job;
	if (!sup->workflow.mapreduce || job->total == 0)
		return;
	log_note("%zu of %zu items done, %zu failed, %zu remain",
	    job->counts[JOB_ITEM_DONE], job->total,
	    job->counts[JOB_ITEM_FAILED], job->total - job_ended(job));
}

static void
say_spent(const struct supervisor *sup)
{
	const struct spent *spent = &sup->recorder.job.spent;
	autofree char *cost = spent_text(spent);
	if (!spent_is_nothing(spent))
		log_note("Cost so far: %s", cost);
}

/*
 * Branch and files of the run get what its items have made so far: for a user
 * who merges the branch. If they did not come along before, they do not now.
 */
static bool
follow_items(struct supervisor *sup)
{
	autoerror struct error err = { 0 };
	if (sup->left_behind || sup->recorder.failure.kind != ERROR_NONE)
		return false;
	if (parent_catch_up(sup, &err))
		return true;
	log_warn("%s", error_text(&err));
	return false;
}

/* What agents finished whose merge was not begun, or met a conflict. */
static void
say_ready(const struct supervisor *sup)
{
	autoerror struct error ignored = { 0 };
	struct ref_list list = { 0 };
	autofree char *refs = mem_format("refs/prodigy/%s/i", sup->run);
	if (refs_list(&sup->repo, refs, &list, &ignored) && list.n > 0)
		log_note("Finished and not merged (%zu): git for-each-ref %s",
		    list.n, refs);
	refs_list_release(&list);
}

/* As long as nothing can go on, this is what a run leaves to its user. */
static void
say_result(struct supervisor *sup)
{
	autoerror struct error ignored = { 0 };
	bool mapped =
	    sup->workflow.mapreduce && sup->recorder.job.phase >= JOB_MAP;
	if (mapped)
		say_ready(sup);
	if (mapped && !follow_items(sup)) {
		log_note("The result so far is at %s.", sup->map_ref);
		log_note("Merge it with: git merge %s", sup->map_ref);
		return;
	}
	if (parent_read_head(sup, &ignored) &&
	    strcmp(sup->recorder.parent_head, sup->repo.head) == 0) {
		log_note("There is no result yet; what was kept: "
			 "prodigy worktree ls");
		return;
	}
	autofree char *way = way_to_merge(sup);
	log_note("The result so far is on branch %s.", sup->parent_branch);
	log_note("%s", way);
}

static void
save_pause(struct supervisor *sup, const char *why)
{
	struct recorder *recorder = &sup->recorder;
	if (recorder->job_id != NULL && recorder_flush(recorder)) {
		recorder_add(recorder,
		    job_record_write(&(struct job_record){
			.op = JOB_OP_INTERRUPT, .signal = sup->stop_signal }));
		/* On a full disk the reserve takes the record, and no more. */
		if (recorder->failure.kind != ERROR_NO_SPACE)
			recorder_snapshot(recorder, "BeforeShutdown");
	}
	json_t *event = json_pack(
	    "{s:I}", "checkpoint_version", (json_int_t)recorder->job.version);
	spent_describe(&recorder->job.spent, event);
	recorder_event(recorder, "job_paused", event);
	recorder_session(recorder, SESSION_PAUSED, why);
}

void
finish_interrupted(struct supervisor *sup)
{
	save_pause(sup, "interrupted");
	log_note("Session interrupted.");
	say_position(sup);
	say_spent(sup);
	say_result(sup);
}

/* --- a run that could not start --------------------------------------- */

static void
drop_folder(char *path)
{
	autoerror struct error err = { 0 };
	if (path_exists(path) && !file_remove_tree(path, &err))
		log_warn("%s", error_text(&err));
	free(path);
}

static void
drop_folders(const struct supervisor *sup)
{
	const struct layout *layout = &sup->layout;
	drop_folder(layout_events(layout, sup->id));
	drop_folder(layout_logs(layout, sup->id));
	drop_folder(layout_run(layout, sup->parent_name));
	if (!sup->workflow.mapreduce)
		return;
	drop_folder(layout_mapping(layout, sup->parent_name));
	drop_folder(layout_mapping(layout, sup->id));
	drop_folder(layout_job(layout, sup->id));
}

void
finish_unstarted(struct supervisor *sup, const struct error *why)
{
	static const char *const gone[] = { "job_id", "worktree_path",
		"worktree_name", "branch" };
	autoerror struct error err = { 0 };
	struct session *session = &sup->recorder.session;
	/* Without a name nothing was made. */
	if (sup->parent_dir == NULL)
		return;
	if (!parent_take_back(sup, &err))
		log_warn("%s", error_text(&err));
	drop_folders(sup);
	if (session->document == NULL || !path_exists(session->path))
		return;
	for (size_t i = 0; i < COUNT_OF(gone); i++)
		session_set_text(session, gone[i], NULL);
	session_set_text(session, "error", error_text(why));
	error_release(&err);
	if (!session_save(session, SESSION_FAILED, &err))
		log_warn("saving the session: %s", error_text(&err));
}

/* --- a run that failed ------------------------------------------------ */

/* A run that failed before it did anything leaves no trace in git. */
static void
drop_untouched(struct supervisor *sup)
{
	autoerror struct error err = { 0 };
	if (!parent_remove(sup, &err))
		log_warn("%s", error_text(&err));
}

void
finish_failed(struct supervisor *sup, const struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	/* What could not be recorded is repeated by a resume. */
	bool paused = recorder->failure.kind != ERROR_NONE ||
	    err->kind == ERROR_NO_SPACE || err->kind == ERROR_STORAGE;
	say_position(sup);
	say_spent(sup);
	if (paused) {
		save_pause(sup, error_text(err));
	} else {
		json_t *event = json_pack("{s:o, s:I}", "error",
		    json_text(error_text(err)), "partial_results",
		    (json_int_t)recorder->job.counts[JOB_ITEM_DONE]);
		spent_describe(&recorder->job.spent, event);
		recorder_event(recorder, "job_failed", event);
		if (recorder->job_id != NULL)
			recorder_snapshot(recorder, "BeforeShutdown");
		recorder_session(recorder, SESSION_FAILED, error_text(err));
	}
	if (parent_is_untouched(sup) && recorder->job.total == 0)
		drop_untouched(sup);
	else
		say_result(sup);
}

void
finish_unmerged(struct supervisor *sup, const struct error *err)
{
	const char *branch = sup->parent_branch;
	const struct session *session = &sup->recorder.session;
	if (session_may_become(session->status, SESSION_PAUSED))
		recorder_session(
		    &sup->recorder, SESSION_PAUSED, error_text(err));
	log_note("The result is on branch %s.", branch);
	if (sup->in_conflict) {
		log_note("Merge it by hand, where %s is checked out: "
			 "git merge %s",
		    sup->repo.branch, branch);
		log_note("Afterwards, to clear away: prodigy worktree merge %s",
		    sup->parent_name);
		return;
	}
	log_note(
	    "Then merge it with: prodigy worktree merge %s", sup->parent_name);
}
