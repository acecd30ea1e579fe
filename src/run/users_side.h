/* SPDX-License-Identifier: MIT */
/*
 * The user's side of the repository while agents run: what their commands
 * changed of what they share with the user (git/shared.h) is told with who ran,
 * and recorded. Entries of the stash that are gone are put back; of nothing
 * else can it be known that it was not the user who changed it meanwhile.
 *
 * A look costs the stat data of some files. It is left out while looks would
 * take more than a twentieth of the time; the last one is never left out.
 */
#ifndef RUN_USERS_SIDE_H
#define RUN_USERS_SIDE_H

#include <jansson.h>
#include <stddef.h>

#include "base/defs.h"
#include "run/supervisor.h"

struct users_side;

/*
 * Before the first step: notes how it is, and keeps copies of configuration,
 * excludes and hooks. sup is borrowed.
 */
struct users_side *users_side_open(struct supervisor *sup) MUST_USE;
/* Somebody starts ("item_3", "setup"). A side may be NULL. */
void users_side_enter(struct users_side *side, const char *who);
/*
 * And has ended: looks, and adds to *told (an array, made if need be) what was
 * changed while it ran.
 */
void users_side_leave(struct users_side *side, const char *who, json_t **told);
/* The last look; returns how many changes there were in all. */
size_t users_side_close(struct users_side *side);

#endif
