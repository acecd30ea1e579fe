/* SPDX-License-Identifier: MIT */
/* Evaluation of the expression language. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/defs.h"
#include "base/str.h"
#include "data/expr_tree.h"
#include "data/json.h"
#include "data/order.h"

/* --- references ------------------------------------------------------------ */

static const json_t *
step_into(const json_t *value, const struct expr_step *step)
{
	if (step->name != NULL)
		return json_object_get(value, step->name);
	size_t n = json_array_size(value);
	long index = step->index < 0 ? step->index + (long)n : step->index;
	return index < 0 ? NULL : json_array_get(value, (size_t)index);
}

static json_t *walk(const json_t *value, const struct expr_step *steps,
    size_t n);

/* What the rest of the path gives for each element; missing ones left out. */
static json_t *
walk_all(const json_t *value, const struct expr_step *rest, size_t n)
{
	json_t *all = json_array();
	const char *key;
	json_t *member;
	for (size_t i = 0; i < json_array_size(value); i++) {
		json_t *found = walk(json_array_get(value, i), rest, n);
		if (found != NULL)
			json_array_append_new(all, found);
	}
	json_object_foreach(json_mutable(value), key, member) {
		json_t *found = walk(member, rest, n);
		if (found != NULL)
			json_array_append_new(all, found);
	}
	return all;
}

static json_t *
walk(const json_t *value, const struct expr_step *steps, size_t n)
{
	for (size_t i = 0; i < n && value != NULL; i++) {
		if (steps[i].wildcard)
			return walk_all(value, steps + i + 1, n - i - 1);
		value = step_into(value, &steps[i]);
	}
	return json_incref(json_mutable(value));
}

/* "item.", "@" and "$" in front name the item itself, unless it has such. */
static bool
names_item(const struct expr *expr, const json_t *item)
{
	const char *name = expr->steps[0].name;
	if (strcmp(name, "item") != 0 && strcmp(name, "@") != 0 &&
	    strcmp(name, "$") != 0)
		return false;
	return json_object_get(item, name) == NULL;
}

static json_t *
item_value(const struct expr *expr, const struct expr_scope *scope)
{
	const struct expr_step *steps = expr->steps;
	const json_t *start = scope->item;
	if (expr->use == EXPR_PATH && strcmp(steps[0].name, "$") == 0)
		return walk(scope->root, steps + 1, expr->n_steps - 1);
	if (names_item(expr, start))
		return walk(start, steps + 1, expr->n_steps - 1);
	return walk(start, steps, expr->n_steps);
}

static size_t
steps_before_wildcard(const struct expr *expr)
{
	size_t n = 0;
	while (n < expr->n_steps && !expr->steps[n].wildcard)
		n++;
	return n;
}

/* "x.exists": whether x is there at all. */
static bool
existence(const struct expr *expr, const struct vars *vars, json_t **value,
    struct error *err)
{
	static const char ending[] = ".exists";
	struct vars_value found;
	size_t len = strlen(expr->text), end = sizeof(ending) - 1;
	autostr struct str name = { 0 };
	if (len <= end || strcmp(expr->text + len - end, ending) != 0)
		return true;
	str_add_n(&name, expr->text, len - end);
	if (!vars_find(vars, str_text(&name), &found, err))
		return false;
	*value = json_boolean(found.value != NULL);
	return true;
}

static bool
variable_value(const struct expr *expr, const struct vars *vars,
    json_t **value, struct error *err)
{
	struct vars_value found;
	size_t n = steps_before_wildcard(expr);
	*value = NULL;
	if (!vars_find(vars, expr->text, &found, err))
		return false;
	if (found.value != NULL)
		*value = walk(found.value, expr->steps + n,
		    expr->n_steps - n);
	/* A bare word right of an operator is a text if it is no variable. */
	if (*value == NULL && expr->is_word)
		*value = json_text(expr->steps[0].name);
	return *value != NULL || existence(expr, vars, value, err);
}

static bool
reference_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	if (expr->use != EXPR_CONDITION) {
		*value = item_value(expr, scope);
		return true;
	}
	return variable_value(expr, scope->vars, value, err);
}

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

static bool
text_as_number(const json_t *value, double *number)
{
	const char *text = json_string_value(value);
	char *end;
	if (text == NULL || *text == '\0')
		return false;
	errno = 0;
	*number = strtod(text, &end);
	while (*end == ' ' || *end == '\n')
		end++;
	return errno == 0 && *end == '\0' && end != text;
}

/* In a condition a number meets its text, and true meets 'true'. */
static json_t *
as_other(const struct expr *expr, const json_t *value, const json_t *other)
{
	double number;
	if (expr->use == EXPR_CONDITION && json_is_string(value)) {
		const char *text = json_string_value(value);
		if (json_is_number(other) && text_as_number(value, &number))
			return json_real(number);
		if (json_is_boolean(other) && strcasecmp(text, "true") == 0)
			return json_true();
		if (json_is_boolean(other) && strcasecmp(text, "false") == 0)
			return json_false();
	}
	return json_incref(json_mutable(value));
}

static bool
compare_order(enum expr_operator op, const json_t *a, const json_t *b)
{
	bool alike = (json_is_number(a) && json_is_number(b)) ||
	    (json_is_string(a) && json_is_string(b)) ||
	    (json_is_boolean(a) && json_is_boolean(b));
	if (!alike)
		return false;
	int c = order_compare(a, b);
	switch ((int)op) {
	case OP_LT:
		return c < 0;
	case OP_LE:
		return c <= 0;
	case OP_GT:
		return c > 0;
	default:
		return c >= 0;
	}
}

static bool
compare(const struct expr *expr, const json_t *left, const json_t *right)
{
	autojson json_t *a = as_other(expr, left, right);
	autojson json_t *b = as_other(expr, right, left);
	if (expr->op == OP_EQ)
		return order_equal(a, b);
	if (expr->op == OP_NE)
		return !order_equal(a, b);
	return compare_order(expr->op, a, b);
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
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *element = json_array_get(list, i);
		autojson json_t *a = as_other(expr, value, element);
		autojson json_t *b = as_other(expr, element, value);
		if (value != NULL && order_equal(a, b))
			return true;
	}
	return false;
}

/* --- nodes ------------------------------------------------------------------ */

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
		json_array_append_new(list,
		    element == NULL ? json_null() : element);
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
logic_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	bool truth;
	if (!truth_of(expr->args[0], scope, &truth, err))
		return false;
	if (expr->kind == EXPR_NOT)
		truth = !truth;
	else if (truth == (expr->kind == EXPR_AND) &&
	    !truth_of(expr->args[1], scope, &truth, err))
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
	switch (expr->kind) {
	case EXPR_LITERAL:
		*value = json_incref(expr->value);
		return true;
	case EXPR_REFERENCE:
		return reference_value(expr, scope, value, err);
	case EXPR_NOT:
	case EXPR_AND:
	case EXPR_OR:
		return logic_value(expr, scope, value, err);
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

json_t *
expr_path_value(const struct expr *path, const json_t *item)
{
	struct expr_scope scope = { .item = item };
	return item_value(path, &scope);
}
