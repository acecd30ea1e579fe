/* SPDX-License-Identifier: MIT */
/*
 * Items of an earlier run that their agents finished and nobody merged: the
 * run was stopped, or died.
 */
#ifndef RUN_READY_H
#define RUN_READY_H

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

/*
 * Merges them onto the map ref, one after the other, as the map phase does. A
 * conflict is a dead letter, and what it was about stays on its branch: nobody
 * asks claude here. What was merged and not recorded is recorded. ERROR_STORAGE
 * and the like when nothing can be recorded.
 */
bool ready_merge(struct supervisor *sup, struct error *err) MUST_USE;

#endif
