/* SPDX-License-Identifier: MIT */
/* Which files differ, through a diff-tree that stays. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "git/objects.h"
#include "git/objects_parts.h"

#define MODE_TREE 040000

struct changes {
	struct objects *objects;
	char from[GIT_OID_SIZE];
	char to[GIT_OID_SIZE];
	objects_paths_fn *fn;
	void *arg;
};

size_t
objects_measure_diff(const char *bytes, size_t len, void *mark)
{
	size_t n = strlen(mark);
	bool complete = len >= n && memcmp(bytes + len - n, mark, n) == 0;
	return complete ? len : 0;
}

static void
end_changes(
    struct changes *changes, const struct strv *paths, const struct error *err)
{
	changes->fn(paths, err, changes->arg);
	free(changes);
}

/* ":100644 100644 <old oid> <new oid> M", NUL, path, NUL */
bool
objects_next_entry(
    const char **at, const char *end, struct objects_entry *entry)
{
	if (*at >= end || **at != ':')
		return false;
	char *rest;
	entry->old_mode = (unsigned)strtoul(*at + 1, &rest, 8);
	entry->mode = (unsigned)strtoul(rest, &rest, 8);
	rest += strspn(rest, " ");
	rest += strcspn(rest, " ");
	rest += strspn(rest, " ");
	entry->oid = rest;
	entry->oid_len = strcspn(rest, " ");
	entry->path = rest + strlen(rest) + 1;
	if (entry->path >= end)
		return false;
	*at = entry->path + strlen(entry->path) + 1;
	return true;
}

/*
 * The commit's id, NUL, the entries, then the mark. Of commits that it cannot
 * read, git says nothing but the mark.
 */
static void
diff_came(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct changes *changes = arg;
	struct objects_entry entry;
	autoerror struct error err = { 0 };
	autostrv struct strv paths = { 0 };
	if (reply == NULL) {
		objects_complain(&err, "comparing commits", complaint);
		end_changes(changes, NULL, &err);
		return;
	}
	const char *end = reply + len - strlen(changes->objects->mark);
	if (end == reply) {
		error_set(&err, ERROR_GIT,
		    "commits %s and %s cannot be compared", changes->from,
		    changes->to);
		end_changes(changes, NULL, &err);
		return;
	}
	const char *at = reply + strlen(reply) + 1;
	while (objects_next_entry(&at, end, &entry))
		if (entry.mode != MODE_TREE && entry.old_mode != MODE_TREE)
			strv_add(&paths, entry.path);
	end_changes(changes, &paths, NULL);
}

void
objects_changes(struct objects *objects, const char *from, const char *to,
    objects_paths_fn *fn, void *arg)
{
	struct changes *changes = mem_zalloc(sizeof(*changes));
	changes->objects = objects;
	snprintf(changes->from, sizeof(changes->from), "%s", from);
	snprintf(changes->to, sizeof(changes->to), "%s", to);
	changes->fn = fn;
	changes->arg = arg;
	/* A second commit stands for the parent of the first. */
	autofree char *lines = mem_format("%s %s\n%s", to, from, objects->mark);
	batch_send(objects->differ, lines, strlen(lines), diff_came, changes);
}
