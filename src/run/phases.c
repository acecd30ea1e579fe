/* SPDX-License-Identifier: MIT */
/* A run from its file to its summary: the phases in their order. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "git/git.h"
#include "plan/items.h"
#include "proc/child.h"
#include "proc/descend.h"
#include "proc/fds.h"
#include "proc/ladder.h"
#include "proc/signals.h"
#include "run/finish.h"
#include "run/map.h"
#include "run/parent.h"
#include "run/phases.h"
#include "run/report.h"
#include "run/start.h"

/* --- stopping --------------------------------------------------------- */

static void
stop_agents(struct supervisor *sup, int64_t force_ms)
{
	if (sup->attempt != NULL)
		attempt_stop(sup->attempt, force_ms);
	if (sup->map != NULL)
		map_stop(sup->map, force_ms);
}

static void
signal_came(int signo, void *arg)
{
	struct supervisor *sup = arg;
	if (signo == SIGWINCH)
		return;
	if (sup->stop_signal == 0)
		sup->stop_signal = signo;
	sup->stop_count++;
	if (sup->stop_count == 1)
		log_note("Stopping: agents get %d seconds to end; once more "
			 "to end them now",
		    LADDER_GRACE_MS / 1000);
	stop_agents(sup, sup->stop_count == 1 ? LADDER_FORCE_MS : 0);
}

/* No new agents; those that run may end, but nothing more is recorded. */
static void
storage_failed(void *arg)
{
	struct supervisor *sup = arg;
	if (sup->recorder.failure.kind != ERROR_NO_SPACE)
		stop_agents(sup, LADDER_FORCE_MS);
	else if (sup->map != NULL)
		map_refill_later(sup->map);
}

/* --- phases ----------------------------------------------------------- */

static bool
run_setup(struct supervisor *sup, struct error *err)
{
	struct frame_result result = { 0 };
	const struct parent_steps what = { .title = "Setup" };
	if (sup->workflow.setup.steps.n == 0)
		return true;
	bool ok = parent_steps_run(sup, PHASE_SETUP, &what, &result, err) &&
	    (result.captures == NULL ||
		vars_add_json(sup->vars, result.captures, err));
	if (ok) {
		recorder_add(&sup->recorder,
		    json_pack("{s:s, s:O?}", "op", "setup_done", "vars",
			result.captures));
		recorder_snapshot(&sup->recorder, "PhaseTransition");
	}
	frame_result_release(&result);
	return ok;
}

static bool
take_items(struct supervisor *sup, const char *spool,
    const struct frame_result *result, struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	if (!spool_open(&recorder->spool, spool, result->items_sha256, err))
		return false;
	if (recorder->spool.n > ITEMS_LIMIT)
		return error_set(err, ERROR_INPUT, "%zu items: more than %d",
		    recorder->spool.n, ITEMS_LIMIT);
	recorder_add(recorder,
	    json_pack("{s:s, s:I, s:s}", "op", "items", "count",
		(json_int_t)recorder->spool.n, "items_sha256",
		recorder->spool.sha256));
	return recorder_flush(recorder) || supervisor_check(sup, err);
}

/* The list is made in a process of its own: large inputs are its memory. */
static bool
plan_items(struct supervisor *sup, struct error *err)
{
	struct frame_result result = { 0 };
	autofree char *spool = path_join(sup->recorder.job_dir, SPOOL_NAME);
	const struct parent_steps what = { .title = "Items", .spool = spool };
	bool ok = parent_steps_run(sup, PHASE_PLAN, &what, &result, err) &&
	    take_items(sup, spool, &result, err);
	frame_result_release(&result);
	return ok;
}

static bool
run_map(struct supervisor *sup, struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	const struct job *job = &recorder->job;
	if (!parent_start_map(sup, err))
		return false;
	recorder_phase(recorder, JOB_MAP);
	recorder_event(recorder, "map_phase_started",
	    json_pack("{s:I}", "total_items", (json_int_t)job->total));
	if (!map_run(sup, err))
		return false;
	recorder_event(recorder, "map_phase_completed",
	    json_pack("{s:I, s:I}", "successful",
		(json_int_t)job->counts[JOB_ITEM_DONE], "failed",
		(json_int_t)job->counts[JOB_ITEM_FAILED]));
	progress_say(sup->progress,
	    "Map phase completed: %zu successful, %zu failed (total: %zu)",
	    job->counts[JOB_ITEM_DONE], job->counts[JOB_ITEM_FAILED],
	    job->total);
	return parent_catch_up(sup, err);
}

