/* SPDX-License-Identifier: MIT */
/* Structs by tables: filled, compared, and their tables checked. */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "records.h"
#include "tap.h"

static bool
coin(void)
{
	return rand() % 2 == 0;
}

static void *
pointer_at(const void *value)
{
	void *pointer;
	memcpy(&pointer, value, sizeof(pointer));
	return pointer;
}

static size_t
list_length(const struct record_field *field, const void *record)
{
	return *(const size_t *)((const char *)record + field->n_offset);
}

static void *
list_item(const struct record_field *field, const void *record, size_t i)
{
	char *items = pointer_at((const char *)record + field->offset);
	return items + i * field->table->size;
}

/* --- filling ---------------------------------------------------------- */

static void fill(const struct record_table *table, void *record, bool sparse,
    unsigned depth);

/* UTF-8, as what is not would be repaired on its way. */
static char *
random_text(void)
{
	static const char *const parts[] = { "a", " ", "\n", "\xc3\xa9", "\"",
		"\\", "${item}", "\x01", "\xf0\x9f\x90\x9a" };
	struct str text = { 0 };
	for (int n = rand() % 6; n > 0; n--)
		str_add(&text, parts[(size_t)rand() % COUNT_OF(parts)]);
	return str_take(&text);
}

static json_t *
random_json(json_type type)
{
	return type == JSON_ARRAY ? json_pack("[i, f]", rand(), rand() / 977.0)
				  : json_pack("{s:i}", "n", rand());
}

static void
fill_list(
    const struct record_field *field, void *record, bool sparse, unsigned depth)
{
	const size_t n = depth == 0 ? 0 : 1 + (size_t)rand() % 2;
	if (n == 0)
		return;
	void *items = mem_zalloc(n * field->table->size);
	memcpy((char *)record + field->offset, &items, sizeof(items));
	memcpy((char *)record + field->n_offset, &n, sizeof(n));
	memcpy((char *)record + field->cap_offset, &n, sizeof(n));
	for (size_t i = 0; i < n; i++)
		fill(field->table, list_item(field, record, i), sparse,
		    depth - 1);
}

static void
fill_owned(
    const struct record_field *field, void *value, bool sparse, unsigned depth)
{
	if (depth == 0)
		return;
	void *record = mem_zalloc(field->table->size);
	memcpy(value, &record, sizeof(record));
	fill(field->table, record, sparse, depth - 1);
}

static void
fill_field(
    const struct record_field *field, void *record, bool sparse, unsigned depth)
{
	void *value = (char *)record + field->offset;
	unsigned number = 1 + (unsigned)rand() % 1000;
	switch (field->kind) {
	case RECORD_KIND_TEXT:
		*(char **)value = random_text();
		break;
	case RECORD_KIND_TEXTS:
		for (int n = 1 + rand() % 2; n > 0; n--)
			strv_give(value, random_text());
		break;
	case RECORD_KIND_BOOL:
		*(bool *)value = true;
		break;
	case RECORD_KIND_INT:
		*(int *)value = coin() ? (int)number : -(int)number;
		break;
	case RECORD_KIND_UNSIGNED:
		*(unsigned *)value = number;
		break;
	case RECORD_KIND_SIZE:
		*(size_t *)value = number;
		break;
	case RECORD_KIND_INT64:
		*(int64_t *)value = coin() ? INT64_MAX : -(int64_t)number;
		break;
	case RECORD_KIND_REAL:
		*(double *)value = number / 977.0;
		break;
	case RECORD_KIND_ENUM:
		number = 1 + number % (field->enum_count - 1);
		memcpy(value, &number, sizeof(number));
		break;
	case RECORD_KIND_JSON:
		*(json_t **)value = random_json(field->json);
		break;
	case RECORD_KIND_OBJECT:
		fill(field->table, value, sparse, depth);
		break;
	case RECORD_KIND_OWNED:
		fill_owned(field, value, sparse, depth);
		break;
	case RECORD_KIND_LIST:
		fill_list(field, record, sparse, depth);
		break;
	case RECORD_KIND_FOREIGN:
		break;
	}
}

static void
fill(
    const struct record_table *table, void *record, bool sparse, unsigned depth)
{
	for (const struct record_field *field = table->fields;
	     field->name != NULL; field++)
		if (!sparse || coin())
			fill_field(field, record, sparse, depth);
}

void
records_fill(const struct record_table *table, void *record, bool sparse)
{
	fill(table, record, sparse, RECORDS_DEPTH);
}

