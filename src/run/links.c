/* SPDX-License-Identifier: MIT */
/* Links to commits of other repositories. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "git/git.h"
#include "git/nested.h"
#include "run/links.h"

/* The paths that .gitmodules names; none when it is missing or damaged. */
static void
read_modules(const char *repository, const char *commit, struct strv *paths)
{
	autofree char *blob = mem_format("%s:.gitmodules", commit);
	autostr struct str out = { 0 };
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "config", "--blob", blob, "-z",
		"--get-regexp", "^submodule\\..*\\.path$", NULL };
	if (!git_run(repository, args, &out, &ignored))
		return;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1) {
		const char *value = strchr(at, '\n');
		if (value != NULL)
			strv_add(paths, value + 1);
	}
}

static const struct kept *
find_kept(const struct kept_list *kept, const char *name)
{
	for (size_t i = 0; i < kept->n; i++)
		if (strcmp(kept->items[i].kind, KEPT_NESTED) == 0 &&
		    strcmp(kept->items[i].what, name) == 0)
			return &kept->items[i];
	return NULL;
}

bool
links_are_whole(const char *repository, const char *commit,
    const struct strv *links, const struct kept_list *kept,
    struct failure *failure)
{
	autostrv struct strv paths = { 0 };
	if (links->n > 0)
		read_modules(repository, commit, &paths);
	for (size_t i = 0; i < links->n; i++) {
		autofree char *name = nested_quote(links->items[i]);
		const struct kept *entry = find_kept(kept, name);
		bool named = strv_has(&paths, links->items[i]);
		if (named && entry == NULL)
			continue;
		failure_set(failure, CAUSE_REPOSITORY, 0,
		    named ? "%s was committed as a link to a commit that "
			    "nobody else has%s%s"
			  : "%s is a repository of its own: it was committed "
			    "as a link that .gitmodules does not explain%s%s",
		    name, entry == NULL ? "" : "; what it has is kept at ",
		    entry == NULL ? "" : entry->ref);
		return false;
	}
	return true;
}
