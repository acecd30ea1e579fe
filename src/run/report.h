/* SPDX-License-Identifier: MIT */
/* What a run says at its start and at its end. */
#ifndef RUN_REPORT_H
#define RUN_REPORT_H

#include "base/defs.h"
#include "run/supervisor.h"

/* Prints a line of the result: on stdout, or stderr where events go there. */
void report_line(struct supervisor *sup, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/* The first lines of a run. */
void report_start(const struct supervisor *sup);
/* The closing summary of a run that came to its end. */
void report_summary(struct supervisor *sup);

#endif
