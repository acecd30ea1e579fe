/* SPDX-License-Identifier: MIT */
/* Carries out a step, and its on_failure. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/captures.h"
#include "agent/handlers.h"
#include "agent/step_claude.h"
#include "agent/step_run.h"
#include "agent/step_shell.h"
#include "agent/step_write_file.h"
#include "base/clock.h"
#include "base/mem.h"
#include "data/expr_eval.h"
#include "data/expr_parse.h"

/* --- its command ------------------------------------------------------ */

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

/* Runs the commands in order; the first failure ends them. */
static bool
run_commands(struct recovery *recovery)
{
	const struct steps *commands = &recovery->rule->commands;
	for (size_t i = 0; i < commands->n; i++) {
		outcome_release(&recovery->handler);
		step_run(
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

void
step_run(struct chain *chain, const struct step *step, struct outcome *outcome)
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
