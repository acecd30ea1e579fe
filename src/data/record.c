/* SPDX-License-Identifier: MIT */
/* Structs by tables: to JSON, from JSON, release. */
#include "config.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "data/record.h"

_Static_assert(sizeof(enum record_kind) == sizeof(unsigned),
    "enums are read and written as unsigned");

static const void *
at(const void *record, const struct record_field *field)
{
	return (const char *)record + field->offset;
}

static void *
at_mutable(void *record, const struct record_field *field)
{
	return (char *)record + field->offset;
}

/* --- lists and owned structs ------------------------------------------ */

/* A pointer to some struct, read and written without knowing which. */
static void *
pointer_at(const void *value)
{
	void *pointer;
	memcpy(&pointer, value, sizeof(pointer));
	return pointer;
}

static void
set_pointer(void *value, const void *pointer)
{
	memcpy(value, &pointer, sizeof(pointer));
}

static size_t
list_length(const struct record_field *field, const void *record)
{
	return *(const size_t *)((const char *)record + field->n_offset);
}

static void *
list_item(const struct record_field *field, const void *record, size_t index)
{
	char *items = pointer_at(at(record, field));
	return items + index * field->table->size;
}

/* A new item at the end, all zero. */
static void *
list_add(const struct record_field *field, void *record)
{
	void *list = at_mutable(record, field);
	size_t *n = (void *)((char *)record + field->n_offset);
	size_t *cap = (void *)((char *)record + field->cap_offset);
	set_pointer(
	    list, mem_grow(pointer_at(list), cap, *n + 1, field->table->size));
	void *item = list_item(field, record, (*n)++);
	memset(item, 0, field->table->size);
	return item;
}

/* --- to JSON ---------------------------------------------------------- */

static json_t *
texts_to_json(const struct strv *texts)
{
	json_t *array = texts->n > 0 ? json_array() : NULL;
	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(array, json_text(texts->items[i]));
	return array;
}

static json_t *
list_to_json(const struct record_field *field, const void *record)
{
	const size_t n = list_length(field, record);
	json_t *array = n > 0 ? json_array() : NULL;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(array,
		    record_to_json(field->table, list_item(field, record, i)));
	return array;
}

static json_t *
integer_or_none(json_int_t value)
{
	return value != 0 ? json_integer(value) : NULL;
}

static json_t *
real_or_none(double value)
{
	return isfinite(value) && fpclassify(value) != FP_ZERO
	    ? json_real(value)
	    : NULL;
}

