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
#define MATCH_LIMIT 100000 /* steps from one place where a match may begin */
#define WORK_LIMIT 50000000 /* items tried and bytes passed in one search */
#define HEAP_LIMIT_KIB 16384
#define MESSAGE_SIZE 256

struct regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

/* What a search has done so far. */
struct regex_work {
	size_t at;
	size_t done;
};

static void *
allocate(size_t size, void *unused)
{
	(void)unused;
	return mem_resize(NULL, size, 1);
}

static void
release(void *block, void *unused)
{
	(void)unused;
	free(block);
}

static bool
complain(int code, const char *what, struct error *err)
{
	PCRE2_UCHAR text[MESSAGE_SIZE];
	pcre2_get_error_message(code, text, sizeof(text));
	return error_set(err, ERROR_INPUT, "%s: %s", what, (const char *)text);
}

static pcre2_code *
compile(const char *pattern, pcre2_general_context *memory, struct error *err)
{
	int code;
	PCRE2_SIZE at;
	pcre2_compile_context *context = pcre2_compile_context_create(memory);
	pcre2_set_parens_nest_limit(context, NEST_LIMIT);
	/* \C would break characters apart. */
	pcre2_code *compiled =
	    pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern),
		PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C |
		    PCRE2_AUTO_CALLOUT,
		&code, &at, context);
	pcre2_compile_context_free(context);
	if (compiled == NULL) {
		complain(code, "regular expression", err);
		error_wrap(err, "'%s' at character %zu", pattern, at + 1);
	}
	return compiled;
}

/* Called before each item of the pattern is tried. */
static int
count_work(pcre2_callout_block *block, void *arg)
{
	struct regex_work *work = arg;
	size_t at = block->current_position;
	work->done += 1 + (at > work->at ? at - work->at : work->at - at);
	work->at = at;
	return work->done > WORK_LIMIT ? PCRE2_ERROR_MATCHLIMIT : 0;
}

struct regex *
regex_new(const char *pattern, struct error *err)
{
	if (strlen(pattern) > REGEX_PATTERN_LIMIT) {
		error_set(err, ERROR_INPUT,
		    "regular expression is longer than %d bytes",
		    REGEX_PATTERN_LIMIT);
		return NULL;
	}
	pcre2_general_context *memory =
	    pcre2_general_context_create(allocate, release, NULL);
	struct regex *regex = NULL;
	pcre2_code *code = compile(pattern, memory, err);
	if (code != NULL) {
		regex = mem_zalloc(sizeof(*regex));
		regex->code = code;
		regex->match =
		    pcre2_match_data_create_from_pattern(code, memory);
		regex->limits = pcre2_match_context_create(memory);
		pcre2_set_match_limit(regex->limits, MATCH_LIMIT);
		pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
	}
	pcre2_general_context_free(memory);
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
	struct regex_work work = { 0 };
	*found = false;
	if (len > REGEX_SUBJECT_LIMIT)
		return error_set(err, ERROR_INPUT,
		    "a text of %zu bytes is too long for a regular expression",
		    len);
	pcre2_set_callout(regex->limits, count_work, &work);
	int n = pcre2_match(regex->code, (PCRE2_SPTR)subject, len, 0, 0,
	    regex->match, regex->limits);
	pcre2_set_callout(regex->limits, NULL, NULL);
	if (n == PCRE2_ERROR_NOMATCH)
		return true;
	if (n < 0)
		return complain(n, "regular expression", err);
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(regex->match);
	size_t group = n > 1 && at[2] != PCRE2_UNSET ? 2 : 0;
	*found = true;
	*start = at[group];
	/* Before 10.38, \K in an assertion may put the start behind the end. */
	*end = at[group + 1] < *start ? *start : at[group + 1];
	return true;
}

bool
regex_search(const struct regex *regex, const char *subject, size_t len,
    bool *found, struct error *err)
{
	size_t start, end;
	return regex_find(regex, subject, len, found, &start, &end, err);
}
