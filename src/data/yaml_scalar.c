/* SPDX-License-Identifier: MIT */
/* What a scalar of a YAML file is, and the way to JSON. */
#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/yaml.h"

#define DIGITS "0123456789"

static bool
is_one_of(const char *text, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static const char *
skip_sign(const char *text)
{
	return *text == '-' || *text == '+' ? text + 1 : text;
}

/* The base that the text after the sign announces, 0 when it is no integer. */
static int
integer_base(const char *digits)
{
	static const struct {
		const char *prefix;
		const char *digits;
		int base;
	} forms[] = {
		{ "0x", DIGITS "abcdefABCDEF", 16 },
		{ "0o", "01234567", 8 },
		{ "0b", "01", 2 },
	};
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		const char *rest = digits + 2;
		if (strncmp(digits, forms[i].prefix, 2) == 0)
			return *rest && rest[strspn(rest, forms[i].digits)] == 0
			    ? forms[i].base
			    : 0;
	}
	if (!*digits || digits[strspn(digits, DIGITS)] != '\0' ||
	    (digits[0] == '0' && digits[1] != '\0'))
		return 0;
	return 10;
}

static bool
is_real(const char *text)
{
	static const char *const special[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const no_number[] = { ".nan", ".NaN", ".NAN", NULL };
	const char *at = skip_sign(text);
	const size_t whole = strspn(at, DIGITS);
	if (is_one_of(at, special) || is_one_of(text, no_number))
		return true;
	if (whole > 1 && at[0] == '0')
		return false;
	at += whole;
	const bool point = *at == '.';
	const size_t fraction = point ? strspn(at + 1, DIGITS) : 0;
	if (whole + fraction == 0)
		return false;
	at += point ? fraction + 1 : 0;
	if (*at == '\0')
		return point;
	if (*at != 'e' && *at != 'E')
		return false;
	at = skip_sign(at + 1);
	return *at && at[strspn(at, DIGITS)] == '\0';
}

enum yaml_type
yaml_type_of(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
		NULL };
	static const char *const bools[] = { "true", "True", "TRUE", "false",
		"False", "FALSE", NULL };
	if (is_one_of(text, nulls))
		return YAML_TYPE_NULL;
	if (is_one_of(text, bools))
		return YAML_TYPE_BOOL;
	if (integer_base(skip_sign(text)) != 0)
		return YAML_TYPE_INT;
	return is_real(text) ? YAML_TYPE_REAL : YAML_TYPE_TEXT;
}

enum yaml_type
yaml_type(const struct yaml_node *scalar)
{
	return scalar->plain ? yaml_type_of(scalar->text) : YAML_TYPE_TEXT;
}

bool
yaml_is_null(const struct yaml_node *node)
{
	return node->kind == YAML_KIND_SCALAR &&
	    yaml_type(node) == YAML_TYPE_NULL;
}

bool
yaml_int(const char *text, int64_t *value)
{
	const bool negative = *text == '-';
	const char *digits = skip_sign(text);
	const int base = integer_base(digits);
	const uint64_t limit = (uint64_t)INT64_MAX + negative;
	if (base == 0)
		return false;
	errno = 0;
	const unsigned long long size =
	    strtoull(base == 10 ? digits : digits + 2, NULL, base);
	if (errno != 0 || size > limit)
		return false;
	*value = !negative     ? (int64_t)size
	    : size > INT64_MAX ? INT64_MIN
			       : -(int64_t)size;
	return true;
}

static const char *
describe_scalar(const struct yaml_node *node)
{
	switch (yaml_type(node)) {
	case YAML_TYPE_NULL:
		return "nothing";
	case YAML_TYPE_BOOL:
		return "true or false";
	case YAML_TYPE_INT:
	case YAML_TYPE_REAL:
		return "a number";
	case YAML_TYPE_TEXT:
		break;
	}
	return "text";
}

const char *
yaml_describe(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_KIND_LIST:
		return "a list";
	case YAML_KIND_MAP:
		return "a map";
	case YAML_KIND_SCALAR:
		break;
	}
	return describe_scalar(node);
}

static json_t *
number_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	int64_t whole = 0;
	if (yaml_type(node) == YAML_TYPE_INT) {
		if (yaml_int(node->text, &whole))
			return json_integer(whole);
		yaml_error(doc, node->place, err, ERROR_INPUT,
		    "the number %s is beyond 64 bits", node->text);
		return NULL;
	}
	const char *digits = skip_sign(node->text);
	const double value =
	    digits[strcspn(digits, "nN")] ? NAN : strtod(node->text, NULL);
	if (isfinite(value))
		return json_real(value);
	yaml_error(doc, node->place, err, ERROR_INPUT,
	    "the number %s has no JSON form", node->text);
	return NULL;
}

static json_t *
scalar_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	switch (yaml_type(node)) {
	case YAML_TYPE_NULL:
		return json_null();
	case YAML_TYPE_BOOL:
		return json_boolean(
		    node->text[0] == 't' || node->text[0] == 'T');
	case YAML_TYPE_INT:
	case YAML_TYPE_REAL:
		return number_to_json(doc, node, err);
	case YAML_TYPE_TEXT:
		break;
	}
	return json_stringn(node->text, node->len);
}

static json_t *
list_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	json_t *array = json_array();
	for (size_t i = 0; i < node->n; i++) {
		json_t *item = yaml_to_json(doc, node->items[i], err);
		if (item == NULL) {
			json_decref(array);
			return NULL;
		}
		json_array_append_new(array, item);
	}
	return array;
}

static json_t *
map_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	json_t *object = json_object();
	for (size_t i = 0; i < node->n; i++) {
		json_t *value = yaml_to_json(doc, node->entries[i].value, err);
		if (value == NULL) {
			json_decref(object);
			return NULL;
		}
		json_object_set_new(object, node->entries[i].key->text, value);
	}
	return object;
}

json_t *
yaml_to_json(
    const struct yaml_doc *doc, const struct yaml_node *node, struct error *err)
{
	switch (node->kind) {
	case YAML_KIND_LIST:
		return list_to_json(doc, node, err);
	case YAML_KIND_MAP:
		return map_to_json(doc, node, err);
	case YAML_KIND_SCALAR:
		break;
	}
	return scalar_to_json(doc, node, err);
}
