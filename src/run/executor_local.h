/* SPDX-License-Identifier: MIT */
/* Agents as children of this process. */
#ifndef RUN_EXECUTOR_LOCAL_H
#define RUN_EXECUTOR_LOCAL_H

#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "run/executor.h"

/* Fills executor, which is released by executor_release(). */
bool executor_local(struct executor *executor, struct error *err) MUST_USE;

#endif
