/* SPDX-License-Identifier: MIT */
/* Which items a map works on. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "data/expr.h"
#include "data/json.h"
#include "data/jsonpath.h"
#include "data/sort.h"
#include "plan/items.h"

static bool
is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

/* An array yields its elements, any other document is one item. */
static json_t *
elements_of(const json_t *document)
{
	json_t *items = json_array();
	if (json_is_array(document))
		json_array_extend(items, json_mutable(document));
	else
		json_array_append(items, json_mutable(document));
	return items;
}

static json_t *
select_items(const json_t *document, const struct items_config *config,
    struct items_counts *counts, struct error *err)
{
	if (!is_set(config->json_path))
		return elements_of(document);
	struct jsonpath *path = jsonpath_parse(config->json_path, err);
	json_t *found =
	    path == NULL ? NULL : jsonpath_select(path, document, err);
	if (found == NULL) {
		jsonpath_free(path);
		error_wrap(err, "json_path");
		return NULL;
	}
	counts->spread = jsonpath_is_singular(path) &&
	    json_array_size(found) == 1 &&
	    json_is_array(json_array_get(found, 0));
	jsonpath_free(path);
	if (!counts->spread)
		return found;
	json_t *spread = elements_of(json_array_get(found, 0));
	json_decref(found);
	return spread;
}

static bool
filter_items(json_t **items, const struct items_config *config,
    struct error *err)
{
	if (!is_set(config->filter))
		return true;
	struct expr *filter = expr_parse(config->filter, EXPR_FILTER, err);
	if (filter == NULL)
		return error_wrap(err, "filter");
	json_t *kept = json_array();
	bool ok = true;
	for (size_t i = 0; ok && i < json_array_size(*items); i++) {
		json_t *item = json_array_get(*items, i);
		bool holds = false;
		ok = expr_holds(filter, item, item, &holds, err);
		if (ok && holds)
			json_array_append(kept, item);
	}
	expr_free(filter);
	json_decref(*items);
	*items = kept;
	return ok || error_wrap(err, "filter");
}

static bool
sort_items(json_t *items, const struct items_config *config,
    struct error *err)
{
	if (config->sort_by == NULL || config->sort_by->n == 0)
		return true;
	struct sort *sort = sort_parse(config->sort_by, err);
	if (sort == NULL)
		return error_wrap(err, "sort_by");
	sort_array(sort, items);
	sort_free(sort);
	return true;
}

/* The first of each value is kept; missing and null are one value. */
static bool
make_distinct(json_t **items, const struct items_config *config,
    struct error *err)
{
	if (!is_set(config->distinct))
		return true;
	struct expr *path = expr_parse_path(config->distinct, err);
	if (path == NULL)
		return error_wrap(err, "distinct");
	autojson json_t *seen = json_object();
	json_t *kept = json_array();
	for (size_t i = 0; i < json_array_size(*items); i++) {
		json_t *item = json_array_get(*items, i);
		autojson json_t *value = expr_path_value(path, item);
		autostr struct str key = { 0 };
		if (value == NULL)
			str_add(&key, "null");
		else
			json_compact(value, &key, true);
		if (json_object_get(seen, str_text(&key)) != NULL)
			continue;
		json_object_set_new(seen, str_text(&key), json_true());
		json_array_append(kept, item);
	}
	expr_free(path);
	json_decref(*items);
	*items = kept;
	return true;
}

static void
cut_out(json_t **items, const struct items_config *config)
{
	size_t n = json_array_size(*items);
	size_t first = config->offset < n ? config->offset : n;
	size_t end = n;
	if (config->has_max_items && config->max_items < n - first)
		end = first + config->max_items;
	if (first == 0 && end == n)
		return;
	json_t *kept = json_array();
	for (size_t i = first; i < end; i++)
		json_array_append(kept, json_array_get(*items, i));
	json_decref(*items);
	*items = kept;
}

json_t *
items_plan(const json_t *document, const struct items_config *config,
    struct items_counts *counts, struct error *err)
{
	*counts = (struct items_counts){ 0 };
	json_t *items = select_items(document, config, counts, err);
	if (items == NULL)
		return NULL;
	counts->selected = json_array_size(items);
	bool ok = filter_items(&items, config, err);
	counts->filtered = json_array_size(items);
	ok = ok && sort_items(items, config, err) &&
	    make_distinct(&items, config, err);
	counts->distinct = json_array_size(items);
	if (!ok) {
		json_decref(items);
		return NULL;
	}
	cut_out(&items, config);
	counts->planned = json_array_size(items);
	return items;
}

bool
items_check(const struct items_config *config, struct error *err)
{
	struct items_counts counts;
	autojson json_t *nothing = json_array();
	struct items_config checked = *config;
	autojson json_t *items = items_plan(nothing, &checked, &counts, err);
	return items != NULL;
}
