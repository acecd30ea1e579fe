/* SPDX-License-Identifier: MIT */
/* The value that a step's run leaves. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/outcome.h"
#include "base/mem.h"

bool
outcome_is_ok(const struct outcome *outcome)
{
	return outcome->failure.cause == CAUSE_NONE || outcome->tolerated;
}

static bool
is_shortage(int code)
{
	return code == EAGAIN || code == ENOMEM || code == EMFILE ||
	    code == ENFILE || code == E2BIG || code == ENOSPC;
}

void
outcome_not_started(struct outcome *outcome, struct error *err)
{
	int code = err->code;
	failure_set(&outcome->failure,
	    is_shortage(code) ? CAUSE_RESOURCE : CAUSE_COMMAND,
	    code == ENOENT ? OUTCOME_NO_PROGRAM_CODE : OUTCOME_NOT_RUN_CODE,
	    "%s", error_text(err));
	error_release(err);
}

void
outcome_move(struct outcome *to, struct outcome *from)
{
	outcome_release(to);
	*to = *from;
	*from = (struct outcome){ 0 };
}

void
outcome_release(struct outcome *outcome)
{
	failure_release(&outcome->failure);
	free(outcome->log);
	str_release(&outcome->out);
	str_release(&outcome->err);
	*outcome = (struct outcome){ 0 };
}
