/* SPDX-License-Identifier: MIT */
/* A question at the terminal, while the event loop goes on. */
#ifndef RUN_ASK_H
#define RUN_ASK_H

#include <stdbool.h>

#include "run/supervisor.h"

/*
 * Asks on standard error, reads a line of standard input. Enter alone is yes;
 * end of input, a signal, and anything but y or yes are no.
 */
bool ask_user(struct supervisor *sup, const char *question);

#endif
