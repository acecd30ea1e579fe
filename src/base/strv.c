/* SPDX-License-Identifier: MIT */
/* A vector of owned strings, NULL-terminated. */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

void
strv_give(struct strv *v, char *text)
{
	v->items = mem_grow(v->items, &v->cap, v->n + 2, sizeof(*v->items));
	v->items[v->n++] = text;
	v->items[v->n] = NULL;
}

void
strv_add(struct strv *v, const char *text)
{
	strv_give(v, mem_text(text));
}

void
strv_add_all(struct strv *v, const char *const *texts)
{
	for (; texts != NULL && *texts != NULL; texts++)
		strv_add(v, *texts);
}

void
strv_format(struct strv *v, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	strv_give(v, str_take(&text));
}

void
strv_copy(struct strv *v, const struct strv *from)
{
	size_t n = from->n; /* v may be from */
	for (size_t i = 0; i < n; i++)
		strv_add(v, from->items[i]);
}

char **
strv_array(struct strv *v)
{
	if (v->items == NULL) {
		v->items = mem_grow(NULL, &v->cap, 1, sizeof(*v->items));
		v->items[0] = NULL;
	}
	return v->items;
}

bool
strv_has(const struct strv *v, const char *text)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->items[i], text) == 0)
			return true;
	return false;
}

void
strv_remove(struct strv *v, size_t index)
{
	free(v->items[index]);
	memmove(&v->items[index], &v->items[index + 1],
	    (v->n - index) * sizeof(*v->items));
	v->n--;
}

void
strv_clear(struct strv *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->items[i]);
	v->n = 0;
	if (v->items != NULL)
		v->items[0] = NULL;
}

void
strv_release(struct strv *v)
{
	strv_clear(v);
	free(v->items);
	*v = (struct strv){ 0 };
}

/* The index of the first entry for name from i on, or v->n. */
static size_t
find_entry(const struct strv *v, const char *name, size_t i)
{
	size_t len = strlen(name);
	while (i < v->n &&
	    (strncmp(v->items[i], name, len) != 0 || v->items[i][len] != '='))
		i++;
	return i;
}

/* A name may be there twice, and programs differ in which they read. */
static void
remove_entries(struct strv *v, const char *name, size_t from)
{
	size_t i = from;
	while ((i = find_entry(v, name, i)) < v->n)
		strv_remove(v, i);
}

void
strv_env_set(struct strv *v, const char *name, const char *value)
{
	size_t i = find_entry(v, name, 0);
	char *entry = mem_format("%s=%s", name, value);
	if (i == v->n) {
		strv_give(v, entry);
		return;
	}
	free(v->items[i]);
	v->items[i] = entry;
	remove_entries(v, name, i + 1);
}

const char *
strv_env_get(const struct strv *v, const char *name)
{
	size_t i = find_entry(v, name, 0);
	return i == v->n ? NULL : v->items[i] + strlen(name) + 1;
}

void
strv_env_unset(struct strv *v, const char *name)
{
	remove_entries(v, name, 0);
}

const char *
strv_env_split(const char *entry, char **name)
{
	const char *equals = strchr(entry, '=');
	if (equals == NULL)
		return NULL;
	*name = mem_text_n(entry, (size_t)(equals - entry));
	return equals + 1;
}

void
strv_env_set_all(struct strv *v, const struct strv *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		autofree char *name = NULL;
		const char *value = strv_env_split(entries->items[i], &name);
		if (value != NULL)
			strv_env_set(v, name, value);
	}
}

void
strv_env_inherit(struct strv *v)
{
	strv_clear(v);
	strv_add_all(v, (const char *const *)environ);
}
