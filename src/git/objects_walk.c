/* SPDX-License-Identifier: MIT */
/*
 * From a tip back to its base: commit by commit through the reader as long as
 * each has one parent, which is what agents make; by rev-list where not.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "git/objects.h"
#include "git/objects_parts.h"

struct walk {
	struct objects *objects;
	char base[GIT_OID_SIZE];
	char tip[GIT_OID_SIZE];
	struct strv newest_first;
	objects_walk_fn *fn;
	void *arg;
};

static void
end_walk(struct walk *walk, bool descends, const struct error *err)
{
	autostrv struct strv oids = { 0 };
	for (size_t i = walk->newest_first.n; descends && i-- > 0;)
		strv_add(&oids, walk->newest_first.items[i]);
	walk->fn(err == NULL ? &oids : NULL, descends, err, walk->arg);
	strv_release(&walk->newest_first);
	free(walk);
}

static void
fail(struct walk *walk, const char *what, const struct git_result *git)
{
	autoerror struct error err = { 0 };
	git_complain(what, git, &err);
	end_walk(walk, false, &err);
}

static void
listed(const struct git_result *git, void *arg)
{
	struct walk *walk = arg;
	if (git->code != 0) {
		fail(walk, "git rev-list", git);
		return;
	}
	autofree char *copy = mem_text(str_text(&git->out));
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (*line != '\0')
			strv_add(&walk->newest_first, line);
	end_walk(walk, true, NULL);
}

static void
list_commits(struct walk *walk)
{
	autoerror struct error err = { 0 };
	autofree char *range = mem_format("%s..%s", walk->base, walk->tip);
	autofree char *limit = mem_format("--max-count=%d", OBJECTS_WALK_LIMIT);
	const char *const args[] = { "rev-list", limit, range, "--", NULL };
	if (!git_start(walk->objects->loop, walk->objects->dir, args, listed,
		walk, &err))
		end_walk(walk, false, &err);
}

static void
ancestry_known(const struct git_result *git, void *arg)
{
	struct walk *walk = arg;
	if (git->code == 0)
		list_commits(walk);
	else if (git->code == 1)
		end_walk(walk, false, NULL);
	else
		fail(walk, "git merge-base", git);
}

static void
ask_git(struct walk *walk)
{
	autoerror struct error err = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor", walk->base,
		walk->tip, NULL };
	strv_clear(&walk->newest_first);
	if (!git_start(walk->objects->loop, walk->objects->dir, args,
		ancestry_known, walk, &err))
		end_walk(walk, false, &err);
}

static void
walk_on(const struct commit *commit, const struct error *err, void *arg)
{
	struct walk *walk = arg;
	if (commit == NULL) {
		end_walk(walk, false, err);
		return;
	}
	if (commit->parents.n != 1 ||
	    walk->newest_first.n >= OBJECTS_WALK_LIMIT) {
		ask_git(walk);
		return;
	}
	const char *parent = commit->parents.items[0];
	if (strcmp(parent, walk->base) == 0) {
		end_walk(walk, true, NULL);
		return;
	}
	strv_add(&walk->newest_first, parent);
	objects_read_commit(walk->objects, parent, walk_on, walk);
}

/* Its own base: that it exists is all there is to know. */
static void
base_read(const struct commit *commit, const struct error *err, void *arg)
{
	end_walk(arg, commit != NULL, err);
}

void
objects_walk(struct objects *objects, const char *base, const char *tip,
    objects_walk_fn *fn, void *arg)
{
	struct walk *walk = mem_zalloc(sizeof(*walk));
	walk->objects = objects;
	snprintf(walk->base, sizeof(walk->base), "%s", base);
	snprintf(walk->tip, sizeof(walk->tip), "%s", tip);
	walk->fn = fn;
	walk->arg = arg;
	if (strcmp(base, tip) == 0) {
		objects_read_commit(objects, tip, base_read, walk);
		return;
	}
	strv_add(&walk->newest_first, tip);
	objects_read_commit(objects, tip, walk_on, walk);
}
