/* SPDX-License-Identifier: MIT */
/* One run of an agent process, from its spec to its verdict. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
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
#define REST_LOOK_MS 50 /* between two looks at what a lost agent left */
#define FRAME_LINE_LIMIT ((size_t)64 * 1024 * 1024)

struct attempt {
	struct loop *loop;
	const struct executor *executor;
	struct child *child; /* NULL when it has ended */
	char *token;
	struct lines frames;
	size_t unread; /* frames that are none */
	struct error unread_why; /* of the first of them */
	struct str complaint; /* its standard error */
	struct str loss; /* how it was lost */
	int64_t limit_ms; /* of the whole attempt; 0: none */
	int64_t start; /* clock_now() */
	int64_t look_due; /* when the pending look at the heartbeat is due */
	struct timer *look; /* pending: that look */
	struct timer *force; /* pending: the forced end */
	struct timer *rest; /* pending: a look at what it left */
	int64_t rest_end; /* clock_now() when that is forced */
	bool heard; /* a frame came since the last look */
	bool silent; /* given up because nothing was heard */
	bool out_of_time; /* and its limit had passed */
	bool has_result;
	struct frame_result result;
	struct spent spent; /* as far as it is known before the result */
	char *claude_session; /* of its last claude, likewise */
	char *claude_log;
	attempt_frame_fn *on_frame;
	attempt_end_fn *on_end;
	void *arg;
};

static void
attempt_free(struct attempt *attempt)
{
	timer_remove(attempt->look);
	timer_remove(attempt->force);
	timer_remove(attempt->rest);
	lines_release(&attempt->frames);
	error_release(&attempt->unread_why);
	str_release(&attempt->complaint);
	str_release(&attempt->loss);
	frame_result_release(&attempt->result);
	free(attempt->claude_session);
	free(attempt->claude_log);
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

/* --- its heartbeat ---------------------------------------------------- */

static void look_for_silence(void *arg);

static void
look_later(struct attempt *attempt, int64_t ms)
{
	attempt->look_due = clock_now() + ms;
	attempt->look =
	    loop_after(attempt->loop, ms, look_for_silence, attempt);
}

/* An agent keeps its limit itself, unless it is stopped or stuck. */
static bool
is_past_limit(const struct attempt *attempt)
{
	return attempt->limit_ms > 0 &&
	    clock_now() - attempt->start >= attempt->limit_ms;
}

static void
look_for_silence(void *arg)
{
	struct attempt *attempt = arg;
	attempt->look = NULL;
	if (attempt->has_result)
		return;
	if (attempt->heard) {
		attempt->heard = false;
		look_later(attempt, LADDER_SILENCE_MS);
	} else if (clock_now() - attempt->look_due > LADDER_LATE_MS) {
		look_later(attempt, LADDER_BEAT_MS);
	} else {
		attempt->silent = true;
		attempt->out_of_time = is_past_limit(attempt);
		attempt->executor->ops->force(
		    attempt->executor, attempt->child);
	}
}

/* --- what it says ----------------------------------------------------- */

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
	attempt->spent = result.spent;
	/* It has said its last word: it must not linger. */
	child_feed_end(attempt->child);
	force_after(attempt, LADDER_LINGER_MS);
}

static void
keep_claude(struct attempt *attempt, const json_t *object)
{
	free(attempt->claude_session);
	free(attempt->claude_log);
	attempt->claude_session = mem_text(json_get_text(object, "session"));
	attempt->claude_log = mem_text(json_get_text(object, "log"));
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
		if (attempt->unread++ == 0)
			error_move(&attempt->unread_why, &err);
		return;
	}
	if (type == FRAME_SPENT)
		spent_from_json(object, &attempt->spent);
	if (type == FRAME_CLAUDE)
		keep_claude(attempt, object);
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

void
attempt_tell_known(const struct attempt *attempt, struct frame_result *result)
{
	result->spent = attempt->spent;
	result->claude_session = mem_text(attempt->claude_session);
	result->log = mem_text(attempt->claude_log);
}

/* --- its end ---------------------------------------------------------- */

/* Frames that were lost: nobody knows what they would have said. */
static void
add_unread(const struct attempt *attempt, struct str *text)
{
	if (attempt->unread > 0)
		str_format(text, "; %zu of its frames cannot be read: %s",
		    attempt->unread, error_text(&attempt->unread_why));
	if (attempt->frames.dropped > 0)
		str_format(text, "; %ju of its frames had more than %zu bytes",
		    (uintmax_t)attempt->frames.dropped, FRAME_LINE_LIMIT);
}