static void
set_map_vars(struct supervisor *sup)
{
	const struct job *job = &sup->recorder.job;
	double total = job->total == 0 ? 1 : (double)job->total;
	struct vars *vars = sup->vars;
	vars_set_new(vars, "map.total", json_integer((json_int_t)job->total),
	    VARS_TRUSTED);
	vars_set_new(vars, "map.successful",
	    json_integer((json_int_t)job->counts[JOB_ITEM_DONE]), VARS_TRUSTED);
	vars_set_new(vars, "map.failed",
	    json_integer((json_int_t)job->counts[JOB_ITEM_FAILED]),
	    VARS_TRUSTED);
	vars_set_new(vars, "map.success_rate",
	    json_real((double)job->counts[JOB_ITEM_DONE] / total),
	    VARS_TRUSTED);
	vars_set_text(vars, "map.results_file", sup->results_file, VARS_DATA);
}

static bool
run_reduce(struct supervisor *sup, struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	const struct job *job = &recorder->job;
	struct frame_result result = { 0 };
	const struct parent_steps what = { .title = "Reduce" };
	sup->results_file = path_join(recorder->job_dir, "map-results.json");
	if (!job_write_results(job, &recorder->journal, sup->results_file, err))
		return false;
	set_map_vars(sup);
	recorder_phase(recorder, JOB_REDUCE);
	if (sup->workflow.reduce.steps.n == 0)
		return true;
	recorder_event(recorder, "reduce_phase_started", NULL);
	progress_say(sup->progress,
	    "Reduce phase input: %zu items (%zu successful, %zu failed)",
	    job->total, job->counts[JOB_ITEM_DONE],
	    job->counts[JOB_ITEM_FAILED]);
	bool ok = parent_steps_run(sup, PHASE_REDUCE, &what, &result, err) &&
	    (result.captures == NULL ||
		vars_add_json(sup->vars, result.captures, err));
	if (ok)
		recorder_event(recorder, "reduce_phase_completed", NULL);
	frame_result_release(&result);
	return ok;
}

static bool
run_mapreduce(struct supervisor *sup, struct error *err)
{
	if (!run_setup(sup, err) || !plan_items(sup, err))
		return false;
	if (sup->recorder.job.total == 0)
		report_line(
		    sup, "No work items to process: reduce is skipped.");
	else if (!run_map(sup, err) || !run_reduce(sup, err))
		return false;
	recorder_phase(&sup->recorder, JOB_COMPLETE);
	return supervisor_check(sup, err);
}

static bool
run_standard(struct supervisor *sup, struct error *err)
{
	struct frame_result result = { 0 };
	const struct parent_steps what = { .title = "Step" };
	bool ok = sup->workflow.commands.n == 0 ||
	    parent_steps_run(sup, PHASE_WORKFLOW, &what, &result, err);
	frame_result_release(&result);
	return ok;
}

static void
emit_started(struct supervisor *sup)
{
	json_t *config = sup->recorder.fixed == NULL
	    ? json_pack("{s:s}", "permission_mode", sup->claude.permission_mode)
	    : json_incref(json_object_get(sup->recorder.fixed, "config"));
	recorder_event(&sup->recorder, "job_started",
	    json_pack("{s:o, s:o, s:n, s:s}", "config", config, "workflow",
		json_text(sup->workflow.name), "total_items", "permission_mode",
		sup->claude.permission_mode));
}

static void
emit_completed(struct supervisor *sup)
{
	const struct job *job = &sup->recorder.job;
	recorder_event(&sup->recorder, "job_completed",
	    json_pack("{s:o, s:I, s:I, s:o}", "duration",
		json_duration(clock_now() - sup->start), "success_count",
		(json_int_t)job->counts[JOB_ITEM_DONE], "failure_count",
		(json_int_t)job->counts[JOB_ITEM_FAILED], "cost_usd",
		sup->cost_known ? json_real(sup->cost_usd) : json_null()));
}

