/* SPDX-License-Identifier: MIT */
/*
 * JSON paths (RFC 9535 with some tolerance): names, indices, slices,
 * wildcards, "..", unions and filters.
 *
 *	$.debt_items[*]    $..name    items[-1]    $[?(@.size > 10)]['a','b']
 */
#ifndef DATA_JSONPATH_H
#define DATA_JSONPATH_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"

#define JSONPATH_LENGTH_LIMIT 1024 /* bytes */
#define JSONPATH_STEPS_LIMIT 64
#define JSONPATH_RESULTS_LIMIT 1000000
#define JSONPATH_VISITS_LIMIT 10000000

struct jsonpath;

/*
 * NULL on failure: ERROR_INPUT "column N: why", counted in characters from 1.
 * A leading $ may be missing.
 */
struct jsonpath *jsonpath_parse(const char *text, struct error *err) MUST_USE;
void jsonpath_free(struct jsonpath *path);
/*
 * What it selects, as a new array; a member that is missing selects nothing.
 * ".." gives what a node has before what its descendants have, in the order of
 * the document. NULL on failure: ERROR_INPUT, a limit.
 */
json_t *jsonpath_select(const struct jsonpath *path, const json_t *root,
    struct error *err) MUST_USE;
/* Names and indices only: selects at most one node. */
bool jsonpath_is_singular(const struct jsonpath *path);

#endif
