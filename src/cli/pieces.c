/* SPDX-License-Identifier: MIT */
/* What was kept, and what names of it mean. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "cli/pieces.h"
#include "git/worktree.h"
#include "plan/items.h"
#include "state/ids.h"
#include "state/session.h"

#define RUN_DIGITS 8
#define AGENT_TREE "mapreduce-agent-"
#define NAMED 10 /* in a message */

static void
release_row(struct piece *piece)
{
	free(piece->job);
	free(piece->item);
	free(piece->path);
	free(piece->branch);
}

void
pieces_release(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->n; i++)
		release_row(&pieces->items[i]);
	free(pieces->items);
	salvaged_list_release(&pieces->work);
	*pieces = (struct pieces){ 0 };
}

/* --- what there is ---------------------------------------------------- */

static struct piece *
new_row(struct pieces *pieces)
{
	pieces->items = mem_grow(
	    pieces->items, &pieces->cap, pieces->n + 1, sizeof(*pieces->items));
	struct piece *piece = &pieces->items[pieces->n++];
	*piece = (struct piece){ 0 };
	return piece;
}

/* A run of a job is named by the job, a dash and random digits. */
static char *
job_of_run(const char *run)
{
	size_t len = strlen(run);
	const char *dash = strrchr(run, '-');
	bool has_digits = text_starts_with(run, "mapreduce-") && dash != NULL &&
	    strlen(dash + 1) == RUN_DIGITS &&
	    strspn(dash + 1, "0123456789abcdef") == RUN_DIGITS;
	return mem_text_n(run, has_digits ? len - RUN_DIGITS - 1 : len);
}

/* The tree of an agent: mapreduce-agent-JOB_agent_N, _attempt_K behind it. */
static void
add_tree(const struct find *find, const struct worktree_entry *tree,
    struct pieces *pieces)
{
	autofree char *dir = layout_worktrees(&find->layout);
	autofree char *parent = path_parent(tree->path);
	const char *name = path_name(tree->path);
	if (strcmp(parent, dir) != 0 || !text_starts_with(name, AGENT_TREE))
		return;
	name += strlen(AGENT_TREE);
	const char *end = strstr(name, "_agent_");
	if (end == NULL)
		return;
	autofree char *job = mem_text_n(name, (size_t)(end - name));
	autofree char *session = ids_session_of_job(job);
	if (session_is_alive(&find->layout, session))
		return;
	struct piece *piece = new_row(pieces);
	piece->job = mem_text(job);
	piece->item = items_id(strtoul(end + strlen("_agent_"), NULL, 10));
	piece->kind = "tree";
	piece->path = mem_text(tree->path);
	piece->branch = mem_text(tree->branch);
}

static int
compare(const void *a, const void *b)
{
	const struct piece *one = a;
	const struct piece *other = b;
	int order = strverscmp(one->job, other->job);
	if (order == 0)
		order = strverscmp(one->item, other->item);
	if (order == 0 && one->work != NULL && other->work != NULL)
		order = strverscmp(one->work->ref, other->work->ref);
	else if (order == 0)
		order = (one->work == NULL) - (other->work == NULL);
	return order;
}

bool
pieces_collect(
    const struct find *find, struct pieces *pieces, struct error *err)
{
	struct worktree_list trees = { 0 };
	if (!salvaged_list(&find->repo, &pieces->work, err) ||
	    !worktree_list(&find->repo, &trees, err))
		return false;
	for (size_t i = 0; i < pieces->work.n; i++) {
		const struct salvaged *work = &pieces->work.items[i];
		struct piece *piece = new_row(pieces);
		piece->work = work;
		piece->job = job_of_run(work->run);
		piece->item = mem_text(work->item);
		piece->kind = work->kind;
	}
	for (size_t i = 0; i < trees.n; i++)
		add_tree(find, &trees.items[i], pieces);
	worktree_list_release(&trees);
	if (pieces->n > 0)
		qsort(
		    pieces->items, pieces->n, sizeof(*pieces->items), compare);
	return true;
}

/* --- what is meant ---------------------------------------------------- */

/* Leaves the pieces for which fn is true. */
typedef bool row_fn(const struct piece *piece, const char *text);

