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
#include "base/text.h"
#include "data/json.h"
#include "data/template.h"
#include "git/git.h"
#include "plan/items.h"
#include "proc/child.h"
#include "proc/descend.h"
#include "proc/fds.h"
#include "proc/ladder.h"
#include "proc/signals.h"
#include "run/claude.h"
#include "run/environment.h"
#include "run/finish.h"
#include "run/map.h"
#include "run/parent.h"
#include "run/phases.h"
#include "run/preflight.h"
#include "run/ready.h"
#include "run/reopen.h"
#include "run/report.h"
#include "run/users_side.h"
#include "run/workspace.h"
#include "state/ids.h"
#include "state/job_record.h"
#include "workflow/load.h"

/* --- before the first step -------------------------------------------- */

static bool
join_findings(const struct workflow_findings *findings, struct error *err)
{
	autostr struct str text = { 0 };
	enum error_kind kind = ERROR_INPUT;
	for (size_t i = 0; i < findings->errors.n; i++) {
		str_format(&text, "%s%s", i > 0 ? "\n" : "",
		    error_text(&findings->errors.items[i]));
		kind = findings->errors.items[i].kind;
	}
	return error_set(err, kind, "%s", str_text(&text));
}

bool
start_load(const struct run_options *options, struct workflow *workflow,
    struct error *err)
{
	struct workflow_findings findings = { 0 };
	autostrv struct strv environment = { 0 };
	bool loaded = workflow_load(options->workflow, workflow, &findings);
	for (size_t i = 0; i < findings.warnings.n; i++)
		log_warn("%s", findings.warnings.items[i]);
	if (!loaded)
		join_findings(&findings, err);
	workflow_findings_release(&findings);
	strv_env_inherit(&environment);
	if (!loaded || !workflow_resolve(workflow, &environment, err))
		return false;
	if (options->has_max_items) {
		workflow->map.has_max_items = true;
		workflow->map.max_items = options->max_items;
	}
	if (options->has_offset)
		workflow->map.offset = options->offset;
	return true;
}

static void
set_arguments(const struct strv *arguments, struct vars *vars, struct strv *env)
{
	const char *outer = getenv("PRODIGY_ARG");
	if (arguments == NULL || arguments->n == 0) {
		if (outer != NULL)
			vars_set_text(vars, "ARG", outer, VARS_AUTHOR);
		return;
	}
	vars_set_text(vars, "ARG", arguments->items[0], VARS_AUTHOR);
	strv_env_set(env, "PRODIGY_ARG", arguments->items[0]);
	for (size_t i = 0; i < arguments->n; i++) {
		autofree char *number = mem_format("%zu", i + 1);
		autofree char *name = mem_format("ARG_%zu", i + 1);
		vars_set_text(vars, number, arguments->items[i], VARS_AUTHOR);
		vars_set_text(vars, name, arguments->items[i], VARS_AUTHOR);
		strv_env_set(env, name, arguments->items[i]);
	}
}

static bool
set_env_entry(
    const char *entry, struct vars *vars, struct strv *env, struct error *err)
{
	autostr struct str value = { 0 };
	autofree char *name = NULL;
	const char *text = strv_env_split(entry, &name);
	if (text == NULL)
		BUG("'%s' is no environment entry", entry);
	if (!template_text(text, vars, &value, NULL, err))
		return error_wrap(err, "env: %s", name);
	vars_set_text(vars, name, str_text(&value), VARS_AUTHOR);
	strv_env_set(env, name, str_text(&value));
	return true;
}

bool
start_vars(const struct run_options *options, const struct workflow *workflow,
    struct vars *vars, struct strv *env, struct error *err)
{
	set_arguments(options->arguments, vars, env);
	for (size_t i = 0; i < workflow->env.n; i++)
		if (!set_env_entry(workflow->env.items[i], vars, env, err))
			return false;
	vars_set_text(vars, "workflow.name", workflow->name, VARS_AUTHOR);
	if (options->yes) {
		strv_env_set(env, "PRODIGY_AUTO_MERGE", "true");
		strv_env_set(env, "PRODIGY_AUTO_CONFIRM", "true");
	}
	return true;
}

