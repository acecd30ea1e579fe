/* SPDX-License-Identifier: MIT */
/* Repositories that an attempt left inside of its work tree. */
#ifndef AGENT_INNER_H
#define AGENT_INNER_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "git/nested.h"
#include "git/salvage.h"
#include "plan/kept.h"

/*
 * Keeps what each of them has (git/nested_keep.h) and appends it to kept. False
 * with err: one of them has to stay, or not every folder could be looked at;
 * the others are kept.
 */
bool inner_keep(const char *tree, const struct salvage_owner *owner,
    struct nested_list *list, struct kept_list *kept,
    struct error *err) MUST_USE;
/* Removes those lines of a status ("?? path/") that are about one of them. */
void inner_drop(const struct nested_list *list, struct strv *lines);

#endif
