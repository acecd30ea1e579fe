/* SPDX-License-Identifier: MIT */
/* Maps of a workflow file by tables of keys, and simple values. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/expr_parse.h"
#include "data/jsonpath.h"
#include "data/regex.h"
#include "data/sort.h"
#include "data/words.h"
#include "workflow/load_value.h"
#include "workflow/value.h"

#define KEYS_LIMIT 128 /* of all tables of a map */
#define KEY_LENGTH 64 /* of keys worth a suggestion, in bytes */

/*
 * The first table that has the key, or NULL; *field is NULL if the key is one
 * of its keys to come.
 */
static struct load_table *
find_table(struct load_table *tables, size_t n, const char *key,
    const struct load_field **field)
{
	for (size_t i = 0; i < n; i++) {
		const char *const *name = tables[i].unsupported;
		for (*field = tables[i].fields; (*field)->key != NULL;
		     (*field)++)
			if (strcmp((*field)->key, key) == 0)
				return &tables[i];
		*field = NULL;
		for (; name != NULL && *name != NULL; name++)
			if (strcmp(*name, key) == 0)
				return &tables[i];
	}
	return NULL;
}

/* Adds the keys of a table to an array of KEYS_LIMIT. */
static size_t
list_keys(const struct load_table *table, const char **keys, size_t n)
{
	const struct load_field *field = table->fields;
	const char *const *name = table->unsupported;
	for (; field->key != NULL && n < KEYS_LIMIT; field++)
		keys[n++] = field->key;
	for (; name != NULL && *name != NULL && n < KEYS_LIMIT; name++)
		keys[n++] = *name;
	return n;
}

static void
note_unknown(struct load *load, const struct yaml_node *key,
    const struct load_table *tables, size_t n)
{
	const char *keys[KEYS_LIMIT + 1] = { NULL };
	size_t n_keys = 0;
	bool is_strict = false;
	for (size_t i = 0; i < n; i++) {
		n_keys = list_keys(&tables[i], keys, n_keys);
		is_strict = is_strict || tables[i].is_strict;
	}
	/* A hostile file must not buy a search for each of its keys. */
	const char *near =
	    load->n_warnings + load->n_errors < LOAD_FINDINGS_LIMIT &&
		key->len < KEY_LENGTH
	    ? text_nearest(key->text, keys)
	    : NULL;
	if (near != NULL && is_strict)
		load_error(load, key, "unknown key; did you mean '%s'?", near);
	else if (near != NULL)
		load_warn(load, key, "unknown key, ignored; did you mean '%s'?",
		    near);
	else
		load_warn(load, key, "unknown key, ignored");
}

unsigned
load_map(struct load *load, const struct yaml_node *map,
    struct load_table *tables, size_t n)
{
	unsigned unknown = 0;
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_entry *entry = &map->entries[i];
		const struct load_field *field = NULL;
		struct load_table *table =
		    find_table(tables, n, entry->key->text, &field);
		const size_t before = load_enter_key(load, entry->key->text);
		load->key = entry->key;
		if (table == NULL) {
			unknown++;
			note_unknown(load, entry->key, tables, n);
		} else if (field == NULL) {
			table->hits++;
			load_note_unsupported(load, entry->key, "");
		} else {
			table->hits++;
			field->read(load, entry->value,
			    (char *)table->target + field->offset);
		}
		load_leave(load, before);
	}
	return unknown;
}

void
load_expected(
    struct load *load, const struct yaml_node *node, const char *expected)
{
	if (node->kind == YAML_KIND_SCALAR && !yaml_is_null(node))
		load_error(load, node, "expected %s, found '%.60s'", expected,
		    node->text);
	else
		load_error(load, node, "expected %s, found %s", expected,
		    yaml_describe(node));
}

bool
load_is_kind(struct load *load, const struct yaml_node *node,
    enum yaml_kind kind, const char *expected)
{
	if (node->kind == kind)
		return true;
	load_expected(load, node, expected);
	return false;
}

const char *
load_scalar(
    struct load *load, const struct yaml_node *node, const char *expected)
{
	if (node->kind == YAML_KIND_SCALAR && !yaml_is_null(node))
		return node->text;
	load_expected(load, node, expected);
	return NULL;
}

