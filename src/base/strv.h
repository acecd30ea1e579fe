/* SPDX-License-Identifier: MIT */
/*
 * A vector of owned strings, NULL-terminated, usable as argv or environment.
 * All zero is the empty vector (items is then NULL: use strv_array()).
 */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

struct strv {
	char **items;
	size_t n;
	size_t cap;
};

#define autostrv __attribute__((__cleanup__(strv_release)))

void strv_add(struct strv *v, const char *text); /* copies */
void strv_add_all(struct strv *v, const char *const *texts); /* up to NULL */
void strv_give(struct strv *v, char *text); /* takes text */
void strv_format(struct strv *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
void strv_copy(struct strv *v, const struct strv *from); /* appends copies */
char **strv_array(struct strv *v); /* NULL-terminated, owned by v */
bool strv_has(const struct strv *v, const char *text);
void strv_remove(struct strv *v, size_t index);
void strv_clear(struct strv *v);
void strv_release(struct strv *v);

/*
 * Environment form (NAME=VALUE): set replaces the entries of that name or
 * appends; get gives the first, borrowed, or NULL.
 */
void strv_env_set(struct strv *v, const char *name, const char *value);
const char *strv_env_get(const struct strv *v, const char *name);
void strv_env_unset(struct strv *v, const char *name);
/* Sets every entry of entries; those without a '=' are left out. */
void strv_env_set_all(struct strv *v, const struct strv *entries);
/*
 * Splits an entry: *name is a copy of its name, for the caller to free, and
 * what is returned points to its value. NULL, and *name untouched, when the
 * entry has no '='.
 */
const char *strv_env_split(const char *entry, char **name);
/* Replaces the contents of v by a copy of the process environment. */
void strv_env_inherit(struct strv *v);

#endif
