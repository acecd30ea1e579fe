/* SPDX-License-Identifier: MIT */
/* Variables: scopes, references, lazy values and the JSON form. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/str.h"
#include "data/json.h"
#include "data/vars.h"

static void
check(const struct vars *vars, const char *reference, const char *want)
{
	struct vars_value found;
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	if (!vars_find(vars, reference, &found, &err))
		str_format(&got, "error: %s", error_text(&err));
	else if (found.value == NULL)
		str_add(&got, "(none)");
	else
		json_compact(found.value, &got, true);
	tap_is_text(str_text(&got), want, "%s", reference);
}

static void
test_paths(void)
{
	struct vars *vars = vars_new(NULL);
	vars_set_new(vars, "item",
	    json_loads("{\"a\":{\"b\":[1,{\"c\":\"d\"}],\"x.y\":2,\"0\":3},"
		       "\"item\":\"own\"}",
		0, NULL),
	    VARS_DATA);
	vars_set_text(vars, "a.b", "flat", VARS_CAPTURE);
	vars_set_text(vars, "a.b.c", "flatter", VARS_CAPTURE);
	check(vars, "item.a.b", "[1,{\"c\":\"d\"}]");
	check(vars, "item.a.b[0]", "1");
	check(vars, "item.a.b.0", "1");
	check(vars, "item.a.b[-1].c", "\"d\"");
	check(vars, "item.a.b[1]['c']", "\"d\"");
	check(vars, "item.a.b[2]", "(none)");
	check(vars, "item.a.b[-3]", "(none)");
	check(vars, "item.a.b[ 0]", "(none)");
	check(vars, "item.a.b[+0]", "(none)");
	check(vars, "item.a.b[]", "(none)");
	check(vars, "item.a.b[99999999999999999999]", "(none)");
	check(vars, "item.a.b[0", "(none)");
	check(vars, "item.a.b[\"0\"]", "(none)");
	check(vars, "item.a[\"x.y\"]", "2");
	check(vars, "item.a.0", "3");
	check(vars, "item.a[0]", "(none)");
	check(vars, "item.a.", "(none)");
	check(vars, "item..a", "(none)");
	check(vars, "item.a.b.c.d", "(none)");
	check(vars, "item.item", "\"own\"");
	check(vars, "a.b", "\"flat\"");
	check(vars, "a.b.c", "\"flatter\"");
	check(vars, "a.b.d", "(none)");
	check(vars, "a", "(none)");
	check(vars, "", "(none)");
	check(vars, ".", "(none)");
	check(vars, "[0]", "(none)");
	tap_ok(vars_knows(vars, "a.zz") && vars_knows(vars, "item[0]"),
	    "a known first component is enough");
	tap_ok(!vars_knows(vars, "b") && !vars_knows(vars, ""),
	    "an unknown or empty name is not known");
	vars_unset(vars, "a.b");
	check(vars, "a.b", "(none)");
	tap_ok(vars_knows(vars, "a"), "a is known while a.b.c is there");
	vars_unset(vars, "a.b.c");
	vars_unset(vars, "a.b.c");
	tap_ok(
	    !vars_knows(vars, "a"), "a is not known once all of it is unset");
	check(vars, "item.a.0", "3");
	vars_free(vars);
	vars_free(NULL);
}

static void
test_scalar_items(void)
{
	struct vars *vars = vars_new(NULL);
	vars_set_text(vars, "item", "plain", VARS_DATA);
	vars_set_text(vars, "other", "plain", VARS_DATA);
	check(vars, "item", "\"plain\"");
	check(vars, "item.item", "\"plain\"");
	check(vars, "item.item.item", "(none)");
	check(vars, "item.path", "(none)");
	check(vars, "other.item", "(none)");
	vars_set_new(vars, "item", json_integer(5), VARS_DATA);
	check(vars, "item.item", "5");
	vars_set_new(vars, "item", json_array(), VARS_DATA);
	check(vars, "item.item", "(none)");
	vars_free(vars);
}

static void
test_scopes(void)
{
	struct vars *outer = vars_new(NULL);
	struct vars *inner = vars_new(outer);
	struct vars_value found;
	autoerror struct error err = { 0 };
	vars_set_new(
	    outer, "item", json_loads("{\"path\":1}", 0, NULL), VARS_DATA);
	vars_set_text(outer, "shell.exit_code", "0", VARS_CAPTURE);
	vars_set_text(outer, "x", "outer", VARS_AUTHOR);
	vars_set_text(inner, "x", "inner", VARS_TRUSTED);
	vars_set_text(inner, "shell.output", "o", VARS_CAPTURE);
	check(inner, "item.path", "1");
	check(inner, "shell.exit_code", "\"0\"");
	check(inner, "x", "\"inner\"");
	check(outer, "x", "\"outer\"");
	tap_ok(
	    vars_find(inner, "x", &found, &err) && found.class == VARS_TRUSTED,
	    "the class is that of the inner variable");
	vars_set_text(inner, "item", "word", VARS_DATA);
	check(inner, "item.path", "(none)");
	vars_unset(inner, "x");
	check(inner, "x", "\"outer\"");
	tap_ok(vars_knows(inner, "item.path"),
	    "a name in the inner scope is known");
	vars_free(inner);
	vars_free(outer);
}

static int loads;

static json_t *
load(void *arg, struct error *err)
{
	loads++;
	if (arg == NULL) {
		error_set(err, ERROR_SYSTEM, "gone");
		return NULL;
	}
	return json_string(arg);
}

static void
test_lazy(void)
{
	struct vars *vars = vars_new(NULL);
	char text[] = "late";
	vars_set_lazy(vars, "a", load, text, VARS_DATA);
	vars_set_lazy(vars, "b", load, NULL, VARS_DATA);
	check(vars, "c", "(none)");
	tap_is_int(loads, 0, "a lazy value is not loaded before its use");
	check(vars, "a", "\"late\"");
	check(vars, "a", "\"late\"");
	tap_is_int(loads, 1, "a lazy value is loaded only once");
	check(vars, "b.x", "error: loading b: gone");
	autojson json_t *json = vars_to_json(vars);
	autostr struct str out = { 0 };
	json_compact(json, &out, true);
	tap_is_text(str_text(&out), "{\"a\":[\"d\",\"late\"]}",
	    "JSON leaves out what cannot be loaded");
	vars_set_text(vars, "b", "now", VARS_DATA);
	check(vars, "b", "\"now\"");
	vars_free(vars);
}

static void
test_json(void)
{
	struct vars *vars = vars_new(NULL);
	struct vars *copy = vars_new(NULL);
	autoerror struct error err = { 0 };
	vars_set_new(vars, "d", json_integer(1), VARS_DATA);
	vars_set_text(vars, "c.d", "2", VARS_CAPTURE);
	vars_set_text(vars, "a", NULL, VARS_AUTHOR);
	vars_set_new(vars, "t", json_true(), VARS_TRUSTED);
	autojson json_t *json = vars_to_json(vars);
	tap_ok(
	    vars_add_json(copy, json, &err), "what was written is read back");
	autojson json_t *again = vars_to_json(copy);
	tap_ok(json_equal(json, again), "what is read back is the same");
	autostr struct str out = { 0 };
	json_compact(again, &out, true);
	tap_is_text(str_text(&out),
	    "{\"a\":[\"a\",null],\"c.d\":[\"c\",\"2\"],\"d\":[\"d\",1],"
	    "\"t\":[\"t\",true]}",
	    "each variable has its class and value");
	static const char *const bad[] = { "[]", "{\"a\":1}", "{\"a\":[\"d\"]}",
		"{\"a\":[\"x\",1]}", "{\"a\":[\"dc\",1]}", "{\"a\":[\"\",1]}",
		"{\"a\":[1,1]}", "{\"a\":[\"d\",1,1]}" };
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		autoerror struct error why = { 0 };
		autojson json_t *value = json_loads(bad[i], 0, NULL);
		tap_ok(!vars_add_json(copy, value, &why) &&
			why.kind == ERROR_INPUT,
		    "this form is refused: %s", bad[i]);
	}
	vars_free(vars);
	vars_free(copy);
}

static void
test_many(void)
{
	struct vars *vars = vars_new(NULL);
	autostr struct str name = { 0 };
	for (int i = 0; i < 20000; i++) {
		str_clear(&name);
		str_format(&name, "n%d", i);
		vars_set_new(vars, str_text(&name), json_integer(i), VARS_DATA);
	}
	for (int i = 0; i < 20000; i += 2) {
		str_clear(&name);
		str_format(&name, "n%d", i);
		vars_unset(vars, str_text(&name));
	}
	check(vars, "n19999", "19999");
	check(vars, "n1", "1");
	check(vars, "n19998", "(none)");
	vars_free(vars);
}

int
main(void)
{
	json_init();
	test_paths();
	test_scalar_items();
	test_scopes();
	test_lazy();
	test_json();
	test_many();
	return tap_done();
}
