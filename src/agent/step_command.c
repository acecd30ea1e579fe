/* SPDX-License-Identifier: MIT */
/* Runs a child of the agent and waits for it. */
#include "config.h"

#include "agent/step_command.h"
#include "proc/ladder.h"

static void
keep(struct step_command *command, struct excerpt *excerpt, bool is_stderr,
    const void *bytes, size_t len)
{
	excerpt_add(excerpt, bytes, len);
	if (!command->is_quiet)
		chain_show(command->chain, is_stderr, bytes, len);
}

static void
out_came(const void *bytes, size_t len, void *arg)
{
	struct step_command *command = arg;
	if (command->out_log != NULL)
		step_log_add(command->out_log, bytes, len);
	if (command->on_out != NULL)
		command->on_out(bytes, len, command->arg);
	else
		keep(command, &command->out, false, bytes, len);
}

static void
err_came(const void *bytes, size_t len, void *arg)
{
	struct step_command *command = arg;
	if (command->err_log != NULL)
		step_log_add(command->err_log, bytes, len);
	keep(command, &command->err, true, bytes, len);
}

static void
child_done(const struct child_end *end, void *arg)
{
	struct step_command *command = arg;
	command->end = *end;
	command->is_done = true;
	/* What comes in this turn must not meet the child any more. */
	keeper_set_running(command->chain->keeper, NULL);
	timer_remove(command->timer);
	command->timer = NULL;
}

static void
time_is_up(void *arg)
{
	struct step_command *command = arg;
	command->timer = NULL;
	/* It may have ended while we were stopped. */
	if (child_is_dead(command->child))
		return;
	command->timed_out = true;
	keeper_end_running(command->chain->keeper, LADDER_GRACE_MS);
}

static bool
start(struct step_command *command, struct error *err)
{
	struct child_spec spec = {
		.argv = command->argv,
		.env = command->env,
		.dir = command->dir,
		.input = command->input == NULL ? CHILD_INPUT_NULL
						: CHILD_INPUT_PIPE,
		.on_out = out_came,
		.on_err = err_came,
		.own_group = true,
		.on_done = child_done,
		.arg = command,
	};
	command->child = child_start(command->chain->keeper->loop, &spec, err);
	return command->child != NULL;
}

bool
step_command_run(
    struct step_command *command, struct chain *chain, struct error *err)
{
	struct keeper *keeper = chain->keeper;
	size_t kept = command->kept > 0 ? command->kept : STEP_COMMAND_KEPT;
	command->chain = chain;
	command->out =
	    (struct excerpt){ .head_limit = kept, .tail_limit = kept };
	command->err = command->out;
	if (!start(command, err))
		return false;
	if (command->input != NULL) {
		child_feed(
		    command->child, command->input->data, command->input->len);
		child_feed_end(command->child);
	}
	if (command->timeout_ms > 0)
		command->timer = loop_after(
		    keeper->loop, command->timeout_ms, time_is_up, command);
	keeper_set_running(keeper, command->child);
	while (!command->is_done)
		keeper_turn(keeper);
	/* What left its process group, or became a daemon, ends here. */
	keeper_clear(keeper);
	return true;
}

void
step_command_end(struct step_command *command)
{
	if (command->is_done || command->ended_by_us)
		return;
	command->ended_by_us = true;
	keeper_end_running(command->chain->keeper, LADDER_GRACE_MS);
}

bool
step_command_was_stopped(
    const struct step_command *command, struct outcome *outcome)
{
	if (command->timed_out) {
		failure_set(&outcome->failure, CAUSE_TIMEOUT,
		    OUTCOME_TIMEOUT_CODE, "Command timed out after %g seconds",
		    (double)command->timeout_ms / 1000);
		return true;
	}
	return command->end.stopped_by_us && !command->ended_by_us &&
	    chain_is_stopped(command->chain, outcome);
}

void
step_command_output(const struct step_command *command, struct outcome *outcome)
{
	outcome->repaired = excerpt_repaired(&command->out, &outcome->out);
	(void)excerpt_repaired(&command->err, &outcome->err);
	outcome->cut = excerpt_dropped(&command->out) > 0;
}

void
step_command_release(struct step_command *command)
{
	excerpt_release(&command->out);
	excerpt_release(&command->err);
}
