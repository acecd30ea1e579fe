/* SPDX-License-Identifier: MIT */
/* Many children and large amounts: bounded memory, no zombie, no leak. */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "proc/excerpt.h"
#include "support.h"

#define FLOOD "104857600"
#define FLOOD_BYTES 104857600
#define INPUT_BYTES ((size_t)10 * 1024 * 1024)
#define AT_ONCE 500
#define IN_TURN 1000
#define BATCH 20

/* Sanitizers keep freed memory back: their builds get more room. */
#define MEMORY_SLACK_KIB (16 * 1024)

struct flood {
	struct excerpt out;
	size_t largest;
	bool done;
};

static void
flood_out(const void *bytes, size_t len, void *arg)
{
	struct flood *flood = arg;
	if (len > flood->largest)
		flood->largest = len;
	excerpt_add(&flood->out, bytes, len);
}

static void
flood_done(const struct child_end *end, void *arg)
{
	struct flood *flood = arg;
	flood->done = end->status == 0;
}

static bool
flood_is_over(const void *arg)
{
	return ((const struct flood *)arg)->done;
}

static void
test_flood(struct loop *loop)
{
	struct flood flood = { .out = {
				   .head_limit = 65536, .tail_limit = 65536 } };
	autoerror struct error why = { 0 };
	autostrv struct strv argv = { 0 };
	const char *const words[] = { zoo_path(), "flood-stdout", zoo_pidfile(),
		FLOOD, NULL };
	strv_add_all(&argv, words);
	const struct child_spec spec = { .argv = strv_array(&argv),
		.on_out = flood_out,
		.own_group = true,
		.on_done = flood_done,
		.arg = &flood };
	struct seen other = { 0 };
	size_t before = resident_kib();
	int64_t began = clock_now();
	if (child_start(loop, &spec, &why) == NULL)
		tap_ok(false, "%s", error_text(&why));
	start_shell(loop, "echo quiet one", &other);
	tap_ok(turn_until(loop, is_done, &other) && !flood.done,
	    "a quiet child is heard during a flood");
	tap_ok(turn_until(loop, flood_is_over, &flood), "the flood ends");
	tap_note("100 MiB in %jd ms", (intmax_t)(clock_now() - began));
	tap_is_int((long long)flood.out.total, FLOOD_BYTES, "every byte came");
	tap_ok(flood.largest <= 65536, "64 KiB at most per call");
	size_t grown = resident_kib() - before;
	tap_ok(resident_kib() < before || grown < MEMORY_SLACK_KIB,
	    "memory grew by %zu KiB", grown);
	excerpt_release(&flood.out);
	seen_release(&other);
}

static void
feed_much(struct child *child, size_t len)
{
	autofree char *bytes = mem_zalloc(len);
	memset(bytes, 'x', len);
	child_feed(child, bytes, len);
	child_feed_end(child);
}

static struct child *
start_fed(struct loop *loop, const char *const *words, struct seen *seen)
{
	autoerror struct error why = { 0 };
	autostrv struct strv argv = { 0 };
	strv_add_all(&argv, words);
	const struct child_spec spec = { .argv = strv_array(&argv),
		.input = CHILD_INPUT_PIPE,
		.on_out = seen_out,
		.own_group = true,
		.on_done = seen_done,
		.arg = seen };
	struct child *child = child_start(loop, &spec, &why);
	if (child == NULL)
		tap_ok(false, "%s", error_text(&why));
	return child;
}

static void
test_unread_input(struct loop *loop)
{
	struct seen seen = { 0 };
	const char *const words[] = { zoo_path(), "never-read", zoo_pidfile(),
		NULL };
	struct child *child = start_fed(loop, words, &seen);
	feed_much(child, INPUT_BYTES);
	turn_until(loop, says_ready, &seen);
	child_stop(child, 1000);
	tap_ok(turn_until(loop, is_done, &seen),
	    "10 MiB to a child that never reads, then stopped");
	tap_ok(seen.end.stopped_by_us, "by us");
	seen_release(&seen);
}

static void
test_echoed_input(struct loop *loop)
{
	struct seen seen = { 0 };
	const char *const words[] = { "cat", NULL };
	struct child *child = start_fed(loop, words, &seen);
	feed_much(child, INPUT_BYTES);
	tap_ok(turn_until(loop, is_done, &seen), "10 MiB through cat");
	tap_is_int((long long)seen.out.len, INPUT_BYTES, "all come back");
	seen_release(&seen);
}

static bool
all_done(const void *arg)
{
	return ((const struct seen *)arg)->done >= AT_ONCE;
}

/* They wait for the end of one pipe, so all end at the same moment. */
static void
test_at_once(struct loop *loop)
{
	struct seen seen = { 0 };
	struct child *children[AT_ONCE];
	const char *const words[] = { "cat", NULL };
	for (size_t i = 0; i < AT_ONCE; i++)
		children[i] = start_fed(loop, words, &seen);
	for (size_t i = 0; i < AT_ONCE; i++)
		child_kill(children[i]);
	int64_t before = clock_now();
	tap_ok(turn_until(loop, all_done, &seen), "%d children end at once",
	    AT_ONCE);
	tap_note("all reported in %jd ms", (intmax_t)(clock_now() - before));
	tap_is_int(seen.done, AT_ONCE, "each is reported once");
	tap_ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
	    "no zombie is left");
	seen_release(&seen);
}

struct series {
	struct loop *loop;
	unsigned started;
	unsigned done;
	struct seen seen;
};

static void start_next(struct series *series);

static void
series_done(const struct child_end *end, void *arg)
{
	struct series *series = arg;
	(void)end;
	series->done++;
	if (series->started < IN_TURN)
		start_next(series);
}

static void
series_out(const void *bytes, size_t len, void *arg)
{
	(void)bytes;
	(void)len;
	(void)arg;
}

static void
start_next(struct series *series)
{
	autoerror struct error why = { 0 };
	char truth[] = "true";
	char *const argv[] = { truth, NULL };
	const struct child_spec spec = { .argv = argv,
		.input = CHILD_INPUT_PIPE,
		.on_out = series_out,
		.on_err = series_out,
		.own_group = true,
		.on_done = series_done,
		.arg = series };
	series->started++;
	if (child_start(series->loop, &spec, &why) == NULL)
		tap_ok(false, "%s", error_text(&why));
}

static bool
series_is_over(const void *arg)
{
	return ((const struct series *)arg)->done >= IN_TURN;
}

static void
test_series(struct loop *loop)
{
	struct series series = { .loop = loop };
	size_t before = open_descriptors();
	int64_t began = clock_now();
	for (int i = 0; i < BATCH; i++)
		start_next(&series);
	tap_ok(turn_until(loop, series_is_over, &series),
	    "%d children, each started by another's end", IN_TURN);
	tap_note(
	    "%d children in %jd ms", IN_TURN, (intmax_t)(clock_now() - began));
	tap_is_int((long long)open_descriptors(), (long long)before,
	    "as many descriptors as before");
}

int
main(void)
{
	struct loop *loop = loop_new();
	autoerror struct error why = { 0 };
	if (!child_init(loop, &why))
		return 1;
	test_flood(loop);
	test_unread_input(loop);
	test_echoed_input(loop);
	test_at_once(loop);
	test_series(loop);
	loop_free(loop);
	return tap_done();
}
