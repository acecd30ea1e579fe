/* SPDX-License-Identifier: MIT */
/* Variables of a run: chained scopes of names with JSON values. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "data/vars.h"

struct vars_entry {
	char *name;
	json_t *value; /* owned; NULL while still to be loaded */
	vars_load_fn *load;
	void *arg;
	enum vars_class class;
};

struct vars {
	const struct vars *parent;
	json_t *index; /* name -> place in items */
	json_t *firsts; /* first component -> how many names have it */
	struct vars_entry *items;
	size_t n;
	size_t cap;
	size_t longest; /* bytes of the longest name ever set */
};

static const char class_letters[VARS_CLASSES + 1] = "dcat";

struct vars *
vars_new(const struct vars *parent)
{
	struct vars *vars = mem_zalloc(sizeof(*vars));
	vars->parent = parent;
	vars->index = json_object();
	vars->firsts = json_object();
	return vars;
}

void
vars_free(struct vars *vars)
{
	if (vars == NULL)
		return;
	for (size_t i = 0; i < vars->n; i++) {
		free(vars->items[i].name);
		json_decref(vars->items[i].value);
	}
	free(vars->items);
	json_decref(vars->index);
	json_decref(vars->firsts);
	free(vars);
}

static char *
first_component(const char *reference)
{
	return mem_text_n(reference, strcspn(reference, ".["));
}

static void
count_first(struct vars *vars, const char *name, json_int_t change)
{
	autofree char *first = first_component(name);
	const json_t *old = json_object_get(vars->firsts, first);
	json_int_t count = json_integer_value(old) + change;
	if (count == 0)
		json_object_del(vars->firsts, first);
	else
		json_object_set_new_nocheck(
		    vars->firsts, first, json_integer(count));
}

static struct vars_entry *
find_entry(const struct vars *vars, const char *name)
{
	const json_t *place = json_object_get(vars->index, name);
	if (place == NULL)
		return NULL;
	return &vars->items[json_integer_value(place)];
}

/* The entry of that name, emptied; added when it is new. */
static struct vars_entry *
claim_entry(struct vars *vars, const char *name, enum vars_class class)
{
	struct vars_entry *entry = find_entry(vars, name);
	if (entry == NULL) {
		vars->items = mem_grow(
		    vars->items, &vars->cap, vars->n + 1, sizeof(*vars->items));
		entry = &vars->items[vars->n];
		*entry = (struct vars_entry){ .name = mem_text(name) };
		json_object_set_new_nocheck(
		    vars->index, name, json_integer((json_int_t)vars->n));
		vars->n++;
		count_first(vars, name, 1);
		size_t len = strlen(name);
		if (len > vars->longest)
			vars->longest = len;
	}
	json_decref(entry->value);
	entry->value = NULL;
	entry->load = NULL;
	entry->class = class;
	return entry;
}

void
vars_set_new(
    struct vars *vars, const char *name, json_t *value, enum vars_class class)
{
	claim_entry(vars, name, class)->value =
	    value == NULL ? json_null() : value;
}

void
vars_set(
    struct vars *vars, const char *name, json_t *value, enum vars_class class)
{
	vars_set_new(vars, name, json_incref(value), class);
}

void
vars_set_text(struct vars *vars, const char *name, const char *text,
    enum vars_class class)
{
	vars_set_new(vars, name, json_text(text), class);
}

void
vars_set_lazy(struct vars *vars, const char *name, vars_load_fn *fn, void *arg,
    enum vars_class class)
{
	struct vars_entry *entry = claim_entry(vars, name, class);
	entry->load = fn;
	entry->arg = arg;
}

void
vars_unset(struct vars *vars, const char *name)
{
	struct vars_entry *entry = find_entry(vars, name);
	if (entry == NULL)
		return;
	count_first(vars, name, -1);
	json_object_del(vars->index, name);
	free(entry->name);
	json_decref(entry->value);
	struct vars_entry *last = &vars->items[--vars->n];
	if (entry == last)
		return;
	*entry = *last;
	json_object_set_new_nocheck(vars->index, entry->name,
	    json_integer((json_int_t)(entry - vars->items)));
}

static bool
load_entry(struct vars_entry *entry, struct error *err)
{
	if (entry->value != NULL)
		return true;
	json_t *value = entry->load(entry->arg, err);
	if (value == NULL)
		return error_wrap(err, "loading %s", entry->name);
	entry->value = value;
	entry->load = NULL;
	return true;
}

/* The value below object or array that key names; NULL when none. */
static const json_t *
member(const json_t *value, const char *key)
{
	if (json_is_object(value))
		return json_object_get(value, key);
	if (!json_is_array(value))
		return NULL;
	char *end;
	long long index = strtoll(key, &end, 10);
	if (end == key || *end != '\0' || strchr("+ \t\n", key[0]) != NULL)
		return NULL;
	long long size = (long long)json_array_size(value);
	if (index < 0)
		index += size;
	if (index < 0 || index >= size)
		return NULL;
	return json_array_get(value, (size_t)index);
}

