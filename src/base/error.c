/* SPDX-License-Identifier: MIT */
/* A failure as a value. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

static void
replace_text(struct error *err, struct str *text)
{
	free(err->text);
	err->text = str_take(text);
}

bool
error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	replace_text(err, &text);
	err->kind = kind;
	err->code = 0;
	return false;
}

bool
error_system(struct error *err, const char *fmt, ...)
{
	int code = errno;
	struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	str_format(&text, ": %s", strerror(code));
	replace_text(err, &text);
	err->kind =
	    code == ENOSPC || code == EDQUOT ? ERROR_NO_SPACE : ERROR_SYSTEM;
	err->code = code;
	return false;
}

bool
error_wrap(struct error *err, const char *fmt, ...)
{
	struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	str_format(&text, ": %s", error_text(err));
	replace_text(err, &text);
	return false;
}

const char *
error_text(const struct error *err)
{
	return err->text == NULL ? "" : err->text;
}

int
error_exit_code(enum error_kind kind)
{
	if (kind == ERROR_NONE)
		return 0;
	return kind == ERROR_USAGE ? 2 : 1;
}

void
error_move(struct error *to, struct error *from)
{
	*to = *from;
	*from = (struct error){ 0 };
}

void
error_release(struct error *err)
{
	free(err->text);
	*err = (struct error){ 0 };
}

void
error_list_add(struct error_list *list, struct error *err)
{
	list->items = mem_grow(
	    list->items, &list->cap, list->n + 1, sizeof(*list->items));
	error_move(&list->items[list->n++], err);
}

void
error_list_release(struct error_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		error_release(&list->items[i]);
	free(list->items);
	*list = (struct error_list){ 0 };
}
