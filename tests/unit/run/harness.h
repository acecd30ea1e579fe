/* SPDX-License-Identifier: MIT */
/*
 * The supervisor with a fake executor: a real repository, a real home, a real
 * map phase, but agents that do what an item's data tells them.
 *
 * An item of the test is an object with
 *	"do"	a shell script, run in the item's work tree on its branch
 *	"end"	what comes after it, see enum fake_end below by name
 * A conflict goes to an agent of the same kind, which does what resolve and
 * resolve_end say.
 */
#ifndef UNIT_RUN_HARNESS_H
#define UNIT_RUN_HARNESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/strv.h"
#include "run/supervisor.h"

/* Ends of a fake agent, by their names in the data of an item:
 *
 *	ok	 a result that says success (the default)
 *	fail	 a result that says that a step failed
 *	lost	 the process ends without a result
 *	hang	 it waits until it is told to stop, then says "cancelled"
 *	hang-ok	 ... then says success
 *	hang-lost	 ... then ends without a result
 *	deaf	 it does not hear that it is told to stop
 *	litter	 as ok, and its tree has to be swept
 *	event	 as ok, after an event of claude's
 *	ask	 as ok, after it asked for HEAD's tree and committed the answer
 *
 * Its script finds in $TREE whether its tree is "new" or "reused", and in
 * $SWEEP whether it was told to "sweep" it or to "leave" it.
 */

struct harness {
	char *root; /* a folder of its own, removed at the end */
	char *repo; /* the user's repository */
	char *workflow; /* path of the file */
	struct run_options options;
	struct supervisor sup;
	/* What happens to the next start of an agent process: */
	int refuse_starts; /* so many more lack descriptors */
	bool no_program; /* the program does not exist */
	const char *resolve; /* script of the agent that resolves conflicts */
	const char *resolve_end;
	/* What was seen: */
	struct strv
	    transitions; /* "item_0: creating -> running (tree made: run)" */
	struct str log; /* everything on standard error */
	unsigned starts; /* agent processes started */
	/* When this is seen of an item, the deed is done after that turn. */
	const char *when; /* a part of a transition, or "it waits" */
	unsigned when_nth; /* at the first (0 or 1) or a later time */
	void (*deed)(struct harness *harness);
	bool deed_done;
	size_t n_before_deed; /* transitions that came first */
};

/*
 * main() of a test calls this first: as an agent it does not come back.
 */
void harness_init(int argc, char **argv);

/* A repository with one commit, and a run whose map phase is about to begin. */
void harness_open(struct harness *harness, unsigned max_parallel);
/* The list of items as JSON text: objects as above. */
void harness_items(struct harness *harness, const char *items);
/* Runs the map phase; what map_run() returned. err gets its error. */
bool harness_map(struct harness *harness, struct error *err);
void harness_close(struct harness *harness);

/* A deed: Ctrl-C. */
void harness_interrupt(struct harness *harness);

/* Whether a transition with this part in its text was seen. */
bool harness_saw(const struct harness *harness, const char *part);
/* How many were. */
size_t harness_count(const struct harness *harness, const char *part);
/*
 * sh -ec in the user's repository, with the map ref in $MAP; what it printed,
 * without the last newline.
 */
char *harness_sh(const struct harness *harness, const char *script) MUST_USE;
/* The status of an item according to the job's state. */
enum job_item_status harness_status(
    const struct harness *harness, size_t index);

#endif
