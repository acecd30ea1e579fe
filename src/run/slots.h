/* SPDX-License-Identifier: MIT */
/* How many agents may run at once. */
#ifndef RUN_SLOTS_H
#define RUN_SLOTS_H

#include "base/str.h"

/*
 * wanted, or what the limits of open files and of processes allow if that is
 * less, but at least 1. why then says which limit it is ("the limit of open
 * files is 1024"); else it stays as it was.
 */
unsigned slots_allowed(unsigned wanted, struct str *why);

#endif