static bool
make_ids(struct supervisor *sup, struct error *err)
{
	if (sup->workflow.mapreduce) {
		sup->id = ids_claim_job(&sup->layout, clock_wall(), err);
		if (sup->id == NULL)
			return false;
		sup->parent_name = ids_session_of_job(sup->id);
		sup->run = ids_name_run(sup->id);
		sup->parent_branch = mem_format("prodigy-session-%s", sup->run);
	} else {
		sup->parent_name = ids_new_session();
		sup->id = mem_text(sup->parent_name);
		sup->run = mem_text(sup->id); /* random already */
		sup->parent_branch = mem_format("prodigy-%s", sup->run);
	}
	sup->parent_dir = layout_worktree(&sup->layout, sup->parent_name);
	sup->map_ref = mem_format("refs/prodigy/%s/map", sup->run);
	return true;
}

static bool
make_log_dir(struct supervisor *sup, struct error *err)
{
	autofree char *dir = layout_logs(&sup->layout, sup->id);
	sup->log_dir = mem_text(dir);
	return path_make_dirs(dir, err);
}

static json_t *
strings(const struct strv *texts)
{
	json_t *list = json_array();
	for (size_t i = 0; texts != NULL && i < texts->n; i++)
		json_array_append_new(list, json_text(texts->items[i]));
	return list;
}

static void
describe_session(struct supervisor *sup)
{
	struct session *session = &sup->recorder.session;
	char host[256] = "";
	autoerror struct error ignored = { 0 };
	autofree char *workflow = path_real(sup->options->workflow, &ignored);
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	session_new(session, &sup->layout, sup->parent_name,
	    sup->workflow.mapreduce ? "MapReduce" : "Workflow");
	session_set_text(session, "worktree_path", sup->parent_dir);
	session_set_text(session, "worktree_name", sup->parent_name);
	session_set_text(session, "branch", sup->parent_branch);
	session_set_text(session, "map_ref", sup->map_ref);
	session_set_text(session, "original_branch", sup->repo.branch);
	session_set_text(session, "base_commit", sup->repo.head);
	session_set_text(session, "workflow_name", sup->workflow.name);
	session_set_text(session, "workflow_path", workflow);
	session_set_text(session, "workflow_sha256", sup->workflow.sha256);
	session_set_text(
	    session, "permission_mode", sup->claude.permission_mode);
	session_set(session, "arguments", strings(sup->options->arguments));
	session_set(session, "auto_yes", json_boolean(sup->options->yes));
	session_set(session, "pid", json_integer(getpid()));
	session_set_text(session, "host", host);
	session_set_text(
	    session, "job_id", sup->workflow.mapreduce ? sup->id : NULL);
}

static json_t *
make_config(const struct supervisor *sup)
{
	const struct map_block *map = &sup->workflow.map;
	json_t *config = json_object();
	json_set_text(config, "input", map->input);
	json_set_text(config, "json_path", map->json_path);
	json_set_text(config, "filter", map->filter);
	json_object_set_new(config, "sort_by", strings(&map->sort_by));
	json_set_text(config, "distinct", map->distinct);
	json_set_text(config, "item_name", map->item_name);
	json_object_set_new(
	    config, "offset", json_integer((json_int_t)map->offset));
	json_object_set_new(config, "max_items",
	    map->has_max_items ? json_integer((json_int_t)map->max_items)
			       : json_null());
	json_object_set_new(config, "max_parallel",
	    json_integer((json_int_t)(sup->options->max_parallel > 0
		    ? sup->options->max_parallel
		    : map->max_parallel)));
	json_set_text(config, "permission_mode", sup->claude.permission_mode);
	return config;
}

