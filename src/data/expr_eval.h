/* SPDX-License-Identifier: MIT */
/* Evaluation of the expression language (data/expr_tree.h). */
#ifndef DATA_EXPR_EVAL_H
#define DATA_EXPR_EVAL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"
#include "data/expr_tree.h"
#include "data/vars.h"

/*
 * Whether it holds for an item, NULL being a missing one (root: what "$" means
 * in a path).
 */
bool expr_holds(const struct expr *expr, const json_t *item, const json_t *root,
    bool *holds, struct error *err) MUST_USE;
/* Whether a condition holds for variables. */
bool expr_holds_vars(const struct expr *expr, const struct vars *vars,
    bool *holds, struct error *err) MUST_USE;

/* Its value in item: new reference, or NULL when it is missing. */
json_t *expr_path_value(const struct expr *path, const json_t *item);

#endif
