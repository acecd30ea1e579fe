/* SPDX-License-Identifier: MIT */
/*
 * Every transition of the item machine, driven through the code that carries
 * it out: agents end in every way, storage and git fail, and a Ctrl-C comes in
 * every state. At the end the transitions that were seen are compared with
 * those that the machine knows.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "harness.h"
#include "plan/item.h"

static struct strv seen; /* "running -> failed (lost: record failure)" */

/* One commit that changes a line; all that take the same line conflict. */
#define EDIT(line, text)                                                       \
	"sed -i '" line "s/.*/" text "/' file; git commit -qam " text
#define ITEM(script, end) "{\"do\": \"" script "\", \"end\": \"" end "\"}"
#define CONFLICT                                                               \
	"[" ITEM(EDIT("1", "one"), "ok") ", " ITEM(EDIT("1", "two"), "ok") "]"
/* What a good resolver does. */
#define RESOLVE                                                                \
	"git merge -q --no-ff \"$BRANCH\" || :; git checkout -q --theirs .; "  \
	"git add -A; git commit -q --no-edit"

static void
close_and_keep(struct harness *harness)
{
	for (size_t i = 0; i < harness->transitions.n; i++)
		strv_add(&seen, strchr(harness->transitions.items[i], ' ') + 1);
	harness_close(harness);
}

static size_t
count_of(const struct harness *harness, enum job_item_status status)
{
	return harness->sup.recorder.job.counts[status];
}

static void
expect(const struct harness *harness, enum job_item_status status, size_t n,
    const char *what)
{
	tap_is_int((long long)count_of(harness, status), (long long)n,
	    "%s: number of items", what);
}

/* --- ends of an agent ------------------------------------------------- */

static void
test_commits(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 2);
	harness_items(&harness,
	    "[" ITEM(EDIT("1", "one"), "ok") ", " ITEM(
		EDIT("20", "two"), "ok") ", " ITEM(":", "ok") "]");
	tap_ok(harness_map(&harness, &err), "a map of good agents succeeds");
	expect(&harness, JOB_ITEM_DONE, 3, "commits and none are done");
	autofree char *merges =
	    harness_sh(&harness, "git rev-list --merges --count $MAP");
	tap_is_text(merges, "2", "each item with commits has a merge commit");
	autofree char *refs = harness_sh(&harness,
	    "git for-each-ref --format='%(refname)' refs/prodigy |"
	    " grep -v /map || :");
	tap_is_text(refs, "", "no ref of an item is left");
	autofree char *branches = harness_sh(
	    &harness, "git for-each-ref refs/heads/prodigy-mapreduce-agent-*");
	tap_is_text(branches, "", "no branch of an item is left");
	close_and_keep(&harness);
}

#define NOTE "echo $TREE $SWEEP > $N; git add .; git commit -qm $N"

static void
test_trees(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 1);
	harness_items(&harness,
	    "[" ITEM("N=0; " NOTE, "ok") ", " ITEM(
		"N=1; " NOTE, "litter") ", " ITEM("N=2; " NOTE,
		"ok") ", " ITEM("N=3; " NOTE, "ok") "]");
	tap_ok(harness_map(&harness, &err), "trees serve one after the other");
	autofree char *notes =
	    harness_sh(&harness, "for n in 0 1 2 3; do git show $MAP:$n; done");
	tap_is_text(notes,
	    "new leave\nreused leave\nreused sweep\nreused leave",
	    "a tree is made once, used again, and swept when it is littered");
	close_and_keep(&harness);
}

static void
test_frames(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 2);
	harness_items(
	    &harness, "[" ITEM(":", "event") ", " ITEM(":", "ask") "]");
	tap_ok(harness_map(&harness, &err), "agents that talk succeed");
	event_flush(&harness.sup.recorder.events);
	autofree char *event = harness_sh(&harness,
	    "cat \"$PRODIGY_HOME\"/events/repo/*/*.jsonl | jq -r '.event |"
	    " select(.event_type == \"claude_message\") |"
	    " .item_id + \" \" + .content'");
	tap_is_text(event, "item_0 hello",
	    "an agent's event stands in the log, with its item");
	autofree char *answer = harness_sh(&harness,
	    "test $(git show $MAP:answer) = $(git rev-parse HEAD^{tree}) &&"
	    " echo yes");
	tap_is_text(answer, "yes", "an agent is told the tree of a commit");
	close_and_keep(&harness);
}