/* The work is done: what is left is the merge and the last words. */
static bool
conclude(struct supervisor *sup, int *status, struct error *err)
{
	emit_completed(sup);
	report_summary(sup);
	if (!finish_merge(sup, err)) {
		recorder_session(
		    &sup->recorder, SESSION_PAUSED, error_text(err));
		return false;
	}
	recorder_session(&sup->recorder, SESSION_COMPLETED, NULL);
	if (sup->stop_signal != 0)
		*status = 128 + sup->stop_signal; /* at the question */
	if (sup->recorder.dlq_changed) {
		autoerror struct error ignored = { 0 };
		if (!dlq_write_index(sup->recorder.dlq_dir, sup->id, &ignored))
			log_debug("%s", error_text(&ignored));
		if (*status == 0 && sup->options->fail_on_dlq)
			*status = 1;
	}
	return true;
}

/* Failures from here on are told here: the run is under way. */
static void
run_phases(struct supervisor *sup, int *status)
{
	autoerror struct error err = { 0 };
	report_start(sup);
	emit_started(sup);
	bool ok = sup->workflow.mapreduce ? run_mapreduce(sup, &err)
					  : run_standard(sup, &err);
	if (ok && conclude(sup, status, &err))
		return;
	if (sup->stop_signal != 0) {
		finish_interrupted(sup);
		*status = 128 + sup->stop_signal;
		return;
	}
	log_error("Session failed: %s", error_text(&err));
	*status = 1;
	if (!ok)
		finish_failed(sup, &err);
}

/* --- opening and closing ---------------------------------------------- */

static void
write_event(const char *line, size_t len, void *arg)
{
	struct supervisor *sup = arg;
	autoerror struct error closed = { 0 };
	/* A closed reader ends this output, not the job. */
	if (!file_write_all(STDOUT_FILENO, line, len, &closed))
		sup->recorder.events.tee = NULL;
}

static bool
open_loop(struct supervisor *sup, struct error *err)
{
	sup->loop = loop_new();
	fds_raise_limit();
	descend_adopt();
	return child_init(sup->loop, err) &&
	    signals_open(sup->loop, signal_came, sup, err) &&
	    executor_local(&sup->executor, err);
}

static bool
open_run(struct supervisor *sup, struct error *err)
{
	const struct run_options *options = sup->options;
	const char *dir = options->directory == NULL ? "." : options->directory;
	sup->vars = vars_new(NULL);
	if (!start_load(options, &sup->workflow, err) ||
	    !repo_open(dir, &sup->repo, err) ||
	    !start_vars(options, &sup->workflow, sup->vars, &sup->env, err))
		return false;
	start_claude(options, &sup->workflow, &sup->claude);
	sup->identity = repo_identity(&sup->repo);
	if (!layout_open(sup->repo.root, &sup->layout, err) ||
	    !open_loop(sup, err))
		return false;
	sup->progress = progress_new(sup->loop,
	    options->events_on_stdout && !isatty(STDERR_FILENO)
		? PROGRESS_PLAIN
		: progress_choose(options->quiet),
	    options->ascii);
	sup->recorder.on_failure = storage_failed;
	sup->recorder.failure_arg = sup;
	if (!start_session(sup, err))
		return false;
	if (options->events_on_stdout) {
		sup->recorder.events.tee = write_event;
		sup->recorder.events.tee_arg = sup;
	}
	vars_set_text(sup->vars, "PROJECT_ROOT", sup->repo.root, VARS_DATA);
	vars_set_text(sup->vars, "WORKTREE", sup->parent_name, VARS_TRUSTED);
	return parent_create(sup, err);
}

bool
run_workflow(const struct run_options *options, int *status, struct error *err)
{
	struct supervisor sup;
	supervisor_init(&sup, options);
	bool opened = open_run(&sup, err);
	if (opened)
		run_phases(&sup, status);
	else if (sup.recorder.session.document != NULL &&
	    sup.recorder.events.fd >= 0)
		recorder_session(
		    &sup.recorder, SESSION_FAILED, error_text(err));
	supervisor_release(&sup);
	return opened;
}
