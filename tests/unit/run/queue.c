/* SPDX-License-Identifier: MIT */
/*
 * Items that wait for each other: for a slot, for the system to have room for
 * an agent, for their turn to be merged, and for a ref transaction that they
 * share. The time can be moved on by the test.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "harness.h"

#define SHORTAGE_MS 30000
#define SHORTAGE_RETRY_MS 1000

#define ITEM(script, end) "{\"do\": \"" script "\", \"end\": \"" end "\"}"
/* A commit that changes a line; two of the same line conflict. */
#define EDIT(line, text)                                                       \
	"sed -i '" line "s/.*/" text "/' file; git commit -qam " text
/* A file of its own, once a line can be read from a fifo. */
#define LATE_FILE                                                              \
	ITEM("read go <\\\"$LATE\\\"; echo x >$(basename $BRANCH); "           \
	     "git add .; git commit -qm new",                                  \
	    "ok")
/* What a good resolver does, once a line can be read from a fifo. */
#define RESOLVE                                                                \
	"read go <\"$GATE\"; git merge -q --no-ff \"$BRANCH\" || :; "          \
	"git checkout -q --theirs .; git add -A; git commit -q --no-edit"

/* --- time and gates --------------------------------------------------- */

static int64_t skipped;

static int64_t
clock_with_jumps(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + skipped;
}

static int late = -1, gate = -1;

static int
make_fifo(const struct harness *harness, const char *name)
{
	autofree char *path = path_join(harness->root, name);
	int fd = -1;
	if (mkfifo(path, 0600) == 0)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		BUG("no fifo");
	setenv(name, path, 1);
	return fd;
}

static void
let_through(int fd, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (write(fd, "\n", 1) != 1)
			BUG("no gate");
}

static void
on(struct harness *harness, const char *when, unsigned nth,
    void (*deed)(struct harness *harness))
{
	harness->when = when;
	harness->when_nth = nth;
	harness->deed = deed;
	harness->deed_done = false;
}

static void
open_harness(struct harness *harness, unsigned max_parallel)
{
	harness_open(harness, max_parallel);
	free(harness_sh(harness, "git config core.logAllRefUpdates always"));
	late = make_fifo(harness, "LATE");
	gate = make_fifo(harness, "GATE");
	harness->resolve = RESOLVE;
}

static void
close_harness(struct harness *harness)
{
	close(late);
	close(gate);
	harness_close(harness);
}

/* first, then n times item. */
static char *
many(const char *first, const char *item, size_t n)
{
	autostr struct str text = { 0 };
	str_format(&text, "[%s", first);
	for (size_t i = 0; i < n; i++)
		str_format(
		    &text, "%s%s", i > 0 || *first != '\0' ? ", " : "", item);
	str_add_char(&text, ']');
	return mem_text(str_text(&text));
}

static size_t
count_of(const struct harness *harness, enum job_item_status status)
{
	return harness->sup.recorder.job.counts[status];
}

/* --- slots ------------------------------------------------------------ */

/* Whether a line of the log takes or leaves a slot: 1, -1, or 0. */
static int
slot_change(const char *line)
{
	bool before = strstr(line, "creating -> ") != NULL ||
	    strstr(line, "running -> ") != NULL;
	bool after = strstr(line, " -> creating") != NULL ||
	    strstr(line, " -> running") != NULL;
	return (int)after - (int)before;
}

static int
most_at_once(const struct harness *harness)
{
	int now = 0, most = 0;
	for (size_t i = 0; i < harness->transitions.n; i++) {
		now += slot_change(harness->transitions.items[i]);
		most = now > most ? now : most;
	}
	return most;
}

static void
test_slots(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	autofree char *items = many("", ITEM(":", "ok"), 12);
	open_harness(&harness, 3);
	harness_items(&harness, items);
	tap_ok(harness_map(&harness, &err), "twelve items on three slots");
	tap_is_int(
	    (long long)count_of(&harness, JOB_ITEM_DONE), 12, "are all done");
	tap_is_int(most_at_once(&harness), 3, "three at once, and no more");
	close_harness(&harness);
}

