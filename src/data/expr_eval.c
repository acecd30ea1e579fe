/* SPDX-License-Identifier: MIT */
/* Evaluation of the expression language. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/defs.h"
#include "base/str.h"
#include "data/expr_tree.h"
#include "data/json.h"
#include "data/order.h"

/* --- truth and comparison ------------------------------------------------ */

/* Conditions read texts that were printed by commands. */
static bool
is_false_text(const char *text)
{
	static const char *const words[] = { "", "0", "false", "no", "off" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

bool
expr_truth(const struct expr *expr, const json_t *value)
{
	if (order_is_null(value) || json_is_false(value))
		return false;
	if (json_is_number(value))
		return json_number_value(value) != 0;
	if (!json_is_string(value))
		return true;
	if (expr->use == EXPR_CONDITION)
		return !is_false_text(json_string_value(value));
	return json_string_length(value) > 0;
}

/*
 * In a condition a number meets its text, and true meets 'true': value as it
 * is to be compared with other. A new reference.
 */
static json_t *
as_other(const struct expr *expr, const json_t *value, const json_t *other)
{
	json_t *converted = NULL;
	if (expr->use == EXPR_CONDITION && json_is_string(value)) {
		const char *text = json_string_value(value);
		if (json_is_number(other))
			converted = expr_number(text);
		else if (json_is_boolean(other) &&
		    strcasecmp(text, "true") == 0)
			converted = json_true();
		else if (json_is_boolean(other) &&
		    strcasecmp(text, "false") == 0)
			converted = json_false();
	}
	return converted != NULL ? converted : json_incref(json_mutable(value));
}

bool
expr_equal(const struct expr *expr, const json_t *a, const json_t *b)
{
	autojson json_t *x = as_other(expr, a, b);
	autojson json_t *y = as_other(expr, b, a);
	return order_equal(x, y);
}

/* Values of different kinds are neither less nor greater. */
static bool
is_ordered(const struct expr *expr, const json_t *left, const json_t *right)
{
	autojson json_t *a = as_other(expr, left, right);
	autojson json_t *b = as_other(expr, right, left);
	bool alike = (json_is_number(a) && json_is_number(b)) ||
	    (json_is_string(a) && json_is_string(b)) ||
	    (json_is_boolean(a) && json_is_boolean(b));
	if (!alike)
		return false;
	int c = order_compare(a, b);
	if (expr->op == OP_LT)
		return c < 0;
	if (expr->op == OP_LE)
		return c <= 0;
	return expr->op == OP_GT ? c > 0 : c >= 0;
}

static bool
compare(const struct expr *expr, const json_t *left, const json_t *right)
{
	if (expr->op == OP_EQ)
		return expr_equal(expr, left, right);
	if (expr->op == OP_NE)
		return !expr_equal(expr, left, right);
	return is_ordered(expr, left, right);
}

static bool
comparison_value(const struct expr *expr, const json_t *left,
    const json_t *right, json_t **value, struct error *err)
{
	bool found;
	if (expr->op != OP_MATCH && expr->op != OP_NO_MATCH) {
		*value = json_boolean(compare(expr, left, right));
		return true;
	}
	if (!expr_matches(expr, left, right, &found, err))
		return false;
	*value = json_boolean(found == (expr->op == OP_MATCH));
	return true;
}

static bool
is_in(const struct expr *expr, const json_t *value, const json_t *list)
{
	for (size_t i = 0; value != NULL && i < json_array_size(list); i++)
		if (expr_equal(expr, value, json_array_get(list, i)))
			return true;
	return false;
}

/* --- nodes --------------------------------------------------------------- */

static bool
list_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	json_t *list = json_array();
	for (size_t i = 0; i < expr->n_args; i++) {
		json_t *element = NULL;
		if (!expr_value(expr->args[i], scope, &element, err)) {
			json_decref(list);
			return false;
		}
		json_array_append_new(
		    list, element == NULL ? json_null() : element);
	}
	*value = list;
	return true;
}

static bool
truth_of(const struct expr *expr, const struct expr_scope *scope, bool *truth,
    struct error *err)
{
	json_t *value = NULL;
	if (!expr_value(expr, scope, &value, err))
		return false;
	*truth = expr_truth(expr, value);
	json_decref(value);
	return true;
}

static bool
not_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	bool truth;
	if (!truth_of(expr->args[0], scope, &truth, err))
		return false;
	*value = json_boolean(!truth);
	return true;
}

/* The first false of an AND, the first true of an OR decides. */
static bool
chain_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	bool truth = expr->kind == EXPR_AND, goes_on = truth;
	for (size_t i = 0; i < expr->n_args && truth == goes_on; i++)
		if (!truth_of(expr->args[i], scope, &truth, err))
			return false;
	*value = json_boolean(truth);
	return true;
}

static bool
binary_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	autojson json_t *left = NULL;
	autojson json_t *right = NULL;
	if (!expr_value(expr->args[0], scope, &left, err) ||
	    !expr_value(expr->args[1], scope, &right, err))
		return false;
	if (expr->kind == EXPR_COMPARE)
		return comparison_value(expr, left, right, value, err);
	*value = json_boolean(is_in(expr, left, right));
	return true;
}

bool
expr_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	*value = NULL;
	switch (expr->kind) {
	case EXPR_LITERAL:
		*value = json_incref(expr->value);
		return true;
	case EXPR_REFERENCE:
		return expr_reference_value(expr, scope, value, err);
	case EXPR_TEMPLATE:
		return expr_template_value(expr, scope->vars, value, err);
	case EXPR_NOT:
		return not_value(expr, scope, value, err);
	case EXPR_AND:
	case EXPR_OR:
		return chain_value(expr, scope, value, err);
	case EXPR_COMPARE:
	case EXPR_IN:
		return binary_value(expr, scope, value, err);
	case EXPR_LIST:
		return list_value(expr, scope, value, err);
	case EXPR_CALL:
		return expr_call(expr, scope, value, err);
	}
	return true;
}

bool
expr_holds(const struct expr *expr, const json_t *item, const json_t *root,
    bool *holds, struct error *err)
{
	struct expr_scope scope = { .item = item, .root = root };
	return truth_of(expr, &scope, holds, err);
}

bool
expr_holds_vars(const struct expr *expr, const struct vars *vars, bool *holds,
    struct error *err)
{
	struct expr_scope scope = { .vars = vars };
	return truth_of(expr, &scope, holds, err);
}
