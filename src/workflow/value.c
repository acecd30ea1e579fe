/* SPDX-License-Identifier: MIT */
/* Values that a workflow file may give as text or by a variable's name. */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/yaml.h"
#include "workflow/value.h"

#define SECOND_MS 1000

bool
value_is_variable_name(const char *text)
{
	return text_is_name(text, strlen(text));
}

char *
value_variable(const char *text)
{
	size_t len = strlen(text);
	if (len < 2 || text[0] != '$')
		return NULL;
	text++;
	len--;
	if (text[0] == '{' && text[len - 1] == '}') {
		text++;
		len -= 2;
	}
	return text_is_name(text, len) ? mem_text_n(text, len) : NULL;
}

bool
value_timeout(const char *text, int64_t *ms, struct error *err)
{
	int64_t value = 0;
	if (!clock_parse_duration(text, SECOND_MS, &value, err))
		return false;
	if (value <= 0)
		return error_set(err, ERROR_INPUT,
		    "a timeout must be more than 0, not \"%s\"", text);
	if (value > VALUE_TIMEOUT_LIMIT)
		return error_set(err, ERROR_INPUT,
		    "a timeout of more than a year: \"%s\"", text);
	*ms = value;
	return true;
}

/* What a unit stands for; 0: it is none. */
static double
unit_of(const char *text)
{
	static const char letters[] = "kmgtp";
	double unit = 1;
	if (text[0] == '\0' || strcasecmp(text, "b") == 0)
		return 1;
	const char *at = strchr(letters, text[0] | 0x20);
	if (at == NULL)
		return 0;
	text++;
	bool thousands = strcasecmp(text, "b") == 0;
	if (!thousands && text[0] != '\0' && strcasecmp(text, "ib") != 0 &&
	    strcasecmp(text, "i") != 0)
		return 0;
	for (const char *letter = letters; letter <= at; letter++)
		unit *= thousands ? 1000 : 1024;
	return unit;
}

/* Digits with or without a fraction, whatever the locale's comma is. */
static const char *
read_decimal(const char *text, double *value)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits);
	double weight = 1;
	*value = 0;
	for (size_t i = 0; i < whole; i++)
		*value = *value * 10 + (text[i] - '0');
	text += whole;
	if (whole == 0 || text[0] != '.')
		return whole == 0 ? NULL : text;
	size_t parts = strspn(++text, digits);
	for (size_t i = 0; i < parts; i++) {
		weight /= 10;
		*value += weight * (text[i] - '0');
	}
	return parts == 0 ? NULL : text + parts;
}

bool
value_bytes(const char *text, int64_t *bytes, struct error *err)
{
	double value = 0;
	const char *unit = read_decimal(text, &value);
	while (unit != NULL && *unit == ' ')
		unit++;
	if (unit == NULL || unit_of(unit) == 0)
		return error_set(err, ERROR_INPUT,
		    "expected a size such as 500MB or 2GiB, not \"%s\"", text);
	value *= unit_of(unit);
	if (value > VALUE_BYTES_LIMIT)
		return error_set(
		    err, ERROR_INPUT, "the size %s is too large", text);
	*bytes = (int64_t)value;
	return true;
}

bool
value_parallel(const char *text, unsigned *count, struct error *err)
{
	int64_t value = 0;
	if (!yaml_int(text, &value))
		return error_set(err, ERROR_INPUT,
		    "expected a whole number, not \"%s\"", text);
	if (value < 1 || value > VALUE_PARALLEL_LIMIT)
		return error_set(err, ERROR_INPUT,
		    "must be from 1 to %d, not %s", VALUE_PARALLEL_LIMIT, text);
	*count = (unsigned)value;
	return true;
}
