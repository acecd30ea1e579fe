/* SPDX-License-Identifier: MIT */
/* Sorting of JSON values by keys. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/expr_eval.h"
#include "data/expr_parse.h"
#include "data/json.h"
#include "data/order.h"
#include "data/sort.h"

#define BLANKS " \t\r\n"

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
struct sort_row {
	json_t *element;
	json_t **values;
	size_t index;
	const struct sort *sort;
};

/* The text of one or more keys. */
struct sort_parser {
	const char *text;
	size_t at;
	struct error *err;
};

static bool
fail(const struct sort_parser *p, const char *what)
{
	return error_set(p->err, ERROR_INPUT, "column %zu: %s",
	    text_count(p->text, p->at) + 1, what);
}

/* Passes word, in any case, if it stands here. */
static bool
take_word(struct sort_parser *p, const char *word)
{
	const char *at = p->text + p->at;
	size_t len = strlen(word);
	if (strcspn(at, BLANKS ",") != len || strncasecmp(at, word, len) != 0)
		return false;
	p->at += len;
	p->at += strspn(p->text + p->at, BLANKS);
	return true;
}

static bool
parse_nulls(struct sort_parser *p, struct sort_key *key)
{
	if (!take_word(p, "NULLS"))
		return true;
	key->nulls_first = take_word(p, "FIRST");
	return key->nulls_first || take_word(p, "LAST") ||
	    fail(p, "FIRST or LAST expected");
}

static bool
parse_key(struct sort_parser *p, struct sort *sort)
{
	struct expr *path = expr_parse_path_part(p->text, &p->at, p->err);
	if (path == NULL)
		return false;
	sort->keys =
	    mem_grow(sort->keys, &sort->cap, sort->n + 1, sizeof(*sort->keys));
	struct sort_key *key = &sort->keys[sort->n++];
	*key = (struct sort_key){ .path = path };
	key->descending = take_word(p, "DESC") || take_word(p, "DESCENDING");
	if (!key->descending && !take_word(p, "ASC"))
		take_word(p, "ASCENDING");
	return parse_nulls(p, key);
}

static bool
parse_keys(const char *text, struct sort *sort, struct error *err)
{
	struct sort_parser p = { .text = text, .err = err };
	for (;; p.at++) {
		if (!parse_key(&p, sort))
			return false;
		if (text[p.at] == '\0')
			return true;
		if (text[p.at] != ',')
			return fail(&p,
			    "ASC, DESC, NULLS FIRST, NULLS LAST or ',' "
			    "expected");
	}
}

struct sort *
sort_parse(const struct strv *texts, struct error *err)
{
	struct sort *sort = mem_zalloc(sizeof(*sort));
	for (size_t i = 0; i < texts->n; i++) {
		if (!parse_keys(texts->items[i], sort, err)) {
			sort_free(sort);
			return NULL;
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
	if (null_a && null_b)
		return 0;
	if (null_a || null_b)
		return null_a == key->nulls_first ? -1 : 1;
	int c = order_compare(a, b);
	return key->descending ? -c : c;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct sort_row *x = a, *y = b;
	for (size_t i = 0; i < x->sort->n; i++) {
		int c = compare_values(
		    &x->sort->keys[i], x->values[i], y->values[i]);
		if (c != 0)
			return c;
	}
	return x->index < y->index ? -1 : x->index > y->index;
}

void
sort_array(const struct sort *sort, json_t *array)
{
	size_t n = json_array_size(array), k = sort->n;
	struct sort_row *rows = mem_array(n, sizeof(*rows));
	json_t **values = mem_array(n * k, sizeof(*values));
	for (size_t i = 0; i < n; i++) {
		rows[i] =
		    (struct sort_row){ json_incref(json_array_get(array, i)),
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
