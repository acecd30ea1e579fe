/* SPDX-License-Identifier: MIT */
/* Waiting for one command, with and without a loop. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/clock.h"
#include "proc/run.h"
#include "support.h"

static bool
run_shell(struct loop *loop, const char *script, const bool *cancel,
    struct run_spec *spec, struct run_result *result)
{
	autoerror struct error why = { 0 };
	autostrv struct strv argv = { 0 };
	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	spec->argv = strv_array(&argv);
	bool ok = loop == NULL
	    ? run_capture(spec, result, &why)
	    : run_capture_on(loop, spec, cancel, result, &why);
	if (!ok)
		tap_note("%s", error_text(&why));
	return ok;
}

static void
test_plain(void)
{
	autorun struct run_result result = { 0 };
	struct run_spec spec = { .input = "words", .input_len = 5 };
	tap_ok(run_shell(NULL, "cat; echo no >&2", NULL, &spec, &result),
	    "a command runs without a loop of ours");
	tap_is_text(
	    str_text(&result.out), "words", "what we give it comes back");
	tap_is_text(str_text(&result.err), "no\n", "its errors are kept apart");
	tap_ok(run_succeeded(&result), "it has succeeded");
}

static void
test_failing(void)
{
	autorun struct run_result result = { 0 };
	autoerror struct error why = { 0 };
	struct run_spec spec = { .dir = "/" };
	tap_ok(run_shell(NULL, "pwd; exit 3", NULL, &spec, &result),
	    "a command that fails is no failure to run it");
	tap_ok(!run_succeeded(&result), "it has not succeeded");
	tap_is_int(result.end.status, 3, "its status is told");
	tap_is_text(str_text(&result.out), "/\n", "it ran in its directory");
	char name[] = "no-such-program-of-prodigy";
	char *const argv[] = { name, NULL };
	spec.argv = argv;
	struct run_result none = { 0 };
	tap_ok(!run_capture(&spec, &none, &why), "%s", error_text(&why));
}

static void
test_timeout(void)
{
	autorun struct run_result result = { 0 };
	struct run_spec spec = { .timeout_ms = 100 };
	int64_t before = clock_now();
	tap_ok(run_shell(NULL, "echo begun; sleep 60 & sleep 60", NULL, &spec,
		   &result),
	    "a slow command is run");
	int64_t took = clock_now() - before;
	tap_ok(result.timed_out && !result.cancelled,
	    "it is stopped when its time is up");
	tap_ok(took >= 99 && took < PATIENCE_MS,
	    "it ended soon after that, in %jd ms", (intmax_t)took);
	tap_ok(!run_succeeded(&result), "a stopped command has not succeeded");
	tap_is_text(str_text(&result.out), "begun\n", "its output is kept");
}

static void
test_limits(void)
{
	autorun struct run_result result = { 0 };
	struct run_spec spec = { .head_limit = 4, .tail_limit = 4 };
	run_shell(NULL, "echo 0123456789", NULL, &spec, &result);
	tap_is_text(str_text(&result.out),
	    "0123\n[... 3 bytes left out ...]\n789\n", "output is bounded");
	tap_is_int((long long)result.dropped, 3, "what is missing is counted");
}

static void
set_flag(void *arg)
{
	*(bool *)arg = true;
}

static void
test_cancel(void)
{
	autorun struct run_result result = { 0 };
	struct run_spec spec = { 0 };
	bool cancel = false;
	struct loop *loop = loop_new();
	loop_after(loop, 50, set_flag, &cancel);
	tap_ok(run_shell(loop, "sleep 60", &cancel, &spec, &result),
	    "a command on a loop");
	tap_ok(result.cancelled && result.end.stopped_by_us, "is cancelled");
	loop_free(loop);
}

static void
test_cancelled_before(void)
{
	autorun struct run_result result = { 0 };
	struct run_spec spec = { 0 };
	const bool cancel = true;
	struct loop *loop = loop_new();
	run_shell(loop, "sleep 60", &cancel, &spec, &result);
	tap_ok(result.cancelled, "also when it was before the start");
	loop_free(loop);
}

/* The child of another loop ends while a command is waited for. */
static void
test_two_loops(void)
{
	autorun struct run_result result = { 0 };
	struct run_spec spec = { 0 };
	struct seen seen = { 0 };
	struct loop *loop = loop_new();
	start_shell(loop, "echo other", &seen);
	run_shell(NULL, "sleep 0.2", NULL, &spec, &result);
	tap_is_int(seen.done, 0, "its callback waits for its own loop");
	tap_ok(turn_until(loop, is_done, &seen), "and comes from it");
	tap_is_text(str_text(&seen.out), "other\n", "with all output");
	seen_release(&seen);
	loop_free(loop);
}

static void
test_repeatedly(void)
{
	autorun struct run_result first = { 0 };
	struct run_spec spec = { 0 };
	run_shell(NULL, ":", NULL, &spec, &first);
	size_t before = open_descriptors();
	bool ok = true;
	for (int i = 0; i < 50; i++) {
		autorun struct run_result result = { 0 };
		ok = run_shell(NULL, ":", NULL, &spec, &result) && ok;
	}
	tap_ok(ok, "fifty private loops");
	tap_is_int((long long)open_descriptors(), (long long)before,
	    "leave no descriptor open");
}

int
main(void)
{
	test_plain();
	test_failing();
	test_timeout();
	test_limits();
	test_cancel();
	test_cancelled_before();
	test_two_loops();
	test_repeatedly();
	return tap_done();
}
