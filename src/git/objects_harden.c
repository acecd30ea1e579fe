/* SPDX-License-Identifier: MIT */
/*
 * What a tip brought: its commits back to those that are known, and the trees
 * and files in which each differs from its first parent.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "git/harden.h"
#include "git/objects.h"
#include "git/objects_parts.h"

#define MODE_SUBMODULE 0160000

struct hardening {
	struct objects *objects;
	struct strv known;
	struct strv refs;
	struct strv commits; /* to look at, the tip first */
	size_t at; /* of commits */
	bool complete; /* commits has all: git listed them */
	struct strv found;
	objects_done_fn *fn;
	void *arg;
};

static void
end_hardening(const struct error *err, void *arg)
{
	struct hardening *hardening = arg;
	hardening->fn(err, hardening->arg);
	strv_release(&hardening->known);
	strv_release(&hardening->refs);
	strv_release(&hardening->commits);
	strv_release(&hardening->found);
	free(hardening);
}

static void look_at_next(struct hardening *hardening);

/* A submodule's commit is another repository's. */
static void
diff_came(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct hardening *hardening = arg;
	struct objects_entry entry;
	const char *commit = hardening->commits.items[hardening->at];
	autoerror struct error err = { 0 };
	if (reply == NULL) {
		objects_complain(&err, "listing new objects", complaint);
		end_hardening(&err, hardening);
		return;
	}
	const char *end = reply + len - strlen(hardening->objects->mark);
	if (end == reply) {
		error_set(
		    &err, ERROR_GIT, "commit %s cannot be compared", commit);
		end_hardening(&err, hardening);
		return;
	}
	const char *at = reply + strlen(reply) + 1;
	while (objects_next_entry(&at, end, &entry))
		if (entry.mode != 0 && entry.mode != MODE_SUBMODULE)
			strv_give(&hardening->found,
			    mem_text_n(entry.oid, entry.oid_len));
	hardening->at++;
	look_at_next(hardening);
}

static void
compare(struct hardening *hardening, const struct commit *commit)
{
	struct objects *objects = hardening->objects;
	bool is_root = commit->parents.n == 0;
	autofree char *lines = mem_format("%s%s%s\n%s",
	    hardening->commits.items[hardening->at], is_root ? "" : " ",
	    is_root ? "" : commit->parents.items[0], objects->mark);
	batch_send(objects->differ, lines, strlen(lines), diff_came, hardening);
}

static void
commits_listed(const struct git_result *git, void *arg)
{
	struct hardening *hardening = arg;
	autoerror struct error err = { 0 };
	if (git->code != 0) {
		git_complain("git rev-list", git, &err);
		end_hardening(&err, hardening);
		return;
	}
	autofree char *copy = mem_text(str_text(&git->out));
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (*line != '\0')
			strv_add(&hardening->commits, line);
	look_at_next(hardening);
}

static void
list_commits(struct hardening *hardening)
{
	struct objects *objects = hardening->objects;
	autoerror struct error err = { 0 };
	autostrv struct strv args = { 0 };
	autofree char *tip = mem_text(hardening->commits.items[0]);
	strv_add(&args, "rev-list");
	strv_format(&args, "--max-count=%d", OBJECTS_WALK_LIMIT + 1);
	strv_add(&args, tip);
	strv_add(&args, "--not");
	strv_copy(&args, &hardening->known);
	strv_add(&args, "--");
	strv_clear(&hardening->commits);
	strv_clear(&hardening->found);
	hardening->at = 0;
	hardening->complete = true;
	if (!git_start(objects->loop, objects->dir,
		(const char *const *)strv_array(&args), commits_listed,
		hardening, &err))
		end_hardening(&err, hardening);
}

/*
 * Each commit is looked for behind its first parent as long as all the others
 * are known, which is so of what agents make and of our merges of it.
 */
static bool
find_parent(struct hardening *hardening, const struct commit *commit)
{
	const struct strv *parents = &commit->parents;
	for (size_t i = 1; i < parents->n; i++)
		if (!strv_has(&hardening->known, parents->items[i]))
			return false;
	if (parents->n > 0 && !strv_has(&hardening->known, parents->items[0]))
		strv_add(&hardening->commits, parents->items[0]);
	return true;
}

static void
commit_came(const struct commit *commit, const struct error *err, void *arg)
{
	struct hardening *hardening = arg;
	if (commit == NULL) {
		end_hardening(err, hardening);
		return;
	}
	if (!hardening->complete && !find_parent(hardening, commit)) {
		list_commits(hardening);
		return;
	}
	strv_add(&hardening->found, hardening->commits.items[hardening->at]);
	strv_add(&hardening->found, commit->tree);
	compare(hardening, commit);
}

/* Of a history without end, looking for objects is not worth the time. */
static void
look_at_next(struct hardening *hardening)
{
	struct objects *objects = hardening->objects;
	if (hardening->commits.n > OBJECTS_WALK_LIMIT)
		harden_start_all(objects->harden, end_hardening, hardening);
	else if (hardening->at < hardening->commits.n)
		objects_read_commit(objects,
		    hardening->commits.items[hardening->at], commit_came,
		    hardening);
	else
		harden_start(objects->harden, &hardening->found,
		    &hardening->refs, end_hardening, hardening);
}

static void
complain_of_dir(void *arg)
{
	struct hardening *hardening = arg;
	autoerror struct error err = { 0 };
	error_set(
	    &err, ERROR_GIT, "%s is not a work tree", hardening->objects->dir);
	end_hardening(&err, hardening);
}

void
objects_harden(struct objects *objects, const struct objects_hardening *what,
    objects_done_fn *fn, void *arg)
{
	struct hardening *hardening = mem_zalloc(sizeof(*hardening));
	hardening->objects = objects;
	strv_add_all(&hardening->known, what->known);
	strv_add_all(&hardening->refs, what->refs);
	if (!strv_has(&hardening->known, what->tip))
		strv_add(&hardening->commits, what->tip);
	hardening->fn = fn;
	hardening->arg = arg;
	if (objects->harden == NULL)
		loop_defer(objects->loop, complain_of_dir, hardening);
	else
		look_at_next(hardening);
}
