/* SPDX-License-Identifier: MIT */
/* The executor: a chain of steps, each with its command and its on_failure. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/captures.h"
#include "agent/chain_run.h"
#include "agent/handlers.h"
#include "agent/step_claude.h"
#include "agent/step_shell.h"
#include "agent/step_write_file.h"
#include "agent/title.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/expr_eval.h"
#include "data/expr_parse.h"
#include "proc/excerpt.h"

#define LOGS_KEPT 50 /* names of logs that travel with a result */

/* --- the command of a step -------------------------------------------- */

static void
run_kind(struct chain *chain, const struct step *step, struct outcome *outcome)
{
	switch (step->kind) {
	case STEP_SHELL:
		step_shell_run(chain, step, outcome);
		return;
	case STEP_CLAUDE:
		step_claude_run(chain, step, outcome);
		return;
	case STEP_WRITE_FILE:
		step_write_file_run(chain, step, outcome);
		return;
	case STEP_KINDS:
		break;
	}
	BUG("step kind %d", (int)step->kind);
}

/* Whether something asks for what the current step printed. */
static bool
output_is_wanted(const struct chain *chain, const struct step *step)
{
	const struct frame_spec *spec = chain->spec;
	if (step->capture.name != NULL || step->id != NULL)
		return true;
	for (size_t i = 0; i < spec->outputs.n; i++)
		if (spec->outputs.items[i].command_index == chain->step)
			return true;
	if (chain->step + 1 == spec->steps.n)
		return false;
	const char *next = spec->steps.items[chain->step + 1].command;
	return next != NULL && strstr(next, ".output") != NULL;
}

/* What was printed becomes other bytes where it is used as a value. */
static void
tell_repair(const struct chain *chain, const struct step *step,
    const struct outcome *outcome)
{
	autofree char *label = step_label(step);
	if (outcome->repaired && output_is_wanted(chain, step))
		chain_note(chain,
		    "%s: its output is not UTF-8: as a value it has U+FFFD in "
		    "place of other bytes",
		    label);
}

/* A handler's commands have logs, too, and a step may run many times. */
static void
keep_log(struct chain *chain, const struct step *step, const char *log)
{
	if (log == NULL)
		return;
	if (chain->logs.n == LOGS_KEPT)
		strv_remove(&chain->logs, 0);
	strv_add(&chain->logs, log);
	if (step->kind != STEP_CLAUDE)
		return;
	free(chain->claude_log);
	chain->claude_log = mem_text(log);
}

/* The command alone, once, with its captures; the outcome is empty before. */
static void
run_command(
    struct chain *chain, const struct step *step, struct outcome *outcome)
{
	autoerror struct error err = { 0 };
	int64_t start = clock_now();
	chain->runs++;
	run_kind(chain, step, outcome);
	chain_show_rest(chain);
	outcome->ms = clock_now() - start;
	keep_log(chain, step, outcome->log);
	tell_repair(chain, step, outcome);
	if (!captures_publish(step, outcome, chain->recent, chain->kept, &err))
		failure_take_error(&outcome->failure, CAUSE_INPUT, &err);
}

static bool
made_commit(const struct chain *chain, const char *before)
{
	autofree char *after = chain_head(chain);
	return after != NULL && (before == NULL || strcmp(before, after) != 0);
}

/* The failure becomes a warning: how says why the chain goes on. */
static void
go_on(const struct chain *chain, const struct step *step, const char *how,
    struct outcome *outcome)
{
	autofree char *label = step_label(step);
	chain_note(chain, "step '%s' failed, %s: %s", label, how,
	    outcome->failure.message);
	outcome->tolerated = true;
}

/* --- after a failure -------------------------------------------------- */

struct recovery {
	struct chain *chain;
	const struct step *step;
	const struct on_failure *rule;
	struct outcome *outcome; /* of the step's command */
	struct outcome handler; /* of the last handler command that ran */
	struct handler_state state;
};

/* A handler's commands are steps, which may have handlers. */
static void run_step(
    struct chain *chain, const struct step *step, struct outcome *outcome);

/* Runs the commands in order; the first failure ends them. */
static bool
run_commands(struct recovery *recovery)
{
	const struct steps *commands = &recovery->rule->commands;
	for (size_t i = 0; i < commands->n; i++) {
		outcome_release(&recovery->handler);
		run_step(
		    recovery->chain, &commands->items[i], &recovery->handler);
		if (!outcome_is_ok(&recovery->handler))
			return false;
	}
	return true;
}

