/* SPDX-License-Identifier: MIT */
/* Which items a map works on. */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/expr_eval.h"
#include "data/expr_parse.h"
#include "data/json.h"
#include "data/jsonpath.h"
#include "data/sort.h"
#include "plan/items.h"

/* The settings, parsed; NULL for those that are not set. */
struct compiled {
	struct jsonpath *path;
	struct expr *filter;
	struct sort *sort;
	struct expr *distinct;
};

static bool
is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

static void
release(struct compiled *compiled)
{
	jsonpath_free(compiled->path);
	expr_free(compiled->filter);
	sort_free(compiled->sort);
	expr_free(compiled->distinct);
}

static bool
compile(const struct items_config *config, struct compiled *compiled,
    struct error *err)
{
	if (is_set(config->json_path) &&
	    (compiled->path = jsonpath_parse(config->json_path, err)) == NULL)
		return error_wrap(err, "json_path");
	if (is_set(config->filter) &&
	    (compiled->filter = expr_parse(config->filter, EXPR_FILTER, err)) ==
		NULL)
		return error_wrap(err, "filter");
	if (config->sort_by != NULL && config->sort_by->n > 0 &&
	    (compiled->sort = sort_parse(config->sort_by, err)) == NULL)
		return error_wrap(err, "sort_by");
	if (is_set(config->distinct) &&
	    (compiled->distinct = expr_parse_path(config->distinct, err)) ==
		NULL)
		return error_wrap(err, "distinct");
	return true;
}

static void
replace(json_t **items, json_t *others)
{
	json_decref(*items);
	*items = others;
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
select_items(const json_t *document, const struct jsonpath *path,
    struct items_counts *counts, struct error *err)
{
	if (path == NULL)
		return elements_of(document);
	json_t *items = jsonpath_select(path, document, err);
	if (items == NULL) {
		error_wrap(err, "json_path");
		return NULL;
	}
	const json_t *only = json_array_get(items, 0);
	counts->spread = jsonpath_is_singular(path) && json_is_array(only);
	if (counts->spread)
		replace(&items, elements_of(only));
	return items;
}

static bool
filter_items(json_t **items, const struct expr *filter, struct error *err)
{
	if (filter == NULL)
		return true;
	json_t *kept = json_array();
	bool ok = true;
	for (size_t i = 0; ok && i < json_array_size(*items); i++) {
		json_t *item = json_array_get(*items, i);
		bool holds = false;
		ok = expr_holds(filter, item, item, &holds, err);
		if (!ok)
			error_wrap(err, "filter: item %zu", i);
		else if (holds)
			json_array_append(kept, item);
	}
	replace(items, kept);
	return ok;
}

/* The first of each value is kept; missing and null are one value. */
static void
make_distinct(json_t **items, const struct expr *path)
{
	if (path == NULL)
		return;
	autojson json_t *seen = json_object();
	json_t *kept = json_array();
	for (size_t i = 0; i < json_array_size(*items); i++) {
		json_t *item = json_array_get(*items, i);
		autojson json_t *value = expr_path_value(path, item);
		autostr struct str key = { 0 };
		json_key(value, &key);
		if (json_object_get(seen, str_text(&key)) != NULL)
			continue;
		json_object_set_new_nocheck(seen, str_text(&key), json_true());
		json_array_append(kept, item);
	}
	replace(items, kept);
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
	replace(items, kept);
}

static bool
run(json_t **items, const struct compiled *compiled,
    const struct items_config *config, struct items_counts *counts,
    struct error *err)
{
	counts->selected = json_array_size(*items);
	if (!filter_items(items, compiled->filter, err))
		return false;
	counts->filtered = json_array_size(*items);
	if (compiled->sort != NULL)
		sort_array(compiled->sort, *items);
	make_distinct(items, compiled->distinct);
	counts->distinct = json_array_size(*items);
	cut_out(items, config);
	counts->planned = json_array_size(*items);
	if (counts->planned > ITEMS_LIMIT)
		return error_set(err, ERROR_INPUT,
		    "%zu items are more than the limit of %d", counts->planned,
		    ITEMS_LIMIT);
	return true;
}

struct items_config
items_config_of(const struct map_block *map)
{
	return (struct items_config){
		.json_path = map->json_path,
		.filter = map->filter,
		.sort_by = &map->sort_by,
		.distinct = map->distinct,
		.offset = map->offset,
		.max_items = map->max_items,
		.has_max_items = map->has_max_items,
	};
}

json_t *
items_plan(const json_t *document, const struct items_config *config,
    struct items_counts *counts, struct error *err)
{
	struct compiled compiled = { 0 };
	json_t *items = NULL;
	*counts = (struct items_counts){ 0 };
	if (compile(config, &compiled, err))
		items = select_items(document, compiled.path, counts, err);
	if (items != NULL && !run(&items, &compiled, config, counts, err))
		replace(&items, NULL);
	release(&compiled);
	return items;
}

/* --- ids and lines ---------------------------------------------------- */

char *
items_id(size_t index)
{
	return mem_format("item_%zu", index);
}

bool
items_index(const char *id, size_t *index)
{
	char *end;
	if (!text_starts_with(id, "item_") || id[5] < '0' || id[5] > '9' ||
	    (id[5] == '0' && id[6] != '\0'))
		return false;
	unsigned long long value = strtoull(id + 5, &end, 10);
	*index = (size_t)value;
	return *end == '\0' && value < ITEMS_LIMIT;
}

void
items_line_encode(size_t index, const json_t *data, struct str *out)
{
	str_format(out, "{\"id\":\"item_%zu\",\"data\":", index);
	json_compact(data, out, false);
	str_add(out, "}\n");
}

json_t *
items_line_decode(const char *line, size_t len, const char *name, size_t index,
    struct error *err)
{
	autojson json_t *item = json_load_record(line, len, name, err);
	if (item == NULL)
		return NULL;
	json_t *data = json_object_get(item, "data");
	const char *id = json_get_text(item, "id");
	size_t written;
	if (data != NULL && id != NULL && items_index(id, &written) &&
	    written == index)
		return json_incref(data);
	error_set(err, ERROR_STATE, "%s: line %zu is not item_%zu", name,
	    index + 1, index);
	return NULL;
}