/* --- comparing -------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_texts(const struct strv *a, const struct strv *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return a->n == b->n;
}

static char *
difference_in_list(
    const struct record_field *field, const void *a, const void *b)
{
	const size_t n = list_length(field, a);
	if (n != list_length(field, b))
		return mem_text("length");
	for (size_t i = 0; i < n; i++) {
		autofree char *inner = records_difference(field->table,
		    list_item(field, a, i), list_item(field, b, i));
		if (inner != NULL)
			return mem_format("%zu.%s", i, inner);
	}
	return NULL;
}

/* NULL when the member is equal, otherwise the path below it, perhaps "". */
static char *
difference_in_field(
    const struct record_field *field, const void *a, const void *b)
{
	const void *x = (const char *)a + field->offset;
	const void *y = (const char *)b + field->offset;
	bool same = true;
	switch (field->kind) {
	case RECORD_KIND_TEXT:
		same = same_text(pointer_at(x), pointer_at(y));
		break;
	case RECORD_KIND_TEXTS:
		same = same_texts(x, y);
		break;
	case RECORD_KIND_JSON:
		same = pointer_at(x) == pointer_at(y) ||
		    json_equal(pointer_at(x), pointer_at(y));
		break;
	case RECORD_KIND_OBJECT:
		return records_difference(field->table, x, y);
	case RECORD_KIND_OWNED:
		x = pointer_at(x);
		y = pointer_at(y);
		if (x != NULL && y != NULL)
			return records_difference(field->table, x, y);
		same = x == y;
		break;
	case RECORD_KIND_LIST:
		return difference_in_list(field, a, b);
	case RECORD_KIND_BOOL:
	case RECORD_KIND_INT:
	case RECORD_KIND_UNSIGNED:
	case RECORD_KIND_SIZE:
	case RECORD_KIND_INT64:
	case RECORD_KIND_REAL:
	case RECORD_KIND_ENUM:
	case RECORD_KIND_FOREIGN:
		same = memcmp(x, y, field->size) == 0;
		break;
	}
	return same ? NULL : mem_text("");
}

char *
records_difference(
    const struct record_table *table, const void *a, const void *b)
{
	for (const struct record_field *field = table->fields;
	     field->name != NULL; field++) {
		autofree char *inner = difference_in_field(field, a, b);
		if (inner != NULL)
			return mem_format("%s%s%s", field->name,
			    *inner == '\0' ? "" : ".", inner);
	}
	return NULL;
}

/* NULL when a filled record comes back from JSON, otherwise what is wrong. */
static char *
travel(const struct record_table *table, bool sparse)
{
	autoerror struct error err = { 0 };
	void *record = mem_zalloc(table->size);
	void *back = mem_zalloc(table->size);
	char *problem = NULL;
	records_fill(table, record, sparse);
	autojson json_t *json = record_to_json(table, record);
	if (!record_from_json(table, json, back, &err))
		problem = mem_text(error_text(&err));
	else
		problem = records_difference(table, record, back);
	record_release(table, record);
	record_release(table, back);
	free(record);
	free(back);
	return problem;
}

void
records_check_journey(
    const char *what, const struct record_table *table, size_t rounds)
{
	char *problem = travel(table, false);
	tap_ok(problem == NULL, "%s with all members comes back from JSON%s%s",
	    what, problem == NULL ? "" : ": ", problem == NULL ? "" : problem);
	free(problem);
	problem = NULL;
	for (size_t i = 0; problem == NULL && i < rounds; i++)
		problem = travel(table, true);
	tap_ok(problem == NULL,
	    "%s with some of its members comes back, %zu times%s%s", what,
	    rounds, problem == NULL ? "" : ": ",
	    problem == NULL ? "" : problem);
	free(problem);
}

/* --- tables ----------------------------------------------------------- */

static bool
is_named_twice(const struct record_table *table, const struct record_field *one)
{
	for (const struct record_field *field = table->fields; field < one;
	     field++)
		if (strcmp(field->name, one->name) == 0)
			return true;
	return false;
}

static bool
has_right_size(const struct record_field *field)
{
	if (field->kind == RECORD_KIND_ENUM)
		return field->size == sizeof(unsigned);
	if (field->kind == RECORD_KIND_LIST)
		return field->size == sizeof(void *) + 2 * sizeof(size_t);
	if (field->kind == RECORD_KIND_OWNED)
		return field->size == sizeof(void *);
	return field->kind != RECORD_KIND_OBJECT ||
	    field->size == field->table->size;
}

void
records_check_rows(
    const char *what, const struct record_table *table, void *bytes)
{
	unsigned char *whole = bytes;
	size_t forgotten = 0;
	for (const struct record_field *field = table->fields;
	     field->name != NULL; field++) {
		if (is_named_twice(table, field) || !has_right_size(field))
			tap_ok(false, "the row %s of %s is right", field->name,
			    what);
		if (whole != NULL)
			memset(whole + field->offset, 0, field->size);
	}
	if (whole == NULL) {
		tap_note("%s: this compiler does not tell padding", what);
		return;
	}
	while (forgotten < table->size && whole[forgotten] == 0)
		forgotten++;
	if (!tap_ok(
		forgotten == table->size, "every member of %s has a row", what))
		tap_note("the member at offset %zu has none", forgotten);
}