/* What a snapshot needs so that a resume can do without the file. */
static void
describe_job(struct supervisor *sup)
{
	struct recorder *recorder = &sup->recorder;
	const struct workflow *workflow = &sup->workflow;
	json_t *fixed = json_object();
	json_object_set_new(fixed, "config", make_config(sup));
	json_object_set_new(fixed, "agent_template",
	    steps_to_json(&workflow->map.agent_template));
	json_object_set_new(
	    fixed, "setup_commands", steps_to_json(&workflow->setup.steps));
	json_object_set_new(
	    fixed, "reduce_commands", steps_to_json(&workflow->reduce.steps));
	json_object_set_new(
	    fixed, "merge", steps_to_json(&workflow->merge.steps));
	json_set_text(fixed, "workflow_path", workflow->path);
	json_set_text(fixed, "workflow_sha256", workflow->sha256);
	json_set_text(fixed, "parent_worktree", sup->parent_dir);
	json_set_text(fixed, "parent_branch", sup->parent_branch);
	json_set_text(fixed, "original_branch", sup->repo.branch);
	recorder->fixed = fixed;
	recorder->description = json_object();
	json_set_text(recorder->description, "session_id", sup->parent_name);
	json_set_text(recorder->description, "workflow_name", workflow->name);
	json_set_text(recorder->description, "workflow_path", workflow->path);
	json_set_text(recorder->description, "repository", sup->repo.root);
	json_set_text(recorder->description, "status", "Running");
	json_object_set(recorder->description, "started_at",
	    json_mutable(json_get(recorder->session.document, "started_at")));
}

static bool
open_record(struct supervisor *sup, struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	recorder->loop = sup->loop;
	recorder->layout = &sup->layout;
	recorder->session_id = mem_text(sup->parent_name);
	describe_session(sup);
	if (!sup->workflow.mapreduce)
		return recorder_open(recorder, err);
	recorder->job_id = mem_text(sup->id);
	describe_job(sup);
	return session_map(&sup->layout, sup->parent_name, sup->id,
		   sup->workflow.name, err) &&
	    recorder_open(recorder, err);
}

bool
start_session(struct supervisor *sup, struct error *err)
{
	return make_ids(sup, err) && supervisor_lock(sup, err) &&
	    make_log_dir(sup, err) && reopen_keep_workflow(sup, err) &&
	    open_record(sup, err);
}

/* --- stopping --------------------------------------------------------- */

static void
stop_agents(struct supervisor *sup, int64_t force_ms)
{
	if (sup->attempt != NULL)
		attempt_stop(sup->attempt, force_ms);
	if (sup->map != NULL)
		map_stop(sup->map, force_ms);
}

/* Who runs it said that it is to stop: asked once, or at once. */
static void
tell_control(struct supervisor *sup, int signo)
{
	const struct recorder *recorder = &sup->recorder;
	if (recorder->events.fd < 0)
		return;
	recorder_event(&sup->recorder, "control",
	    json_pack("{s:s, s:b, s:i}", "verb", "stop", "now",
		sup->stop_count > 1, "signal", signo));
}

static void
signal_came(int signo, void *arg)
{
	struct supervisor *sup = arg;
	if (signo == SIGWINCH || signo == SIGCONT)
		return;
	if (sup->stop_signal == 0)
		sup->stop_signal = signo;
	sup->stopping = true;
	sup->stop_count++;
	if (sup->is_delivering)
		return;
	tell_control(sup, signo);
	/* At the question nobody has to end. */
	if (sup->stop_count == 1 && (sup->attempt != NULL || sup->map != NULL))
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
		    job_record_write(&(struct job_record){
			.op = JOB_OP_SETUP_DONE, .vars = result.captures }));
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
	    job_record_write(&(struct job_record){ .op = JOB_OP_ITEMS,
		.count = (int64_t)recorder->spool.n,
		.items_sha256 = recorder->spool.sha256 }));
	return recorder_flush(recorder) || supervisor_check(sup, err);
}