static bool
run_commands_checked(struct recovery *recovery)
{
	if (!recovery->rule->commit_required)
		return run_commands(recovery);
	autofree char *before = chain_head(recovery->chain);
	if (!run_commands(recovery))
		return false;
	if (made_commit(recovery->chain, before))
		return true;
	failure_set(&recovery->handler.failure, CAUSE_COMMIT_REQUIRED, 1,
	    "the handler has commit_required=true but no commits were created");
	return false;
}

static void
run_handler(struct recovery *recovery)
{
	struct chain *chain = recovery->chain;
	const struct chain saved = *chain;
	struct vars *vars = vars_new(chain->scope);
	char *path = NULL;
	handler_variables(chain, recovery->step, recovery->outcome,
	    recovery->state.executions, vars, &path);
	chain->scope = vars;
	chain->execution = recovery->state.executions;
	if (recovery->rule->timeout_ms > 0) {
		int64_t end = clock_now() + recovery->rule->timeout_ms;
		if (chain->deadline == 0 || end < chain->deadline)
			chain->deadline = end;
	}
	recovery->state.handler_ok = run_commands_checked(recovery);
	recovery->state.handled++;
	chain->scope = saved.scope;
	chain->execution = saved.execution;
	chain->deadline = saved.deadline;
	vars_free(vars);
	if (path != NULL)
		(void)unlink(path);
	free(path);
}

static void
repeat(struct recovery *recovery)
{
	struct chain *chain = recovery->chain;
	unsigned saved = chain->execution;
	outcome_release(recovery->outcome);
	chain->execution = recovery->state.executions + 1;
	run_command(chain, recovery->step, recovery->outcome);
	chain->execution = saved;
	recovery->state.executions++;
}

/* Adds the failure of the handler to the message of the step's own. */
static void
give_up(struct recovery *recovery)
{
	struct outcome *outcome = recovery->outcome;
	if (recovery->state.handler_ok ||
	    recovery->handler.failure.message == NULL)
		return;
	char *both = mem_format("%s; its handler failed too: %s",
	    outcome->failure.message, recovery->handler.failure.message);
	free(outcome->failure.message);
	outcome->failure.message = both;
}

/* Does one action; false when it was the last. */
static bool
perform(struct recovery *recovery, enum handler_action action)
{
	switch (action) {
	case HANDLER_RUN:
		run_handler(recovery);
		return true;
	case HANDLER_REPEAT:
		repeat(recovery);
		return true;
	case HANDLER_RECOVERED:
		go_on(recovery->chain, recovery->step,
		    "its handler recovered it", recovery->outcome);
		return false;
	case HANDLER_REPLACED:
		outcome_move(recovery->outcome, &recovery->handler);
		return false;
	case HANDLER_TOLERATE:
		go_on(recovery->chain, recovery->step, "going on",
		    recovery->outcome);
		return false;
	case HANDLER_GIVE_UP:
	case HANDLER_BROKEN:
		give_up(recovery);
		return false;
	case HANDLER_ACTIONS:
		break;
	}
	BUG("handler action %d", (int)action);
}

/* Makes the outcome the step's, whose command has failed once. */
static void
recover(struct chain *chain, const struct step *step, struct outcome *outcome)
{
	struct recovery recovery = {
		.chain = chain,
		.step = step,
		.rule = step->on_failure,
		.outcome = outcome,
		.state = { .executions = 1 },
	};
	bool more = true;
	while (more) {
		if (outcome_is_ok(outcome) || outcome->stopped)
			break;
		if (recovery.handler.stopped) {
			outcome_move(outcome, &recovery.handler);
			break;
		}
		more = perform(&recovery,
		    handler_next(
			recovery.rule, chain->spec->phase, &recovery.state));
	}
	outcome_release(&recovery.handler);
}

/* --- a step ----------------------------------------------------------- */

static bool
condition_holds(const struct chain *chain, const struct step *step, bool *holds,
    struct error *err)
{
	*holds = true;
	if (step->when == NULL)
		return true;
	struct expr *expr = expr_parse(step->when, EXPR_CONDITION, err);
	bool ok =
	    expr != NULL && expr_holds_vars(expr, chain->scope, holds, err);
	expr_free(expr);
	return ok || error_wrap(err, "when: %s", step->when);
}

static bool
is_checked(const struct chain *chain, const struct step *step)
{
	const char *off =
	    strv_env_get(&chain->env, "PRODIGY_NO_COMMIT_VALIDATION");
	return step->commit_required &&
	    (off == NULL || strcmp(off, "true") != 0);
}