static json_t *
object_or_none(const struct record_table *table, const void *record)
{
	json_t *object = record_to_json(table, record);
	if (json_object_size(object) > 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *
enum_or_none(const struct record_field *field, const void *value)
{
	unsigned number;
	memcpy(&number, value, sizeof(number));
	return number != 0 ? json_string(field->enum_name(number)) : NULL;
}

/* The value of a member, or NULL when it is zero. */
static json_t *
field_to_json(const struct record_field *field, const void *record)
{
	const void *value = at(record, field);
	const char *text = NULL;
	switch (field->kind) {
	case RECORD_KIND_TEXT:
		text = *(const char *const *)value;
		return text != NULL ? json_text(text) : NULL;
	case RECORD_KIND_TEXTS:
		return texts_to_json(value);
	case RECORD_KIND_BOOL:
		return *(const bool *)value ? json_true() : NULL;
	case RECORD_KIND_INT:
		return integer_or_none(*(const int *)value);
	case RECORD_KIND_UNSIGNED:
		return integer_or_none(*(const unsigned *)value);
	case RECORD_KIND_SIZE:
		return integer_or_none((json_int_t) * (const size_t *)value);
	case RECORD_KIND_INT64:
		return integer_or_none(*(const int64_t *)value);
	case RECORD_KIND_REAL:
		return real_or_none(*(const double *)value);
	case RECORD_KIND_ENUM:
		return enum_or_none(field, value);
	case RECORD_KIND_JSON:
		return json_incref(*(json_t *const *)value);
	case RECORD_KIND_OBJECT:
		return object_or_none(field->table, value);
	case RECORD_KIND_OWNED:
		value = pointer_at(value);
		return value != NULL ? record_to_json(field->table, value)
				     : NULL;
	case RECORD_KIND_LIST:
		return list_to_json(field, record);
	case RECORD_KIND_FOREIGN:
		break;
	}
	return NULL;
}

json_t *
record_to_json(const struct record_table *table, const void *record)
{
	json_t *object = json_object();
	for (const struct record_field *field = table->fields;
	     field->name != NULL; field++) {
		json_t *value = field_to_json(field, record);
		if (value != NULL)
			json_object_set_new(object, field->name, value);
	}
	return object;
}

/* --- from JSON -------------------------------------------------------- */

static bool read_object(const struct record_table *table, const json_t *object,
    void *record, unsigned depth, struct error *err);

static bool
is_expected(bool is_right, const char *expected, struct error *err)
{
	return is_right || error_set(err, ERROR_INPUT, "expected %s", expected);
}

static bool
read_text(const json_t *json, char **text, struct error *err)
{
	const char *value = json_string_value(json);
	if (value == NULL || strlen(value) != json_string_length(json))
		return is_expected(false, "text without NUL", err);
	*text = mem_text(value);
	return true;
}

static bool
read_texts(const json_t *json, struct strv *texts, struct error *err)
{
	if (!json_is_array(json))
		return is_expected(false, "a list of texts", err);
	for (size_t i = 0; i < json_array_size(json); i++) {
		char *text = NULL;
		if (!read_text(json_array_get(json, i), &text, err))
			return false;
		strv_give(texts, text);
	}
	return true;
}

static bool
read_enum(const struct record_field *field, const json_t *json, void *value,
    struct error *err)
{
	const char *name = json_string_value(json);
	for (unsigned i = 0; name != NULL && i < field->enum_count; i++) {
		if (strcmp(field->enum_name(i), name) == 0) {
			memcpy(value, &i, sizeof(i));
			return true;
		}
	}
	return is_expected(false, "a known name", err);
}

/* An integer into a member of the field's kind, within the range of that. */
static bool
read_integer(const struct record_field *field, const json_t *json, void *value,
    struct error *err)
{
	const enum record_kind kind = field->kind;
	const json_int_t number = json_integer_value(json);
	const int64_t least = kind == RECORD_KIND_INT ? INT_MIN
	    : kind == RECORD_KIND_INT64		      ? INT64_MIN
						      : 0;
	const int64_t most = kind == RECORD_KIND_INT ? INT_MAX
	    : kind == RECORD_KIND_UNSIGNED	     ? UINT_MAX
						     : INT64_MAX;
	if (!json_is_integer(json) || number < least || number > most)
		return is_expected(false, "an integer in range", err);
	if (kind == RECORD_KIND_INT)
		*(int *)value = (int)number;
	else if (kind == RECORD_KIND_UNSIGNED)
		*(unsigned *)value = (unsigned)number;
	else if (kind == RECORD_KIND_SIZE)
		*(size_t *)value = (size_t)number;
	else
		*(int64_t *)value = number;
	return true;
}

static bool
read_json(const struct record_field *field, const json_t *json, json_t **value,
    struct error *err)
{
	if (json_typeof(json) != field->json)
		return is_expected(false,
		    field->json == JSON_ARRAY ? "a list" : "an object", err);
	*value = json_incref(json_mutable(json));
	return true;
}

static bool
read_owned(const struct record_field *field, const json_t *json, void *value,
    unsigned depth, struct error *err)
{
	void *record = mem_zalloc(field->table->size);
	set_pointer(value, record);
	return read_object(field->table, json, record, depth, err);
}

static bool
read_list(const struct record_field *field, const json_t *json, void *record,
    unsigned depth, struct error *err)
{
	if (!json_is_array(json))
		return is_expected(false, "a list", err);
	for (size_t i = 0; i < json_array_size(json); i++)
		if (!read_object(field->table, json_array_get(json, i),
			list_add(field, record), depth, err))
			return error_wrap(err, "%zu", i);
	return true;
}

static bool
read_field(const struct record_field *field, const json_t *json, void *record,
    unsigned depth, struct error *err)
{
	void *value = at_mutable(record, field);
	switch (field->kind) {
	case RECORD_KIND_TEXT:
		return read_text(json, value, err);
	case RECORD_KIND_TEXTS:
		return read_texts(json, value, err);
	case RECORD_KIND_BOOL:
		*(bool *)value = json_is_true(json);
		return is_expected(json_is_boolean(json), "true or false", err);
	case RECORD_KIND_INT:
	case RECORD_KIND_UNSIGNED:
	case RECORD_KIND_SIZE:
	case RECORD_KIND_INT64:
		return read_integer(field, json, value, err);
	case RECORD_KIND_REAL:
		*(double *)value = json_number_value(json);
		return is_expected(json_is_number(json), "a number", err);
	case RECORD_KIND_ENUM:
		return read_enum(field, json, value, err);
	case RECORD_KIND_JSON:
		return read_json(field, json, value, err);
	case RECORD_KIND_OBJECT:
		return read_object(field->table, json, value, depth, err);
	case RECORD_KIND_OWNED:
		return read_owned(field, json, value, depth, err);
	case RECORD_KIND_LIST:
		return read_list(field, json, record, depth, err);
	case RECORD_KIND_FOREIGN:
		break;
	}
	return true;
}

static bool
has_field(const struct record_table *table, const char *name)
{
	for (const struct record_field *field = table->fields;
	     field->name != NULL; field++)
		if (strcmp(field->name, name) == 0)
			return true;
	return false;
}

static bool
complain_unknown(
    const struct record_table *table, const json_t *object, struct error *err)
{
	const char *name;
	json_t *value;
	json_object_foreach(json_mutable(object), name, value)
		if (!has_field(table, name))
			return error_set(err, ERROR_INPUT,
			    "the member '%s' is not known", name);
	BUG("all members are known");
}

/* Fills a record that is all zero; on failure it may be filled in part. */
static bool
read_object(const struct record_table *table, const json_t *object,
    void *record, unsigned depth, struct error *err)
{
	size_t known = 0;
	if (depth > RECORD_DEPTH_LIMIT)
		return error_set(err, ERROR_INPUT, "nested too deep");
	if (!json_is_object(object))
		return is_expected(false, "an object", err);
	for (const struct record_field *field = table->fields;
	     field->name != NULL; field++) {
		const json_t *value = json_object_get(object, field->name);
		if (value == NULL)
			continue;
		known++;
		if (!read_field(field, value, record, depth + 1, err))
			return error_wrap(err, "%s", field->name);
	}
	return known == json_object_size(object) ||
	    complain_unknown(table, object, err);
}

bool
record_from_json(const struct record_table *table, const json_t *object,
    void *record, struct error *err)
{
	memset(record, 0, table->size);
	if (read_object(table, object, record, 0, err))
		return true;
	record_release(table, record);
	return false;
}

/* --- release ---------------------------------------------------------- */

static void
release_field(const struct record_field *field, void *record)
{
	void *value = at_mutable(record, field);
	switch (field->kind) {
	case RECORD_KIND_TEXT:
		free(*(char **)value);
		break;
	case RECORD_KIND_TEXTS:
		strv_release(value);
		break;
	case RECORD_KIND_JSON:
		json_decref(*(json_t **)value);
		break;
	case RECORD_KIND_OBJECT:
		record_release(field->table, value);
		break;
	case RECORD_KIND_OWNED:
		if (pointer_at(value) != NULL)
			record_release(field->table, pointer_at(value));
		free(pointer_at(value));
		break;
	case RECORD_KIND_LIST:
		for (size_t i = 0; i < list_length(field, record); i++)
			record_release(
			    field->table, list_item(field, record, i));
		free(pointer_at(value));
		break;
	case RECORD_KIND_BOOL:
	case RECORD_KIND_INT:
	case RECORD_KIND_UNSIGNED:
	case RECORD_KIND_SIZE:
	case RECORD_KIND_INT64:
	case RECORD_KIND_REAL:
	case RECORD_KIND_ENUM:
	case RECORD_KIND_FOREIGN:
		break;
	}
}

void
record_release(const struct record_table *table, void *record)
{
	for (const struct record_field *field = table->fields;
	     field->name != NULL; field++)
		release_field(field, record);
	memset(record, 0, table->size);
}