static void
test_failures(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 1);
	harness_items(&harness,
	    "[" ITEM(":", "fail") ", " ITEM(":", "lost") ", " ITEM(
		"git commit -q --amend -m other", "ok") "]");
	tap_ok(harness_map(&harness, &err), "failed items fail no map");
	expect(&harness, JOB_ITEM_FAILED, 3, "failed, lost and rewritten");
	tap_is_int((long long)harness_count(&harness, "(lost: repeat)"), 3,
	    "a lost attempt is repeated three times");
	autofree char *letters = harness_sh(
	    &harness, "ls \"$PRODIGY_HOME\"/dlq/repo/*/items | wc -l");
	tap_is_text(letters, "3", "each failed item has a dead letter");
	close_and_keep(&harness);
}

static void
test_no_program(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 1);
	harness_items(&harness, "[" ITEM(":", "ok") "]");
	harness.no_program = true;
	tap_ok(harness_map(&harness, &err),
	    "an agent that cannot be started fails no map");
	expect(&harness, JOB_ITEM_FAILED, 1, "not started is failed");
	tap_is_int(harness.starts, 4, "it is tried four times");
	close_and_keep(&harness);
}

/* The next free descriptors are taken away while a process is to start. */
static void
test_shortage(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 2);
	harness_items(&harness, "[" ITEM(":", "ok") ", " ITEM(":", "ok") "]");
	harness.refuse_starts = 2;
	tap_ok(harness_map(&harness, &err), "a map survives a shortage");
	expect(&harness, JOB_ITEM_DONE, 2, "what was put back is done later");
	tap_ok(harness_count(&harness, "(refused: put back)") == 2,
	    "a refused start puts its item back");
	tap_is_int(harness.sup.recorder.job.items[0].attempts, 2,
	    "and the next start is another attempt");
	close_and_keep(&harness);
}

/* --- work trees, refs and merges that fail ---------------------------- */

/* Trees cannot be made at a commit that does not exist. */
static void
lose_head(struct harness *harness)
{
	char *head = harness->sup.recorder.parent_head;
	memset(head, '1', strlen(head));
}

static void
test_no_tree(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 1);
	harness_items(&harness, "[" ITEM(":", "ok") "]");
	lose_head(&harness);
	tap_ok(harness_map(&harness, &err),
	    "a tree that cannot be made fails no map");
	expect(&harness, JOB_ITEM_FAILED, 1, "without a tree it has failed");
	tap_is_int(harness.sup.recorder.job.items[0].attempts, 4,
	    "after four attempts");
	tap_is_int(harness.starts, 0, "and no agent was started");
	close_and_keep(&harness);
}

static void
test_blocked_ref(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 1);
	harness_items(&harness, "[" ITEM(EDIT("1", "one"), "ok") "]");
	autofree char *script = mem_format(
	    "git update-ref refs/prodigy/%s/i/item_0 HEAD", harness.sup.run);
	autofree char *done = harness_sh(&harness, script);
	tap_ok(harness_map(&harness, &err), "a ref in the way fails no map");
	expect(&harness, JOB_ITEM_FAILED, 1, "without its ref it has failed");
	close_and_keep(&harness);
}

/* Somebody else moves the ref of the map while an agent runs. */
static void
test_moved_ref(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 1);
	autofree char *items = mem_format(
	    "[" ITEM(
		"git update-ref refs/prodigy/%s/map $(git commit-tree -m x "
		"HEAD^{tree}); " EDIT("1", "one"),
		"ok") "]",
	    harness.sup.run);
	harness_items(&harness, items);
	tap_ok(harness_map(&harness, &err), "a moved ref fails no map");
	expect(&harness, JOB_ITEM_FAILED, 1, "its item has failed");
	autofree char *subject =
	    harness_sh(&harness, "git log -1 --format=%s $MAP");
	tap_is_text(subject, "x", "the ref stays where it was moved to");
	close_and_keep(&harness);
}