/* An agent of the harness never says that its first step begins. */
static void
test_fresh_trees(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	autofree char *items = many("", ITEM(":", "hang"), 6);
	open_harness(&harness, 3);
	harness.sup.processors = 1;
	harness_items(&harness, items);
	on(&harness, "it waits", 0, harness_interrupt);
	tap_ok(!harness_map(&harness, &err) && err.kind == ERROR_CANCELLED,
	    "three slots where one tree is made at a time");
	tap_is_int(harness.starts, 1,
	    "none begins while the only new tree is being filled");
	close_harness(&harness);
}

static unsigned quiet;

/* Nobody moves: each item that was started waits for its turn. */
static void
stop_when_quiet(void *arg)
{
	struct harness *harness = arg;
	bool all_wait = harness_count(harness, "-> creating") ==
	    harness_count(harness, "(recorded: queue)");
	quiet = all_wait ? quiet + 1 : 0;
	if (quiet == 5)
		harness_interrupt(harness);
	else
		loop_after(harness->sup.loop, 1, stop_when_quiet, harness);
}

static void
watch_for_quiet(struct harness *harness)
{
	quiet = 0;
	stop_when_quiet(harness);
}

static void
test_backlog(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	autofree char *items =
	    many(ITEM(EDIT("1", "one"), "ok") ", " ITEM(EDIT("1", "two"), "ok"),
		LATE_FILE, 30);
	open_harness(&harness, 1);
	harness.resolve_end = "hang";
	let_through(late, 30);
	let_through(gate, 1);
	harness_items(&harness, items);
	on(&harness, "it waits", 0, watch_for_quiet);
	tap_ok(!harness_map(&harness, &err), "a map that waits is stopped");
	tap_ok(count_of(&harness, JOB_ITEM_READY) >= 4,
	    "four items for each slot may wait to be merged");
	tap_ok(count_of(&harness, JOB_ITEM_PENDING) >= 24,
	    "then no more are started");
	close_harness(&harness);
}

/* --- a shortage ------------------------------------------------------- */

static void
end_shortage(struct harness *harness)
{
	tap_is_int(most_at_once(harness), 4, "four items begin");
	tap_ok(strstr(str_text(&harness->log),
		   ": 2 agents at once for a while") != NULL,
	    "a refused start halves the slots");
	tap_is_int(harness->starts, 4, "what runs goes on, and nobody starts");
	on(harness, "it waits", 0, harness_interrupt);
	skipped += SHORTAGE_MS;
}

static void
test_recovery(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	autofree char *items = many("", ITEM(":", "hang"), 4);
	open_harness(&harness, 4);
	harness_items(&harness, items);
	harness.refuse_starts = 1;
	on(&harness, "it waits", 3, end_shortage);
	tap_ok(!harness_map(&harness, &err) && err.kind == ERROR_CANCELLED,
	    "after the shortage the item that was put back is started");
	tap_is_int(harness.starts, 5, "and only that");
	close_harness(&harness);
}

static void
skip_retry(struct harness *harness)
{
	skipped += SHORTAGE_RETRY_MS;
	on(harness, "(refused: put back)", 0, skip_retry);
}

static void
test_retry(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1);
	harness_items(&harness, "[" ITEM(":", "ok") "]");
	harness.refuse_starts = 3;
	on(&harness, "(refused: put back)", 0, skip_retry);
	tap_ok(harness_map(&harness, &err),
	    "when nobody runs, a refused start is tried again");
	tap_is_int((long long)harness_count(&harness, "(refused: put back)"), 3,
	    "each second");
	tap_is_int((long long)count_of(&harness, JOB_ITEM_DONE), 1,
	    "until it succeeds");
	close_harness(&harness);
}

static void
skip_minute(struct harness *harness)
{
	skipped += 60000;
	on(harness, "(refused: put back)", 0, skip_minute);
}

