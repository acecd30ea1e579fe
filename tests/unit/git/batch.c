/* SPDX-License-Identifier: MIT */
/* A git process that stays, and what happens when it does not. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/strv.h"
#include "git/batch.h"
#include "support.h"

struct heard {
	struct strv replies; /* "!" and the complaint for a failure */
	size_t wanted;
	bool done;
	struct batch *free_it; /* from within the next callback */
};

static size_t
measure_line(const char *bytes, size_t len, void *arg)
{
	(void)arg;
	const char *end = memchr(bytes, '\n', len);
	return end == NULL ? 0 : (size_t)(end - bytes) + 1;
}

static void
replied(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct heard *heard = arg;
	if (reply != NULL)
		strv_give(&heard->replies, mem_text_n(reply, len - 1));
	else
		strv_format(&heard->replies, "!%.*s",
		    (int)strcspn(complaint, "\n"), complaint);
	batch_free(heard->free_it);
	heard->free_it = NULL;
	heard->done = heard->replies.n >= heard->wanted;
}

static struct batch *
make(struct loop *loop, const char *dir, const char *alias)
{
	autofree char *setting = mem_format("alias.test=!%s", alias);
	const char *const args[] = { "-c", setting, "test", NULL };
	struct batch_spec spec = {
		.dir = dir,
		.args = args,
		.measure = measure_line,
	};
	return batch_new(loop, &spec);
}

static void
ask(struct batch *batch, const char *line, struct heard *heard)
{
	autofree char *text = mem_format("%s\n", line);
	batch_send(batch, text, strlen(text), replied, heard);
}

static void
expect(struct heard *heard, size_t i, const char *want)
{
	tap_is_text(heard->replies.n > i ? heard->replies.items[i] : "(none)",
	    want, "the answer to request %zu is '%s'", i, want);
}

static void
test_order(struct loop *loop, const char *dir)
{
	struct batch *batch = make(loop, dir, "cat");
	struct heard heard = { .wanted = 500 };
	for (int i = 0; i < 500; i++) {
		autofree char *line = mem_format("line %d", i);
		ask(batch, line, &heard);
	}
	tap_is_int((long long)heard.replies.n, 0,
	    "nothing is answered within the sending");
	turn_until(loop, &heard.done);
	expect(&heard, 0, "line 0");
	expect(&heard, 499, "line 499");
	batch_renew(batch);
	heard.done = false;
	heard.wanted = 501;
	ask(batch, "again", &heard);
	turn_until(loop, &heard.done);
	expect(&heard, 500, "again");
	strv_release(&heard.replies);
	batch_free(batch);
}

/* The one it dies over fails, those behind it are asked of a new process. */
static void
test_death(struct loop *loop, const char *dir)
{
	struct batch *batch = make(loop, dir,
	    "while read -r x; do test \"$x\" != die ||"
	    " { echo no >&2; exit 3; }; echo \"ok $x\"; done");
	struct heard heard = { .wanted = 5 };
	ask(batch, "1", &heard);
	ask(batch, "die", &heard);
	ask(batch, "2", &heard);
	ask(batch, "die", &heard);
	ask(batch, "3", &heard);
	turn_until(loop, &heard.done);
	expect(&heard, 0, "ok 1");
	expect(&heard, 1, "!no");
	expect(&heard, 2, "ok 2");
	expect(&heard, 3, "!no");
	expect(&heard, 4, "ok 3");
	strv_release(&heard.replies);
	batch_free(batch);
}

/* Killed while it had nothing to do; killed over every try of a request. */
static void
test_killed(struct loop *loop, const char *dir)
{
	struct batch *batch = make(loop, dir,
	    "while read -r x; do test \"$x\" != die || kill -9 $PPID $$;"
	    " echo \"$PPID $$\"; done");
	struct heard heard = { .wanted = 1 };
	ask(batch, "pid", &heard);
	turn_until(loop, &heard.done);
	autofree char *kill = mem_format("kill -9 %s", heard.replies.items[0]);
	sh(dir, kill);
	heard.done = false;
	heard.wanted = 3;
	ask(batch, "pid", &heard);
	ask(batch, "die", &heard);
	turn_until(loop, &heard.done);
	tap_ok(heard.replies.items[1][0] != '!' &&
		strcmp(heard.replies.items[0], heard.replies.items[1]) != 0,
	    "an idle one that was killed is started anew");
	expect(&heard, 2, "!git -c ended with status 137");
	strv_release(&heard.replies);
	batch_free(batch);
}

static void
test_silent(struct loop *loop, const char *dir)
{
	struct batch *batch = make(loop, dir, "sleep 100");
	struct heard heard = { .wanted = 1 };
	int64_t begin = clock_now();
	batch_set_patience(batch, 100);
	ask(batch, "x", &heard);
	turn_until(loop, &heard.done);
	expect(&heard, 0, "!git -c did not answer in time");
	tap_ok(clock_now() - begin < 10000,
	    "a process that says nothing is not waited for");
	strv_release(&heard.replies);
	batch_free(batch);
}

static void
test_no_start(struct loop *loop)
{
	struct batch *batch = make(loop, "/nonexistent", "cat");
	struct heard heard = { .wanted = 2 };
	ask(batch, "x", &heard);
	ask(batch, "y", &heard);
	tap_is_int((long long)heard.replies.n, 0,
	    "no failure is told within the sending");
	turn_until(loop, &heard.done);
	tap_ok(heard.replies.n == 2 && heard.replies.items[0][0] == '!' &&
		heard.replies.items[1][0] == '!',
	    "without a directory all requests fail: %s",
	    heard.replies.items[0]);
	strv_release(&heard.replies);
	batch_free(batch);
}

static void
test_freed(struct loop *loop, const char *dir)
{
	struct heard heard = { .wanted = 1 };
	struct batch *batch = make(loop, dir, "cat");
	heard.free_it = batch;
	ask(batch, "x", &heard);
	ask(batch, "never answered", &heard);
	turn_until(loop, &heard.done);
	expect(&heard, 0, "x");
	strv_clear(&heard.replies);
	batch = make(loop, "/nonexistent", "cat");
	heard.free_it = batch;
	heard.done = false;
	ask(batch, "x", &heard);
	ask(batch, "never answered", &heard);
	turn_until(loop, &heard.done);
	tap_is_int((long long)heard.replies.n, 1,
	    "what is freed by the first answer gives no other");
	strv_release(&heard.replies);
	batch = make(loop, dir, "sleep 100");
	ask(batch, "x", &heard);
	for (int i = 0; i < 5; i++) {
		autoerror struct error err = { 0 };
		if (!loop_turn(loop, 10, &err))
			break;
	}
	int64_t begin = clock_now();
	batch_free(batch);
	tap_ok(
	    clock_now() - begin < 5000, "a process that works is ended soon");
	batch_free(NULL);
}

int
main(void)
{
	const char *root = sandbox_begin();
	struct loop *loop = loop_new();
	test_order(loop, root);
	test_death(loop, root);
	test_killed(loop, root);
	test_silent(loop, root);
	test_no_start(loop);
	test_freed(loop, root);
	loop_free(loop);
	sandbox_end();
	return tap_done();
}
