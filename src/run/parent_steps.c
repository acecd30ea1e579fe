/* SPDX-License-Identifier: MIT */
/* A phase whose steps run in the parent work tree. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "run/frames.h"
#include "run/parent_steps.h"

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

static void
show_step(const struct parent_run *run, const json_t *frame)
{
	const struct step *step = frame_step_of(frame, &run->steps);
	const char *state = json_get_text(frame, "state");
	if (step == NULL)
		return;
	autofree char *label = step_label(step);
	const size_t number = (size_t)(step - run->steps.items) + 1;
	if (strcmp(state, "start") == 0)
		progress_say(run->sup->progress, "%s [%zu/%zu]: %s",
		    run->what->title, number, run->steps.n, label);
	else if (strcmp(state, "skipped") == 0)
		progress_say(run->sup->progress, "%s [%zu/%zu] skipped: %s",
		    run->what->title, number, run->steps.n, label);
}

/* A finished step is an outcome: resuming must not run it again. */
static void
record_step(const struct parent_run *run, const json_t *frame)
{
	struct recorder *recorder = &run->sup->recorder;
	int64_t index = json_get_int(frame, "step", 0);
	if (strcmp(json_get_text(frame, "state"), "start") == 0 ||
	    json_get_int(frame, "rc", 0) != 0)
		return;
	if (run->phase == PHASE_REDUCE) {
		recorder_add(recorder,
		    json_pack("{s:s, s:I}", "op", "reduce_step", "index",
			(json_int_t)index));
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
	const struct frames_source source = { .agent = frame_phase_name(
						  run->phase) };
	if (type == FRAME_STEP) {
		show_step(run, frame);
		record_step(run, frame);
	} else {
		frames_pass_on(run->sup, &source, type, frame);
	}
}

static void
attempt_ended(enum verdict verdict, struct frame_result *result,
    const char *why, void *arg)
{
	struct parent_run *run = arg;
	run->sup->attempt = NULL;
	run->done = true;
	supervisor_add_cost(run->sup, result);
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
	run->steps = spec.steps;
	spec.plan.spool = what->spool;
	spec.vars = vars;
	spec.item = no_item;
	spec.agent = name;
	spec.log_name = name;
	sup->attempt = attempt_start(sup->loop, &sup->executor, &spec,
	    frame_came, attempt_ended, run, err);
	return sup->attempt != NULL;
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
	bool ok = supervisor_wait(sup, &run.done, err) && judge(&run, err);
	failure_release(&run.failure);
	return ok;
}
