/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions (PCRE2, UTF), searched unanchored and bounded: a search
 * that would take for ever is an error, neither a wait nor "not found".
 *
 * PCRE2's own limit counts anew at each place where a match may begin, so that
 * \w+\s takes an hour in a megabyte of letters; the limit on a whole search is
 * ours. It does not see inside one repeated item such as x{60000}.
 */
#ifndef DATA_REGEX_H
#define DATA_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"

#define REGEX_PATTERN_LIMIT 4096 /* bytes */
#define REGEX_SUBJECT_LIMIT ((size_t)1024 * 1024)

struct regex;

/* NULL on failure: ERROR_INPUT that shows the pattern and the place in it. */
struct regex *regex_new(const char *pattern, struct error *err) MUST_USE;
void regex_free(struct regex *regex);
/*
 * Whether the pattern fits anywhere in subject, which is UTF-8. False with
 * ERROR_INPUT when a limit is exceeded.
 */
bool regex_search(const struct regex *regex, const char *subject, size_t len,
    bool *found, struct error *err) MUST_USE;
/*
 * Searches as regex_search() does, and gives the place of group 1 (of the whole
 * match where there is no such group) in *start and *end, which are untouched
 * when nothing is found.
 */
bool regex_find(const struct regex *regex, const char *subject, size_t len,
    bool *found, size_t *start, size_t *end, struct error *err) MUST_USE;

#endif