static void
test_conflict(const char *resolve, const char *end, size_t done, size_t failed,
    const char *name)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 2);
	harness_items(&harness, CONFLICT);
	harness.resolve = resolve;
	harness.resolve_end = end;
	tap_ok(harness_map(&harness, &err), "%s: the map succeeds", name);
	expect(&harness, JOB_ITEM_DONE, done, name);
	expect(&harness, JOB_ITEM_FAILED, failed, name);
	tap_is_int((long long)harness_count(&harness, "ask claude"), 1,
	    "%s: claude is asked once", name);
	autofree char *scratch = harness_sh(&harness,
	    "ls -d \"$PRODIGY_HOME\"/worktrees/*/*-merge 2>/dev/null || :");
	tap_is_text(scratch, "", "%s: no scratch tree is left", name);
	close_and_keep(&harness);
}

/* A deed: no git can be started any more. */
static char *saved_path;

static void
lose_git(struct harness *harness)
{
	(void)harness;
	saved_path = mem_text(getenv("PATH"));
	setenv("PATH", "/nonexistent", 1);
}

static void
find_git(void)
{
	if (saved_path != NULL)
		setenv("PATH", saved_path, 1);
	free(saved_path);
	saved_path = NULL;
}

static void
test_no_scratch(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 2);
	harness_items(&harness, CONFLICT);
	harness.when = "add scratch";
	harness.deed = lose_git;
	bool ok = harness_map(&harness, &err);
	find_git();
	tap_ok(ok, "a scratch tree that cannot be made fails no map");
	expect(&harness, JOB_ITEM_FAILED, 1, "its conflict is a failure");
	close_and_keep(&harness);
}

/* The second merge needs merge-tree, which cannot be started. */
static void
test_no_merger(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 2);
	harness_items(&harness,
	    "[" ITEM(EDIT("1", "one"), "ok") ", " ITEM(
		EDIT("20", "two"), "ok") "]");
	harness.when = "ready -> merging";
	harness.when_nth = 2;
	harness.deed = lose_git;
	bool ok = harness_map(&harness, &err);
	find_git();
	tap_ok(ok, "a merge that fails fails no map");
	expect(&harness, JOB_ITEM_DONE, 1, "what was merged before is done");
	expect(
	    &harness, JOB_ITEM_FAILED, 1, "what cannot be merged has failed");
	tap_ok(harness_saw(&harness, "merging -> failed (merge error"),
	    "a merge that fails is an error of the merge");
	autofree char *why = harness_sh(&harness,
	    "jq -r '.failure_history[0].error_message'"
	    " \"$PRODIGY_HOME\"/dlq/repo/*/items/*.json");
	tap_ok(strstr(why, "git") != NULL,
	    "its dead letter says what failed: %s", why);
	autofree char *work = harness_sh(&harness,
	    "git for-each-ref --format=x refs/heads/prodigy-mapreduce-agent-*");
	tap_is_text(work, "x", "its work is on its branch");
	close_and_keep(&harness);
}

/* --- Ctrl-C in every state -------------------------------------------- */

struct stop {
	const char *name;
	const char *items;
	const char *when; /* part of the transition after which it comes */
	unsigned when_nth;
	const char *resolve;
	const char *resolve_end;
	void (*prepare)(struct harness *harness); /* before the map */
	bool without_git; /* from the stop on */
	size_t pending; /* items in each state at the end */
	size_t ready;
	size_t done;
};

#define HANG "[" ITEM(":", "hang") "]"
#define COMMIT "[" ITEM(EDIT("1", "one"), "ok") "]"

