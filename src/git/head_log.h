/* SPDX-License-Identifier: MIT */
/*
 * Where the HEAD of a work tree has been: git writes a line for each move
 * (reflog), and so knows commits that are on no branch any more.
 */
#ifndef GIT_HEAD_LOG_H
#define GIT_HEAD_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "git/git.h"

struct head_move {
	char from[GIT_OID_SIZE];
	char to[GIT_OID_SIZE];
	char *why; /* "commit: subject", "checkout: moving from a to b", ... */
};

struct head_moves {
	struct head_move *items; /* the oldest first */
	size_t n;
	size_t cap;
};
void head_moves_release(struct head_moves *moves);

/*
 * Makes git write such lines for the work tree with this git directory, now
 * that there is a file for them whatever the configuration says; *at is where
 * the next one comes. With anew, those that are there go.
 */
bool head_log_begin(
    const char *git_dir, bool anew, size_t *at, struct error *err) MUST_USE;
/* The moves since then. A log that was cut short is ERROR_GIT. */
bool head_log_read(const char *git_dir, size_t at, struct head_moves *moves,
    struct error *err) MUST_USE;

/*
 * True when HEAD only went on from start to end, each commit on top of the one
 * before: then end reaches all of them.
 */
bool head_moves_are_straight(
    const struct head_moves *moves, const char *start, const char *end);
/* Whether HEAD came to a commit that was made then: not by a checkout. */
bool head_move_made_commit(const struct head_move *move);
bool head_moves_made(const struct head_moves *moves, const char *oid);
/*
 * Whether a commit was given up by whoever was at it (amend, reset, rebase):
 * HEAD last left it in another way than by a checkout.
 */
bool head_moves_gave_up(const struct head_moves *moves, const char *oid);

#endif