void
load_text(struct load *load, const struct yaml_node *node, void *target)
{
	char **text = target;
	const char *value = load_scalar(load, node, "text");
	if (value == NULL)
		return;
	if (*text != NULL)
		load_error(load, load->key,
		    "this was given before under another name");
	else
		*text = mem_text(value);
}

void
load_bool(struct load *load, const struct yaml_node *node, void *target)
{
	bool *value = target;
	/* In quotes it says the same. */
	if (node->kind == YAML_KIND_SCALAR &&
	    yaml_type_of(node->text) == YAML_TYPE_BOOL)
		*value = node->text[0] == 't' || node->text[0] == 'T';
	else
		load_expected(load, node, "true or false");
}

static bool
read_count(struct load *load, const struct yaml_node *node, int64_t most,
    int64_t *value)
{
	if (node->kind != YAML_KIND_SCALAR ||
	    yaml_type_of(node->text) != YAML_TYPE_INT) {
		load_expected(load, node, "a whole number");
		return false;
	}
	if (!yaml_int(node->text, value) || *value > most)
		load_error(
		    load, node, "the number %s is too large", node->text);
	else if (*value < 0)
		load_error(load, node, "a negative number (%s) makes no sense",
		    node->text);
	else
		return true;
	return false;
}

void
load_unsigned(struct load *load, const struct yaml_node *node, void *target)
{
	int64_t value = 0;
	if (read_count(load, node, INT32_MAX, &value))
		*(unsigned *)target = (unsigned)value;
}

void
load_size(struct load *load, const struct yaml_node *node, void *target)
{
	int64_t value = 0;
	if (read_count(load, node, INT64_MAX, &value))
		*(size_t *)target = (size_t)value;
}

void
load_timeout(struct load *load, const struct yaml_node *node, int64_t *ms,
    char **variable)
{
	autoerror struct error err = { 0 };
	const char *text =
	    load_scalar(load, node, "seconds, or a duration such as 5m");
	autofree char *name = text != NULL ? value_variable(text) : NULL;
	if (text == NULL)
		return;
	if (*ms != 0 || *variable != NULL)
		load_error(load, load->key,
		    "this was given before under another name");
	else if (name != NULL)
		*variable = mem_format("$%s", name);
	else if (!value_timeout(text, ms, &err))
		load_take_error(load, node, &err);
}

bool
load_choice(struct load *load, const struct yaml_node *node,
    const char *const *names, unsigned *choice)
{
	const char *text = node->kind == YAML_KIND_SCALAR ? node->text : "";
	autostr struct str all = { 0 };
	for (unsigned i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], text) == 0) {
			*choice = i;
			return true;
		}
		str_format(&all, "%s%s",
		    i == 0		       ? ""
			: names[i + 1] != NULL ? ", "
					       : " or ",
		    names[i]);
	}
	load_expected(load, node, str_text(&all));
	return false;
}

void
load_texts(struct load *load, const struct yaml_node *node, void *target)
{
	struct strv *texts = target;
	if (node->kind != YAML_KIND_LIST) {
		const char *text = load_scalar(load, node, "text");
		if (text != NULL)
			strv_add(texts, text);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const size_t before = load_enter_index(load, i);
		const char *text = load_scalar(load, node->items[i], "text");
		if (text != NULL)
			strv_add(texts, text);
		load_leave(load, before);
	}
}

void
load_words(struct load *load, const struct yaml_node *node, void *target)
{
	autoerror struct error err = { 0 };
	struct strv *words = target;
	if (node->kind == YAML_KIND_LIST) {
		load_texts(load, node, target);
		return;
	}
	const char *text = load_scalar(load, node, "words, or a list of them");
	if (text != NULL && !words_split(text, words, &err))
		load_take_error(load, node, &err);
}

static void
read_env_entry(
    struct load *load, const struct yaml_entry *entry, struct strv *env)
{
	const char *name = entry->key->text;
	const struct yaml_node *value = entry->value;
	if (!value_is_variable_name(name))
		load_error(load, entry->key,
		    "not a name that an environment variable can have");
	else if (value->kind == YAML_KIND_MAP)
		load_note_unsupported(load, value, ": a computed value");
	else if (load_is_kind(load, value, YAML_KIND_SCALAR, "text"))
		/* The reader of YAML refuses a name that stands twice. */
		strv_format(
		    env, "%s=%s", name, yaml_is_null(value) ? "" : value->text);
}

