/* SPDX-License-Identifier: MIT */
/* The expression language: filters, conditions, limits. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "cases.h"
#include "data/expr_eval.h"
#include "data/expr_parse.h"
#include "data/json.h"

static void
filter(const char *text, const json_t *item, struct str *got, struct error *err)
{
	bool holds = false;
	struct expr *expr = expr_parse(text, EXPR_FILTER, err);
	if (expr != NULL && expr_holds(expr, item, item, &holds, err))
		str_add(got, holds ? "true" : "false");
	expr_free(expr);
}

static void
condition(const char *text, const json_t *variables, struct str *got,
    struct error *err)
{
	struct vars *vars = vars_new(NULL);
	const char *name;
	json_t *value;
	bool holds = false;
	json_object_foreach(json_mutable(variables), name, value)
		vars_set(vars, name, value, VARS_AUTHOR);
	struct expr *expr = expr_parse(text, EXPR_CONDITION, err);
	if (expr != NULL && expr_holds_vars(expr, vars, &holds, err))
		str_add(got, holds ? "true" : "false");
	expr_free(expr);
	vars_free(vars);
}

/* What parsing head, n times middle, and tail says; NULL for success. */
static char *
parse_repeated(const char *head, const char *middle, size_t n, const char *tail)
{
	autostr struct str text = { 0 };
	autoerror struct error err = { 0 };
	str_add(&text, head);
	for (size_t i = 0; i < n; i++)
		str_add(&text, middle);
	str_add(&text, tail);
	struct expr *expr = expr_parse(str_text(&text), EXPR_CONDITION, &err);
	expr_free(expr);
	return expr == NULL ? mem_text(error_text(&err)) : NULL;
}

static void
expect_parse(const char *head, const char *middle, size_t n, const char *tail,
    const char *want)
{
	autofree char *got = parse_repeated(head, middle, n, tail);
	tap_is_text(got, want, "%zu times %s", n, middle);
}

static void
test_limits(void)
{
	expect_parse("", "(", 63, "a", "column 65: ')' expected");
	expect_parse(
	    "", "(", 64, "a", "column 65: nested deeper than 64 levels");
	expect_parse(
	    "", "(", 16000, "a", "column 65: nested deeper than 64 levels");
	expect_parse(
	    "", "[", 16000, "", "column 65: nested deeper than 64 levels");
	expect_parse(
	    "", "!", 16000, "a", "column 65: nested deeper than 64 levels");
	expect_parse("", "is_null(", 2000, "a",
	    "column 513: nested deeper than 64 levels");
	expect_parse(
	    "", "${", 8000, "a", "column 129: nested deeper than 64 levels");
	expect_parse("", "not ", 63, "a", NULL);
	expect_parse("a", "&&a", 5000, "", NULL);
	expect_parse("a", " or a", 3000, "", NULL);
	expect_parse("a", ".a", 8000, "", NULL);
	expect_parse("a", "[*]", 5000, "", NULL);
	expect_parse("'", "x", 16382, "'", NULL);
	expect_parse(
	    "'", "x", 16383, "'", "an expression of more than 16384 bytes");
	expect_parse("a =~ '", "x", 4097, "'",
	    "regular expression is longer than 4096 bytes");
}

static json_t *
fail_to_load(void *arg, struct error *err)
{
	(void)arg;
	error_set(err, ERROR_SYSTEM, "no file");
	return NULL;
}

static void
test_failing_variable(void)
{
	autoerror struct error err = { 0 };
	struct vars *vars = vars_new(NULL);
	bool holds = false;
	vars_set_lazy(vars, "map.results", fail_to_load, NULL, VARS_DATA);
	struct expr *expr =
	    expr_parse("x || length(map.results) > 0", EXPR_CONDITION, &err);
	tap_ok(expr != NULL, "an expression of a lazy variable parses");
	tap_ok(!expr_holds_vars(expr, vars, &holds, &err),
	    "a variable that cannot be loaded is a failure");
	tap_is_text(error_text(&err), "loading map.results: no file",
	    "the error says what was not loaded and why");
	expr_free(expr);
	vars_free(vars);
}

static void
expect_part(const char *text, size_t from, size_t want, const char *error)
{
	autoerror struct error err = { 0 };
	size_t at = from;
	struct expr *expr = expr_parse_part(text, &at, EXPR_PATH, &err);
	tap_is_text(
	    error_text(&err), error, "the part of %s ends as expected", text);
	if (expr != NULL)
		tap_is_int((long long)at, (long long)want,
		    "the part ends where it should");
	expr_free(expr);
}

static void
test_parts(void)
{
	expect_part("x[?@.a == 1 ].b", 3, 12, "");
	expect_part("x[?@.a[0]]", 3, 9, "");
	expect_part("x[?@.a, ?@.b]", 3, 6, "");
	expect_part("x[?]", 3, 0, "column 4: unexpected ']'");
}

static void
test_paths(void)
{
	autoerror struct error err = { 0 };
	autojson json_t *item = json_pack("{s:[i,i], s:n}", "a", 1, 2, "none");
	struct expr *path = expr_parse_path("item.a[1]", &err);
	autojson json_t *value = expr_path_value(path, item);
	tap_is_int(json_integer_value(value), 2, "a path gives its value");
	expr_free(path);
	path = expr_parse_path("none", &err);
	autojson json_t *none = expr_path_value(path, item);
	tap_ok(json_is_null(none), "a path gives a value that is null");
	tap_ok(expr_path_value(path, NULL) == NULL,
	    "a path finds nothing in no value");
	expr_free(path);
	tap_ok(expr_parse_path("a == 1", &err) == NULL,
	    "a comparison is refused as a path");
	tap_is_text(error_text(&err), "column 3: unexpected '=='",
	    "the error says what is no path");
	error_release(&err);
	path = expr_parse_path("true", &err);
	tap_ok(path != NULL, "in a path no word is special");
	expr_free(path);
}

int
main(void)
{
	json_init();
	cases_run("expr.txt", filter);
	cases_run("when.txt", condition);
	test_limits();
	test_failing_variable();
	test_parts();
	test_paths();
	return tap_done();
}
