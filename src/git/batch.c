/* SPDX-License-Identifier: MIT */
/* A git process that stays and answers request after request. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/batch.h"
#include "git/git.h"
#include "proc/child.h"
#include "proc/ladder.h"

#define COMPLAINT_LIMIT 2000
#define IDLE_OUTPUT_LIMIT 4096 /* what may come without a request */

struct batch_request {
	STAILQ_ENTRY(batch_request) link;
	batch_reply_fn *fn;
	void *arg;
	bool repeated;
	size_t len;
	char bytes[];
};
STAILQ_HEAD(batch_requests, batch_request);

struct batch {
	struct loop *loop;
	char *dir;
	struct strv args;
	batch_measure_fn *measure;
	void *measure_arg;
	void (*forget)(void *arg);
	int64_t patience_ms;
	struct child *child; /* NULL: not running */
	struct batch_requests requests; /* the first may be with the process */
	bool asked; /* it is */
	struct timer *limit; /* while asked */
	struct str received;
	struct str complaint; /* what the process said on standard error */
	bool late; /* we killed it for its slowness */
	bool deferred; /* go_on() is due */
	bool busy; /* inside a callback of a request */
	bool freed; /* batch_free() was called meanwhile */
};

struct batch *
batch_new(struct loop *loop, const struct batch_spec *spec)
{
	struct batch *batch = mem_zalloc(sizeof(*batch));
	batch->loop = loop;
	batch->dir = mem_text(spec->dir);
	strv_add(&batch->args, "git");
	strv_add_all(&batch->args, spec->args);
	batch->measure = spec->measure;
	batch->measure_arg = spec->arg;
	batch->forget = spec->forget;
	batch->patience_ms = GIT_TIMEOUT_MS;
	STAILQ_INIT(&batch->requests);
	return batch;
}

static void
forget_requests(struct batch *batch)
{
	struct batch_request *request;
	while ((request = STAILQ_FIRST(&batch->requests)) != NULL) {
		STAILQ_REMOVE_HEAD(&batch->requests, link);
		if (batch->forget != NULL)
			batch->forget(request->arg);
		free(request);
	}
}

static void
release(struct batch *batch)
{
	free(batch->dir);
	strv_release(&batch->args);
	str_release(&batch->received);
	str_release(&batch->complaint);
	free(batch);
}

/* Answers the first request; false when the batch is gone after it. */
static bool
answer_first(
    struct batch *batch, const char *reply, size_t len, const char *complaint)
{
	struct batch_request *request = STAILQ_FIRST(&batch->requests);
	STAILQ_REMOVE_HEAD(&batch->requests, link);
	batch->asked = false;
	timer_remove(batch->limit);
	batch->limit = NULL;
	batch->busy = true;
	request->fn(reply, len, complaint, request->arg);
	batch->busy = false;
	free(request);
	if (!batch->freed)
		return true;
	if (!batch->deferred)
		release(batch);
	return false;
}

static void
kill_late(void *arg)
{
	struct batch *batch = arg;
	batch->limit = NULL;
	batch->late = true;
	child_kill(batch->child);
}

static bool start(struct batch *batch, struct error *err);

/* Gives the process the next request; one that cannot be asked fails. */
static void
ask_next(struct batch *batch)
{
	while (!batch->asked && !STAILQ_EMPTY(&batch->requests)) {
		autoerror struct error err = { 0 };
		struct batch_request *request = STAILQ_FIRST(&batch->requests);
		if (batch->child == NULL && !start(batch, &err)) {
			if (!answer_first(batch, NULL, 0, error_text(&err)))
				return;
			continue;
		}
		batch->asked = true;
		str_clear(&batch->complaint);
		batch->limit = loop_after(
		    batch->loop, batch->patience_ms, kill_late, batch);
		child_feed(batch->child, request->bytes, request->len);
	}
}

static void
go_on(void *arg)
{
	struct batch *batch = arg;
	batch->deferred = false;
	if (batch->freed)
		release(batch);
	else
		ask_next(batch);
}

/* Failures to start are told from the loop, never within batch_send(). */
static void
go_on_later(struct batch *batch)
{
	if (!batch->deferred)
		loop_defer(batch->loop, go_on, batch);
	batch->deferred = true;
}

