/* SPDX-License-Identifier: MIT */
/* JSON paths: selection, errors, limits. */
#include "config.h"

#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "cases.h"
#include "data/json.h"
#include "data/jsonpath.h"

static void
select_nodes(const char *text, const json_t *document, struct str *got,
    struct error *err)
{
	struct jsonpath *path = jsonpath_parse(text, err);
	if (path == NULL)
		return;
	autojson json_t *found = jsonpath_select(path, document, err);
	if (found != NULL)
		json_compact(found, got, true);
	jsonpath_free(path);
}

static void
expect_singular(const char *text, bool want)
{
	autoerror struct error err = { 0 };
	struct jsonpath *path = jsonpath_parse(text, &err);
	tap_ok(path != NULL && jsonpath_is_singular(path) == want, "%s is %s",
	    text, want ? "singular" : "not singular");
	jsonpath_free(path);
}

static void
test_singular(void)
{
	expect_singular("$", true);
	expect_singular("$.a['b'][0][-1]", true);
	expect_singular("$.a[*]", false);
	expect_singular("$.*", false);
	expect_singular("$..a", false);
	expect_singular("$[0,1]", false);
	expect_singular("$[0:1]", false);
	expect_singular("$[?@.a]", false);
}

static json_t *
wrap(json_t *inner, size_t levels)
{
	for (size_t i = 0; i < levels; i++) {
		json_t *outer = json_array();
		json_array_append_new(outer, inner);
		inner = outer;
	}
	return inner;
}

static void
expect_failure(const char *text, const json_t *document, const char *want)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	select_nodes(text, document, &got, &err);
	tap_is_text(error_text(&err), want, "%.40s", text);
}

static void
test_limits(void)
{
	autojson json_t *deep = wrap(json_integer(1), 120);
	autojson json_t *wide = json_array();
	autofree char *longest = mem_zalloc(JSONPATH_LENGTH_LIMIT + 2);
	for (size_t i = 0; i < 2000; i++)
		json_array_append_new(wide, json_integer(1));
	memset(longest, 'a', JSONPATH_LENGTH_LIMIT + 1);
	expect_failure(longest, deep, "a path of more than 1024 bytes");
	longest[JSONPATH_LENGTH_LIMIT] = '\0';
	expect_failure(longest, deep, "");
	expect_failure("$.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
		       ".a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
		       ".a.a.a.a.a.a.a.a.a.a",
	    deep, "");
	expect_failure("$.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
		       ".a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
		       ".a.a.a.a.a.a.a.a.a.a.a",
	    deep, "column 130: too many steps");
	expect_failure("$..*..*..*..*..*..none", deep,
	    "the path visits more than 10000000 values");
	autojson json_t *outer = json_array();
	for (size_t i = 0; i < 600; i++)
		json_array_append(outer, wide);
	expect_failure(
	    "$[*][*]", outer, "the path selects more than 1000000 values");
}

/* The tree is the document's: nothing is copied. */
static void
test_sharing(void)
{
	autoerror struct error err = { 0 };
	autojson json_t *document = json_pack("[{s:i}]", "a", 1);
	struct jsonpath *path = jsonpath_parse("$[0]", &err);
	autojson json_t *found = jsonpath_select(path, document, &err);
	tap_ok(json_array_get(found, 0) == json_array_get(document, 0),
	    "what is found is shared, not copied");
	jsonpath_free(path);
	jsonpath_free(NULL);
}

int
main(void)
{
	json_init();
	cases_run("jsonpath.txt", select_nodes);
	test_singular();
	test_limits();
	test_sharing();
	return tap_done();
}