/* What the input was, and where its items went. */
static void
tell_items(struct supervisor *sup, const struct items_counts *counts)
{
	const struct items_config config = items_config_of(&sup->workflow.map);
	autostr struct str stages = { 0 };
	items_counts_tell(counts, &config, &stages);
	if (counts->planned > 0)
		progress_say(sup->progress, "Items: %zu from %s (%s)",
		    counts->planned, items_form_name(counts->form),
		    str_text(&stages));
	else
		report_line(sup,
		    "No work items to process (%s): reduce is skipped.",
		    str_text(&stages));
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
	if (ok)
		tell_items(sup, &result.counts);
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
	bool ended = map_run(sup, err);
	litter_warn(&sup->litter);
	if (!ended)
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

static struct preflight
preflight_of(const struct supervisor *sup)
{
	return (struct preflight){
		.workflow = &sup->workflow,
		.repo = &sup->repo,
		.env = &sup->env,
		.claude = &sup->claude,
	};
}

static bool
run_mapreduce(struct supervisor *sup, struct error *err)
{
	const struct preflight preflight = preflight_of(sup);
	if (!run_setup(sup, err) || !preflight_look_again(&preflight, err) ||
	    !plan_items(sup, err))
		return false;
	if (sup->recorder.job.total > 0 &&
	    (!run_map(sup, err) || !run_reduce(sup, err)))
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
	json_t *event = json_pack("{s:o, s:I, s:I}", "duration",
	    json_duration(clock_now() - sup->start), "success_count",
	    (json_int_t)job->counts[JOB_ITEM_DONE], "failure_count",
	    (json_int_t)job->counts[JOB_ITEM_FAILED]);
	spent_describe(&job->spent, event);
	recorder_event(&sup->recorder, "job_completed", event);
}

/* The exit status of a run that came to its end, by its items. */
static int
status_of_items(const struct supervisor *sup)
{
	const struct job *job = &sup->recorder.job;
	const struct run_options *options = sup->options;
	if (!sup->workflow.mapreduce)
		return 0;
	if (job->total == 0)
		return options->fail_on_empty ? 1 : 0;
	if (job->counts[JOB_ITEM_DONE] == 0)
		return 1;
	return options->fail_on_dlq && job->counts[JOB_ITEM_FAILED] > 0 ? 1 : 0;
}

/* The work is done and merged, or left: what is left is to record it. */
static bool
conclude(struct supervisor *sup, int *status, struct error *err)
{
	if (!recorder_complete(&sup->recorder, err))
		return false;
	*status = sup->stop_signal != 0
	    ? 128 + sup->stop_signal /* at the question */
	    : status_of_items(sup);
	if (sup->recorder.dlq_changed) {
		autoerror struct error ignored = { 0 };
		if (!dlq_write_index(sup->recorder.dlq_dir, sup->id, &ignored))
			log_debug("%s", error_text(&ignored));
	}
	return true;
}

static bool
work(struct supervisor *sup, struct error *err)
{
	sup->users_side = users_side_open(sup);
	bool done = sup->workflow.mapreduce ? run_mapreduce(sup, err)
					    : run_standard(sup, err);
	sup->users_changes = users_side_close(sup->users_side);
	sup->users_side = NULL;
	if (!done)
		return false;
	emit_completed(sup);
	report_summary(sup);
	return true;
}

/* Failures from here on are told here: the run is under way. */
static void
run_phases(struct supervisor *sup, int *status)
{
	autoerror struct error err = { 0 };
	report_start(sup);
	emit_started(sup);
	bool done = work(sup, &err);
	bool merged = done && finish_merge(sup, &err);
	if (merged && conclude(sup, status, &err))
		return;
	*status = sup->stop_signal != 0 ? 128 + sup->stop_signal : 1;
	if (sup->stop_signal != 0) {
		finish_interrupted(sup);
	} else if (done && !merged) {
		log_error("Not merged: %s", error_text(&err));
		finish_unmerged(sup, &err);
	} else {
		log_error("Session failed: %s", error_text(&err));
		if (!done)
			finish_failed(sup, &err);
	}
}

/* --- opening and closing ---------------------------------------------- */

static void
events_came(void *arg)
{
	streams_have_events(arg);
}

static bool
show_events(struct supervisor *sup, struct error *err)
{
	struct event_log *events = &sup->recorder.events;
	if (!sup->options->events_on_stdout)
		return true;
	if (!streams_follow(&sup->streams, events->path, err))
		return false;
	events->on_growth = events_came;
	events->growth_arg = &sup->streams;
	return true;
}

/*
 * The run is over: now what was not read yet is waited for. What was asked for
 * and cannot be had makes the run fail, but for a reader that has closed.
 */
static void
deliver(struct supervisor *sup, int *status)
{
	const struct streams *streams = &sup->streams;
	const struct event_log *events = &sup->recorder.events;
	sup->is_delivering = true;
	bool all = streams_deliver(&sup->streams, &sup->stop_count);
	int failure = outlet_failure(streams->out);
	if (!all)
		log_error("not all of the output was read");
	if (!all && *status == 0)
		*status = sup->stop_signal == 0 ? 1 : 128 + sup->stop_signal;
	if (failure != 0)
		log_error("writing standard output: %s", strerror(failure));
	if (*status == 0 &&
	    (failure != 0 ||
		(sup->options->events_on_stdout &&
		    events->failure.kind != ERROR_NONE)))
		*status = 1;
	if (sup->options->events_on_stdout && (!all || failure != 0))
		log_error("all events are in %s", events->path);
}

static void
add_spent(struct spent *sum, void *arg)
{
	const struct supervisor *sup = arg;
	if (sup->attempt != NULL)
		spent_add(sum, attempt_spent(sup->attempt));
	if (sup->map != NULL)
		map_add_spent(sup->map, sum);
}

static bool
open_loop(struct supervisor *sup, struct error *err)
{
	sup->loop = loop_new();
	descend_adopt();
	return child_init(sup->loop, err) &&
	    signals_open(sup->loop, signal_came, sup, err) &&
	    executor_local(&sup->executor, err);
}

static void
open_output(struct supervisor *sup)
{
	const struct run_options *options = sup->options;
	streams_open(&sup->streams, sup->loop);
	sup->progress = progress_new(&sup->streams,
	    options->events_on_stdout && !isatty(STDERR_FILENO)
		? PROGRESS_PLAIN
		: progress_choose(options->quiet),
	    options->ascii);
	sup->recorder.on_failure = storage_failed;
	sup->recorder.failure_arg = sup;
	sup->recorder.add_spent = add_spent;
	sup->recorder.spent_arg = sup;
}

static void
set_places(struct supervisor *sup)
{
	vars_set_text(sup->vars, "PROJECT_ROOT", sup->repo.root, VARS_DATA);
	vars_set_text(sup->vars, "WORKTREE", sup->parent_name, VARS_TRUSTED);
}

/* What is recorded as text, and must be found again by it. */
static bool
check_names(const struct supervisor *sup, struct error *err)
{
	const char *branch = sup->repo.branch;
	autoerror struct error ignored = { 0 };
	autofree char *path = path_real(sup->options->workflow, &ignored);
	return (path == NULL ||
		   text_check(
		       "the path of the workflow", path, strlen(path), err)) &&
	    (branch == NULL ||
		text_check(
		    "the name of the branch", branch, strlen(branch), err));
}

static bool
check_before(struct supervisor *sup, struct error *err)
{
	const struct preflight preflight = preflight_of(sup);
	autostrv struct strv warnings = { 0 };
	bool may_run = preflight_look(&preflight, &warnings, err);
	for (size_t i = 0; i < warnings.n; i++)
		log_warn("%s", warnings.items[i]);
	return may_run;
}

static bool
open_run(struct supervisor *sup, struct error *err)
{
	const struct run_options *options = sup->options;
	const char *dir = options->directory == NULL ? "." : options->directory;
	sup->vars = vars_new(NULL);
	environment_settle();
	if (!fds_raise_limit(err) ||
	    !start_load(options, &sup->workflow, err) ||
	    !repo_open(dir, &sup->repo, err) || !check_names(sup, err) ||
	    !start_vars(options, &sup->workflow, sup->vars, &sup->env, err) ||
	    !claude_configure(options, &sup->workflow, &sup->claude, err))
		return false;
	if (!check_before(sup, err))
		return false;
	if (options->yes && !options->no_merge && !finish_can_merge(sup, err))
		return false;
	sup->identity = repo_identity(&sup->repo);
	if (!layout_open(
		sup->repo.root, sup->repo.common_dir, &sup->layout, err) ||
	    !open_loop(sup, err))
		return false;
	open_output(sup);
	parent_follow(&sup->repo, &sup->layout);
	if (!start_session(sup, err) || !show_events(sup, err))
		return false;
	set_places(sup);
	return parent_create(sup, err);
}

bool
run_workflow(const struct run_options *options, int *status, struct error *err)
{
	struct supervisor sup;
	supervisor_init(&sup, options);
	bool opened = open_run(&sup, err);
	if (opened) {
		run_phases(&sup, status);
		parent_let_go(&sup);
	} else {
		finish_unstarted(&sup, err);
	}
	workspace_close(&sup);
	if (sup.streams.loop != NULL)
		deliver(&sup, status);
	supervisor_release(&sup);
	return opened;
}

/* --- an earlier run --------------------------------------------------- */

/* As the steps of its merge would have seen them. */
static bool
recall_vars(struct supervisor *sup, struct error *err)
{
	const struct job *job = &sup->recorder.job;
	bool kept = false;
	if (!start_vars(
		sup->options, &sup->workflow, sup->vars, &sup->env, err) ||
	    !reopen_vars(sup, &kept, err))
		return false;
	if (!kept && job->setup_vars != NULL &&
	    !vars_add_json(sup->vars, job->setup_vars, err))
		return false;
	if (!kept && sup->workflow.mapreduce)
		set_map_vars(sup);
	set_places(sup);
	return true;
}

static bool
open_earlier(struct supervisor *sup, const char *id,
    struct run_options *options, struct strv *arguments, struct error *err)
{
	sup->options = options;
	sup->vars = vars_new(NULL);
	environment_settle();
	if (!repo_find(options->directory, &sup->repo, err) ||
	    !layout_open(
		sup->repo.root, sup->repo.common_dir, &sup->layout, err) ||
	    !open_loop(sup, err))
		return false;
	open_output(sup);
	if (!reopen_session(sup, id, options, arguments, err))
		return false;
	if (sup->repo.branch == NULL)
		return error_set(err, ERROR_STATE,
		    "%s was started on a detached HEAD: "
		    "merge branch %s yourself",
		    id, sup->parent_branch);
	sup->identity = repo_identity(&sup->repo);
	return claude_configure(options, &sup->workflow, &sup->claude, err) &&
	    recall_vars(sup, err);
}

/* What is merged is the map ref; a run that died had no time for all. */
static bool
bring_together(struct supervisor *sup, struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	if (!reopen_parent(sup, err))
		return false;
	if (recorder->job_id == NULL || recorder->job.phase < JOB_MAP)
		return parent_read_head(sup, err);
	if (!ready_merge(sup, err) || !parent_catch_up(sup, err))
		return false;
	set_map_vars(sup);
	return true;
}

/* Merged, and cleared away: nothing of the run is left to go on with. */
static bool
end_earlier(struct supervisor *sup, struct error *err)
{
	struct recorder *recorder = &sup->recorder;
	const struct job *job = &recorder->job;
	if (recorder->session.status == SESSION_COMPLETED)
		return recorder_complete(recorder, err);
	if (recorder->job_id != NULL && job->phase != JOB_COMPLETE)
		recorder_add(recorder,
		    job_record_write(&(struct job_record){ .op = JOB_OP_PHASE,
			.phase = job_phase_name(JOB_COMPLETE) }));
	emit_completed(sup);
	recorder_session(recorder, SESSION_RUNNING, NULL);
	recorder_snapshot(recorder, "PhaseTransition");
	return recorder_complete(recorder, err);
}

static void
merge_earlier(struct supervisor *sup, int *status)
{
	autoerror struct error err = { 0 };
	bool merged = false;
	const char *into =
	    json_get_text(sup->recorder.session.document, SESSION_MERGED_INTO);
	if (into != NULL && reopen_is_gone(sup)) {
		report_line(sup,
		    "%s was merged into %s: nothing is left to merge.",
		    sup->parent_name, into);
		return;
	}
	bool ready = bring_together(sup, &err) && supervisor_check(sup, &err);
	bool done = ready && finish_earlier(sup, &merged, &err);
	if (done && (!merged || end_earlier(sup, &err)))
		*status = sup->stop_signal == 0 ? 0 : 128 + sup->stop_signal;
	else if (sup->stop_signal != 0)
		*status = 128 + sup->stop_signal;
	else
		*status = 1;
	if (err.kind == ERROR_NONE)
		return;
	log_error("Not merged: %s", error_text(&err));
	if (ready)
		finish_unmerged(sup, &err);
}

bool
run_merge(const struct run_options *options, const char *id, int *status,
    struct error *err)
{
	struct supervisor sup;
	struct run_options again = *options;
	autostrv struct strv arguments = { 0 };
	supervisor_init(&sup, &again);
	bool opened = open_earlier(&sup, id, &again, &arguments, err);
	if (opened)
		merge_earlier(&sup, status);
	if (sup.streams.loop != NULL)
		deliver(&sup, status);
	supervisor_release(&sup);
	return opened;
}
