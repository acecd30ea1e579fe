/* SPDX-License-Identifier: MIT */
/* Which items a map works on. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "data/expr_eval.h"
#include "data/expr_parse.h"
#include "data/json.h"
#include "data/jsonpath.h"
#include "data/sort.h"
#include "plan/items.h"

/* --- the input -------------------------------------------------------- */

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* some editors write it */

struct input_lines {
	const char *name;
	size_t number; /* of the current line, from 1 */
	json_t *items;
	bool json_only; /* what begins like JSON must be JSON */
};

static size_t
skip_blanks(const char *bytes, size_t len, size_t at)
{
	while (at < len && text_is_blank(bytes[at]))
		at++;
	return at;
}

static bool
begins_with_word(const char *bytes, size_t len, size_t at)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t n = strlen(words[i]);
		if (len - at >= n && memcmp(bytes + at, words[i], n) == 0)
			return true;
	}
	return false;
}

/*
 * Whether the text begins as only JSON does: a brace or bracket and what may
 * follow it. "[INFO] done", "[x] task" and "{name}" are words of people.
 */
static bool
begins_like_json(const char *bytes, size_t len)
{
	size_t at = skip_blanks(bytes, len, 0);
	if (at == len || (bytes[at] != '{' && bytes[at] != '['))
		return false;
	size_t next = skip_blanks(bytes, len, at + 1);
	if (next == len)
		return true;
	char c = bytes[next];
	if (bytes[at] == '{')
		return c == '"';
	return c == '{' || c == '[' || c == '"' || c == '-' ||
	    (c >= '0' && c <= '9') || begins_with_word(bytes, len, next);
}

/*
 * Whether JSON of any kind may begin with c, so that not every line of text
 * has to be tried as JSON.
 */
static bool
may_be_json(char c)
{
	return c != '\0' && strchr("{[\"-0123456789tfn", c) != NULL;
}

/*
 * Whether a number prints as it was written. If not, the line is text: 1.10 may
 * be a version, 12e34 a hash, and both would come out as other numbers.
 */
static bool
keeps_its_text(const json_t *value, const char *line, size_t len)
{
	autostr struct str text = { 0 };
	if (!json_is_real(value))
		return true;
	json_number_text(value, &text);
	return text.len == len && memcmp(text.data, line, len) == 0;
}

/* An item with other bytes would be another item: another file, say. */
static bool
refuse_bytes(const struct input_lines *lines, const char *line, size_t len,
    struct error *err)
{
	autofree char *place = mem_format("%s:%zu", lines->name, lines->number);
	return text_check(place, line, len, err);
}

/* False when the line must be JSON and is not, or is not UTF-8. */
static bool
add_line(
    struct input_lines *lines, const char *line, size_t len, struct error *err)
{
	autoerror struct error why = { 0 };
	json_t *value = NULL;
	size_t first = skip_blanks(line, len, 0);
	if (first == len)
		return true;
	if (len > ITEMS_LINE_LIMIT)
		return error_set(err, ERROR_INPUT,
		    "%s:%zu: a line of %zu bytes is over the limit of %zu",
		    lines->name, lines->number, len, ITEMS_LINE_LIMIT);
	if (!text_is_utf8(line, len))
		return refuse_bytes(lines, line, len, err);
	if (may_be_json(line[first]))
		value =
		    json_load_line(line, len, lines->name, lines->number, &why);
	if (value == NULL && lines->json_only && begins_like_json(line, len)) {
		error_move(err, &why);
		return false;
	}
	if (value != NULL && !keeps_its_text(value, line, len)) {
		json_decref(value);
		value = NULL;
	}
	json_array_append_new(
	    lines->items, value != NULL ? value : json_stringn(line, len));
	return true;
}

static bool
add_lines(
    struct input_lines *lines, const char *bytes, size_t len, struct error *err)
{
	for (size_t at = 0; at < len;) {
		const char *newline = memchr(bytes + at, '\n', len - at);
		size_t end = newline == NULL ? len : (size_t)(newline - bytes);
		size_t n = end - at;
		lines->number++;
		if (n > 0 && bytes[end - 1] == '\r')
			n--;
		if (!add_line(lines, bytes + at, n, err))
			return false;
		at = end + 1;
	}
	return true;
}

/* Whether the first line that is not blank is a whole object or array. */
static bool
is_json_lines(const char *bytes, size_t len)
{
	autoerror struct error why = { 0 };
	size_t at = skip_blanks(bytes, len, 0);
	const char *newline =
	    at == len ? NULL : memchr(bytes + at, '\n', len - at);
	if (newline == NULL || (bytes[at] != '{' && bytes[at] != '['))
		return false;
	autojson json_t *first = json_load_text(
	    bytes + at, (size_t)(newline - bytes) - at, "", &why);
	return first != NULL;
}