static void
check_commit(const struct chain *chain, const struct step *step,
    const char *before, struct outcome *outcome)
{
	if (made_commit(chain, before))
		return;
	if (chain->spec->phase == PHASE_MAP) {
		autofree char *command = step_display(step);
		failure_set(&outcome->failure, CAUSE_COMMIT_REQUIRED, 1,
		    "Agent execution failed: "
		    "Commit required but no commit was created\n"
		    "Worktree: %s\nExpected behavior: "
		    "Command should create at least one git commit\n"
		    "Command: %s",
		    chain->spec->directory, command);
		return;
	}
	autofree char *label = step_label(step);
	failure_set(&outcome->failure, CAUSE_COMMIT_REQUIRED, 1,
	    "Step '%s' has commit_required=true but no commits were created",
	    label);
}

static void
run_checked(
    struct chain *chain, const struct step *step, struct outcome *outcome)
{
	bool is_watched = is_checked(chain, step);
	autofree char *before = is_watched ? chain_head(chain) : NULL;
	run_command(chain, step, outcome);
	if (!outcome_is_ok(outcome) && !outcome->stopped) {
		if (step->on_failure != NULL)
			recover(chain, step, outcome);
		else if (step->continue_on_error)
			go_on(chain, step, "going on", outcome);
	}
	if (outcome->failure.cause == CAUSE_NONE && is_watched)
		check_commit(chain, step, before, outcome);
}

/* Runs a step; when outcome_is_ok() afterwards, the chain goes on. */
static void
run_step(struct chain *chain, const struct step *step, struct outcome *outcome)
{
	autoerror struct error err = { 0 };
	bool holds = true;
	if (chain_is_stopped(chain, outcome))
		return;
	if (!condition_holds(chain, step, &holds, &err)) {
		failure_take_error(&outcome->failure, CAUSE_INPUT, &err);
		return;
	}
	if (!holds) {
		outcome->skipped = true;
		return;
	}
	run_checked(chain, step, outcome);
}

/* --- the chain -------------------------------------------------------- */

struct chain_run {
	struct chain *chain;
	struct frame_result *result;
	struct excerpt output; /* of all steps */
	struct phase_captures captures;
};

static void
send_step(const struct chain *chain, const char *title, const char *state,
    const struct outcome *outcome)
{
	autostr struct str frame = { 0 };
	frame_step_encode(chain->step, title, state, outcome->failure.exit_code,
	    outcome->ms, &chain->step_spent, &frame);
	keeper_send(chain->keeper, &frame);
}

/* The exit code does not tell: a failure may be tolerated. */
static const char *
state_after(const struct outcome *outcome)
{
	if (outcome->skipped)
		return "skipped";
	return outcome_is_ok(outcome) ? "done" : "failed";
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
	json_t *step = json_pack("{s:s, s:i, s:I, s:b, s:o}", "label", label,
	    "rc", outcome->failure.exit_code, "ms", (json_int_t)outcome->ms,
	    "skipped", outcome->skipped, "output", short_text(&outcome->out));
	spent_describe(&run->chain->step_spent, step);
	json_array_append_new(result->steps, step);
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
run_next(struct chain_run *run, const struct step *step)
{
	struct outcome outcome = { 0 };
	autofree char *label = step_label(step);
	autofree char *title = title_of(run->chain, step);
	set_step_variables(run->chain, label);
	run->chain->step_spent = (struct spent){ 0 };
	send_step(run->chain, title, "start", &outcome);
	run_step(run->chain, step, &outcome);
	bool ok = outcome_is_ok(&outcome);
	send_step(run->chain, title, state_after(&outcome), &outcome);
	record_step(run, title, &outcome);
	phase_captures_add(&run->captures, run->chain->step, &outcome);
	if (ok)
		run->result->steps_done++;
	else
		record_failure(run, title, &outcome);
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
	if (chain->left_out > 0)
		chain_note(chain,
		    "%zu pieces of its output and events were left out, since "
		    "they came faster than they were taken; the logs are "
		    "complete",
		    chain->left_out);
	(void)excerpt_repaired(&run->output, &output);
	result->output = str_take(&output);
	/* Nobody asks for the captures of a single agent. */
	if (chain->spec->phase != PHASE_MAP)
		result->captures = vars_to_json(chain->kept);
	if (chain->claude_log != NULL) {
		free(result->log);
		result->log = mem_text(chain->claude_log);
	}
	strv_copy(&result->logs, &chain->logs);
	result->claude_session = mem_text(chain->session);
	result->spent = chain->spent;
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
		going = run_next(&run, &spec->steps.items[i]);
	}
	finish(&run);
}
