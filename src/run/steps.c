/* SPDX-License-Identifier: MIT */
/* A phase whose steps run in the parent work tree. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "data/json.h"
#include "run/shown.h"
#include "run/steps.h"

struct waiting {
	struct supervisor *sup;
	const struct steps_run *what;
	enum frame_phase phase;
	bool done;
	enum verdict verdict;
	struct frame_result *result;
	char *why;
};

static void
show_step(struct waiting *waiting, const json_t *frame)
{
	struct supervisor *sup = waiting->sup;
	const char *label = json_get_text(frame, "label");
	const char *state = json_get_text(frame, "state");
	long long number = (long long)json_get_int(frame, "step", 0) + 1;
	size_t n = waiting->what->steps == NULL ? 0 : waiting->what->steps->n;
	if (waiting->what->quiet || label == NULL || state == NULL)
		return;
	if (strcmp(state, "start") == 0)
		progress_say(sup->progress, "%s [%lld/%zu]: %s",
		    waiting->what->title, number, n, label);
	else if (strcmp(state, "skipped") == 0)
		progress_say(sup->progress, "%s [%lld/%zu] skipped: %s",
		    waiting->what->title, number, n, label);
}

/* A finished step is an outcome: resuming must not run it again. */
static void
record_step(struct waiting *waiting, const json_t *frame)
{
	struct record *record = &waiting->sup->record;
	const char *state = json_get_text(frame, "state");
	int64_t index = json_get_int(frame, "step", 0);
	if (state == NULL || strcmp(state, "start") == 0 ||
	    json_get_int(frame, "rc", 0) != 0)
		return;
	if (waiting->phase == PHASE_REDUCE) {
		record_add(record,
		    json_pack("{s:s, s:I}", "op", "reduce_step", "index",
			(json_int_t)index));
		record_flush(record);
	} else if (waiting->phase == PHASE_WORKFLOW) {
		record_workflow_step(
		    record, (size_t)index + 1, waiting->what->steps->n);
	}
}

static void
frame_came(enum frame_type type, const json_t *frame, void *arg)
{
	struct waiting *waiting = arg;
	const char *name = frame_phase_name(waiting->phase);
	switch (type) {
	case FRAME_STEP:
		show_step(waiting, frame);
		record_step(waiting, frame);
		break;
	case FRAME_OUT:
		shown_frame(waiting->sup->progress, NULL, frame);
		break;
	case FRAME_NOTE:
		log_warn("%s", json_get_text(frame, "text"));
		break;
	case FRAME_EVENT:
		supervisor_pass_event(waiting->sup, frame, name, NULL);
		break;
	case FRAME_HELLO:
	case FRAME_BEAT:
	case FRAME_RESULT:
	case FRAME_TYPES:
		break;
	}
}

static void
attempt_ended(enum verdict verdict, const struct frame_result *result,
    const char *why, void *arg)
{
	struct waiting *waiting = arg;
	waiting->sup->attempt = NULL;
	waiting->verdict = verdict;
	waiting->done = true;
	waiting->why = mem_text(why);
	if (result != NULL)
		frame_result_copy(result, waiting->result);
	supervisor_add_cost(waiting->sup, result);
}

static enum error_kind
kind_of(enum failure_cause cause)
{
	switch (cause) {
	case CAUSE_TIMEOUT:
		return ERROR_TIMEOUT;
	case CAUSE_INPUT:
		return ERROR_INPUT;
	case CAUSE_CANCELLED:
		return ERROR_CANCELLED;
	case CAUSE_NONE:
	case CAUSE_COMMAND:
	case CAUSE_COMMIT_REQUIRED:
	case CAUSE_WORKTREE:
	case CAUSE_RESOURCE:
	case CAUSE_CLAUDE:
	case CAUSE_LOST:
	case CAUSE_MERGE_CONFLICT:
	case FAILURE_CAUSES:
		break;
	}
	return ERROR_COMMAND;
}

static bool
judge(const struct waiting *waiting, struct error *err)
{
	const struct frame_result *result = waiting->result;
	const char *log = result->failure.log;
	switch (waiting->verdict) {
	case VERDICT_OK:
		return true;
	case VERDICT_CANCELLED:
		return error_set(err, ERROR_CANCELLED, "interrupted");
	case VERDICT_LOST:
		return error_set(err, ERROR_COMMAND, "%s: %s",
		    waiting->what->title, waiting->why);
	case VERDICT_FAILED:
	case VERDICTS:
		break;
	}
	return error_set(err, kind_of(result->failure.cause), "%s: %s%s%s",
	    waiting->what->title, result->failure.message,
	    log == NULL ? "" : "\n  log: ", log == NULL ? "" : log);
}

static void
fill_spec(const struct supervisor *sup, const struct steps_run *what,
    struct frame_spec *spec)
{
	if (what->steps != NULL)
		spec->steps = *what->steps;
	if (what->outputs != NULL)
		spec->outputs = *what->outputs;
	if (what->plan != NULL)
		spec->plan = *what->plan;
	spec->timeout_ms = what->timeout_ms;
	spec->vars = vars_to_json(what->vars == NULL ? sup->vars : what->vars);
	spec->item = mem_text("");
	spec->agent = mem_text(frame_phase_name(spec->phase));
	spec->log_name = mem_text(frame_phase_name(spec->phase));
}

bool
steps_run(struct supervisor *sup, enum frame_phase phase,
    const struct steps_run *what, struct frame_result *result,
    struct error *err)
{
	struct waiting waiting = {
		.sup = sup, .what = what, .phase = phase, .result = result
	};
	struct frame_spec spec = supervisor_spec(sup, phase);
	if (!supervisor_check(sup, err))
		return false;
	fill_spec(sup, what, &spec);
	sup->attempt = attempt_start(sup->loop, &sup->executor, &spec,
	    frame_came, attempt_ended, &waiting, err);
	json_decref(spec.vars);
	free(spec.item);
	free(spec.agent);
	free(spec.log_name);
	if (sup->attempt == NULL)
		return error_wrap(err, "%s", what->title);
	bool ok =
	    supervisor_wait(sup, &waiting.done, err) && judge(&waiting, err);
	free(waiting.why);
	return ok;
}