json_t *
items_parse(const void *text, size_t len, const char *name,
    enum items_form *form, struct error *err)
{
	autoerror struct error why = { 0 };
	enum items_form ignored;
	const char *bytes = text;
	size_t mark = strlen(BYTE_ORDER_MARK);
	if (len >= mark && memcmp(bytes, BYTE_ORDER_MARK, mark) == 0) {
		bytes += mark;
		len -= mark;
	}
	form = form == NULL ? &ignored : form;
	*form = ITEMS_JSON;
	json_t *document = json_load_text(bytes, len, name, &why);
	if (document != NULL)
		return document;
	struct input_lines lines = { .name = name, .items = json_array() };
	lines.json_only = is_json_lines(bytes, len);
	*form = lines.json_only ? ITEMS_JSON_LINES : ITEMS_TEXT_LINES;
	bool is_empty = skip_blanks(bytes, len, 0) == len;
	bool broken = (is_empty && text_ends_with(name, ".json")) ||
	    (begins_like_json(bytes, len) && !lines.json_only);
	if (broken)
		error_move(err, &why);
	if (!broken && add_lines(&lines, bytes, len, err))
		return lines.items;
	json_decref(lines.items);
	return NULL;
}

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
	counts->input = json_is_array(document) ? json_array_size(document) : 1;
	if (compile(config, &compiled, err))
		items = select_items(document, compiled.path, counts, err);
	if (items != NULL && !run(&items, &compiled, config, counts, err))
		replace(&items, NULL);
	release(&compiled);
	return items;
}

/* --- what came of it -------------------------------------------------- */

const char *
items_form_name(enum items_form form)
{
	static const char *const names[ITEMS_FORMS] = {
		[ITEMS_JSON] = "JSON",
		[ITEMS_JSON_LINES] = "JSON lines",
		[ITEMS_TEXT_LINES] = "lines of text",
	};
	return names[form];
}

static const char *
form_name(unsigned form)
{
	return items_form_name((enum items_form)form);
}

static const struct record_field items_counts_fields[] = {
	RECORD_ENUM(struct items_counts, form, form_name, ITEMS_FORMS),
	RECORD(struct items_counts, input),
	RECORD(struct items_counts, selected),
	RECORD(struct items_counts, filtered),
	RECORD(struct items_counts, distinct),
	RECORD(struct items_counts, planned),
	RECORD(struct items_counts, spread),
	RECORD_END,
};

const struct record_table items_counts_table =
    RECORD_TABLE(struct items_counts, items_counts_fields);

void
items_counts_tell(const struct items_counts *counts,
    const struct items_config *config, struct str *out)
{
	const struct {
		const char *stage;
		bool set;
		size_t left;
	} stages[] = {
		{ "json_path", is_set(config->json_path), counts->selected },
		{ "filter", is_set(config->filter), counts->filtered },
		{ "distinct", is_set(config->distinct), counts->distinct },
		{ "offset and max_items",
		    config->offset > 0 || config->has_max_items,
		    counts->planned },
	};
	str_format(out, "input %zu", counts->input);
	for (size_t i = 0; i < COUNT_OF(stages); i++)
		if (stages[i].set)
			str_format(
			    out, ", %s %zu", stages[i].stage, stages[i].left);
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
items_line_encode(
    size_t index, const char *label, const json_t *data, struct str *out)
{
	autojson json_t *text = json_text(label);
	str_format(out, "{\"id\":\"item_%zu\",\"label\":", index);
	json_compact(text, out, false);
	str_add(out, ",\"data\":");
	json_compact(data, out, false);
	str_add(out, "}\n");
}

json_t *
items_line_decode(const char *line, size_t len, const char *name, size_t index,
    char **label, struct error *err)
{
	autojson json_t *item = json_load_record(line, len, name, err);
	if (item == NULL)
		return NULL;
	json_t *data = json_object_get(item, "data");
	const char *id = json_get_text(item, "id");
	size_t written;
	if (data != NULL && id != NULL && items_index(id, &written) &&
	    written == index) {
		if (label != NULL)
			*label = mem_text(json_get_text(item, "label"));
		return json_incref(data);
	}
	error_set(err, ERROR_STATE, "%s: line %zu is not item_%zu", name,
	    index + 1, index);
	return NULL;
}