static void
leave(struct pieces *pieces, row_fn *fn, const char *text)
{
	size_t n = 0;
	for (size_t i = 0; i < pieces->n; i++)
		if (fn(&pieces->items[i], text))
			pieces->items[n++] = pieces->items[i];
		else
			release_row(&pieces->items[i]);
	pieces->n = n;
}

static bool
is_of_job(const struct piece *piece, const char *job)
{
	return strcmp(piece->job, job) == 0;
}

/* As all commands take ids, from what is kept: state may be gone. */
static char *
find_job_name(const struct find *find, const struct pieces *pieces,
    const char *text, struct error *err)
{
	autostrv struct strv names = { 0 };
	for (size_t i = 0; i < pieces->n; i++) {
		const struct piece *piece = &pieces->items[i];
		if (!strv_has(&names, piece->job))
			strv_add(&names, piece->job);
		if (piece->work != NULL && strcmp(piece->work->run, text) == 0)
			return mem_text(piece->job);
	}
	const char *found = NULL;
	const char *plain = text_starts_with(text, "session-mapreduce")
	    ? text + strlen("session-")
	    : text;
	if (!ids_pick(&names, plain, &found, err))
		return NULL;
	if (found == NULL) {
		autofree char *session = mem_format("session-%s", text);
		if (!ids_pick(&names, session, &found, err))
			return NULL;
	}
	if (found != NULL)
		return mem_text(found);
	return ids_find_job(&find->layout, text, err);
}

static const char *
newest_job(const struct pieces *pieces)
{
	const struct piece *newest = NULL;
	for (size_t i = 0; i < pieces->n; i++) {
		const struct piece *piece = &pieces->items[i];
		int64_t when = piece->work == NULL ? -1 : piece->work->when;
		int64_t last = newest == NULL || newest->work == NULL
		    ? -1
		    : newest->work->when;
		if (newest == NULL || when > last)
			newest = piece;
	}
	return newest == NULL ? NULL : newest->job;
}

/* "3" and "item_3" are alike; "/2" behind it is one piece of several. */
static bool
is_of_item(const struct piece *piece, const char *text)
{
	size_t len = strcspn(text, "/");
	const char *item = piece->item;
	if (isdigit((unsigned char)*text) && text_starts_with(item, "item_"))
		item += strlen("item_");
	if (strlen(item) != len || strncmp(item, text, len) != 0)
		return false;
	return text[len] == '\0' ||
	    (piece->work != NULL &&
		strtoul(text + len + 1, NULL, 10) == piece->work->number);
}

static bool
no_such_item(const struct pieces *pieces, const char *job, const char *item,
    struct error *err)
{
	autostr struct str list = { 0 };
	for (size_t i = 0; i < pieces->n && i < NAMED; i++)
		if (i == 0 ||
		    strcmp(pieces->items[i].item, pieces->items[i - 1].item) !=
			0)
			str_format(&list, " %s", pieces->items[i].item);
	return error_set(err, ERROR_STATE,
	    "nothing is kept of '%s' in %s, but of:%s%s", item, job,
	    str_text(&list), pieces->n > NAMED ? " and more" : "");
}

bool
pieces_choose(const struct find *find, struct pieces *pieces, const char *job,
    const char *item, bool all_jobs, struct error *err)
{
	if (job == NULL && all_jobs)
		return true;
	autofree char *name = job == NULL
	    ? mem_text(newest_job(pieces))
	    : find_job_name(find, pieces, job, err);
	if (name == NULL)
		return err->kind == ERROR_NONE &&
		    error_set(err, ERROR_STATE, "nothing is kept in %s",
			find->repo.root);
	leave(pieces, is_of_job, name);
	if (pieces->n == 0)
		return all_jobs ||
		    error_set(err, ERROR_STATE, "nothing is kept of %s", name);
	if (item == NULL)
		return true;
	bool any = false;
	for (size_t i = 0; i < pieces->n; i++)
		any = any || is_of_item(&pieces->items[i], item);
	if (!any)
		return no_such_item(pieces, name, item, err);
	leave(pieces, is_of_item, item);
	pieces->chosen = item;
	return true;
}