static const struct stop stops[] = {
	{ .name = "while its tree is made",
	    .items = HANG,
	    .when = "-> creating",
	    .pending = 1 },
	{ .name = "while its tree is made, which fails",
	    .items = HANG,
	    .when = "-> creating",
	    .prepare = lose_head,
	    .pending = 1 },
	{ .name = "while its agent runs",
	    .items = HANG,
	    .when = "it waits",
	    .pending = 1 },
	{ .name = "while its agent runs, which succeeds all the same",
	    .items = "[" ITEM(EDIT("1", "one"), "hang-ok") "]",
	    .when = "it waits",
	    .ready = 1 },
	{ .name = "while its agent runs, which ends without a result",
	    .items = "[" ITEM(":", "hang-lost") "]",
	    .when = "it waits",
	    .pending = 1 },
	{ .name = "while its commits are collected",
	    .items = COMMIT,
	    .when = "-> collecting",
	    .ready = 1 },
	{ .name = "while it is recorded as ready",
	    .items = COMMIT,
	    .when = "-> ready (has commits",
	    .ready = 1 },
	{ .name = "while it is merged",
	    .items = COMMIT,
	    .when = "-> merging",
	    .done = 1 },
	{ .name = "while its merge finds a conflict",
	    .items = CONFLICT,
	    .when = "ready -> merging",
	    .when_nth = 2,
	    .ready = 1,
	    .done = 1 },
	{ .name = "while it is merged, which fails",
	    .items = "[" ITEM(EDIT("1", "one"), "ok") ", " ITEM(
		EDIT("20", "two"), "ok") "]",
	    .when = "ready -> merging",
	    .when_nth = 2,
	    .without_git = true,
	    .ready = 1,
	    .done = 1 },
	{ .name = "while its scratch tree is added",
	    .items = CONFLICT,
	    .when = "add scratch",
	    .ready = 1,
	    .done = 1 },
	{ .name = "while its scratch tree is added, which fails",
	    .items = CONFLICT,
	    .when = "add scratch",
	    .without_git = true,
	    .ready = 1,
	    .done = 1 },
	{ .name = "while its scratch tree is filled",
	    .items = CONFLICT,
	    .when = "fill scratch",
	    .ready = 1,
	    .done = 1 },
	{ .name = "while claude resolves its conflict",
	    .items = CONFLICT,
	    .when = "it waits",
	    .resolve_end = "hang",
	    .ready = 1,
	    .done = 1 },
	{ .name = "while claude resolves its conflict, and ends without result",
	    .items = CONFLICT,
	    .when = "it waits",
	    .resolve_end = "hang-lost",
	    .ready = 1,
	    .done = 1 },
	{ .name = "while claude resolves its conflict, and has resolved it",
	    .items = CONFLICT,
	    .when = "it waits",
	    .resolve = RESOLVE,
	    .resolve_end = "hang-ok",
	    .done = 2 },
	{ .name = "while it is recorded as done",
	    .items = "[" ITEM(":", "ok") "]",
	    .when = "-> done",
	    .done = 1 },
};

static const char *const starting[] = { "make tree)", ": run)", "queue)",
	"fill scratch)", "ask claude)", "repeat)", "put back)" };

/* How much was started after the stop. */
static size_t
started_after_stop(const struct harness *harness)
{
	const struct strv *lines = &harness->transitions;
	size_t i = harness->n_before_deed;
	size_t n = 0;
	for (; i < lines->n; i++)
		for (size_t k = 0; k < COUNT_OF(starting); k++)
			if (strstr(lines->items[i], starting[k]) != NULL) {
				tap_note("%s", lines->items[i]);
				n++;
			}
	return n;
}

static void
interrupt_without_git(struct harness *harness)
{
	lose_git(harness);
	harness_interrupt(harness);
}

