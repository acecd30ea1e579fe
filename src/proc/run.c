/* SPDX-License-Identifier: MIT */
/* Turning a loop until one child is done. */
#include "config.h"

#include "proc/excerpt.h"
#include "proc/ladder.h"
#include "proc/run.h"

struct run_call {
	struct child *child; /* NULL when done */
	struct child_end end;
	struct excerpt out;
	struct excerpt err;
	struct timer *timeout;
	bool timed_out;
	bool cancelled;
};

static void
on_out(const void *bytes, size_t len, void *arg)
{
	struct run_call *run = arg;
	excerpt_add(&run->out, bytes, len);
}

static void
on_err(const void *bytes, size_t len, void *arg)
{
	struct run_call *run = arg;
	excerpt_add(&run->err, bytes, len);
}

static void
on_done(const struct child_end *end, void *arg)
{
	struct run_call *run = arg;
	run->end = *end;
	run->child = NULL;
}

static void
on_timeout(void *arg)
{
	struct run_call *run = arg;
	run->timeout = NULL;
	if (run->child == NULL)
		return;
	run->timed_out = true;
	child_stop(run->child, LADDER_GRACE_MS);
}

static void
set_limits(struct excerpt *excerpt, const struct run_spec *spec)
{
	bool unset = spec->head_limit == 0 && spec->tail_limit == 0;
	excerpt->head_limit = unset ? RUN_KEEP_BYTES : spec->head_limit;
	excerpt->tail_limit = unset ? RUN_KEEP_BYTES : spec->tail_limit;
}

static bool
start(struct run_call *run, struct loop *loop, const struct run_spec *spec,
    struct error *err)
{
	const struct child_spec child = {
		.argv = spec->argv,
		.env = spec->env,
		.dir = spec->dir,
		.input =
		    spec->input == NULL ? CHILD_INPUT_NULL : CHILD_INPUT_PIPE,
		.on_out = on_out,
		.on_err = on_err,
		.own_group = true,
		.on_done = on_done,
		.arg = run,
	};
	set_limits(&run->out, spec);
	set_limits(&run->err, spec);
	run->child = child_start(loop, &child, err);
	if (run->child == NULL)
		return false;
	if (spec->input != NULL) {
		child_feed(run->child, spec->input, spec->input_len);
		child_feed_end(run->child);
	}
	if (spec->timeout_ms > 0)
		run->timeout =
		    loop_after(loop, spec->timeout_ms, on_timeout, run);
	return true;
}

static bool
wait_for(struct run_call *run, struct loop *loop, const bool *cancel,
    struct error *err)
{
	while (run->child != NULL) {
		if (cancel != NULL && *cancel && !run->cancelled) {
			run->cancelled = true;
			child_stop(run->child, LADDER_GRACE_MS);
		}
		if (!loop_turn(loop, -1, err)) {
			child_abandon(run->child);
			return false;
		}
	}
	return true;
}

static void
fill_result(const struct run_call *run, struct run_result *result)
{
	excerpt_text(&run->out, &result->out);
	excerpt_text(&run->err, &result->err);
	result->dropped =
	    excerpt_dropped(&run->out) + excerpt_dropped(&run->err);
	result->end = run->end;
	result->timed_out = run->timed_out && run->end.stopped_by_us;
	result->cancelled = run->cancelled && run->end.stopped_by_us;
}

bool
run_capture_on(struct loop *loop, const struct run_spec *spec,
    const bool *cancel, struct run_result *result, struct error *err)
{
	struct run_call run = { 0 };
	if (!start(&run, loop, spec, err))
		return false;
	bool ok = wait_for(&run, loop, cancel, err);
	timer_remove(run.timeout);
	if (ok)
		fill_result(&run, result);
	else
		error_wrap(err, "running %s", spec->argv[0]);
	excerpt_release(&run.out);
	excerpt_release(&run.err);
	return ok;
}

bool
run_capture(
    const struct run_spec *spec, struct run_result *result, struct error *err)
{
	struct loop *loop = loop_new();
	bool ok = run_capture_on(loop, spec, NULL, result, err);
	loop_free(loop);
	return ok;
}

bool
run_succeeded(const struct run_result *result)
{
	return !result->end.signalled && result->end.status == 0 &&
	    !result->end.stopped_by_us;
}

void
run_result_release(struct run_result *result)
{
	str_release(&result->out);
	str_release(&result->err);
}
