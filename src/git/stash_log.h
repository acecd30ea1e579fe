/* SPDX-License-Identifier: MIT */
/*
 * The log of the stash, which is the stash: a line an entry, the newest last.
 * The user and all linked work trees share it.
 */
#ifndef GIT_STASH_LOG_H
#define GIT_STASH_LOG_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/repo.h"

/*
 * Appends the log that has all entries of before and, behind them, those that
 * only now has. False: now lacks none, there is nothing to put back.
 */
bool stash_log_join(
    const struct str *before, const struct str *now, struct str *joined);
/* The ids of its entries' commits. */
void stash_log_commits(const struct str *log, struct strv *commits);
/*
 * Puts a log in the place of now, under the lock that git uses. An error: the
 * stash has changed once more, a commit is gone, or somebody has the lock.
 */
bool stash_log_restore(const struct repo *repo, const struct str *now,
    const struct str *log, struct error *err) MUST_USE;

#endif
