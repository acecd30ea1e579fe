/* SPDX-License-Identifier: MIT */
/*
 * The expression language of filters and conditions (prodigy-workflow(5)):
 *
 *	item.severity >= 5 && (status == 'open' || tags contains 'now')
 *	file matches '\.rs$' and not is_null(owner)
 *	${tests.success} && ${coverage} >= 80
 *
 * Errors are found when an expression is parsed; evaluation fails only when a
 * regular expression exceeds its limits or a variable cannot be loaded.
 */
#ifndef DATA_EXPR_H
#define DATA_EXPR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "data/vars.h"

#define EXPR_LENGTH_LIMIT 16384 /* bytes */
#define EXPR_DEPTH_LIMIT 64

enum expr_use {
	EXPR_FILTER, /* references are members of an item */
	EXPR_PATH, /* in a path: references begin with @ or $ */
	EXPR_CONDITION, /* references are variables; lenient comparison */
};

struct expr;

/*
 * NULL on failure: ERROR_INPUT "column N: why", counted in characters from 1.
 * In a condition also what a template knows may stand: ${x|length}, ${x:-y},
 * and ${x} within quotes.
 */
struct expr *expr_parse(
    const char *text, enum expr_use use, struct error *err) MUST_USE;
/*
 * The same for an expression within a text: it begins at text[*at] and ends
 * before the first word or sign that does not belong to it, where *at is then.
 */
struct expr *expr_parse_part(const char *text, size_t *at, enum expr_use use,
    struct error *err) MUST_USE;
void expr_free(struct expr *expr); /* NULL is ignored */

/*
 * Whether it holds for an item, NULL being a missing one (root: what "$" means
 * in a path).
 */
bool expr_holds(const struct expr *expr, const json_t *item, const json_t *root,
    bool *holds, struct error *err) MUST_USE;
/* Whether a condition holds for variables. */
bool expr_holds_vars(const struct expr *expr, const struct vars *vars,
    bool *holds, struct error *err) MUST_USE;

/*
 * A member path such as item.a.b[0]['c'] that is looked up in items by the
 * rules of filters: "item.", "@." and "$." in front may stand or not.
 */
struct expr *expr_parse_path(const char *text, struct error *err) MUST_USE;
/* As expr_parse_part(). */
struct expr *expr_parse_path_part(
    const char *text, size_t *at, struct error *err) MUST_USE;
/* Its value in item: new reference, or NULL when it is missing. */
json_t *expr_path_value(const struct expr *path, const json_t *item);

#endif
