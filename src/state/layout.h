/* SPDX-License-Identifier: MIT */
/*
 * Every path under PRODIGY_HOME in one place (see docs/FORMATS.md). Functions
 * give allocated absolute paths and touch nothing unless said.
 */
#ifndef STATE_LAYOUT_H
#define STATE_LAYOUT_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"

struct layout {
	char *home; /* canonical */
	char *repo; /* the repository's folder name */
	char *root; /* the repository's canonical path; NULL: not known */
	/*
	 * Where the repository was when it was used last; NULL: there. Its work
	 * trees do not know the new place yet (worktree_follow()).
	 */
	char *former;
};

/*
 * Finds or creates the home (PRODIGY_HOME, else ~/.prodigy; 0700) and claims
 * the folder name of the repository at root (state/claim.h); git_dir is its git
 * directory, by which it is known when it was moved, or NULL. A home that
 * others can write to is refused.
 */
bool layout_open(const char *root, const char *git_dir, struct layout *layout,
    struct error *err) MUST_USE;
/* Opens for a command that only looks: nothing is created. */
bool layout_look(const char *root, const char *git_dir, struct layout *layout,
    struct error *err) MUST_USE;
/* The home alone: repo and root are NULL until layout_use() sets them. */
bool layout_look_home(struct layout *layout, struct error *err) MUST_USE;
/* Goes to the folder with this name, whatever repository it belongs to. */
void layout_use(struct layout *layout, const char *name);
/* Whether a run of any repository of the home is alive, or may be. */
bool layout_is_busy(const struct layout *layout);
void layout_release(struct layout *layout);

char *layout_sessions(const struct layout *layout) MUST_USE;
char *layout_session(const struct layout *layout, const char *id) MUST_USE;
char *layout_jobs(const struct layout *layout) MUST_USE;
char *layout_job(const struct layout *layout, const char *job) MUST_USE;
char *layout_events(const struct layout *layout, const char *job) MUST_USE;
char *layout_dlq(const struct layout *layout, const char *job) MUST_USE;
char *layout_mapping(const struct layout *layout, const char *id) MUST_USE;
/* What a run needs to be merged later: its workflow and variables. */
char *layout_run(const struct layout *layout, const char *session) MUST_USE;
char *layout_worktrees(const struct layout *layout) MUST_USE;
char *layout_worktree(const struct layout *layout, const char *name) MUST_USE;
char *layout_workspaces(const struct layout *layout) MUST_USE;
char *layout_metadata(const struct layout *layout, const char *name) MUST_USE;
char *layout_orphans(const struct layout *layout, const char *job) MUST_USE;
char *layout_logs(const struct layout *layout, const char *stamp) MUST_USE;
/* Copies of ignored files: a folder for each item. */
char *layout_artifacts(const struct layout *layout, const char *job) MUST_USE;
/* The lock that a running session holds: locks/{id}. */
char *layout_lock(const struct layout *layout, const char *id) MUST_USE;

#endif
