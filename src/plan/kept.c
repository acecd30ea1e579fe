/* SPDX-License-Identifier: MIT */
/* What was left at an attempt's end, and how it is kept. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/kept.h"

static const struct record_field kept_fields[] = {
	RECORD(struct kept, ref),
	RECORD(struct kept, path),
	RECORD(struct kept, commit),
	RECORD(struct kept, kind),
	RECORD(struct kept, what),
	RECORD_END,
};

const struct record_table kept_table = RECORD_TABLE(struct kept, kept_fields);

static struct kept *
add(struct kept_list *list, const char *kind, const char *what)
{
	list->items = mem_grow(
	    list->items, &list->cap, list->n + 1, sizeof(*list->items));
	struct kept *entry = &list->items[list->n++];
	*entry =
	    (struct kept){ .kind = mem_text(kind), .what = mem_text(what) };
	return entry;
}

void
kept_add_ref(struct kept_list *list, const char *kind, const char *what,
    const char *ref, const char *commit)
{
	struct kept *entry = add(list, kind, what);
	entry->ref = mem_text(ref);
	entry->commit = mem_text(commit);
}

void
kept_add_path(struct kept_list *list, const char *kind, const char *what,
    const char *path)
{
	add(list, kind, what)->path = mem_text(path);
}

void
kept_move(struct kept_list *to, struct kept_list *from)
{
	for (size_t i = 0; i < from->n; i++) {
		struct kept *entry = add(to, "", "");
		record_release(&kept_table, entry);
		*entry = from->items[i];
	}
	free(from->items);
	*from = (struct kept_list){ 0 };
}

const struct kept *
kept_find(const struct kept_list *list, const char *kind)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].kind, kind) == 0)
			return &list->items[i];
	return NULL;
}

json_t *
kept_to_json(const struct kept_list *list)
{
	if (list->n == 0)
		return NULL;
	json_t *out = json_array();
	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(
		    out, record_to_json(&kept_table, &list->items[i]));
	return out;
}
