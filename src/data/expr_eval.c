/* SPDX-License-Identifier: MIT */
/* Evaluation of the expression language. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "data/expr_eval.h"
#include "data/expr_value.h"
#include "data/json.h"
#include "data/template.h"

/* Where references of an evaluation lead. */
struct expr_scope {
	const json_t *item;
	const json_t *root;
	const struct vars *vars;
};

/* --- references ------------------------------------------------------- */

static const json_t *
step_into(const json_t *value, const struct expr_step *step)
{
	if (json_is_object(value))
		return step->name == NULL ? NULL
					  : json_object_get(value, step->name);
	if (!json_is_array(value) || !step->has_index)
		return NULL;
	long index = step->index;
	if (index < 0)
		index += (long)json_array_size(value);
	return index < 0 ? NULL : json_array_get(value, (size_t)index);
}

static json_t *walk(
    const json_t *value, const struct expr_step *steps, size_t n);

/* Adds what the steps give for value; of a second wildcard the elements. */
static void
add_walked(
    json_t *all, const json_t *value, const struct expr_step *steps, size_t n)
{
	autojson json_t *found = walk(value, steps, n);
	bool spread = false;
	for (size_t i = 0; i < n; i++)
		spread = spread || steps[i].wildcard;
	if (spread)
		json_array_extend(all, found);
	else if (found != NULL)
		json_array_append(all, found);
}

static json_t *
walk_all(const json_t *value, const struct expr_step *rest, size_t n)
{
	json_t *all = json_array();
	const char *key;
	json_t *member;
	for (size_t i = 0; i < json_array_size(value); i++)
		add_walked(all, json_array_get(value, i), rest, n);
	json_object_foreach(json_mutable(value), key, member)
		add_walked(all, member, rest, n);
	return all;
}

/* A new reference, NULL when missing; with a wildcard an array. */
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

/* "item." names the item itself, unless it has such a member. */
static json_t *
item_value(const struct expr *expr, const struct expr_scope *scope)
{
	const struct expr_step *rest = expr->steps + 1;
	const char *first = expr->steps[0].name;
	size_t n = expr->n_steps - 1;
	if (strcmp(first, "$") == 0)
		return walk(expr->use == EXPR_PATH ? scope->root : scope->item,
		    rest, n);
	if (strcmp(first, "@") == 0 ||
	    (strcmp(first, "item") == 0 &&
		json_object_get(scope->item, first) == NULL))
		return walk(scope->item, rest, n);
	return walk(scope->item, expr->steps, expr->n_steps);
}

static size_t
steps_before_wildcard(const struct expr *expr)
{
	size_t n = 0;
	while (n < expr->n_steps && !expr->steps[n].wildcard)
		n++;
	return n;
}

/* "x.exists" where no such member is: whether x is there at all. */
static bool
existence(const struct expr *expr, const struct vars *vars, json_t **value,
    struct error *err)
{
	static const char ending[] = ".exists";
	struct vars_value found;
	autostr struct str name = { 0 };
	const char *last = expr->steps[expr->n_steps - 1].name;
	if (expr->n_steps < 2 || last == NULL || strcmp(last, ending + 1) != 0)
		return true;
	str_add(&name, expr->text);
	str_cut(&name, name.len - strlen(ending));
	if (!vars_find(vars, str_text(&name), &found, err))
		return false;
	*value = json_boolean(found.value != NULL);
	return true;
}

static bool
variable_value(const struct expr *expr, const struct vars *vars, json_t **value,
    struct error *err)
{
	struct vars_value found;
	size_t n = steps_before_wildcard(expr);
	if (!vars_find(vars, expr->text, &found, err))
		return false;
	*value = walk(found.value, expr->steps + n, expr->n_steps - n);
	/* A bare word right of an operator is a text if it is no variable. */
	if (*value == NULL && expr->is_word)
		*value = json_text(expr->steps[0].name);
	return *value != NULL || existence(expr, vars, value, err);
}

static bool
reference_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	if (expr->use == EXPR_CONDITION)
		return variable_value(expr, scope->vars, value, err);
	*value = item_value(expr, scope);
	return true;
}

/* A reference that stays as written leads nowhere. */
static bool
template_value(const struct expr *expr, const struct vars *vars, json_t **value,
    struct error *err)
{
	autostr struct str text = { 0 };
	if (!template_text(expr->text, vars, &text, NULL, err))
		return false;
	if (expr->is_quoted || !str_is(&text, expr->text))
		*value = json_string_lossy(str_text(&text), text.len);
	return true;
}

/* --- patterns --------------------------------------------------------- */

/* A pattern that comes from data; it was not compiled with the expression. */
static bool
matches_value(const char *subject, size_t len, const json_t *pattern,
    bool *found, struct error *err)
{
	const char *text = json_string_value(pattern);
	if (text == NULL)
		return true;
	if (strlen(text) != json_string_length(pattern))
		return error_set(err, ERROR_INPUT,
		    "regular expression '%s': a NUL in it", text);
	struct regex *regex = regex_new(text, err);
	bool ok =
	    regex != NULL && regex_search(regex, subject, len, found, err);
	regex_free(regex);
	return ok;
}

static bool
matches(const struct expr *expr, const json_t *subject, const json_t *pattern,
    bool *found, struct error *err)
{
	*found = false;
	if (!json_is_string(subject))
		return true;
	const char *text = json_string_value(subject);
	size_t len = json_string_length(subject);
	if (expr->regex != NULL)
		return regex_search(expr->regex, text, len, found, err);
	return matches_value(text, len, pattern, found, err);
}

static bool
comparison_value(const struct expr *expr, const json_t *left,
    const json_t *right, json_t **value, struct error *err)
{
	bool found;
	if (expr->op != OP_MATCH && expr->op != OP_NO_MATCH) {
		*value = json_boolean(expr_compare(expr, left, right));
		return true;
	}
	if (!matches(expr, left, right, &found, err))
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

/* --- nodes ------------------------------------------------------------ */

/* The value: a new reference, or NULL when it is missing. */
static bool value_of(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err);

static bool
list_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	json_t *list = json_array();
	for (size_t i = 0; i < expr->n_args; i++) {
		json_t *element = NULL;
		if (!value_of(expr->args[i], scope, &element, err)) {
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
	if (!value_of(expr, scope, &value, err))
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
	if (!value_of(expr->args[0], scope, &left, err) ||
	    !value_of(expr->args[1], scope, &right, err))
		return false;
	if (expr->kind == EXPR_COMPARE)
		return comparison_value(expr, left, right, value, err);
	*value = json_boolean(is_in(expr, left, right));
	return true;
}

static bool
call_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	autojson json_t *a = NULL;
	autojson json_t *b = NULL;
	bool found;
	if (!value_of(expr->args[0], scope, &a, err) ||
	    (expr->n_args > 1 && !value_of(expr->args[1], scope, &b, err)))
		return false;
	if (!expr->function->takes_pattern) {
		*value = expr->function->value(expr, a, b);
		return true;
	}
	if (!matches(expr, a, b, &found, err))
		return false;
	*value = json_boolean(found);
	return true;
}

static bool
value_of(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	*value = NULL;
	switch (expr->kind) {
	case EXPR_LITERAL:
		*value = json_incref(expr->value);
		return true;
	case EXPR_REFERENCE:
		return reference_value(expr, scope, value, err);
	case EXPR_TEMPLATE:
		return template_value(expr, scope->vars, value, err);
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
		return call_value(expr, scope, value, err);
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
