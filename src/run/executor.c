/* SPDX-License-Identifier: MIT */
/* What all executors share. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "proc/child.h"
#include "proc/descend.h"
#include "run/executor.h"

void
executor_release(struct executor *executor)
{
	free(executor->program);
	*executor = (struct executor){ 0 };
}

/* --- agents as children ----------------------------------------------- */

static void
local_argv(const struct executor *executor, const struct frame_spec *spec,
    struct strv *argv)
{
	(void)spec;
	strv_add(argv, executor->program);
	strv_add(argv, "agent-run");
}

static void
local_ask(const struct executor *executor, struct child *child)
{
	(void)executor;
	child_signal(child, SIGTERM);
	child_signal(child, SIGCONT);
}

static void
local_force(const struct executor *executor, struct child *child)
{
	(void)executor;
	child_kill(child);
}

static enum verdict
local_judge(const struct executor *executor, const struct child_end *end,
    const struct frame_result *result)
{
	(void)executor;
	(void)end;
	if (result == NULL)
		return VERDICT_LOST;
	if (result->failure.cause == CAUSE_NONE)
		return VERDICT_OK;
	if (result->failure.cause == CAUSE_CANCELLED)
		return VERDICT_CANCELLED;
	return VERDICT_FAILED;
}

static void
local_explain(const struct executor *executor, const struct child_end *end,
    struct str *why)
{
	(void)executor;
	if (end->signalled)
		str_format(why, "the agent process was killed by signal %d",
		    end->status);
	else
		str_format(why,
		    "the agent process ended with status %d without a result",
		    end->status);
}

static size_t
local_sweep(const struct executor *executor, const char *token, int signo)
{
	(void)executor;
	if (signo == SIGKILL)
		return descend_sweep(token);
	return descend_signal_lost(token, signo);
}

static const struct executor_ops local_ops = {
	.name = "local",
	.argv = local_argv,
	.ask = local_ask,
	.force = local_force,
	.judge = local_judge,
	.explain = local_explain,
	.sweep = local_sweep,
};

bool
executor_local(struct executor *executor, struct error *err)
{
	autoerror struct error why = { 0 };
	char *program = path_real("/proc/self/exe", &why);
	if (program == NULL)
		return error_set(err, ERROR_SYSTEM, "finding this program: %s",
		    error_text(&why));
	*executor = (struct executor){ .ops = &local_ops, .program = program };
	return true;
}
