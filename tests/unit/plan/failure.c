/* SPDX-License-Identifier: MIT */
/* Failures: made, moved, copied, and named in records. */
#include "config.h"

#include <string.h>

#include "../records.h"
#include "../tap.h"
#include "base/str.h"
#include "data/json.h"
#include "plan/failure.h"

static void
test_making(void)
{
	struct failure failure = { 0 };
	failure_set(&failure, CAUSE_COMMAND, 3, "%s is broken", "it");
	tap_is_int(failure.cause, CAUSE_COMMAND, "the cause is kept");
	tap_is_int(failure.exit_code, 3, "the exit code is kept");
	tap_is_text(failure.message, "it is broken", "the text is formatted");
	strv_add(&failure.context, "map phase");
	failure_set(&failure, failure.cause, 0, "%s, says %s", failure.message,
	    failure.context.items[0]);
	tap_is_text(failure.message, "it is broken, says map phase",
	    "a new failure may quote the old one");
	tap_is_int((long long)failure.context.n, 0,
	    "a new failure has no context yet");
	failure_release(&failure);
	tap_ok(failure.cause == CAUSE_NONE && failure.message == NULL,
	    "a released failure is none");
}

static void
test_errors(void)
{
	struct failure failure = { 0 };
	struct error err = { 0 };
	error_set(&err, ERROR_GIT, "git said no");
	failure_take_error(&failure, CAUSE_WORKTREE, &err);
	tap_ok(failure.cause == CAUSE_WORKTREE && failure.exit_code == 1 &&
		strcmp(failure.message, "git said no") == 0,
	    "an error becomes a failure of the given cause");
	tap_is_int(err.kind, ERROR_NONE, "the error is taken");
	error_set(&err, ERROR_NO_SPACE, "full");
	failure_take_error(&failure, CAUSE_WORKTREE, &err);
	tap_is_int(failure.cause, CAUSE_RESOURCE,
	    "a full disk is a lack of resources");
	failure_release(&failure);
}

static void
test_moving(void)
{
	struct failure from = { 0 };
	struct failure to = { 0 };
	failure_set(&from, CAUSE_TIMEOUT, 124, "too slow");
	strv_add(&from.context, "map phase");
	failure_set(&to, CAUSE_LOST, 0, "what was there before");
	failure_move(&to, &from);
	tap_ok(from.message == NULL && from.cause == CAUSE_NONE,
	    "what was moved is empty");
	tap_ok(to.cause == CAUSE_TIMEOUT && to.context.n == 1,
	    "a moved failure replaces the one that was there");
	failure_release(&to);
}

static void
test_names(void)
{
	static const char *const types[FAILURE_CAUSES] = {
		[CAUSE_NONE] = "\"Unknown\"",
		[CAUSE_COMMAND] = "{\"CommandFailed\":{\"exit_code\":3}}",
		[CAUSE_TIMEOUT] = "\"Timeout\"",
		[CAUSE_COMMIT_REQUIRED] = "\"CommitValidationFailed\"",
		[CAUSE_WORKTREE] = "\"WorktreeError\"",
		[CAUSE_INPUT] = "\"ValidationFailed\"",
		[CAUSE_RESOURCE] = "\"ResourceExhausted\"",
		[CAUSE_CLAUDE] = "{\"CommandFailed\":{\"exit_code\":3}}",
		[CAUSE_CANCELLED] = "\"Unknown\"",
		[CAUSE_LOST] = "\"Unknown\"",
		[CAUSE_MERGE_CONFLICT] = "\"MergeConflict\"",
		[CAUSE_REPOSITORY] = "\"WorktreeError\"",
	};
	for (unsigned i = 0; i < FAILURE_CAUSES; i++) {
		const struct failure failure = { .cause = (enum failure_cause)i,
			.exit_code = 3 };
		autojson json_t *type = failure_error_type(&failure);
		autostr struct str text = { 0 };
		json_compact(type, &text, true);
		tap_is_text(str_text(&text), types[i],
		    "cause %s has its name in records",
		    failure_cause_name(failure.cause));
	}
}

int
main(void)
{
	json_init();
	test_making();
	test_errors();
	test_moving();
	RECORDS_CHECK_ROWS(struct failure, &failure_table);
	records_check_journey("a failure", &failure_table, 100);
	test_names();
	return tap_done();
}
