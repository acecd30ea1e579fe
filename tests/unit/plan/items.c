/* SPDX-License-Identifier: MIT */
/* From the bytes of an input to the items of a map. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "../tap.h"
#include "base/mem.h"
#include "data/json.h"
#include "plan/input.h"
#include "plan/items.h"

static void
expect_input(const char *name, const char *bytes, size_t len, const char *want)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	autojson json_t *document = input_parse(bytes, len, name, &err);
	if (document != NULL)
		json_compact(document, &got, true);
	else
		str_format(&got, "error: %s", error_text(&err));
	tap_is_text(str_text(&got), want, "%.70s", want);
}

static void
expect_text(const char *text, const char *want)
{
	expect_input("in", text, strlen(text), want);
}

static void
test_documents(void)
{
	expect_text("[1,{\"a\":2}]", "[1,{\"a\":2}]");
	expect_text(" {\"items\":\n[1]}\n", "{\"items\":[1]}");
	expect_text("5", "5");
	expect_text("\xef\xbb\xbf[1]", "[1]");
	expect_text("", "[]");
	expect_text(" \n\r\n\t\n", "[]");
}

static void
test_lines(void)
{
	expect_text("a b\n\n c\r\nd", "[\"a b\",\" c\",\"d\"]");
	expect_text("{\"a\":1}\n{\"a\":2}\n", "[{\"a\":1},{\"a\":2}]");
	expect_text("\n\n[1]\n[2]\ntext\n", "[[1],[2],\"text\"]");
	expect_text(
	    "1\ntrue\nnull\n\"x\"\nnone\n", "[1,true,null,\"x\",\"none\"]");
	expect_text("1.10\n1.5\n12e34\n007\n-\n12345678901234567890\n",
	    "[\"1.10\",1.5,\"12e34\",\"007\",\"-\",\"12345678901234567890\"]");
	expect_text("[INFO] done\n[x] task\n[ ] task\n{name}\n",
	    "[\"[INFO] done\",\"[x] task\",\"[ ] task\",\"{name}\"]");
	expect_text(
	    "caf\xe9\n\xff\n", "[\"caf\xef\xbf\xbd\",\"\xef\xbf\xbd\"]");
	expect_input("in", "a\0b\nc", 5, "[\"a\\u0000b\",\"c\"]");
	expect_input("in", "\0\n\0", 3, "[\"\\u0000\",\"\\u0000\"]");
	expect_text("\"x y\"\n\"z", "[\"x y\",\"\\\"z\"]");
}

static void
test_broken(void)
{
	expect_text(
	    "[1,\n2,\n", "error: in:3:0: ']' expected near end of file");
	expect_text(
	    "{\"a\":1\n\"b\":2}", "error: in:2:3: '}' expected near '\"b\"'");
	expect_text("[9223372036854775808]",
	    "error: in:1:20: too big integer near '9223372036854775808'");
	expect_text("{\"a\":1,\"a\":2}",
	    "error: in:1:10: duplicate object key near '\"a\"'");
	expect_text("{\"a\":1}\n{\"a\":2\n{\"a\":3}\n",
	    "error: in:2:6: '}' expected near end of file");
	expect_text("{\"a\":1}\n\n{\"a\":\"\xff\"}\n",
	    "error: in:3:6: unable to decode byte 0xff near '\"'");
	expect_input(
	    "x.json", "a\nb\n", 4, "error: x.json:1:1: invalid token near 'a'");
	expect_input("x.json", "", 0, "error: x.json: empty, no JSON document");
	autofree char *deep = mem_zalloc(201);
	memset(deep, '[', 200);
	expect_text(deep, "error: in:1:129: nested deeper than 128 levels");
	autofree char *line = mem_zalloc(INPUT_LINE_LIMIT + 4);
	memset(line, 'a', INPUT_LINE_LIMIT + 3);
	line[1] = '\n';
	expect_text(line,
	    "error: in:2: a line of 1048577 bytes is over the "
	    "limit of 1048576");
}

struct plan {
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
	tap_is_text(str_text(&got), plan->want, "%s", plan->document);
}

static const struct plan plans[] = {
	{ "[1,2]", NULL, NULL, NULL, NULL, 0, -1, "[1,2] 2 2 2 2" },
	{ "[1,2]", "", "", NULL, "", 0, -1, "[1,2] 2 2 2 2" },
	{ "{\"a\":1}", NULL, NULL, NULL, NULL, 0, -1, "[{\"a\":1}] 1 1 1 1" },
	{ "\"x\"", NULL, NULL, NULL, NULL, 0, -1, "[\"x\"] 1 1 1 1" },
	{ "null", NULL, NULL, NULL, NULL, 0, -1, "[null] 1 1 1 1" },
	{ "[]", NULL, "a", "a", "a", 3, 4, "[] 0 0 0 0" },
	{ "[[1],[2]]", "$[*]", NULL, NULL, NULL, 0, -1, "[[1],[2]] 2 2 2 2" },
	{ "{\"i\":[1,2]}", "$.i[*]", NULL, NULL, NULL, 0, -1, "[1,2] 2 2 2 2" },
	{ "{\"i\":[1,2]}", "$.i", NULL, NULL, NULL, 0, -1,
	    "[1,2] 2 2 2 2 spread" },
	{ "[[1,2],[3]]", "$", NULL, NULL, NULL, 0, -1,
	    "[[1,2],[3]] 2 2 2 2 spread" },
	{ "[[1,2],[3]]", "$[0:1]", NULL, NULL, NULL, 0, -1, "[[1,2]] 1 1 1 1" },
	{ "{\"a\":{\"i\":[1]}}", "$..i", NULL, NULL, NULL, 0, -1,
	    "[[1]] 1 1 1 1" },
	{ "{\"i\":{\"a\":1}}", "$.i", NULL, NULL, NULL, 0, -1,
	    "[{\"a\":1}] 1 1 1 1" },
	{ "{\"i\":[]}", "$.i", NULL, NULL, NULL, 0, -1, "[] 0 0 0 0 spread" },
	{ "{}", "$.i[*]", NULL, NULL, NULL, 0, -1, "[] 0 0 0 0" },
	{ "[1,2,3,4,5]", NULL, NULL, NULL, NULL, 1, 2, "[2,3] 5 5 5 2" },
	{ "[1,2]", NULL, NULL, NULL, NULL, 2, -1, "[] 2 2 2 0" },
	{ "[1,2]", NULL, NULL, NULL, NULL, (size_t)-1, 1, "[] 2 2 2 0" },
	{ "[1,2]", NULL, NULL, NULL, NULL, 0, 0, "[] 2 2 2 0" },
	{ "[1,2]", NULL, NULL, NULL, NULL, 1, 9, "[2] 2 2 2 1" },
	{ "[{\"type\":\"a\",\"n\":1},{\"type\":\"b\"},"
	  "{\"type\":\"a\",\"n\":2}]",
	    NULL, "type == 'a'", NULL, NULL, 0, -1,
	    "[{\"n\":1,\"type\":\"a\"},{\"n\":2,\"type\":\"a\"}] 3 2 2 2" },
	{ "[{\"k\":1},{\"k\":1.0},{\"k\":\"1\"},{\"k\":null},{},{\"k\":1}]",
	    NULL, NULL, NULL, "k", 0, -1,
	    "[{\"k\":1},{\"k\":\"1\"},{\"k\":null}] 6 6 3 3" },
	{ "[{\"k\":{\"a\":1,\"b\":2}},{\"k\":{\"b\":2,\"a\":1}}]", NULL, NULL,
	    NULL, "item.k", 0, -1, "[{\"k\":{\"a\":1,\"b\":2}}] 2 2 1 1" },
	{ "[\"b\",\"a\",\"b\"]", NULL, NULL, NULL, "item", 0, -1,
	    "[\"b\",\"a\"] 3 3 2 2" },
	/* Each step sees what the one before it leaves. */
	{ "{\"i\":[{\"k\":9,\"p\":1},{\"k\":1,\"p\":5},{\"k\":1,\"p\":7},"
	  "{\"k\":2,\"p\":6},{\"k\":3,\"p\":8},{\"k\":4,\"p\":4}]}",
	    "$.i[*]", "p >= 4", "p DESC", "k", 1, 2,
	    "[{\"k\":1,\"p\":7},{\"k\":2,\"p\":6}] 6 5 4 2" },
	{ "[1]", "$.[", NULL, NULL, NULL, 0, -1,
	    "json_path: column 3: a name expected" },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	    "$..*..*..*..*..*..*..*..*..*", NULL, NULL, NULL, 0, -1,
	    "json_path: the path selects more than 1000000 values" },
	{ "[1]", NULL, "a ==", NULL, NULL, 0, -1,
	    "filter: column 5: unexpected end" },
	{ "[1]", NULL, NULL, "a UP", NULL, 0, -1,
	    "sort_by: column 3: ASC, DESC, NULLS FIRST, NULLS LAST or ',' "
	    "expected" },
	{ "[1]", NULL, NULL, NULL, "a b", 0, -1,
	    "distinct: column 3: unexpected 'b'" },
	{ "[{\"a\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"}]", NULL,
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
	items_line_encode(3, data, &line);
	tap_is_text(str_text(&line),
	    "{\"id\":\"item_3\",\"data\":{\"file\":\"a\\nb\"}}\n",
	    "an item is one line");
	autojson json_t *back =
	    items_line_decode(str_text(&line), line.len, "f", 3, &err);
	tap_ok(json_equal(back, data), "its data is read from the line");
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		autoerror struct error why = { 0 };
		tap_ok(items_line_decode(
			   bad[i], strlen(bad[i]), "f", 3, &why) == NULL &&
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
	tap_is_int(json_integer_value(json_array_get(items, 0)), 1, "sorted");
	tap_ok(json_equal(document, copy), "the document is as it was");
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
	tap_is_int((long long)counts.filtered, 70000, "filtered");
	tap_is_int((long long)counts.distinct, 3500, "distinct");
	tap_ok(items != NULL && took < 10, "in time");
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
	tap_ok(items == NULL, "too many items");
	tap_is_text(error_text(&err),
	    "1000001 items are more than the limit of 1000000", "told");
	config.max_items = 3;
	config.has_max_items = true;
	error_release(&err);
	autojson json_t *few = items_plan(document, &config, &counts, &err);
	tap_is_int((long long)json_array_size(few), 3, "but not if few run");
}

int
main(void)
{
	json_init();
	test_documents();
	test_lines();
	test_broken();
	test_plans();
	test_ids();
	test_item_lines();
	test_purity();
	test_many();
	test_too_many();
	return tap_done();
}
