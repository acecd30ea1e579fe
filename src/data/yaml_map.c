/* SPDX-License-Identifier: MIT */
/* Maps of a YAML file: unique keys, and merge keys. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/yaml.h"
#include "data/yaml_parts.h"

#define MERGE_KEY "<<"

/* An entry with its rank: lower wins among equal keys. */
struct ranked {
	struct yaml_entry entry;
	size_t rank;
};

struct ranking {
	struct ranked *items; /* owned */
	size_t n;
	size_t cap;
};

static bool
is_merge(const struct yaml_entry *entry)
{
	return entry->key->plain && strcmp(entry->key->text, MERGE_KEY) == 0;
}

static int
compare_keys(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;
	const int order = strcmp(a->entry.key->text, b->entry.key->text);
	return order != 0 ? order : a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int
compare_ranks(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void
rank_entry(struct ranking *ranking, const struct yaml_entry *entry)
{
	ranking->items = mem_grow(ranking->items, &ranking->cap, ranking->n + 1,
	    sizeof(*ranking->items));
	ranking->items[ranking->n].entry = *entry;
	ranking->items[ranking->n].rank = ranking->n;
	ranking->n++;
}

/* Looks for equal keys among the map's own; the earliest repetition counts. */
static bool
check_duplicates(
    const struct yaml_doc *doc, struct ranking *own, struct error *err)
{
	const struct ranked *first = NULL;
	const struct ranked *again = NULL;
	if (own->n > 0)
		qsort(own->items, own->n, sizeof(*own->items), compare_keys);
	for (size_t i = 1; i < own->n; i++) {
		const struct ranked *a = &own->items[i - 1];
		const struct ranked *b = &own->items[i];
		if (strcmp(a->entry.key->text, b->entry.key->text) == 0 &&
		    (again == NULL || b->rank < again->rank)) {
			first = a;
			again = b;
		}
	}
	if (again == NULL)
		return true;
	return yaml_error(doc, again->entry.key->place, err, ERROR_INPUT,
	    "the key '%s' is given twice, first at line %u",
	    again->entry.key->text, first->entry.key->place.line);
}

/* key is the "<<" that asks for value. */
static bool
rank_merged(const struct yaml_doc *doc, const struct yaml_node *key,
    const struct yaml_node *value, struct ranking *ranking, struct error *err)
{
	if (value->kind == YAML_KIND_SCALAR)
		return yaml_error(doc, key->place, err, ERROR_INPUT,
		    "'<<' takes a map or a list of maps, not %s",
		    yaml_describe(value));
	for (size_t i = 0; value->kind == YAML_KIND_LIST && i < value->n; i++) {
		if (value->items[i]->kind != YAML_KIND_MAP)
			return yaml_error(doc, key->place, err, ERROR_INPUT,
			    "'<<' takes a map or a list of maps, not %s in a "
			    "list",
			    yaml_describe(value->items[i]));
		if (!rank_merged(doc, key, value->items[i], ranking, err))
			return false;
	}
	for (size_t i = 0; value->kind == YAML_KIND_MAP && i < value->n; i++)
		rank_entry(ranking, &value->entries[i]);
	return true;
}

/* Takes the first entry of each key back into the map, in order of rank. */
static void
take_unique(struct yaml_node *map, struct ranking *ranking)
{
	size_t n = 0;
	if (ranking->n == 0) {
		map->n = 0;
		return;
	}
	qsort(
	    ranking->items, ranking->n, sizeof(*ranking->items), compare_keys);
	for (size_t i = 0; i < ranking->n; i++) {
		if (n > 0 &&
		    strcmp(ranking->items[n - 1].entry.key->text,
			ranking->items[i].entry.key->text) == 0)
			continue;
		ranking->items[n++] = ranking->items[i];
	}
	qsort(ranking->items, n, sizeof(*ranking->items), compare_ranks);
	map->entries = mem_resize(map->entries, n, sizeof(*map->entries));
	map->n = map->cap = n;
	for (size_t i = 0; i < n; i++)
		map->entries[i] = ranking->items[i].entry;
}

static bool
merge(const struct yaml_doc *doc, struct yaml_node *map, struct error *err)
{
	struct ranking ranking = { 0 };
	bool ok = true;
	for (size_t i = 0; i < map->n; i++) {
		if (!is_merge(&map->entries[i]))
			rank_entry(&ranking, &map->entries[i]);
	}
	for (size_t i = 0; ok && i < map->n; i++) {
		if (is_merge(&map->entries[i]))
			ok = rank_merged(doc, map->entries[i].key,
			    map->entries[i].value, &ranking, err);
	}
	if (ok)
		take_unique(map, &ranking);
	free(ranking.items);
	return ok;
}

bool
yaml_finish_map(
    const struct yaml_doc *doc, struct yaml_node *map, struct error *err)
{
	struct ranking own = { 0 };
	bool merges = false;
	for (size_t i = 0; i < map->n; i++) {
		rank_entry(&own, &map->entries[i]);
		merges = merges || is_merge(&map->entries[i]);
	}
	const bool unique = check_duplicates(doc, &own, err);
	free(own.items);
	return unique && (!merges || merge(doc, map, err));
}

const struct yaml_node *
yaml_find(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_KIND_MAP && i < map->n; i++) {
		if (strcmp(map->entries[i].key->text, key) == 0)
			return map->entries[i].value;
	}
	return NULL;
}
