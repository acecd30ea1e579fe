/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an expression: it is refused with a reason or it evaluates, in
 * all its uses, without a complaint but that of a limit.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/expr_eval.h"
#include "data/expr_parse.h"
#include "data/json.h"
#include "data/sort.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char item_text[] =
    "{\"a\":1,\"b\":\"text\",\"c\":[1,2.5,\"x\",null,{\"d\":[true]}],"
    "\"n\":null,\"o\":{\"p\":{\"q\":\"(\"}},\"item-x\":\"5\"}";

static json_t *
load_item(void)
{
	struct error err = { 0 };
	json_t *item =
	    json_load_text(item_text, strlen(item_text), "item", &err);
	if (item == NULL)
		abort();
	return item;
}

static void
check_error(bool ok, struct error *err)
{
	if (ok != (err->kind == ERROR_NONE))
		abort();
	if (!ok && (err->kind != ERROR_INPUT || *error_text(err) == '\0'))
		abort();
	error_release(err);
}

/* Evaluation is pure: it gives the same again. */
static void
evaluate(const struct expr *expr, const json_t *item)
{
	struct error err = { 0 };
	bool holds = false, again = false;
	bool ok = expr_holds(expr, item, item, &holds, &err);
	check_error(ok, &err);
	bool still = expr_holds(expr, item, item, &again, &err);
	check_error(still, &err);
	if (ok != still || holds != again)
		abort();
}

static void
try_use(const char *text, enum expr_use use, const json_t *item)
{
	struct error err = { 0 };
	struct expr *expr = expr_parse(text, use, &err);
	check_error(expr != NULL, &err);
	if (expr != NULL)
		evaluate(expr, item);
	expr_free(expr);
}

static void
try_condition(const char *text, const json_t *item)
{
	struct error err = { 0 };
	struct vars *vars = vars_new(NULL);
	const char *name;
	json_t *value;
	bool holds;
	json_object_foreach(json_mutable(item), name, value)
		vars_set(vars, name, value, VARS_AUTHOR);
	struct expr *expr = expr_parse(text, EXPR_CONDITION, &err);
	check_error(expr != NULL, &err);
	if (expr != NULL)
		check_error(expr_holds_vars(expr, vars, &holds, &err), &err);
	expr_free(expr);
	vars_free(vars);
}

static void
try_sort(const char *text, const json_t *item)
{
	struct error err = { 0 };
	autostrv struct strv keys = { 0 };
	autojson json_t *array = json_copy(json_get(item, "c") == NULL
		? json_mutable(item)
		: json_mutable(json_get(item, "c")));
	strv_add(&keys, text);
	struct sort *sort = sort_parse(&keys, &err);
	check_error(sort != NULL, &err);
	if (sort != NULL)
		sort_array(sort, array);
	if (json_array_size(array) != 5)
		abort();
	sort_free(sort);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	autofree char *text = mem_text_n((const char *)bytes, len);
	autojson json_t *item = load_item();
	try_use(text, EXPR_FILTER, item);
	try_use(text, EXPR_PATH, item);
	try_condition(text, item);
	try_sort(text, item);
	return 0;
}
