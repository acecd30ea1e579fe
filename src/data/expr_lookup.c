/* SPDX-License-Identifier: MIT */
/* Where references of an expression lead: members of items and variables. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "data/expr_tree.h"
#include "data/json.h"
#include "data/template.h"

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

bool
expr_reference_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err)
{
	if (expr->use == EXPR_CONDITION)
		return variable_value(expr, scope->vars, value, err);
	*value = item_value(expr, scope);
	return true;
}

/* A reference that stays as written leads nowhere. */
bool
expr_template_value(const struct expr *expr, const struct vars *vars,
    json_t **value, struct error *err)
{
	autostr struct str text = { 0 };
	if (!template_text(expr->text, vars, &text, NULL, err))
		return false;
	if (expr->is_quoted || !str_is(&text, expr->text))
		*value = json_string_lossy(str_text(&text), text.len);
	return true;
}

json_t *
expr_path_value(const struct expr *path, const json_t *item)
{
	struct expr_scope scope = { .item = item };
	return item_value(path, &scope);
}