static void
output_came(const void *bytes, size_t len, void *arg)
{
	struct batch *batch = arg;
	size_t limit = batch->asked ? BATCH_REPLY_LIMIT : IDLE_OUTPUT_LIMIT;
	str_add_n(&batch->received, bytes, len);
	if (batch->received.len > limit) {
		str_clear(&batch->received);
		str_clear(&batch->complaint);
		str_format(&batch->complaint, "git %s said too much",
		    batch->args.items[1]);
		child_kill(batch->child);
		return;
	}
	if (!batch->asked)
		return;
	size_t n = batch->measure(str_text(&batch->received),
	    batch->received.len, batch->measure_arg);
	if (n == 0)
		return;
	autofree char *reply = mem_text_n(str_text(&batch->received), n);
	str_drop(&batch->received, n);
	if (answer_first(batch, reply, n, NULL))
		ask_next(batch);
}

static void
complaint_came(const void *bytes, size_t len, void *arg)
{
	struct batch *batch = arg;
	if (batch->complaint.len < COMPLAINT_LIMIT)
		str_add_n(&batch->complaint, bytes, len);
}

/*
 * It was killed without having answered a single byte, most likely before it
 * read the request (each of these commands answers as it goes): once more.
 */
static bool
ask_again(struct batch *batch, const struct child_end *end)
{
	if (!batch->asked || !end->signalled || batch->late ||
	    batch->received.len > 0)
		return false;
	struct batch_request *request = STAILQ_FIRST(&batch->requests);
	if (request->repeated)
		return false;
	request->repeated = true;
	timer_remove(batch->limit);
	batch->limit = NULL;
	batch->asked = false;
	ask_next(batch);
	return true;
}

static void
process_ended(const struct child_end *end, void *arg)
{
	struct batch *batch = arg;
	autostr struct str complaint = batch->complaint;
	batch->complaint = (struct str){ 0 };
	batch->child = NULL;
	if (ask_again(batch, end))
		return;
	str_clear(&batch->received);
	if (batch->late) {
		str_clear(&complaint);
		str_format(&complaint, "git %s did not answer in time",
		    batch->args.items[1]);
	} else if (complaint.len == 0) {
		str_format(&complaint, "git %s ended with status %d",
		    batch->args.items[1], child_end_code(end));
	}
	batch->late = false;
	if (batch->asked && !answer_first(batch, NULL, 0, str_text(&complaint)))
		return;
	ask_next(batch);
}

static bool
start(struct batch *batch, struct error *err)
{
	autostrv struct strv env = { 0 };
	strv_env_inherit(&env);
	git_env(&env, GIT_FOR_US, GIT_HARDENED_LATER);
	struct child_spec spec = {
		.argv = strv_array(&batch->args),
		.env = strv_array(&env),
		.dir = batch->dir,
		.input = CHILD_INPUT_PIPE,
		.on_out = output_came,
		.on_err = complaint_came,
		.own_group = true,
		.on_done = process_ended,
		.arg = batch,
	};
	batch->child = child_start(batch->loop, &spec, err);
	return batch->child != NULL;
}

void
batch_send(struct batch *batch, const void *bytes, size_t len,
    batch_reply_fn *fn, void *arg)
{
	struct batch_request *request = mem_zalloc(sizeof(*request) + len);
	request->fn = fn;
	request->arg = arg;
	request->len = len;
	if (len > 0)
		memcpy(request->bytes, bytes, len);
	STAILQ_INSERT_TAIL(&batch->requests, request, link);
	if (batch->child == NULL || batch->busy)
		go_on_later(batch);
	else
		ask_next(batch);
}

void
batch_set_patience(struct batch *batch, int64_t ms)
{
	batch->patience_ms = ms;
}

void
batch_renew(struct batch *batch)
{
	if (batch->asked || batch->child == NULL)
		return;
	child_abandon(batch->child);
	batch->child = NULL;
	str_clear(&batch->received);
	str_clear(&batch->complaint);
}

/*
 * A process that works on a request may hold locks of git. SIGTERM has it put
 * them away; nobody waits for its reply.
 */
static void
let_it_clean_up(struct child *child)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	child_signal(child, SIGTERM);
	for (int i = 0; i < LADDER_BATCH_GRACE_MS && !child_is_dead(child); i++)
		nanosleep(&pause, NULL);
}

void
batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	timer_remove(batch->limit);
	batch->limit = NULL;
	if (batch->child != NULL && batch->asked)
		let_it_clean_up(batch->child);
	child_abandon(batch->child);
	batch->child = NULL;
	forget_requests(batch);
	if (batch->busy || batch->deferred)
		batch->freed = true;
	else
		release(batch);
}