static void
warn_unread(const struct attempt *attempt)
{
	autostr struct str text = { 0 };
	add_unread(attempt, &text);
	if (text.len > 0)
		log_warn("agent %s%s", attempt->token, str_text(&text));
}

static void
describe_loss(struct attempt *attempt, const struct child_end *end)
{
	struct str *why = &attempt->loss;
	if (attempt->silent)
		str_format(why,
		    "nothing was heard from the agent process for %d seconds",
		    LADDER_SILENCE_MS / 1000);
	else
		attempt->executor->ops->explain(attempt->executor, end, why);
	add_unread(attempt, why);
	if (attempt->complaint.len == 0)
		return;
	str_add(why, ": ");
	text_repair(why, attempt->complaint.data,
	    text_whole(attempt->complaint.data, attempt->complaint.len));
}

static void
tell_end(struct attempt *attempt, enum verdict verdict)
{
	struct frame_result *result =
	    attempt->has_result ? &attempt->result : NULL;
	attempt->on_end(
	    verdict, result, str_text(&attempt->loss), attempt->arg);
	attempt_free(attempt);
}

/* Its time was over before it was lost: that is what became of it. */
static void
tell_loss(struct attempt *attempt)
{
	if (!attempt->out_of_time) {
		tell_end(attempt, VERDICT_LOST);
		return;
	}
	attempt_tell_known(attempt, &attempt->result);
	failure_set(&attempt->result.failure, CAUSE_TIMEOUT, 1,
	    "the agent took longer than %g seconds, and %s",
	    (double)attempt->limit_ms / 1000, str_text(&attempt->loss));
	str_clear(&attempt->loss);
	attempt->has_result = true;
	tell_end(attempt, VERDICT_FAILED);
}

/*
 * Its tree is ours now: what it left there must not go on unseen. It has been
 * asked to end.
 */
static void
look_at_rest(void *arg)
{
	struct attempt *attempt = arg;
	const struct executor_ops *ops = attempt->executor->ops;
	attempt->rest = NULL;
	if (clock_now() >= attempt->rest_end)
		ops->sweep(attempt->executor, attempt->token, SIGKILL);
	else if (ops->sweep(attempt->executor, attempt->token, 0) > 0) {
		attempt->rest = loop_after(
		    attempt->loop, REST_LOOK_MS, look_at_rest, attempt);
		return;
	}
	tell_loss(attempt);
}

static void
end_rest(struct attempt *attempt)
{
	const struct executor_ops *ops = attempt->executor->ops;
	attempt->rest_end = clock_now() + LADDER_ORPHAN_GRACE_MS;
	ops->sweep(attempt->executor, attempt->token, SIGTERM);
	ops->sweep(attempt->executor, attempt->token, SIGCONT);
	look_at_rest(attempt);
}

static void
child_ended(const struct child_end *end, void *arg)
{
	struct attempt *attempt = arg;
	const struct executor *executor = attempt->executor;
	lines_end(&attempt->frames);
	attempt->child = NULL;
	timer_remove(attempt->look);
	attempt->look = NULL;
	timer_remove(attempt->force);
	attempt->force = NULL;
	enum verdict verdict = executor->ops->judge(
	    executor, end, attempt->has_result ? &attempt->result : NULL);
	if (verdict != VERDICT_LOST) {
		warn_unread(attempt);
		tell_end(attempt, verdict);
		return;
	}
	describe_loss(attempt, end);
	end_rest(attempt);
}

/* --- its start -------------------------------------------------------- */

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
		.wake = true,
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
	attempt->limit_ms = spec->timeout_ms;
	attempt->start = clock_now();
	look_later(attempt, LADDER_SILENCE_MS);
	return attempt;
}

/* --- while it runs ---------------------------------------------------- */

const struct spent *
attempt_spent(const struct attempt *attempt)
{
	return &attempt->spent;
}

void
attempt_answer(struct attempt *attempt, const char *tree)
{
	autostr struct str line = { 0 };
	if (attempt->child == NULL)
		return;
	frame_answer_encode(tree, &line);
	child_feed(attempt->child, line.data, line.len);
}

void
attempt_stop(struct attempt *attempt, int64_t force_ms)
{
	if (attempt->child == NULL)
		return;
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
