/* SPDX-License-Identifier: MIT */
/* Merging on object level. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "git/merge.h"
#include "git/merger.h"

struct merge {
	struct objects *objects;
	char *old;
	char *tip;
	char *base; /* NULL: not known */
	char *tree; /* the merged one; NULL until it is known */
	char *message;
	char *identity;
	int64_t wall_ms;
	merge_done_fn *fn;
	void *arg;
};

static void
finish(struct merge *merge, const struct merge_result *result)
{
	merge->fn(result, merge->arg);
	free(merge->old);
	free(merge->tip);
	free(merge->base);
	free(merge->tree);
	free(merge->message);
	free(merge->identity);
	free(merge);
}

static void
fail(struct merge *merge, const struct error *err)
{
	struct merge_result result = { .outcome = MERGE_FAILED, .err = err };
	finish(merge, &result);
}

static void
succeed(struct merge *merge, const char *commit, bool nothing)
{
	struct merge_result result = {
		.outcome = MERGE_DONE,
		.nothing = nothing,
	};
	memcpy(result.commit, commit, strlen(commit) + 1);
	finish(merge, &result);
}

/* --- the commit ------------------------------------------------------- */

static void
commit_written(const char *oid, const struct error *err, void *arg)
{
	if (oid == NULL)
		fail(arg, err);
	else
		succeed(arg, oid, false);
}

/* The format of a commit object: a header, an empty line, the message. */
static void
write_commit(struct merge *merge)
{
	autostr struct str text = { 0 };
	long long seconds = (long long)(merge->wall_ms / 1000);
	str_format(&text, "tree %s\nparent %s\nparent %s\n", merge->tree,
	    merge->old, merge->tip);
	str_format(&text, "author %s %lld +0000\n", merge->identity, seconds);
	str_format(
	    &text, "committer %s %lld +0000\n\n", merge->identity, seconds);
	str_add(&text, merge->message);
	objects_write_commit(
	    merge->objects, text.data, text.len, commit_written, merge);
}

/* --- whether old has it all already ----------------------------------- */

static void
ancestry_known(bool yes, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (err != NULL)
		fail(merge, err);
	else if (yes)
		succeed(merge, merge->old, true);
	else
		write_commit(merge);
}

/*
 * Only if the tree stays the same can tip be an ancestor, which is worth a
 * process to find out.
 */
static void
old_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (commit == NULL)
		fail(merge, err);
	else if (strcmp(commit->tree, merge->tree) != 0)
		write_commit(merge);
	else
		objects_is_ancestor(merge->objects, merge->tip, merge->old,
		    ancestry_known, merge);
}

/* --- the tree --------------------------------------------------------- */

static void
tree_merged(const struct merged *merged, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (merged == NULL) {
		fail(merge, err);
	} else if (merged->conflict) {
		struct merge_result result = {
			.outcome = MERGE_CONFLICT,
			.paths = merged->paths,
			.messages = str_text(&merged->messages),
		};
		finish(merge, &result);
	} else {
		merge->tree = mem_text(merged->tree);
		objects_read_commit(
		    merge->objects, merge->old, old_read, merge);
	}
}

static void
start_merger(struct merge *merge)
{
	merger_start(objects_merger(merge->objects), merge->old, merge->tip,
	    tree_merged, merge);
}

static void
tip_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (commit == NULL) {
		fail(merge, err);
		return;
	}
	merge->tree = mem_text(commit->tree);
	write_commit(merge);
}

static void
walked(
    const struct strv *oids, bool descends, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (oids == NULL)
		fail(merge, err);
	else if (oids->n == 0 && descends)
		succeed(merge, merge->old, true);
	else if (descends)
		objects_read_commit(
		    merge->objects, merge->tip, tip_read, merge);
	else
		start_merger(merge);
}

/* Nobody merged since tip began: its tree is the result. */
static void
start(void *arg)
{
	struct merge *merge = arg;
	if (merge->tree != NULL)
		write_commit(merge);
	else if (strcmp(merge->old, merge->tip) == 0)
		succeed(merge, merge->old, true);
	else if (merge->base != NULL && strcmp(merge->old, merge->base) == 0)
		objects_walk(
		    merge->objects, merge->base, merge->tip, walked, merge);
	else
		start_merger(merge);
}

void
merge_start(struct objects *objects, const struct merge_request *request,
    merge_done_fn *fn, void *arg)
{
	struct merge *merge = mem_zalloc(sizeof(*merge));
	merge->objects = objects;
	merge->old = mem_text(request->old);
	merge->tip = mem_text(request->tip);
	merge->base = mem_text(request->base);
	merge->tree = mem_text(request->tree);
	merge->message = mem_text(request->message);
	merge->identity = mem_text(request->identity);
	merge->wall_ms = request->wall_ms;
	merge->fn = fn;
	merge->arg = arg;
	loop_defer(objects_loop(objects), start, merge);
}
