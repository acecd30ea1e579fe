/* SPDX-License-Identifier: MIT */
/*
 * Parser of the expression language (data/expr_tree.h). Errors are found here;
 * evaluation fails only when a regular expression exceeds its limits or a
 * variable cannot be loaded.
 */
#ifndef DATA_EXPR_PARSE_H
#define DATA_EXPR_PARSE_H

#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "data/expr_tree.h"

#define EXPR_LENGTH_LIMIT 16384 /* bytes */
#define EXPR_DEPTH_LIMIT 64

/*
 * NULL on failure: ERROR_INPUT "column N: why", counted in characters from 1.
 * In a condition also what a template knows may stand: ${x|length}, ${x:-y},
 * and ${x} within quotes.
 */
struct expr *expr_parse(
    const char *text, enum expr_use use, struct error *err) MUST_USE;
/*
 * Parses an expression that is a part of a text: it begins at text[*at] and
 * ends before the first word or sign that does not belong to it, where *at is
 * then.
 */
struct expr *expr_parse_part(const char *text, size_t *at, enum expr_use use,
    struct error *err) MUST_USE;

/*
 * A member path such as item.a.b[0]['c'] that is looked up in items by the
 * rules of filters: "item.", "@." and "$." in front may stand or not.
 */
struct expr *expr_parse_path(const char *text, struct error *err) MUST_USE;
/* As expr_parse_part(). */
struct expr *expr_parse_path_part(
    const char *text, size_t *at, struct error *err) MUST_USE;

#endif
