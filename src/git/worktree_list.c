/* SPDX-License-Identifier: MIT */
/* The work trees of a repository. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "git/worktree.h"

static void
take_attribute(struct worktree_list *list, const char *line)
{
	if (strncmp(line, "worktree ", 9) == 0) {
		list->items = mem_grow(
		    list->items, &list->cap, list->n + 1, sizeof(*list->items));
		list->items[list->n++] =
		    (struct worktree_entry){ .path = mem_text(line + 9) };
	} else if (list->n > 0) {
		struct worktree_entry *entry = &list->items[list->n - 1];
		if (strncmp(line, "HEAD ", 5) == 0)
			entry->head = mem_text(line + 5);
		else if (strncmp(line, "branch refs/heads/", 18) == 0)
			entry->branch = mem_text(line + 18);
		else if (strncmp(line, "prunable", 8) == 0)
			entry->prunable = true;
	}
}

bool
worktree_list(
    const struct repo *repo, struct worktree_list *list, struct error *err)
{
	autostr struct str out = { 0 };
	bool nul = git_version() >= 23600; /* -z came with 2.36 */
	const char *const args[] = { "worktree", "list", "--porcelain",
		nul ? "-z" : NULL, NULL };
	*list = (struct worktree_list){ 0 };
	if (!git_run(repo->root, args, &out, err))
		return false;
	for (size_t i = 0; !nul && i < out.len; i++)
		if (out.data[i] == '\n')
			out.data[i] = '\0';
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1)
		take_attribute(list, at);
	return true;
}

void
worktree_list_release(struct worktree_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].path);
		free(list->items[i].branch);
		free(list->items[i].head);
	}
	free(list->items);
	*list = (struct worktree_list){ 0 };
}
