/* SPDX-License-Identifier: MIT */
/* The refs of jobs. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/refs.h"

#define DEPTH_LIMIT 16

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

static bool clear_dir(const char *path, unsigned depth, struct error *err);

static bool
clear_entry(const char *path, unsigned depth, struct error *err)
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return errno == ENOENT ||
		    error_system(err, "looking at %s", path);
	if (S_ISDIR(st.st_mode))
		return clear_dir(path, depth + 1, err);
	return !text_ends_with(path, ".lock") || file_remove(path, err);
}

static bool
clear_dir(const char *path, unsigned depth, struct error *err)
{
	DIR *dir = depth < DEPTH_LIMIT ? opendir(path) : NULL;
	const struct dirent *entry;
	bool ok = true;
	while (ok && dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		autofree char *below = path_join(path, entry->d_name);
		ok = clear_entry(below, depth, err);
	}
	if (dir != NULL)
		closedir(dir);
	return ok;
}

bool
refs_clear_locks(const struct repo *repo, const char *prefix, struct error *err)
{
	if (!path_is_beneath(prefix) ||
	    !text_starts_with(prefix, "refs/prodigy/"))
		return error_set(
		    err, ERROR_GIT, "'%s' is not a ref of a job", prefix);
	autofree char *dir = path_join(repo->common_dir, prefix);
	return clear_dir(dir, 0, err);
}
