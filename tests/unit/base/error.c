/* SPDX-License-Identifier: MIT */
/* Tests of failures as values. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "../tap.h"
#include "base/error.h"

static void
setting(void)
{
	autoerror struct error err = { 0 };
	tap_is_text(error_text(&err), "", "no failure has an empty text");
	tap_ok(!error_set(&err, ERROR_INPUT, "a %d", 1),
	    "setting a failure gives false");
	tap_is_text(error_text(&err), "a 1", "the text is formatted");
	tap_is_int(err.kind, ERROR_INPUT, "the kind is kept");
	tap_ok(!error_wrap(&err, "%s:%d", "file", 3),
	    "wrapping a failure gives false");
	tap_is_text(
	    error_text(&err), "file:3: a 1", "context stands before the text");
	tap_is_int(err.kind, ERROR_INPUT, "wrapping keeps the kind");
	error_set(&err, ERROR_STATE, "was: %s", error_text(&err));
	tap_is_text(error_text(&err), "was: file:3: a 1",
	    "a text may be built on itself");
	error_release(&err);
	tap_ok(err.kind == ERROR_NONE && err.text == NULL,
	    "a released failure is none");
}

static void
from_errno(void)
{
	static const struct {
		int code;
		enum error_kind kind;
	} cases[] = { { ENOENT, ERROR_SYSTEM }, { ENOSPC, ERROR_NO_SPACE },
		{ EDQUOT, ERROR_NO_SPACE }, { EIO, ERROR_SYSTEM } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autoerror struct error err = { 0 };
		errno = cases[i].code;
		tap_ok(!error_system(&err, "opening %s", "x"),
		    "a failure of the system gives false");
		tap_is_int(err.kind, cases[i].kind, "errno %d has its kind",
		    cases[i].code);
		tap_is_int(
		    err.code, cases[i].code, "errno is kept as the code");
		error_wrap(&err, "above");
		tap_is_int(err.code, cases[i].code, "wrapping keeps the code");
	}
	autoerror struct error err = { 0 };
	errno = ENOENT;
	error_system(&err, "opening %s", "x");
	tap_is_text(error_text(&err), "opening x: No such file or directory",
	    "the text of errno is appended");
}

static void
kinds(void)
{
	tap_is_int(error_exit_code(ERROR_NONE), 0, "no failure exits 0");
	tap_is_int(error_exit_code(ERROR_USAGE), 2, "wrong usage exits 2");
	tap_is_int(error_exit_code(ERROR_INPUT), 1, "wrong input exits 1");
	tap_is_int(error_exit_code(ERROR_CANCELLED), 1, "cancelled exits 1");
}

static void
lists(void)
{
	struct error_list list = { 0 };
	for (int i = 0; i < 20; i++) {
		struct error err = { 0 };
		error_set(&err, ERROR_INPUT, "finding %d", i);
		error_list_add(&list, &err);
		if (err.text != NULL || err.kind != ERROR_NONE)
			tap_ok(false, "add takes the failure out");
	}
	tap_is_int((long long)list.n, 20, "all findings are there");
	tap_is_text(error_text(&list.items[13]), "finding 13",
	    "findings keep their order");
	error_list_release(&list);
	tap_ok(list.items == NULL && list.n == 0, "a released list is empty");
}

int
main(void)
{
	setting();
	from_errno();
	kinds();
	lists();
	return tap_done();
}
