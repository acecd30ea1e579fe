/* SPDX-License-Identifier: MIT */
/* The bytes of an input as a document (see prodigy-workflow(5)). */
#ifndef PLAN_INPUT_H
#define PLAN_INPUT_H

#include <jansson.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"

#define INPUT_LINE_LIMIT ((size_t)1024 * 1024) /* bytes of a line */

/*
 * The document that an input is: all of it as JSON, or else an array of its
 * lines that are not blank. A line is JSON if it reads as such, otherwise the
 * JSON string of its bytes (repaired to UTF-8); so is a real that would not
 * print as it was written, such as the version 1.10.
 *
 * What begins like JSON but is broken is an error, not text, and so is
 * everything but JSON under a name that ends in ".json". NULL on failure:
 * ERROR_INPUT "NAME:LINE:COL: why".
 */
json_t *input_parse(const void *bytes, size_t len, const char *name,
    struct error *err) MUST_USE;

#endif
