/* SPDX-License-Identifier: MIT */
/* Runs a child of the agent and waits for it. */
#include "config.h"

#include "agent/step_command.h"
#include "proc/descend.h"
#include "proc/ladder.h"

static void
command_done(const struct child_end *end, void *arg)
{
	struct command *command = arg;
	command->end = *end;
	command->done = true;
}

static void
out_came(const void *bytes, size_t len, void *arg)
{
	const struct command *command = arg;
	command->on_out(bytes, len, command->arg);
}

static void
err_came(const void *bytes, size_t len, void *arg)
{
	const struct command *command = arg;
	command->on_err(bytes, len, command->arg);
}

static void
time_is_up(void *arg)
{
	struct command *command = arg;
	command->timer = NULL;
	command->timed_out = true;
	child_stop(command->child, LADDER_GRACE_MS);
}

void
command_end(struct command *command)
{
	if (command->done || command->ended_by_us)
		return;
	command->ended_by_us = true;
	child_stop(command->child, LADDER_GRACE_MS);
}

static bool
start(struct command *command, struct error *err)
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
		.on_done = command_done,
		.arg = command,
	};
	command->child = child_start(command->keeper->loop, &spec, err);
	return command->child != NULL;
}

bool
command_run(struct command *command, struct keeper *keeper, struct error *err)
{
	command->keeper = keeper;
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
	while (!command->done)
		keeper_turn(keeper);
	keeper_set_running(keeper, NULL);
	timer_remove(command->timer);
	command->timer = NULL;
	/* What left its process group, or became a daemon, ends here. */
	descend_kill_all();
	return true;
}