static void
test_stop(const struct stop *stop)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 2);
	harness_items(&harness, stop->items);
	harness.when = stop->when;
	harness.when_nth = stop->when_nth;
	harness.deed =
	    stop->without_git ? interrupt_without_git : harness_interrupt;
	harness.resolve = stop->resolve;
	harness.resolve_end = stop->resolve_end;
	if (stop->prepare != NULL)
		stop->prepare(&harness);
	bool ok = harness_map(&harness, &err);
	find_git();
	tap_ok(harness.deed_done, "a stop %s: it came", stop->name);
	tap_ok(!ok && err.kind == ERROR_CANCELLED,
	    "a stop %s: the map is interrupted", stop->name);
	expect(&harness, JOB_ITEM_PENDING, stop->pending, stop->name);
	expect(&harness, JOB_ITEM_READY, stop->ready, stop->name);
	expect(&harness, JOB_ITEM_DONE, stop->done, stop->name);
	tap_is_int((long long)started_after_stop(&harness), 0,
	    "a stop %s: nothing starts after it", stop->name);
	close_and_keep(&harness);
}

/* The third item waits for its turn behind a conflict. */
static void
open_gate(struct harness *harness)
{
	autofree char *path = path_join(harness->root, "gate");
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || write(fd, "\n", 1) != 1)
		BUG("no gate");
	harness->when = "item_2: ready -> ready";
	harness->deed = harness_interrupt;
	harness->deed_done = false;
}

static void
test_stop_in_queue(void)
{
	static const char items[] =
	    "[" ITEM(EDIT("1", "one"), "ok") ", " ITEM(EDIT("1", "two"),
		"ok") ", " ITEM("read go <\\\"$GATE\\\"; " EDIT("20", "three"),
		"ok") "]";
	struct harness harness;
	autoerror struct error err = { 0 };
	harness_open(&harness, 3);
	autofree char *gate = path_join(harness.root, "gate");
	if (mkfifo(gate, 0600) != 0)
		BUG("no gate");
	setenv("GATE", gate, 1);
	harness_items(&harness, items);
	harness.when = "it waits";
	harness.deed = open_gate;
	harness.resolve_end = "hang";
	tap_ok(!harness_map(&harness, &err),
	    "a stop while an item waits for its turn: the map is interrupted");
	expect(&harness, JOB_ITEM_READY, 2,
	    "a stop while an item waits for its turn");
	tap_ok(harness_saw(&harness, "item_2: ready -> ready (turn: leave)"),
	    "its turn comes, and it is left to a resume");
	close_and_keep(&harness);
}

/* --- all transitions -------------------------------------------------- */

static void
test_all_seen(void)
{
	static const struct item_view views[] = {
		{ .can_repeat = false, .stopping = false },
		{ .can_repeat = true, .stopping = false },
		{ .can_repeat = true, .stopping = true },
	};
	autostrv struct strv known = { 0 };
	for (size_t i = 0; i < ITEM_STATES * ITEM_EVENTS * COUNT_OF(views);
	     i++) {
		struct item_view view = views[i % COUNT_OF(views)];
		enum item_event event =
		    (enum item_event)(i / COUNT_OF(views) % ITEM_EVENTS);
		struct item_step step;
		view.state =
		    (enum item_state)(i / COUNT_OF(views) / ITEM_EVENTS);
		if (!item_follow(&view, event, &step))
			continue;
		autofree char *row = mem_format("%s -> %s (%s: %s)",
		    item_state_name(view.state), item_state_name(step.state),
		    item_event_name(event), item_action_name(step.action));
		if (strv_has(&known, row))
			continue;
		strv_add(&known, row);
		tap_ok(strv_has(&seen, row), "carried out: %s", row);
	}
}

int
main(int argc, char **argv)
{
	harness_init(argc, argv);
	test_commits();
	test_trees();
	test_frames();
	test_failures();
	test_no_program();
	test_shortage();
	test_no_tree();
	test_blocked_ref();
	test_moved_ref();
	test_conflict(RESOLVE, "ok", 2, 0, "a resolved conflict");
	test_conflict(":", "ok", 1, 1, "a conflict that is left");
	test_conflict(":", "fail", 1, 1, "a resolver that fails");
	test_conflict(":", "lost", 1, 1, "a resolver that is lost");
	test_no_merger();
	test_no_scratch();
	for (size_t i = 0; i < COUNT_OF(stops); i++)
		test_stop(&stops[i]);
	test_stop_in_queue();
	test_all_seen();
	strv_release(&seen);
	return tap_done();
}
