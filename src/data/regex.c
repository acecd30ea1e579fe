/* SPDX-License-Identifier: MIT */
/* Regular expressions on PCRE2, bounded. */
#include "config.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/regex.h"

#define NEST_LIMIT 64
#define MATCH_LIMIT 100000
#define HEAP_LIMIT_KIB 16384

struct regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static bool
complain(int code, const char *what, struct error *err)
{
	PCRE2_UCHAR text[256];
	pcre2_get_error_message(code, text, sizeof(text));
	return error_set(err, ERROR_INPUT, "%s: %s", what, (char *)text);
}

static pcre2_code *
compile(const char *pattern, struct error *err)
{
	int code;
	PCRE2_SIZE at;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_set_parens_nest_limit(context, NEST_LIMIT);
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern,
	    strlen(pattern), PCRE2_UTF | PCRE2_UCP, &code, &at, context);
	pcre2_compile_context_free(context);
	if (compiled == NULL) {
		complain(code, "regular expression", err);
		error_wrap(err, "'%s' at character %zu", pattern, at + 1);
	}
	return compiled;
}

struct regex *
regex_new(const char *pattern, struct error *err)
{
	if (strlen(pattern) > REGEX_PATTERN_LIMIT) {
		error_set(err, ERROR_INPUT, "regular expression is longer "
		    "than %d bytes", REGEX_PATTERN_LIMIT);
		return NULL;
	}
	pcre2_code *code = compile(pattern, err);
	if (code == NULL)
		return NULL;
	struct regex *regex = mem_zalloc(sizeof(*regex));
	regex->code = code;
	regex->match = pcre2_match_data_create_from_pattern(code, NULL);
	regex->limits = pcre2_match_context_create(NULL);
	pcre2_set_match_limit(regex->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
	return regex;
}

void
regex_free(struct regex *regex)
{
	if (regex == NULL)
		return;
	pcre2_match_context_free(regex->limits);
	pcre2_match_data_free(regex->match);
	pcre2_code_free(regex->code);
	free(regex);
}

bool
regex_find(const struct regex *regex, const char *subject, size_t len,
    bool *found, size_t *start, size_t *end, struct error *err)
{
	*found = false;
	if (len > REGEX_SUBJECT_LIMIT)
		return error_set(err, ERROR_INPUT, "a text of %zu bytes is "
		    "too long for a regular expression", len);
	int n = pcre2_match(regex->code, (PCRE2_SPTR)subject, len, 0, 0,
	    regex->match, regex->limits);
	if (n == PCRE2_ERROR_NOMATCH)
		return true;
	if (n < 0)
		return complain(n, "regular expression", err);
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(regex->match);
	int group = n > 1 && at[2] != PCRE2_UNSET ? 1 : 0;
	*found = true;
	*start = at[2 * group];
	*end = at[2 * group + 1];
	return true;
}

bool
regex_search(const struct regex *regex, const char *subject, size_t len,
    bool *found, struct error *err)
{
	size_t start, end;
	return regex_find(regex, subject, len, found, &start, &end, err);
}
