/* SPDX-License-Identifier: MIT */
/* Repositories inside of a work tree, at an attempt's end. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/inner.h"
#include "base/log.h"
#include "base/mem.h"
#include "git/nested_keep.h"

static void
add_kept(const struct nested *nested, const struct nested_kept *kept,
    struct kept_list *list)
{
	autofree char *what = nested_quote(nested->path);
	if (kept->ref.name != NULL)
		kept_add_ref(
		    list, KEPT_NESTED, what, kept->ref.name, kept->ref.commit);
	if (kept->beside == NULL)
		return;
	kept_add_path(list, KEPT_SUBMODULE, what, kept->beside);
	list->items[list->n - 1].commit = mem_text(kept->commit);
}

/* The first failure is what is returned, the others are only told. */
static void
note_failure(struct error *err, struct error *why)
{
	if (err->kind == ERROR_NONE)
		error_move(err, why);
	else
		log_warn("%s", error_text(why));
}

bool
inner_keep(const char *tree, const struct salvage_owner *owner,
    struct nested_list *list, struct kept_list *kept, struct error *err)
{
	autoerror struct error first = { 0 };
	if (!nested_find(tree, list, &first))
		log_debug("%s", error_text(&first));
	for (size_t i = 0; i < list->n; i++) {
		autoerror struct error why = { 0 };
		struct nested_kept one = { 0 };
		if (owner->refs == NULL)
			error_set(&why, ERROR_STATE,
			    "there is a repository in %s", tree);
		else if (nested_keep(
			     tree, owner, list, &list->items[i], &one, &why))
			add_kept(&list->items[i], &one, kept);
		if (why.kind != ERROR_NONE)
			note_failure(&first, &why);
		nested_kept_release(&one);
	}
	if (first.kind == ERROR_NONE)
		return true;
	error_move(err, &first);
	return false;
}

void
inner_drop(const struct nested_list *list, struct strv *lines)
{
	for (size_t i = lines->n; i-- > 0;) {
		const char *path = lines->items[i] + strlen("?? ");
		for (size_t j = 0; j < list->n; j++) {
			size_t len = strlen(list->items[j].path);
			if (list->items[j].has_files &&
			    strncmp(path, list->items[j].path, len) == 0 &&
			    strcmp(path + len, "/") == 0) {
				strv_remove(lines, i);
				break;
			}
		}
	}
}
