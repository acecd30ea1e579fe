/* SPDX-License-Identifier: MIT */
/* The bytes of an input as a document (chapter 5.3 of the workflow language). */
#ifndef PLAN_INPUT_H
#define PLAN_INPUT_H

#include <jansson.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"

/*
 * One JSON document as it is; else an array of one value a line (blank lines
 * left out): JSON lines, or lines of text as strings. Bytes that begin like
 * JSON and are neither a document nor JSON lines are an error with its place.
 */
json_t *input_parse(const void *bytes, size_t len, const char *name,
    struct error *err) MUST_USE;

#endif
