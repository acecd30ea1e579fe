/* SPDX-License-Identifier: MIT */
/* The end of a run: the merge into the user's branch, and the last words. */
#ifndef RUN_FINISH_H
#define RUN_FINISH_H

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

/*
 * Merges with consent, once no other job of the repository merges, or says how
 * to merge later. False when a merge that was wanted failed: the work stays on
 * its branch, and finish_unmerged() is next.
 */
bool finish_merge(struct supervisor *sup, struct error *err) MUST_USE;
/*
 * Whether a merge that is wanted can come at all: not when this was started by
 * the merge steps of another run, which waits for it.
 */
bool finish_can_merge(const struct supervisor *sup, struct error *err) MUST_USE;
/*
 * The same for a run that ended before, or was interrupted; *merged tells that
 * its branch is contained in the user's now, by us or by hand before, and
 * cleared away. One that has made nothing yet is left alone.
 */
bool finish_earlier(
    struct supervisor *sup, bool *merged, struct error *err) MUST_USE;
/*
 * For a run that could not start: takes back what it made so far, branch, work
 * tree, metadata and the job's folders. What stays is the session, if it was
 * saved, which tells why. Nothing is printed but what could not be taken back.
 */
void finish_unstarted(struct supervisor *sup, const struct error *why);
/*
 * After a signal: checkpoint, session paused, where the result so far is and
 * the command that merges it. For this the branch of the run is brought to what
 * its items have made, if the disk lets it.
 */
void finish_interrupted(struct supervisor *sup);
/* After a failure, which has been printed: likewise. */
void finish_failed(struct supervisor *sup, const struct error *err);
/* All was done but the final merge; why has been printed. */
void finish_unmerged(struct supervisor *sup, const struct error *err);

#endif