void
load_env(struct load *load, const struct yaml_node *node, void *target)
{
	if (!load_is_kind(load, node, YAML_KIND_MAP, "a map of NAME: value"))
		return;
	for (size_t i = 0; i < node->n; i++) {
		const size_t before =
		    load_enter_key(load, node->entries[i].key->text);
		read_env_entry(load, &node->entries[i], target);
		load_leave(load, before);
	}
}

void
load_ignored(struct load *load, const struct yaml_node *node, void *target)
{
	(void)load;
	(void)node;
	(void)target;
}

void
load_without_effect(
    struct load *load, const struct yaml_node *node, void *target)
{
	(void)node;
	(void)target;
	load_warn(load, load->key, "this key no longer has an effect");
}

/* --- texts in languages of their own ---------------------------------- */

/* Parses text and forgets it again; false with err when it has errors. */
typedef bool check_fn(const char *text, struct error *err);

static bool
check_condition(const char *text, struct error *err)
{
	struct expr *expr = expr_parse(text, EXPR_CONDITION, err);
	expr_free(expr);
	return expr != NULL;
}

static bool
check_filter(const char *text, struct error *err)
{
	struct expr *expr = expr_parse(text, EXPR_FILTER, err);
	expr_free(expr);
	return expr != NULL;
}

static bool
check_member(const char *text, struct error *err)
{
	struct expr *path = expr_parse_path(text, err);
	expr_free(path);
	return path != NULL;
}

static bool
check_json_path(const char *text, struct error *err)
{
	struct jsonpath *path = jsonpath_parse(text, err);
	jsonpath_free(path);
	return path != NULL;
}

static bool
check_pattern(const char *text, struct error *err)
{
	struct regex *regex = regex_new(text, err);
	regex_free(regex);
	return regex != NULL;
}

static bool
check_sort(const char *text, struct error *err)
{
	autostrv struct strv keys = { 0 };
	strv_add(&keys, text);
	struct sort *sort = sort_parse(&keys, err);
	sort_free(sort);
	return sort != NULL;
}

static bool
is_well_formed(struct load *load, const struct yaml_node *node,
    const char *expected, check_fn *check)
{
	autoerror struct error err = { 0 };
	const char *text = load_scalar(load, node, expected);
	if (text == NULL)
		return false;
	if (check(text, &err))
		return true;
	load_take_text_error(load, node, &err);
	return false;
}

void
load_condition(struct load *load, const struct yaml_node *node, void *target)
{
	if (is_well_formed(load, node, "a condition", check_condition))
		load_text(load, node, target);
}

void
load_filter(struct load *load, const struct yaml_node *node, void *target)
{
	if (is_well_formed(load, node, "an expression", check_filter))
		load_text(load, node, target);
}

void
load_member(struct load *load, const struct yaml_node *node, void *target)
{
	if (is_well_formed(load, node, "the path of a member", check_member))
		load_text(load, node, target);
}

void
load_pattern(struct load *load, const struct yaml_node *node, void *target)
{
	if (is_well_formed(load, node, "a regular expression", check_pattern))
		load_text(load, node, target);
}

/* An empty path is no path: the whole input. */
void
load_json_path(struct load *load, const struct yaml_node *node, void *target)
{
	if (node->kind == YAML_KIND_SCALAR && node->len == 0 && !node->plain)
		return;
	if (is_well_formed(load, node, "a JSON path", check_json_path))
		load_text(load, node, target);
}

static void
read_sort_key(
    struct load *load, const struct yaml_node *node, struct strv *keys)
{
	if (is_well_formed(load, node, "a sort key", check_sort))
		strv_add(keys, node->text);
}

void
load_sort(struct load *load, const struct yaml_node *node, void *target)
{
	if (node->kind != YAML_KIND_LIST) {
		read_sort_key(load, node, target);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		const size_t before = load_enter_index(load, i);
		read_sort_key(load, node->items[i], target);
		load_leave(load, before);
	}
}
