/* SPDX-License-Identifier: MIT */
/*
 * A growing byte string, always followed by a NUL that does not count. All
 * zero is the empty string. Bytes may include NUL; len rules.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"

struct str {
	char *data; /* NULL while empty: read through str_text() */
	size_t len;
	size_t cap;
};

#define autostr __attribute__((__cleanup__(str_release)))

const char *str_text(const struct str *s); /* never NULL */
void str_add(struct str *s, const char *text);
/* bytes must not lie inside s. */
void str_add_n(struct str *s, const void *bytes, size_t len);
void str_add_char(struct str *s, char c);
void str_add_str(struct str *s, const struct str *more);
void str_format(struct str *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
void str_vformat(struct str *s, const char *fmt, va_list args)
    PRINTF_LIKE(2, 0);
/*
 * Room for more bytes behind len, writable; str_grown() then makes those that
 * were written part of the string.
 */
char *str_room(struct str *s, size_t more);
void str_grown(struct str *s, size_t added);
void str_cut(struct str *s, size_t len); /* shortens to len at most */
/* Removes n bytes from the front. */
void str_drop(struct str *s, size_t n);
void str_clear(struct str *s); /* empty, keeps its memory */
bool str_is(const struct str *s, const char *text);
/* Gives the text to the caller, never NULL, and empties s. */
char *str_take(struct str *s) MUST_USE;
void str_release(struct str *s);

#endif
