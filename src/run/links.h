/* SPDX-License-Identifier: MIT */
/*
 * Links to commits of other repositories (gitlinks) in what an item committed.
 * Merged, they are of use to nobody unless .gitmodules tells where the commits
 * are to be had, and they are there.
 */
#ifndef RUN_LINKS_H
#define RUN_LINKS_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/strv.h"
#include "plan/failure.h"
#include "plan/kept.h"

/*
 * Whether the links at these paths, which a commit adds or changes, lead
 * anywhere: its .gitmodules names each, and none has commits that were kept
 * because nobody else has them. If not, failure says which, and why.
 */
bool links_are_whole(const char *repository, const char *commit,
    const struct strv *links, const struct kept_list *kept,
    struct failure *failure) MUST_USE;

#endif