static void
test_limit(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1);
	harness_items(&harness, "[" ITEM(":", "ok") "]");
	harness.refuse_starts = 100;
	on(&harness, "(refused: put back)", 0, skip_minute);
	tap_ok(!harness_map(&harness, &err) && err.kind == ERROR_SYSTEM,
	    "a shortage that does not end ends the job");
	tap_ok(strstr(error_text(&err), "no agent could be started: ") != NULL,
	    "and says so");
	long long n = (long long)harness_count(&harness, "(refused: put back)");
	tap_ok(n == 6 || n == 7, "after five minutes, not before (%lld)", n);
	close_harness(&harness);
}

static void
skip_silence(void *arg)
{
	(void)arg;
	skipped += 151000;
}

/*
 * Its agent is given up for its silence, at the second look at it, and cannot
 * be started again.
 */
static void
come_to_second_shortage(struct harness *harness)
{
	skipped += 150000;
	loop_after(harness->sup.loop, 1, skip_silence, NULL);
	harness->refuse_starts = 1;
	on(harness, "it waits", 0, harness_interrupt);
}

static void
test_second_shortage(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 1);
	harness_items(&harness, "[" ITEM(":", "hang") "]");
	harness.refuse_starts = 1;
	on(&harness, "it waits", 0, come_to_second_shortage);
	tap_ok(!harness_map(&harness, &err) && err.kind == ERROR_CANCELLED,
	    "a shortage long after another has its own five minutes");
	tap_is_int((long long)harness_count(&harness, "(refused: put back)"), 2,
	    "there were two");
	close_harness(&harness);
}

/* --- merges that share a transaction ---------------------------------- */

static size_t n_late; /* items that wait for the first conflict */
static unsigned n_updates; /* of the map ref before the gate opened */

static unsigned
updates(const struct harness *harness)
{
	autofree char *n =
	    harness_sh(harness, "git reflog show --format=%H $MAP | wc -l");
	return (unsigned)strtoul(n, NULL, 10);
}

static void
resolve_now(struct harness *harness)
{
	n_updates = updates(harness);
	let_through(gate, 10);
}

static void
let_late_ones_through(struct harness *harness)
{
	on(harness, "(recorded: queue)", (unsigned)n_late, resolve_now);
	let_through(late, n_late);
}

/* Two items that conflict; the others are queued behind the conflict. */
static bool
run_queue(struct harness *harness, unsigned max_parallel, const char *rest,
    size_t n, struct error *err)
{
	autofree char *items = mem_format("[%s, %s, %s]",
	    ITEM(EDIT("1", "one"), "ok"), ITEM(EDIT("1", "two"), "ok"), rest);
	n_late = n;
	open_harness(harness, max_parallel);
	harness_items(harness, items);
	on(harness, "(scratch filled: ask claude)", 0, let_late_ones_through);
	return harness_map(harness, err);
}

static void
test_batch(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	autofree char *list = many("", LATE_FILE, 38);
	list[strlen(list) - 1] = '\0';
	tap_ok(run_queue(&harness, 10, list + 1, 38, &err),
	    "a queue behind a conflict is merged");
	tap_is_int(
	    (long long)count_of(&harness, JOB_ITEM_DONE), 40, "to its end");
	/* The item of the conflict, and the 38 behind it. */
	tap_is_int(updates(&harness) - n_updates, 2,
	    "39 merges are published in two transactions, 32 in the first");
	autofree char *merges =
	    harness_sh(&harness, "git rev-list --merges --count $MAP");
	tap_is_text(merges, "40", "each item has its merge commit");
	autofree char *items = harness_sh(&harness,
	    "git log --merges --first-parent $MAP"
	    " --format='%(trailers:key=Prodigy-Item,valueonly,separator=)'"
	    " | sort -u | wc -l");
	tap_is_text(items, "40", "which names it");
	autofree char *trailers = harness_sh(&harness,
	    "git log -1 --format='%(trailers:only)' $MAP |"
	    " sed '/^Prodigy-Label: ./d' | sed 's/item_[0-9]*$/item_N/'");
	autofree char *wanted = mem_format("Prodigy-Item: item_N\n"
					   "Prodigy-Attempt: 1\n"
					   "Prodigy-Job: %s",
	    harness.sup.id);
	tap_is_text(trailers, wanted,
	    "a merge tells the item, the attempt and the job");
	close_harness(&harness);
}

