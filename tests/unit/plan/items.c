/* SPDX-License-Identifier: MIT */
/* Which items a map works on, and how they are written down. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "plan/items.h"

struct plan {
	const char *name;
	const char *document;
	const char *json_path;
	const char *filter;
	const char *sort_by;
	const char *distinct;
	size_t offset;
	long max_items; /* -1: none */
	const char *want; /* the items and counts, or the error */
};

static void
run_plan(const struct plan *plan)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	autostrv struct strv keys = { 0 };
	struct items_counts counts;
	struct items_config config = {
		.json_path = plan->json_path,
		.filter = plan->filter,
		.distinct = plan->distinct,
		.sort_by = &keys,
		.offset = plan->offset,
		.has_max_items = plan->max_items >= 0,
	};
	if (config.has_max_items)
		config.max_items = (size_t)plan->max_items;
	if (plan->sort_by != NULL)
		strv_add(&keys, plan->sort_by);
	autojson json_t *document = json_load_text(
	    plan->document, strlen(plan->document), "document", &err);
	autojson json_t *items = items_plan(document, &config, &counts, &err);
	if (items != NULL) {
		json_compact(items, &got, true);
		str_format(&got, " %zu %zu %zu %zu%s", counts.selected,
		    counts.filtered, counts.distinct, counts.planned,
		    counts.spread ? " spread" : "");
	} else {
		str_add(&got, error_text(&err));
	}
	tap_is_text(str_text(&got), plan->want, "%s", plan->name);
}

