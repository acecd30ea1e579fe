/* SPDX-License-Identifier: MIT */
/*
 * Regular expressions (PCRE2, UTF), searched unanchored and bounded: a pattern
 * that would take for ever is an error, not a wait.
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

struct regex *regex_new(const char *pattern, struct error *err) MUST_USE;
void regex_free(struct regex *regex);
bool regex_search(const struct regex *regex, const char *subject, size_t len,
    bool *found, struct error *err) MUST_USE;
/*
 * The same, with the place of group 1 (of the whole match where there is no
 * such group) in *start and *end.
 */
bool regex_find(const struct regex *regex, const char *subject, size_t len,
    bool *found, size_t *start, size_t *end, struct error *err) MUST_USE;

#endif
