/* SPDX-License-Identifier: MIT */
/* The refs of jobs. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "git/refs.h"

static void
take_line(struct ref_list *list, char *line)
{
	char *name = strchr(line, ' ');
	if (name == NULL)
		return;
	*name++ = '\0';
	if (!git_is_oid(line))
		return;
	list->items = mem_grow(
	    list->items, &list->cap, list->n + 1, sizeof(*list->items));
	struct ref_entry *entry = &list->items[list->n++];
	entry->name = mem_text(name);
	snprintf(entry->oid, sizeof(entry->oid), "%s", line);
}

bool
refs_list(const struct repo *repo, const char *prefix, struct ref_list *list,
    struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "for-each-ref",
		"--format=%(objectname) %(refname)", "--", prefix, NULL };
	*list = (struct ref_list){ 0 };
	if (!git_run(repo->common_dir, args, &out, err))
		return false;
	autofree char *copy = str_take(&out);
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		take_line(list, line);
	return true;
}

void
refs_list_release(struct ref_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct ref_list){ 0 };
}
