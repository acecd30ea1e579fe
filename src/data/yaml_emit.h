/* SPDX-License-Identifier: MIT */
/* JSON values as YAML text. */
#ifndef DATA_YAML_EMIT_H
#define DATA_YAML_EMIT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Appends value as a YAML document that reads back the same, in block style
 * and without a leading "---". Nesting is limited by the caller's JSON reader.
 */
bool yaml_emit(
    const json_t *value, struct str *out, struct error *err) MUST_USE;

#endif
