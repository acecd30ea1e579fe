/* SPDX-License-Identifier: MIT */
/* Values that a workflow file may give as text or by a variable's name. */
#ifndef WORKFLOW_VALUE_H
#define WORKFLOW_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"

#define VALUE_PARALLEL_LIMIT 10000 /* agents at once */
#define VALUE_TIMEOUT_LIMIT (366LL * 24 * 60 * 60 * 1000) /* ms */
#define VALUE_BYTES_LIMIT 1e18

/* "$NAME" or "${NAME}": the name, allocated; NULL for any other text. */
char *value_variable(const char *text) MUST_USE;
/* A name that the shell can hold: letters, digits, "_", no digit first. */
bool value_is_variable_name(const char *text);
/* More than zero; a bare number counts in seconds. */
bool value_timeout(const char *text, int64_t *ms, struct error *err) MUST_USE;
/*
 * A number of bytes as people write it: 0, 1048576, 500MB, 2GiB, 1.5 T. Units
 * with "B" alone count in thousands, others in 1024.
 */
bool value_bytes(const char *text, int64_t *bytes, struct error *err) MUST_USE;
/* A whole number of at least 1. */
bool value_parallel(
    const char *text, unsigned *count, struct error *err) MUST_USE;

#endif
