/* SPDX-License-Identifier: MIT */
/*
 * Room on the file systems that a run fills: where its work trees lie, those of
 * the repository and of the home. Below workspace.min_free, or where hardly a
 * file can be made any more, or where a file system is gone, no agent is
 * started; those that run go on.
 */
#ifndef RUN_ROOM_H
#define RUN_ROOM_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

struct room;

/* look is called when it is time to ask again after there was none. */
struct room *room_new(
    struct supervisor *sup, void (*look)(void *arg), void *arg) MUST_USE;
void room_free(struct room *room);
/* Whether there is room for one more. The first time that there is not, and
 * the first time that there is again, is told. */
bool room_is_there(struct room *room) MUST_USE;
/* Whether there was none when it was asked for last. */
bool room_is_short(const struct room *room);
/* What is missing, and where, as an error (ERROR_NO_SPACE). */
void room_complain(const struct room *room, struct error *err);

/* Whether a run may begin. */
bool room_check(const struct supervisor *sup, struct error *err) MUST_USE;

#endif
