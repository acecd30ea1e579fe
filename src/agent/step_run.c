/* SPDX-License-Identifier: MIT */
/* The order of events in a step. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

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

void
step_run_command(
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
	autofree char *after = chain_head(chain);
	if (after != NULL && (before == NULL || strcmp(before, after) != 0))
		return;
	if (chain->spec->phase == PHASE_MAP) {
		autofree char *command = step_display(step);
		failure_set(&outcome->failure, CAUSE_COMMIT_REQUIRED, 1,
		    "Agent execution failed: Commit required but no commit "
		    "was created\nWorktree: %s\nExpected behavior: Command "
		    "should create at least one git commit\nCommand: %s",
		    chain->spec->directory, command);
		return;
	}
	autofree char *label = step_label(step);
	failure_set(&outcome->failure, CAUSE_COMMIT_REQUIRED, 1,
	    "Step '%s' has commit_required=true but no commits were created",
	    label);
}

static void
tolerate(
    const struct chain *chain, const struct step *step, struct outcome *outcome)
{
	autofree char *label = step_label(step);
	chain_note(chain, "step '%s' failed, going on: %s", label,
	    outcome->failure.message);
	outcome->tolerated = true;
}

static void
run_checked(
    struct chain *chain, const struct step *step, struct outcome *outcome)
{
	bool is_watched = is_checked(chain, step);
	autofree char *before = is_watched ? chain_head(chain) : NULL;
	step_run_command(chain, step, outcome);
	if (!outcome_is_ok(outcome) && !outcome->stopped) {
		if (step->on_failure != NULL)
			handlers_run(chain, step, outcome);
		else if (step->continue_on_error)
			tolerate(chain, step, outcome);
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
