/* SPDX-License-Identifier: MIT */
/* What a run would do, without doing it. */
#ifndef RUN_DRY_H
#define RUN_DRY_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "run/supervisor.h"

/* Prints on standard output what would be run; touches nothing. */
bool run_dry(const struct run_options *options, bool as_json,
    struct error *err) MUST_USE;

#endif
