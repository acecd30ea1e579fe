/* SPDX-License-Identifier: MIT */
/* A growing byte string. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

const char *
str_text(const struct str *s)
{
	return s->data == NULL ? "" : s->data;
}

char *
str_room(struct str *s, size_t more)
{
	/* SIZE_MAX is more than there is: the end, as for any failed request */
	size_t need = more < SIZE_MAX - s->len ? s->len + more + 1 : SIZE_MAX;
	s->data = mem_grow(s->data, &s->cap, need, 1);
	s->data[s->len] = '\0';
	return s->data + s->len;
}

void
str_grown(struct str *s, size_t added)
{
	s->len += added;
	s->data[s->len] = '\0';
}

void
str_add_n(struct str *s, const void *bytes, size_t len)
{
	char *room = str_room(s, len);
	if (len > 0)
		memcpy(room, bytes, len);
	str_grown(s, len);
}

void
str_add(struct str *s, const char *text)
{
	str_add_n(s, text, strlen(text));
}

void
str_add_char(struct str *s, char c)
{
	str_add_n(s, &c, 1);
}

void
str_add_str(struct str *s, const struct str *more)
{
	str_add_n(s, str_text(more), more->len);
}

void
str_vformat(struct str *s, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		BUG("a format that cannot be printed: %s", fmt);
	char *room = str_room(s, (size_t)len);
	vsnprintf(room, (size_t)len + 1, fmt, args);
	str_grown(s, (size_t)len);
}

void
str_format(struct str *s, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	str_vformat(s, fmt, args);
	va_end(args);
}

void
str_cut(struct str *s, size_t len)
{
	if (len >= s->len)
		return;
	s->len = len;
	s->data[len] = '\0';
}

void
str_drop(struct str *s, size_t n)
{
	if (n == 0 || s->data == NULL)
		return;
	if (n > s->len)
		n = s->len;
	memmove(s->data, s->data + n, s->len - n + 1);
	s->len -= n;
}

void
str_clear(struct str *s)
{
	str_cut(s, 0);
}

bool
str_is(const struct str *s, const char *text)
{
	size_t len = strlen(text);
	return s->len == len && memcmp(str_text(s), text, len) == 0;
}

char *
str_take(struct str *s)
{
	char *text = s->data == NULL ? mem_text("") : s->data;
	*s = (struct str){ 0 };
	return text;
}

void
str_release(struct str *s)
{
	free(s->data);
	*s = (struct str){ 0 };
}