static const struct plan plans[] = {
	{ "without settings an array yields its elements", "[1,2]", NULL, NULL,
	    NULL, NULL, 0, -1, "[1,2] 2 2 2 2" },
	{ "empty settings are none", "[1,2]", "", "", NULL, "", 0, -1,
	    "[1,2] 2 2 2 2" },
	{ "an object is one item", "{\"a\":1}", NULL, NULL, NULL, NULL, 0, -1,
	    "[{\"a\":1}] 1 1 1 1" },
	{ "a text is one item", "\"x\"", NULL, NULL, NULL, NULL, 0, -1,
	    "[\"x\"] 1 1 1 1" },
	{ "null is one item", "null", NULL, NULL, NULL, NULL, 0, -1,
	    "[null] 1 1 1 1" },
	{ "no items stay no items, whatever the settings", "[]", NULL, "a", "a",
	    "a", 3, 4, "[] 0 0 0 0" },
	{ "a path selects values, which are the items", "[[1],[2]]", "$[*]",
	    NULL, NULL, NULL, 0, -1, "[[1],[2]] 2 2 2 2" },
	{ "a path to the elements of a member selects them", "{\"i\":[1,2]}",
	    "$.i[*]", NULL, NULL, NULL, 0, -1, "[1,2] 2 2 2 2" },
	{ "a path to one array stands for its elements", "{\"i\":[1,2]}", "$.i",
	    NULL, NULL, NULL, 0, -1, "[1,2] 2 2 2 2 spread" },
	{ "the path of the whole document stands for its elements",
	    "[[1,2],[3]]", "$", NULL, NULL, NULL, 0, -1,
	    "[[1,2],[3]] 2 2 2 2 spread" },
	{ "a slice selects values, even if it is only one", "[[1,2],[3]]",
	    "$[0:1]", NULL, NULL, NULL, 0, -1, "[[1,2]] 1 1 1 1" },
	{ "a path that may select more does not stand for elements",
	    "{\"a\":{\"i\":[1]}}", "$..i", NULL, NULL, NULL, 0, -1,
	    "[[1]] 1 1 1 1" },
	{ "a path to one object selects it", "{\"i\":{\"a\":1}}", "$.i", NULL,
	    NULL, NULL, 0, -1, "[{\"a\":1}] 1 1 1 1" },
	{ "a path to one empty array selects no items", "{\"i\":[]}", "$.i",
	    NULL, NULL, NULL, 0, -1, "[] 0 0 0 0 spread" },
	{ "a path that selects nothing leaves no items", "{}", "$.i[*]", NULL,
	    NULL, NULL, 0, -1, "[] 0 0 0 0" },
	{ "offset and max_items cut out a part", "[1,2,3,4,5]", NULL, NULL,
	    NULL, NULL, 1, 2, "[2,3] 5 5 5 2" },
	{ "an offset at the end leaves no items", "[1,2]", NULL, NULL, NULL,
	    NULL, 2, -1, "[] 2 2 2 0" },
	{ "the largest offset leaves no items", "[1,2]", NULL, NULL, NULL, NULL,
	    (size_t)-1, 1, "[] 2 2 2 0" },
	{ "max_items 0 leaves no items", "[1,2]", NULL, NULL, NULL, NULL, 0, 0,
	    "[] 2 2 2 0" },
	{ "max_items beyond the end takes what there is", "[1,2]", NULL, NULL,
	    NULL, NULL, 1, 9, "[2] 2 2 2 1" },
	{ "a filter keeps the items for which it holds",
	    "[{\"type\":\"a\",\"n\":1},{\"type\":\"b\"},"
	    "{\"type\":\"a\",\"n\":2}]",
	    NULL, "type == 'a'", NULL, NULL, 0, -1,
	    "[{\"n\":1,\"type\":\"a\"},{\"n\":2,\"type\":\"a\"}] 3 2 2 2" },
	{ "distinct keeps the first of each value, missing and null being one",
	    "[{\"k\":1},{\"k\":1.0},{\"k\":\"1\"},{\"k\":null},{},{\"k\":1}]",
	    NULL, NULL, NULL, "k", 0, -1,
	    "[{\"k\":1},{\"k\":\"1\"},{\"k\":null}] 6 6 3 3" },
	{ "distinct compares objects whatever the order of their members",
	    "[{\"k\":{\"a\":1,\"b\":2}},{\"k\":{\"b\":2,\"a\":1}}]", NULL, NULL,
	    NULL, "item.k", 0, -1, "[{\"k\":{\"a\":1,\"b\":2}}] 2 2 1 1" },
	{ "distinct by the item itself compares items", "[\"b\",\"a\",\"b\"]",
	    NULL, NULL, NULL, "item", 0, -1, "[\"b\",\"a\"] 3 3 2 2" },
	{ "each setting sees what the one before it leaves",
	    "{\"i\":[{\"k\":9,\"p\":1},{\"k\":1,\"p\":5},{\"k\":1,\"p\":7},"
	    "{\"k\":2,\"p\":6},{\"k\":3,\"p\":8},{\"k\":4,\"p\":4}]}",
	    "$.i[*]", "p >= 4", "p DESC", "k", 1, 2,
	    "[{\"k\":1,\"p\":7},{\"k\":2,\"p\":6}] 6 5 4 2" },
	{ "a path that does not parse is refused", "[1]", "$.[", NULL, NULL,
	    NULL, 0, -1, "json_path: column 3: a name expected" },
	{ "a path that selects too much is refused",
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	    "$..*..*..*..*..*..*..*..*..*", NULL, NULL, NULL, 0, -1,
	    "json_path: the path selects more than 1000000 values" },
	{ "a filter that does not parse is refused", "[1]", NULL, "a ==", NULL,
	    NULL, 0, -1, "filter: column 5: unexpected end" },
	{ "a sort key that does not parse is refused", "[1]", NULL, NULL,
	    "a UP", NULL, 0, -1,
	    "sort_by: column 3: ASC, DESC, NULLS FIRST, NULLS LAST or ',' "
	    "expected" },
	{ "a distinct path that does not parse is refused", "[1]", NULL, NULL,
	    NULL, "a b", 0, -1, "distinct: column 3: unexpected 'b'" },
	{ "a pattern that takes too long is refused",
	    "[{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}]", NULL,
	    "a =~ '^(\\w+\\s?)*$'", NULL, NULL, 0, -1,
	    "filter: item 0: regular expression: match limit exceeded" },
};

static void
test_plans(void)
{
	for (size_t i = 0; i < COUNT_OF(plans); i++)
		run_plan(&plans[i]);
}

static void
test_ids(void)
{
	static const char *const bad[] = { "", "item_", "item_00", "item_01",
		"item_7x", "item_-1", "Item_7", "item_1000000",
		"item_99999999999999999999" };
	size_t index = 0;
	autofree char *id = items_id(70);
	tap_is_text(id, "item_70", "an id tells the place in the list");
	tap_ok(items_index(id, &index) && index == 70,
	    "the place is read from the id");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		tap_ok(!items_index(bad[i], &index), "'%s' is no id", bad[i]);
}

