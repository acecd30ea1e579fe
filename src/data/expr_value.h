/* SPDX-License-Identifier: MIT */
/* Values of the expression language: numbers, comparison, and functions. */
#ifndef DATA_EXPR_VALUE_H
#define DATA_EXPR_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "data/expr_tree.h"

/* Bytes of the number at text; 0 when there is none. */
size_t expr_number_length(const char *text);
/*
 * The number that a text is, blanks around it allowed (new reference); NULL if
 * it is none, or out of range.
 */
json_t *expr_number(const char *text);

/*
 * These go by the rules of what expr is used for: in a condition a text that a
 * command printed is a number or a truth where it is compared with one. Values
 * may be NULL, which is missing.
 */
bool expr_truth(const struct expr *expr, const json_t *value);
bool expr_equal(const struct expr *expr, const json_t *a, const json_t *b);
/* By expr->op, which is one of OP_EQ to OP_GE. */
bool expr_compare(
    const struct expr *expr, const json_t *left, const json_t *right);

struct expr_function {
	const char *name;
	size_t least; /* arguments */
	size_t most;
	bool is_operator; /* it may stand between its arguments: a contains b */
	bool takes_pattern; /* the second one is a regular expression */
	/*
	 * The value for its first two arguments (NULL: missing, or not given),
	 * a new reference. Not called when takes_pattern.
	 */
	json_t *(*value)(
	    const struct expr *call, const json_t *a, const json_t *b);
};

/* The function of a name, whatever its case; NULL when there is none. */
const struct expr_function *expr_function_find(const char *name);

#endif
