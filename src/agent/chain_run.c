/* SPDX-License-Identifier: MIT */
/* The chain of an agent's steps. */
#include "config.h"

#include <stdlib.h>

#include "agent/captures.h"
#include "agent/chain_run.h"
#include "agent/step_run.h"
#include "base/mem.h"
#include "base/text.h"
#include "proc/excerpt.h"

struct chain_run {
	struct chain *chain;
	struct frame_result *result;
	struct excerpt output; /* of all steps */
	struct phase_captures captures;
};

static void
send_step(
    const struct chain *chain, const char *state, const struct outcome *outcome)
{
	autostr struct str frame = { 0 };
	frame_step_encode(chain->step, state, outcome->failure.exit_code,
	    outcome->ms, &frame);
	keeper_send(chain->keeper, &frame);
}

static json_t *
short_text(const struct str *text)
{
	const char *bytes = str_text(text);
	return json_stringn(
	    bytes, text_cut(bytes, text->len, STEP_OUTPUT_LIMIT));
}

static void
record_step(
    struct chain_run *run, const char *label, const struct outcome *outcome)
{
	struct frame_result *result = run->result;
	json_array_append_new(result->steps,
	    json_pack("{s:s, s:i, s:I, s:b, s:o}", "label", label, "rc",
		outcome->failure.exit_code, "ms", (json_int_t)outcome->ms,
		"skipped", outcome->skipped, "output",
		short_text(&outcome->out)));
	if (outcome->skipped)
		return;
	excerpt_add(&run->output, str_text(&outcome->out), outcome->out.len);
	if (outcome->out.len > 0 &&
	    outcome->out.data[outcome->out.len - 1] != '\n')
		excerpt_add(&run->output, "\n", 1);
	if (outcome->log != NULL) {
		free(result->log);
		result->log = mem_text(outcome->log);
	}
}

/* Says where the step failed; takes the failure from its outcome. */
static void
record_failure(
    struct chain_run *run, const char *label, struct outcome *outcome)
{
	struct failure *failure = &run->result->failure;
	const struct frame_spec *spec = run->chain->spec;
	failure_move(failure, &outcome->failure);
	failure->step = mem_text(label);
	failure->log = mem_text(run->result->log);
	strv_format(
	    &failure->context, "%s phase", frame_phase_name(spec->phase));
	if (spec->phase == PHASE_MAP)
		strv_format(&failure->context, "%s, attempt %u", spec->item,
		    spec->attempt);
	strv_format(&failure->context, "step %zu of %zu: %s",
	    run->chain->step + 1, spec->steps.n, label);
}

static void
set_step_variables(struct chain *chain, const char *label)
{
	vars_set_text(chain->recent, "step.name", label, VARS_DATA);
	vars_set_new(chain->recent, "step.index",
	    json_integer((json_int_t)chain->step), VARS_TRUSTED);
}

/* False when the chain ends here. */
static bool
run_step(struct chain_run *run, const struct step *step)
{
	struct outcome outcome = { 0 };
	autofree char *label = step_label(step);
	set_step_variables(run->chain, label);
	send_step(run->chain, "start", &outcome);
	step_run(run->chain, step, &outcome);
	send_step(run->chain, outcome.skipped ? "skipped" : "done", &outcome);
	record_step(run, label, &outcome);
	phase_captures_add(&run->captures, run->chain->step, &outcome);
	bool ok = outcome_is_ok(&outcome);
	if (ok)
		run->result->steps_done++;
	else
		record_failure(run, label, &outcome);
	outcome_release(&outcome);
	return ok;
}

static void
finish(struct chain_run *run)
{
	struct chain *chain = run->chain;
	struct frame_result *result = run->result;
	autostr struct str output = { 0 };
	if (result->failure.cause == CAUSE_NONE)
		phase_captures_publish(&run->captures, chain);
	excerpt_repaired(&run->output, &output);
	result->output = str_take(&output);
	/* Nobody asks for the captures of a single agent. */
	if (chain->spec->phase != PHASE_MAP)
		result->captures = vars_to_json(chain->kept);
	result->claude_session = mem_text(chain->session);
	result->cost_usd = chain->has_cost ? chain->cost : -1;
	result->usage = json_incref(chain->usage);
	phase_captures_release(&run->captures);
	excerpt_release(&run->output);
}

void
chain_run(struct chain *chain, struct frame_result *result)
{
	const struct frame_spec *spec = chain->spec;
	struct chain_run run = {
		.chain = chain,
		.result = result,
		.captures = { .wanted = &spec->outputs },
		.output = { .head_limit = RESULT_OUTPUT_HALF,
		    .tail_limit = RESULT_OUTPUT_HALF },
	};
	bool going = true;
	result->steps = json_array();
	result->steps_done = spec->first_step;
	for (size_t i = spec->first_step; going && i < spec->steps.n; i++) {
		chain->step = i;
		going = run_step(&run, &spec->steps.items[i]);
	}
	finish(&run);
}
