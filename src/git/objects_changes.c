/* SPDX-License-Identifier: MIT */
/* Which files differ, through a diff-tree that stays. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "git/objects.h"
#include "git/objects_parts.h"

struct changes {
	struct objects *objects;
	char from[GIT_OID_SIZE]; /* trees, at the end */
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

/*
 * "<tree> <tree>\n", then the paths, each followed by NUL, then the mark. Of
 * trees that it cannot read, git says nothing but the mark.
 */
static void
diff_came(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct changes *changes = arg;
	autoerror struct error err = { 0 };
	autostrv struct strv paths = { 0 };
	if (reply == NULL) {
		objects_complain(&err, "comparing trees", complaint);
		end_changes(changes, NULL, &err);
		return;
	}
	const char *end = reply + len - strlen(changes->objects->mark);
	const char *at = memchr(reply, '\n', (size_t)(end - reply));
	if (at == NULL) {
		error_set(&err, ERROR_GIT, "trees %s and %s cannot be compared",
		    changes->from, changes->to);
		end_changes(changes, NULL, &err);
		return;
	}
	for (at++; at < end; at += strlen(at) + 1)
		strv_add(&paths, at);
	end_changes(changes, &paths, NULL);
}

static void
compare(struct changes *changes)
{
	autofree char *lines = mem_format(
	    "%s %s\n%s", changes->from, changes->to, changes->objects->mark);
	batch_send(
	    changes->objects->differ, lines, strlen(lines), diff_came, changes);
}

static struct changes *
new_changes(struct objects *objects, const char *from, const char *to,
    objects_paths_fn *fn, void *arg)
{
	struct changes *changes = mem_zalloc(sizeof(*changes));
	changes->objects = objects;
	snprintf(changes->from, sizeof(changes->from), "%s", from);
	snprintf(changes->to, sizeof(changes->to), "%s", to);
	changes->fn = fn;
	changes->arg = arg;
	return changes;
}

void
objects_changes(struct objects *objects, const char *from, const char *to,
    objects_paths_fn *fn, void *arg)
{
	compare(new_changes(objects, from, to, fn, arg));
}

static void
to_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct changes *changes = arg;
	if (commit == NULL) {
		end_changes(changes, NULL, err);
		return;
	}
	memcpy(changes->to, commit->tree, sizeof(changes->to));
	compare(changes);
}

static void
from_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct changes *changes = arg;
	if (commit == NULL) {
		end_changes(changes, NULL, err);
		return;
	}
	memcpy(changes->from, commit->tree, sizeof(changes->from));
	objects_read_commit(changes->objects, changes->to, to_read, changes);
}

void
objects_commit_changes(struct objects *objects, const char *from,
    const char *to, objects_paths_fn *fn, void *arg)
{
	objects_read_commit(
	    objects, from, from_read, new_changes(objects, from, to, fn, arg));
}