/*
 * Splits the next step off *rest: ".name", "[0]" or "['name']". NULL when it
 * is none of them. *quoted says that it names a member, never an element.
 */
static char *
next_step(const char **rest, bool *quoted)
{
	const char *at = *rest + 1;
	*quoted = false;
	if (**rest == '.') {
		size_t len = strcspn(at, ".[");
		*rest = at + len;
		return len == 0 ? NULL : mem_text_n(at, len);
	}
	if (**rest != '[')
		return NULL;
	char quote = *at;
	if (quote == '"' || quote == '\'') {
		const char *end = strchr(at + 1, quote);
		if (end == NULL || end[1] != ']')
			return NULL;
		*quoted = true;
		*rest = end + 2;
		return mem_text_n(at + 1, (size_t)(end - at - 1));
	}
	size_t len = strcspn(at, "]");
	if (at[len] == '\0')
		return NULL;
	*rest = at + len + 1;
	return mem_text_n(at, len);
}

static const json_t *
walk(const json_t *value, const char *rest)
{
	while (*rest != '\0') {
		bool bracket = *rest == '[';
		bool quoted;
		autofree char *step = next_step(&rest, &quoted);
		if (step == NULL)
			return NULL;
		if (bracket && quoted != json_is_object(value))
			return NULL;
		value = member(value, step);
		if (value == NULL)
			return NULL;
	}
	return value;
}

static bool
is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

/*
 * Looks in one scope. *known is set when a name of it covers the reference,
 * even if it leads nowhere: outer scopes are then hidden.
 */
static bool
find_in_scope(const struct vars *vars, const char *reference,
    struct vars_value *found, bool *known, struct error *err)
{
	size_t len = strlen(reference);
	autofree char *name = mem_text(reference);
	size_t cut = len;
	if (cut > vars->longest)
		cut = vars->longest + 1;
	for (; cut > 0; cut--) {
		if (cut > len ||
		    (cut < len && strchr(".[", reference[cut]) == NULL))
			continue;
		name[cut] = '\0';
		struct vars_entry *entry = find_entry(vars, name);
		if (entry == NULL)
			continue;
		if (!load_entry(entry, err))
			return false;
		*known = true;
		found->class = entry->class;
		found->value = walk(entry->value, reference + cut);
		if (found->value == NULL && is_scalar(entry->value) &&
		    strcmp(name, "item") == 0 &&
		    strcmp(reference + cut, ".item") == 0)
			found->value = entry->value;
		return true;
	}
	return true;
}

bool
vars_find(const struct vars *vars, const char *reference,
    struct vars_value *found, struct error *err)
{
	*found = (struct vars_value){ .value = NULL, .class = VARS_DATA };
	bool known = false;
	for (; vars != NULL && !known; vars = vars->parent)
		if (!find_in_scope(vars, reference, found, &known, err))
			return false;
	return true;
}

bool
vars_knows(const struct vars *vars, const char *reference)
{
	autofree char *first = first_component(reference);
	for (; vars != NULL; vars = vars->parent)
		if (json_object_get(vars->firsts, first) != NULL)
			return true;
	return false;
}

json_t *
vars_to_json(const struct vars *vars)
{
	json_t *object = json_object();
	for (size_t i = 0; i < vars->n; i++) {
		struct vars_entry *entry = &vars->items[i];
		autoerror struct error err = { 0 };
		/* What cannot be loaded now stays unresolved over there. */
		if (!load_entry(entry, &err))
			continue;
		json_t *pair = json_array();
		json_array_append_new(
		    pair, json_stringn(&class_letters[entry->class], 1));
		json_array_append(pair, entry->value);
		json_object_set_new_nocheck(object, entry->name, pair);
	}
	return object;
}

static bool
parse_class(const json_t *pair, enum vars_class *class)
{
	const char *letter = json_string_value(json_array_get(pair, 0));
	if (json_array_size(pair) != 2 || letter == NULL || letter[0] == '\0' ||
	    letter[1] != '\0')
		return false;
	const char *at = strchr(class_letters, letter[0]);
	if (at == NULL)
		return false;
	*class = (enum vars_class)(at - class_letters);
	return true;
}

bool
vars_add_json(struct vars *vars, const json_t *object, struct error *err)
{
	if (!json_is_object(object))
		return error_set(
		    err, ERROR_INPUT, "variables: an object is expected");
	const char *name;
	json_t *pair;
	json_object_foreach(json_mutable(object), name, pair) {
		enum vars_class class;
		if (!parse_class(pair, &class))
			return error_set(err, ERROR_INPUT,
			    "variable %s: [class, value] is expected", name);
		vars_set(vars, name, json_array_get(pair, 1), class);
	}
	return true;
}
