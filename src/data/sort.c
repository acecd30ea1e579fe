/* SPDX-License-Identifier: MIT */
/* Sorting of JSON values by keys. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/expr.h"
#include "data/json.h"
#include "data/order.h"
#include "data/sort.h"

struct sort_key {
	struct expr *path;
	bool descending;
	bool nulls_first;
};

struct sort {
	struct sort_key *keys;
	size_t n;
	size_t cap;
};

/* An element with its key values, looked up once. */
struct row {
	json_t *element;
	json_t **values;
	size_t index;
	const struct sort *sort;
};

static bool
take_direction(struct sort_key *key, const char *word)
{
	if (strcasecmp(word, "DESC") == 0 ||
	    strcasecmp(word, "DESCENDING") == 0)
		key->descending = true;
	else if (strcasecmp(word, "ASC") != 0 &&
	    strcasecmp(word, "ASCENDING") != 0)
		return false;
	return true;
}

static bool
take_nulls(struct sort_key *key, const char *word)
{
	if (word == NULL)
		return false;
	key->nulls_first = strcasecmp(word, "FIRST") == 0;
	return key->nulls_first || strcasecmp(word, "LAST") == 0;
}

static char *
next_word(char **rest)
{
	char *word;
	while ((word = strsep(rest, " \t\n")) != NULL && *word == '\0')
		;
	return word;
}

static bool
parse_words(struct sort_key *key, char *rest, struct error *err)
{
	for (char *word; (word = next_word(&rest)) != NULL;) {
		bool good = strcasecmp(word, "NULLS") == 0
		    ? take_nulls(key, next_word(&rest))
		    : take_direction(key, word);
		if (!good)
			return error_set(err, ERROR_INPUT, "unexpected '%s': "
			    "ASC, DESC or NULLS FIRST/LAST expected", word);
	}
	return true;
}

static bool
parse_key(struct sort *sort, char *text, struct error *err)
{
	struct sort_key key = { 0 };
	char *rest = text_trim(text);
	char *name = next_word(&rest);
	if (name == NULL)
		return error_set(err, ERROR_INPUT, "a sort key is missing");
	key.path = expr_parse_path(name, err);
	if (key.path == NULL)
		return error_wrap(err, "sort key '%s'", name);
	sort->keys = mem_grow(sort->keys, &sort->cap, sort->n + 1,
	    sizeof(*sort->keys));
	sort->keys[sort->n++] = key;
	return parse_words(&sort->keys[sort->n - 1], rest, err);
}

struct sort *
sort_parse(const struct strv *texts, struct error *err)
{
	struct sort *sort = mem_zalloc(sizeof(*sort));
	for (size_t i = 0; i < texts->n; i++) {
		autofree char *copy = mem_text(texts->items[i]);
		char *rest = copy;
		for (char *part; (part = strsep(&rest, ",")) != NULL;) {
			if (!parse_key(sort, part, err)) {
				sort_free(sort);
				return NULL;
			}
		}
	}
	return sort;
}

void
sort_free(struct sort *sort)
{
	if (sort == NULL)
		return;
	for (size_t i = 0; i < sort->n; i++)
		expr_free(sort->keys[i].path);
	free(sort->keys);
	free(sort);
}

static int
compare_values(const struct sort_key *key, const json_t *a, const json_t *b)
{
	bool null_a = order_is_null(a), null_b = order_is_null(b);
	if (null_a || null_b)
		return null_a == null_b ? 0
		    : null_a == key->nulls_first ? -1 : 1;
	int c = order_compare(a, b);
	return key->descending ? -c : c;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	for (size_t i = 0; i < x->sort->n; i++) {
		int c = compare_values(&x->sort->keys[i], x->values[i],
		    y->values[i]);
		if (c != 0)
			return c;
	}
	return x->index < y->index ? -1 : x->index > y->index;
}

void
sort_array(const struct sort *sort, json_t *array)
{
	size_t n = json_array_size(array), k = sort->n;
	struct row *rows = mem_array(n, sizeof(*rows));
	json_t **values = mem_array(n * k, sizeof(*values));
	for (size_t i = 0; i < n; i++) {
		rows[i] = (struct row){ json_incref(json_array_get(array, i)),
			values + i * k, i, sort };
		for (size_t j = 0; j < k; j++)
			rows[i].values[j] = expr_path_value(
			    sort->keys[j].path, rows[i].element);
	}
	if (n > 1)
		qsort(rows, n, sizeof(*rows), compare_rows);
	json_array_clear(array);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array, rows[i].element);
	for (size_t i = 0; i < n * k; i++)
		json_decref(values[i]);
	free(values);
	free(rows);
}
