/* SPDX-License-Identifier: MIT */
/* Failures of steps, attempts and phases. */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "base/str.h"
#include "plan/failure.h"

const char *
failure_cause_name(enum failure_cause cause)
{
	static const char *const names[FAILURE_CAUSES] = {
		[CAUSE_NONE] = "none",
		[CAUSE_COMMAND] = "command",
		[CAUSE_TIMEOUT] = "timeout",
		[CAUSE_COMMIT_REQUIRED] = "commit_required",
		[CAUSE_WORKTREE] = "worktree",
		[CAUSE_INPUT] = "input",
		[CAUSE_RESOURCE] = "resource",
		[CAUSE_CLAUDE] = "claude",
		[CAUSE_CANCELLED] = "cancelled",
		[CAUSE_LOST] = "lost",
		[CAUSE_MERGE_CONFLICT] = "merge_conflict",
		[CAUSE_REPOSITORY] = "repository",
	};
	if ((unsigned)cause >= FAILURE_CAUSES)
		BUG("no such cause: %d", (int)cause);
	return names[cause];
}

static const char *
cause_name(unsigned cause)
{
	return failure_cause_name((enum failure_cause)cause);
}

static const struct record_field failure_fields[] = {
	RECORD_ENUM(struct failure, cause, cause_name, FAILURE_CAUSES),
	RECORD(struct failure, exit_code),
	RECORD(struct failure, message),
	RECORD(struct failure, said),
	RECORD(struct failure, context),
	RECORD(struct failure, step),
	RECORD(struct failure, log),
	RECORD_END,
};

const struct record_table failure_table =
    RECORD_TABLE(struct failure, failure_fields);

void
failure_set(struct failure *failure, enum failure_cause cause, int exit_code,
    const char *fmt, ...)
{
	struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	failure_release(failure);
	failure->cause = cause;
	failure->exit_code = exit_code;
	failure->message = str_take(&text);
}

void
failure_take_error(
    struct failure *failure, enum failure_cause cause, struct error *err)
{
	if (err->kind == ERROR_NO_SPACE)
		cause = CAUSE_RESOURCE;
	failure_set(failure, cause, 1, "%s", error_text(err));
	error_release(err);
}

void
failure_move(struct failure *to, struct failure *from)
{
	failure_release(to);
	*to = *from;
	*from = (struct failure){ 0 };
}

void
failure_release(struct failure *failure)
{
	record_release(&failure_table, failure);
}

const char *
failure_error_type_name(enum failure_cause cause)
{
	switch (cause) {
	case CAUSE_COMMAND:
	case CAUSE_CLAUDE:
		return "CommandFailed";
	case CAUSE_TIMEOUT:
		return "Timeout";
	case CAUSE_COMMIT_REQUIRED:
		return "CommitValidationFailed";
	case CAUSE_WORKTREE:
	case CAUSE_REPOSITORY:
		return "WorktreeError";
	case CAUSE_MERGE_CONFLICT:
		return "MergeConflict";
	case CAUSE_INPUT:
		return "ValidationFailed";
	case CAUSE_RESOURCE:
		return "ResourceExhausted";
	case CAUSE_NONE:
	case CAUSE_CANCELLED:
	case CAUSE_LOST:
	case FAILURE_CAUSES:
		break;
	}
	return "Unknown";
}

json_t *
failure_error_type(const struct failure *failure)
{
	const char *name = failure_error_type_name(failure->cause);
	if (strcmp(name, "CommandFailed") == 0)
		return json_pack(
		    "{s:{s:i}}", name, "exit_code", failure->exit_code);
	return json_string(name);
}
