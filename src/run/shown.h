/* SPDX-License-Identifier: MIT */
/* What steps print, shown to the user with -vv. */
#ifndef RUN_SHOWN_H
#define RUN_SHOWN_H

#include <jansson.h>

#include "run/progress.h"

/* Shows the text of an "out" frame; who (item) stands in front of lines. */
void shown_frame(
    struct progress *progress, const char *who, const json_t *frame);

#endif
