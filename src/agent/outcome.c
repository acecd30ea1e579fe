/* SPDX-License-Identifier: MIT */
/* The value that a step's run leaves. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "agent/outcome.h"
#include "base/mem.h"

void
outcome_fail(struct outcome *outcome, enum frame_cause cause, int exit_code,
    const char *fmt, ...)
{
	struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	outcome->ok = false;
	outcome->cause = cause;
	outcome->exit_code = exit_code;
	free(outcome->message);
	outcome->message = str_take(&text);
}

void
outcome_take_error(
    struct outcome *outcome, enum frame_cause cause, struct error *err)
{
	if (err->kind == ERROR_NO_SPACE)
		cause = CAUSE_RESOURCE;
	outcome_fail(outcome, cause, 1, "%s", error_text(err));
	error_release(err);
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
	outcome_fail(outcome,
	    is_shortage(code) ? CAUSE_RESOURCE : CAUSE_COMMAND,
	    code == ENOENT ? OUTCOME_NO_PROGRAM_CODE : 126, "%s",
	    error_text(err));
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
	free(outcome->message);
	free(outcome->log);
	str_release(&outcome->out);
	str_release(&outcome->err);
	*outcome = (struct outcome){ 0 };
}