static void
test_item_lines(void)
{
	static const char *const bad[] = { "", "[]", "{\"id\":\"item_3\"}",
		"{\"data\":1}", "{\"id\":\"item_4\",\"data\":1}",
		"{\"id\":3,\"data\":1}" };
	autoerror struct error err = { 0 };
	autostr struct str line = { 0 };
	autojson json_t *data = json_pack("{s:s}", "file", "a\nb");
	items_line_encode(3, "a b", data, &line);
	tap_is_text(str_text(&line),
	    "{\"id\":\"item_3\",\"label\":\"a b\",\"data\":"
	    "{\"file\":\"a\\nb\"}}\n",
	    "an item is written as one line");
	autofree char *label = NULL;
	autojson json_t *back =
	    items_line_decode(str_text(&line), line.len, "f", 3, &label, &err);
	tap_ok(json_equal(back, data), "its data is read from the line");
	tap_is_text(label, "a b", "and its label");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		autoerror struct error why = { 0 };
		tap_ok(items_line_decode(bad[i], strlen(bad[i]), "f", 3, NULL,
			   &why) == NULL &&
			why.kind != ERROR_NONE,
		    "'%s' is not the line of item_3: %s", bad[i],
		    error_text(&why));
	}
}

/* The document is not changed by planning. */
static void
test_purity(void)
{
	autoerror struct error err = { 0 };
	autostrv struct strv keys = { 0 };
	struct items_counts counts;
	autojson json_t *document = json_pack("[i,i,i]", 3, 1, 2);
	autojson json_t *copy = json_deep_copy(document);
	struct items_config config = { .sort_by = &keys };
	strv_add(&keys, "item");
	autojson json_t *items = items_plan(document, &config, &counts, &err);
	tap_is_int(json_integer_value(json_array_get(items, 0)), 1,
	    "the items are sorted");
	tap_ok(json_equal(document, copy),
	    "planning does not change the document");
}

#define MANY 100000

static json_t *
many_items(void)
{
	json_t *document = json_array();
	for (int i = 0; i < MANY; i++)
		json_array_append_new(document,
		    json_pack("{s:i, s:i, s:o, s:s, s:[s,s]}", "id", i,
			"severity", i % 10, "path",
			json_sprintf("src/dir%d/file%d.c", i % 100, i % 5000),
			"status", i % 3 == 0 ? "open" : "closed", "tags", "a",
			"b"));
	return document;
}

/* A hundred thousand items are planned in well under a second. */
static void
test_many(void)
{
	autoerror struct error err = { 0 };
	autostrv struct strv keys = { 0 };
	struct items_counts counts;
	autojson json_t *document = many_items();
	struct items_config config = { .json_path = "$[*]",
		.filter = "item.severity >= 3 && (status == 'open' || tags "
			  "contains 'b') && path matches '\\.c$'",
		.sort_by = &keys,
		.distinct = "path" };
	strv_add(&keys, "severity DESC, path");
	clock_t start = clock();
	autojson json_t *items = items_plan(document, &config, &counts, &err);
	double took = (double)(clock() - start) / CLOCKS_PER_SEC;
	tap_note("%d items took %.3f s", MANY, took);
	tap_is_int((long long)counts.filtered, 70000,
	    "a filter of a hundred thousand items keeps the right ones");
	tap_is_int((long long)counts.distinct, 3500, "so does distinct");
	tap_ok(items != NULL && took < 10,
	    "this takes less than 10 s of CPU time");
}

static void
test_too_many(void)
{
	autoerror struct error err = { 0 };
	struct items_counts counts;
	struct items_config config = { 0 };
	autojson json_t *document = json_array();
	autojson json_t *one = json_integer(1);
	for (int i = 0; i <= ITEMS_LIMIT; i++)
		json_array_append(document, one);
	autojson json_t *items = items_plan(document, &config, &counts, &err);
	tap_ok(items == NULL, "more items than the limit are refused");
	tap_is_text(error_text(&err),
	    "1000001 items are more than the limit of 1000000",
	    "the refusal tells both numbers");
	config.max_items = 3;
	config.has_max_items = true;
	error_release(&err);
	autojson json_t *few = items_plan(document, &config, &counts, &err);
	tap_is_int((long long)json_array_size(few), 3,
	    "a list of too many is accepted if few of them are taken");
}

static void
test_telling(void)
{
	autostr struct str all = { 0 };
	autostr struct str some = { 0 };
	const struct items_counts counts = { .input = 250, .selected = 12 };
	struct items_config config = { .json_path = "$[*]", .filter = "a" };
	items_counts_tell(&counts, &config, &some);
	tap_is_text(str_text(&some), "input 250, json_path 12, filter 0",
	    "what each stage left is told");
	config =
	    (struct items_config){ .distinct = "a", .has_max_items = true };
	items_counts_tell(&counts, &config, &all);
	tap_is_text(str_text(&all),
	    "input 250, distinct 0, offset and max_items 0",
	    "stages that are not set are left out");
}

int
main(void)
{
	json_init();
	test_plans();
	test_telling();
	test_ids();
	test_item_lines();
	test_purity();
	test_many();
	test_too_many();
	return tap_done();
}