static size_t
index_of(const struct harness *harness, const char *part, size_t nth)
{
	const struct strv *lines = &harness->transitions;
	for (size_t i = 0; i < lines->n; i++)
		if (strstr(lines->items[i], part) != NULL && nth-- == 0)
			return i;
	return lines->n;
}

#define LATE_EDIT(line, text)                                                  \
	ITEM("read go <\\\"$LATE\\\"; " EDIT(line, text), "ok")

static void
test_conflict_in_batch(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	tap_ok(run_queue(&harness, 5,
		   LATE_EDIT("20", "three") ", " LATE_EDIT(
		       "20", "four") ", " LATE_FILE,
		   3, &err),
	    "a conflict in the middle of a batch fails no map");
	tap_is_int((long long)count_of(&harness, JOB_ITEM_DONE), 5,
	    "all of it is merged");
	size_t at = index_of(&harness, "(conflict: add scratch)", 1);
	tap_ok(at < harness.transitions.n && at > 0 &&
		strstr(harness.transitions.items[at - 1],
		    "(merged: record done)") != NULL,
	    "a conflict is told once what was merged before is published");
	close_harness(&harness);
}

/* Somebody moves the ref while merges wait to be published. */
static void
move_ref_and_resolve(struct harness *harness)
{
	free(harness_sh(harness,
	    "git update-ref $MAP $(git commit-tree -m moved HEAD^{tree})"));
	let_through(gate, 10);
}

static void
let_late_ones_through_to_moved(struct harness *harness)
{
	on(harness, "(recorded: queue)", (unsigned)n_late,
	    move_ref_and_resolve);
	let_through(late, n_late);
}

static void
test_undo(void)
{
	struct harness harness;
	autoerror struct error err = { 0 };
	open_harness(&harness, 5);
	harness_items(&harness,
	    "[" ITEM(EDIT("1", "one"), "ok") ", " ITEM(
		EDIT("1", "two"), "ok") ", " LATE_EDIT("20",
		"three") ", " LATE_EDIT("20", "four") ", " LATE_FILE "]");
	n_late = 3;
	on(&harness, "(scratch filled: ask claude)", 0,
	    let_late_ones_through_to_moved);
	tap_ok(harness_map(&harness, &err),
	    "a batch that cannot be published fails no map");
	tap_is_int((long long)count_of(&harness, JOB_ITEM_FAILED), 4,
	    "each of its items has failed");
	tap_is_int((long long)harness_count(&harness,
		       "merging -> failed (merge error: record failure)"),
	    4, "by name");
	tap_is_int((long long)harness_count(&harness, "(conflict: "), 1,
	    "a conflict with what was not published is none");
	autofree char *letters = harness_sh(
	    &harness, "ls \"$PRODIGY_HOME\"/dlq/repo/*/items | wc -l");
	tap_is_text(letters, "4", "each has a dead letter");
	autofree char *subject =
	    harness_sh(&harness, "git log -1 --format=%s $MAP");
	tap_is_text(subject, "moved", "the ref stays where it was moved to");
	close_harness(&harness);
}

int
main(int argc, char **argv)
{
	harness_init(argc, argv);
	clock_set_source(clock_with_jumps);
	test_slots();
	test_fresh_trees();
	test_backlog();
	test_recovery();
	test_retry();
	test_limit();
	test_second_shortage();
	test_batch();
	test_conflict_in_batch();
	test_undo();
	return tap_done();
}
