/* SPDX-License-Identifier: MIT */
/* One run of an agent process, from its spec to its verdict. */
#include "config.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "data/json.h"
#include "git/git.h"
#include "proc/child.h"
#include "proc/ladder.h"
#include "proc/lines.h"
#include "run/attempt.h"

#define COMPLAINT_LIMIT 4096
#define FRAME_LINE_LIMIT ((size_t)64 * 1024 * 1024)

struct attempt {
	struct loop *loop;
	const struct executor *executor;
	struct child *child;
	char *token;
	struct lines frames;
	struct str complaint; /* its standard error */
	struct timer *silence; /* pending: the next look at the heartbeat */
	struct timer *force; /* pending: the forced end */
	bool heard; /* a frame came since the last look */
	bool silent; /* given up because nothing was heard */
	bool has_result;
	struct frame_result result;
	attempt_frame_fn *on_frame;
	attempt_end_fn *on_end;
	void *arg;
};

static void
attempt_free(struct attempt *attempt)
{
	timer_remove(attempt->silence);
	timer_remove(attempt->force);
	lines_release(&attempt->frames);
	str_release(&attempt->complaint);
	frame_result_release(&attempt->result);
	free(attempt->token);
	free(attempt);
}

static void
force_now(void *arg)
{
	struct attempt *attempt = arg;
	attempt->force = NULL;
	attempt->executor->ops->force(attempt->executor, attempt->child);
}

static void
force_after(struct attempt *attempt, int64_t ms)
{
	timer_remove(attempt->force);
	attempt->force = loop_after(attempt->loop, ms, force_now, attempt);
}

static void
look_for_silence(void *arg)
{
	struct attempt *attempt = arg;
	attempt->silence = NULL;
	if (!attempt->heard && !attempt->has_result) {
		attempt->silent = true;
		attempt->executor->ops->force(
		    attempt->executor, attempt->child);
		return;
	}
	attempt->heard = false;
	attempt->silence = loop_after(
	    attempt->loop, LADDER_SILENCE_MS, look_for_silence, attempt);
}

static void
take_result(struct attempt *attempt, const json_t *object)
{
	autoerror struct error err = { 0 };
	struct frame_result result = { 0 };
	if (!frame_result_decode(object, &result, &err)) {
		log_warn("agent %s: %s", attempt->token, error_text(&err));
		return;
	}
	frame_result_release(&attempt->result);
	attempt->result = result;
	attempt->has_result = true;
	/* It has said its last word: it must not linger. */
	child_feed_end(attempt->child);
	force_after(attempt, LADDER_LINGER_MS);
}

static void
frame_came(const char *line, size_t len, void *arg)
{
	struct attempt *attempt = arg;
	autoerror struct error err = { 0 };
	autojson json_t *object = NULL;
	enum frame_type type;
	attempt->heard = true;
	if (!frame_decode(line, len, &type, &object, &err)) {
		log_debug("agent %s: %s", attempt->token, error_text(&err));
		return;
	}
	if (type == FRAME_RESULT)
		take_result(attempt, object);
	else if (attempt->on_frame != NULL)
		attempt->on_frame(type, object, attempt->arg);
}

static void
output_came(const void *bytes, size_t len, void *arg)
{
	struct attempt *attempt = arg;
	lines_add(&attempt->frames, bytes, len);
}

static void
complaint_came(const void *bytes, size_t len, void *arg)
{
	struct attempt *attempt = arg;
	size_t room = COMPLAINT_LIMIT - attempt->complaint.len;
	str_add_n(&attempt->complaint, bytes, len < room ? len : room);
}

static void
describe_loss(
    struct attempt *attempt, const struct child_end *end, struct str *why)
{
	if (attempt->silent)
		str_format(why,
		    "nothing was heard from the agent process for %d seconds",
		    LADDER_SILENCE_MS / 1000);
	else
		attempt->executor->ops->explain(attempt->executor, end, why);
	if (attempt->complaint.len == 0)
		return;
	str_add(why, ": ");
	text_repair(why, attempt->complaint.data,
	    text_whole(attempt->complaint.data, attempt->complaint.len));
}

static void
child_ended(const struct child_end *end, void *arg)
{
	struct attempt *attempt = arg;
	const struct executor *executor = attempt->executor;
	autostr struct str why = { 0 };
	lines_end(&attempt->frames);
	struct frame_result *result =
	    attempt->has_result ? &attempt->result : NULL;
	enum verdict verdict = executor->ops->judge(executor, end, result);
	if (verdict == VERDICT_LOST) {
		describe_loss(attempt, end, &why);
		/* Its tree is ours now: it must not go on unseen. */
		executor->ops->sweep(executor, attempt->token);
	}
	attempt->on_end(verdict, result, str_text(&why), attempt->arg);
	attempt_free(attempt);
}

static bool
start_child(
    struct attempt *attempt, const struct frame_spec *spec, struct error *err)
{
	autostrv struct strv argv = { 0 };
	autostrv struct strv env = { 0 };
	attempt->executor->ops->argv(attempt->executor, spec, &argv);
	strv_env_inherit(&env);
	git_env_version(&env);
	struct child_spec child = {
		.argv = strv_array(&argv),
		.env = strv_array(&env),
		.dir = "/",
		.input = CHILD_INPUT_PIPE,
		.on_out = output_came,
		.on_err = complaint_came,
		.own_group = true,
		.on_done = child_ended,
		.arg = attempt,
	};
	attempt->child = child_start(attempt->loop, &child, err);
	return attempt->child != NULL;
}

struct attempt *
attempt_start(struct loop *loop, const struct executor *executor,
    const struct frame_spec *spec, attempt_frame_fn *on_frame,
    attempt_end_fn *on_end, void *arg, struct error *err)
{
	struct attempt *attempt = mem_zalloc(sizeof(*attempt));
	attempt->loop = loop;
	attempt->executor = executor;
	attempt->token = frame_token(spec);
	attempt->on_frame = on_frame;
	attempt->on_end = on_end;
	attempt->arg = arg;
	attempt->frames = (struct lines){
		.fn = frame_came, .arg = attempt, .limit = FRAME_LINE_LIMIT
	};
	if (!start_child(attempt, spec, err)) {
		attempt_free(attempt);
		return NULL;
	}
	log_debug("agent %s is process %jd", attempt->token,
	    (intmax_t)child_pid(attempt->child));
	autostr struct str line = { 0 };
	frame_spec_encode(spec, &line);
	str_add_char(&line, '\n');
	child_feed(attempt->child, line.data, line.len);
	attempt->silence =
	    loop_after(loop, LADDER_SILENCE_MS, look_for_silence, attempt);
	return attempt;
}

void
attempt_answer(struct attempt *attempt, const char *tree)
{
	autostr struct str line = { 0 };
	frame_answer_encode(tree, &line);
	child_feed(attempt->child, line.data, line.len);
}

void
attempt_stop(struct attempt *attempt, int64_t force_ms)
{
	if (force_ms <= 0) {
		timer_remove(attempt->force);
		attempt->force = NULL;
		attempt->executor->ops->force(
		    attempt->executor, attempt->child);
		return;
	}
	attempt->executor->ops->ask(attempt->executor, attempt->child);
	if (attempt->force == NULL)
		force_after(attempt, force_ms);
}
