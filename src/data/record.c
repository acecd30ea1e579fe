/* SPDX-License-Identifier: MIT */
/* Structs to JSON objects and back. */
#include "config.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"
#include "data/json.h"
#include "data/record.h"

_Static_assert(sizeof(enum record_type) == sizeof(unsigned),
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

static json_t *
texts_to_json(const struct strv *texts)
{
	json_t *array = texts->n > 0 ? json_array() : NULL;
	for (size_t i = 0; i < texts->n; i++)
		json_array_append_new(array, json_text(texts->items[i]));
	return array;
}

static json_t *
integer_or_none(json_int_t value)
{
	return value != 0 ? json_integer(value) : NULL;
}

static json_t *
object_or_none(const struct record_field *fields, const void *record)
{
	json_t *object = record_to_json(fields, record);
	if (json_object_size(object) > 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *
number_to_json(const struct record_field *field, const void *value)
{
	double real = 0;
	unsigned number = 0;
	switch (field->type) {
	case RECORD_INT:
		return integer_or_none(*(const int *)value);
	case RECORD_UNSIGNED:
		return integer_or_none(*(const unsigned *)value);
	case RECORD_SIZE:
		return integer_or_none((json_int_t) * (const size_t *)value);
	case RECORD_INT64:
		return integer_or_none(*(const int64_t *)value);
	case RECORD_REAL:
		real = *(const double *)value;
		return isfinite(real) && fpclassify(real) != FP_ZERO
		    ? json_real(real)
		    : NULL;
	case RECORD_ENUM:
		memcpy(&number, value, sizeof(number));
		return number != 0 ? json_string(field->enum_name(number))
				   : NULL;
	case RECORD_TEXT:
	case RECORD_TEXTS:
	case RECORD_BOOL:
	case RECORD_JSON:
	case RECORD_OBJECT:
	case RECORD_OTHER:
		break;
	}
	return NULL;
}

/* The value of a field, or NULL when it is zero. */
static json_t *
field_to_json(const struct record_field *field, const void *value)
{
	const char *text = NULL;
	switch (field->type) {
	case RECORD_TEXT:
		text = *(const char *const *)value;
		return text != NULL ? json_text(text) : NULL;
	case RECORD_TEXTS:
		return texts_to_json(value);
	case RECORD_BOOL:
		return *(const bool *)value ? json_true() : NULL;
	case RECORD_JSON:
		return json_incref(*(json_t *const *)value);
	case RECORD_OBJECT:
		return object_or_none(field->fields, value);
	case RECORD_OTHER:
		return NULL;
	case RECORD_INT:
	case RECORD_UNSIGNED:
	case RECORD_SIZE:
	case RECORD_INT64:
	case RECORD_REAL:
	case RECORD_ENUM:
		break;
	}
	return number_to_json(field, value);
}

json_t *
record_to_json(const struct record_field *fields, const void *record)
{
	json_t *object = json_object();
	for (; fields->name != NULL; fields++) {
		json_t *value = field_to_json(fields, at(record, fields));
		if (value != NULL)
			json_object_set_new(object, fields->name, value);
	}
	return object;
}

static bool
wrong(const struct record_field *field, const char *expected, struct error *err)
{
	return error_set(
	    err, ERROR_INPUT, "%s: expected %s", field->name, expected);
}

static bool
text_from_json(const struct record_field *field, const json_t *json,
    char **text, struct error *err)
{
	const char *value = json_string_value(json);
	if (value == NULL || strlen(value) != json_string_length(json))
		return wrong(field, "text without NUL", err);
	*text = mem_text(value);
	return true;
}

static bool
texts_from_json(const struct record_field *field, const json_t *json,
    struct strv *texts, struct error *err)
{
	if (!json_is_array(json))
		return wrong(field, "a list of texts", err);
	for (size_t i = 0; i < json_array_size(json); i++) {
		char *text = NULL;
		if (!text_from_json(field, json_array_get(json, i), &text, err))
			return false;
		strv_give(texts, text);
	}
	return true;
}

static bool
enum_from_json(const struct record_field *field, const json_t *json,
    void *value, struct error *err)
{
	const char *name = json_string_value(json);
	for (unsigned i = 0; name != NULL && i < field->enum_count; i++) {
		if (strcmp(field->enum_name(i), name) == 0) {
			memcpy(value, &i, sizeof(i));
			return true;
		}
	}
	return wrong(field, "a known name", err);
}

static bool
integer_from_json(const struct record_field *field, const json_t *json,
    int64_t least, int64_t most, int64_t *value, struct error *err)
{
	if (!json_is_integer(json) || json_integer_value(json) < least ||
	    json_integer_value(json) > most)
		return wrong(field, "an integer in range", err);
	*value = json_integer_value(json);
	return true;
}

static bool
number_from_json(const struct record_field *field, const json_t *json,
    void *value, struct error *err)
{
	int64_t number = 0;
	switch (field->type) {
	case RECORD_INT:
		if (!integer_from_json(
			field, json, INT_MIN, INT_MAX, &number, err))
			return false;
		*(int *)value = (int)number;
		return true;
	case RECORD_UNSIGNED:
		if (!integer_from_json(field, json, 0, UINT_MAX, &number, err))
			return false;
		*(unsigned *)value = (unsigned)number;
		return true;
	case RECORD_SIZE:
		if (!integer_from_json(field, json, 0, INT64_MAX, &number, err))
			return false;
		*(size_t *)value = (size_t)number;
		return true;
	case RECORD_INT64:
		return integer_from_json(
		    field, json, INT64_MIN, INT64_MAX, value, err);
	case RECORD_REAL:
		*(double *)value = json_number_value(json);
		return json_is_number(json) || wrong(field, "a number", err);
	case RECORD_TEXT:
	case RECORD_TEXTS:
	case RECORD_BOOL:
	case RECORD_ENUM:
	case RECORD_JSON:
	case RECORD_OBJECT:
	case RECORD_OTHER:
		break;
	}
	BUG("%s is not a number", field->name);
}

static bool
field_from_json(const struct record_field *field, const json_t *json,
    void *value, struct error *err)
{
	switch (field->type) {
	case RECORD_TEXT:
		return text_from_json(field, json, value, err);
	case RECORD_TEXTS:
		return texts_from_json(field, json, value, err);
	case RECORD_BOOL:
		*(bool *)value = json_is_true(json);
		return json_is_boolean(json) ||
		    wrong(field, "true or false", err);
	case RECORD_ENUM:
		return enum_from_json(field, json, value, err);
	case RECORD_JSON:
		/* shared: what was decoded is not changed afterwards */
		*(json_t **)value = json_incref(json_mutable(json));
		return true;
	case RECORD_OBJECT:
		return record_from_json(field->fields, json, value, err) ||
		    error_wrap(err, "%s", field->name);
	case RECORD_OTHER:
		return true;
	case RECORD_INT:
	case RECORD_UNSIGNED:
	case RECORD_SIZE:
	case RECORD_INT64:
	case RECORD_REAL:
		break;
	}
	return number_from_json(field, json, value, err);
}

bool
record_from_json(const struct record_field *fields, const json_t *object,
    void *record, struct error *err)
{
	size_t known = 0;
	if (!json_is_object(object))
		return error_set(err, ERROR_INPUT, "expected an object");
	for (; fields->name != NULL; fields++) {
		const json_t *value = json_object_get(object, fields->name);
		known += value != NULL;
		if (value != NULL &&
		    !field_from_json(
			fields, value, at_mutable(record, fields), err))
			return false;
	}
	if (known != json_object_size(object))
		return error_set(err, ERROR_INPUT, "a member is not known");
	return true;
}
