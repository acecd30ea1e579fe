/* SPDX-License-Identifier: MIT */
/* Texts of a workflow file that are in languages of their own. */
#include "config.h"

#include "data/expr_parse.h"
#include "data/jsonpath.h"
#include "data/regex.h"
#include "data/sort.h"
#include "workflow/load_expr.h"

/* Parses text and forgets it again; false with err when it has errors. */
typedef bool check_fn(const char *text, struct error *err);

static bool
check_condition(const char *text, struct error *err)
{
	struct expr *expr = expr_parse(text, EXPR_CONDITION, err);
	expr_free(expr);
	return expr != NULL;
}

static bool
check_filter(const char *text, struct error *err)
{
	struct expr *expr = expr_parse(text, EXPR_FILTER, err);
	expr_free(expr);
	return expr != NULL;
}

static bool
check_member(const char *text, struct error *err)
{
	struct expr *path = expr_parse_path(text, err);
	expr_free(path);
	return path != NULL;
}

static bool
check_json_path(const char *text, struct error *err)
{
	struct jsonpath *path = jsonpath_parse(text, err);
	jsonpath_free(path);
	return path != NULL;
}

static bool
check_pattern(const char *text, struct error *err)
{
	struct regex *regex = regex_new(text, err);
	regex_free(regex);
	return regex != NULL;
}

static bool
check_sort(const char *text, struct error *err)
{
	autostrv struct strv keys = { 0 };
	strv_add(&keys, text);
	struct sort *sort = sort_parse(&keys, err);
	sort_free(sort);
	return sort != NULL;
}

static bool
is_well_formed(struct load *load, const struct yaml_node *node,
    const char *expected, check_fn *check)
{
	autoerror struct error err = { 0 };
	const char *text = load_scalar(load, node, expected);
	if (text == NULL)
		return false;
	if (check(text, &err))
		return true;
	load_take_text_error(load, node, &err);
	return false;
}

void
load_condition(struct load *load, const struct yaml_node *node, void *target)
{
	if (is_well_formed(load, node, "a condition", check_condition))
		load_text(load, node, target);
}

void
load_filter(struct load *load, const struct yaml_node *node, void *target)
{
	if (is_well_formed(load, node, "an expression", check_filter))
		load_text(load, node, target);
}

void
load_member(struct load *load, const struct yaml_node *node, void *target)
{
	if (is_well_formed(load, node, "the path of a member", check_member))
		load_text(load, node, target);
}

void
load_pattern(struct load *load, const struct yaml_node *node, void *target)
{
	if (is_well_formed(load, node, "a regular expression", check_pattern))
		load_text(load, node, target);
}

/* An empty path is no path: the whole input. */
void
load_json_path(struct load *load, const struct yaml_node *node, void *target)
{
	if (node->kind == YAML_KIND_SCALAR && node->len == 0 && !node->plain)
		return;
	if (is_well_formed(load, node, "a JSON path", check_json_path))
		load_text(load, node, target);
}

static void
read_sort_key(
    struct load *load, const struct yaml_node *node, struct strv *keys)
{
	if (is_well_formed(load, node, "a sort key", check_sort))
		strv_add(keys, node->text);
}

void
load_sort(struct load *load, const struct yaml_node *node, void *target)
{
	if (node->kind != YAML_KIND_LIST) {
		read_sort_key(load, node, target);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const size_t before = load_enter_index(load, i);
		read_sort_key(load, node->items[i], target);
		load_leave(load, before);
	}
}
