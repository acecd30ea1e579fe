/* SPDX-License-Identifier: MIT */
/* Sorting by keys. */
#include "config.h"

#include "../tap.h"
#include "cases.h"
#include "data/json.h"
#include "data/sort.h"

static void
sort_copy(
    const char *text, const json_t *array, struct str *got, struct error *err)
{
	autostrv struct strv keys = { 0 };
	strv_add(&keys, text);
	struct sort *sort = sort_parse(&keys, err);
	if (sort == NULL)
		return;
	autojson json_t *copy = json_copy(json_mutable(array));
	sort_array(sort, copy);
	json_compact(copy, got, true);
	sort_free(sort);
}

/* A list of texts is as one with commas. */
static void
test_list(void)
{
	autoerror struct error err = { 0 };
	autostrv struct strv keys = { 0 };
	autostr struct str got = { 0 };
	autojson json_t *array = json_pack("[{s:i,s:i},{s:i,s:i},{s:i,s:i}]",
	    "a", 1, "b", 1, "a", 2, "b", 1, "a", 1, "b", 2);
	strv_add(&keys, "a DESC");
	strv_add(&keys, "b DESC");
	struct sort *sort = sort_parse(&keys, &err);
	sort_array(sort, array);
	json_compact(array, &got, true);
	tap_is_text(str_text(&got),
	    "[{\"a\":2,\"b\":1},{\"a\":1,\"b\":2},{\"a\":1,\"b\":1}]",
	    "two keys sort by one, then the other");
	sort_free(sort);
	sort_free(NULL);
	strv_add(&keys, "");
	tap_ok(sort_parse(&keys, &err) == NULL, "an empty key is refused");
	tap_is_text(error_text(&err), "column 1: a path expected",
	    "the error says a path is expected");
}

/* Many rows with few keys show whether equal ones keep their order. */
static void
test_stable(void)
{
	autoerror struct error err = { 0 };
	autostrv struct strv keys = { 0 };
	autojson json_t *array = json_array();
	bool stable = true;
	for (int i = 0; i < 5000; i++)
		json_array_append_new(
		    array, json_pack("{s:i,s:i}", "k", i % 7, "i", i));
	strv_add(&keys, "k desc");
	struct sort *sort = sort_parse(&keys, &err);
	sort_array(sort, array);
	for (size_t i = 1; i < json_array_size(array); i++) {
		const json_t *a = json_array_get(array, i - 1);
		const json_t *b = json_array_get(array, i);
		int64_t x = json_get_int(a, "k", -1);
		int64_t y = json_get_int(b, "k", -1);
		stable = stable &&
		    (x > y ||
			(x == y &&
			    json_get_int(a, "i", 0) < json_get_int(b, "i", 0)));
	}
	tap_ok(stable, "the order is sorted and stable");
	tap_is_int((long long)json_array_size(array), 5000,
	    "sorting loses no element");
	sort_free(sort);
}

int
main(void)
{
	json_init();
	cases_run("sort.txt", sort_copy);
	test_list();
	test_stable();
	return tap_done();
}
