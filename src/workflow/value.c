/* SPDX-License-Identifier: MIT */
/* Values that a workflow file may give as text or by a variable's name. */
#include "config.h"

#include <string.h>

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
