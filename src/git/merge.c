/* SPDX-License-Identifier: MIT */
/* Merging on object level. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "git/merge.h"
#include "git/merger.h"
#include "git/objects_parts.h"

struct merge {
	struct objects *objects;
	char *old;
	char *tip;
	char *base; /* NULL: not known */
	char *tree; /* the merged one; NULL until it is known */
	char *message;
	char *identity;
	int64_t wall_ms;
	char *ref;
	char *drop_branch;
	char *drop_ref;
	bool by_work_tree;
	bool nothing;
	char commit[GIT_OID_SIZE];
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
	free(merge->ref);
	free(merge->drop_branch);
	free(merge->drop_ref);
	free(merge);
}

static void
fail(struct merge *merge, const struct error *err)
{
	struct merge_result result = { .outcome = MERGE_FAILED, .err = err };
	finish(merge, &result);
}

/* --- the commit and the refs --------------------------------------------- */

static void
succeed(struct merge *merge)
{
	struct merge_result result = {
		.outcome = MERGE_DONE,
		.nothing = merge->nothing,
	};
	memcpy(result.commit, merge->commit, sizeof(result.commit));
	finish(merge, &result);
}

static void
refs_updated(const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (err == NULL) {
		succeed(merge);
		return;
	}
	struct merge_result result = {
		.outcome = MERGE_FAILED,
		.err = err,
		.moved = err->kind == ERROR_STATE,
	};
	finish(merge, &result);
}

static void
publish(struct merge *merge, const char *commit)
{
	snprintf(merge->commit, sizeof(merge->commit), "%s", commit);
	if (merge->ref == NULL) {
		succeed(merge);
		return;
	}
	struct ref_change changes[3] = {
		{ merge->ref, merge->commit, merge->old },
	};
	size_t n = 1;
	if (merge->drop_branch != NULL)
		changes[n++] = (struct ref_change){ .ref = merge->drop_branch };
	if (merge->drop_ref != NULL)
		changes[n++] = (struct ref_change){ .ref = merge->drop_ref };
	objects_update_refs(merge->objects, changes, n, refs_updated, merge);
}

static void
commit_written(const char *oid, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (oid == NULL)
		fail(merge, err);
	else
		publish(merge, oid);
}

void
merge_commit_text(struct str *out, const char *tree, const char *const *parents,
    const char *identity, int64_t wall_ms, const char *message)
{
	long long seconds = (long long)(wall_ms / 1000);
	str_format(out, "tree %s\n", tree);
	for (; *parents != NULL; parents++)
		str_format(out, "parent %s\n", *parents);
	str_format(out, "author %s %lld +0000\n", identity, seconds);
	str_format(out, "committer %s %lld +0000\n\n", identity, seconds);
	str_add(out, message);
}

static void
write_commit(struct merge *merge)
{
	autostr struct str text = { 0 };
	const char *const parents[] = { merge->old, merge->tip, NULL };
	merge_commit_text(&text, merge->tree, parents, merge->identity,
	    merge->wall_ms, merge->message);
	objects_write_commit(
	    merge->objects, text.data, text.len, commit_written, merge);
}

/* --- whether old has it all already -------------------------------------- */

static void
nothing_to_do(struct merge *merge)
{
	autofree char *commit = mem_text(merge->old);
	merge->nothing = true;
	publish(merge, commit);
}

static void
ancestry_known(const struct git_result *git, void *arg)
{
	struct merge *merge = arg;
	autoerror struct error err = { 0 };
	if (git->code == 0) {
		nothing_to_do(merge);
	} else if (git->code == 1) {
		write_commit(merge);
	} else {
		git_complain("git merge-base", git, &err);
		fail(merge, &err);
	}
}

/* Only then may tip be an ancestor, which is worth a process to find out. */
static void
old_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	autoerror struct error why = { 0 };
	const char *const args[] = { "merge-base", "--is-ancestor", merge->tip,
		merge->old, NULL };
	if (commit == NULL)
		fail(merge, err);
	else if (strcmp(commit->tree, merge->tree) != 0)
		write_commit(merge);
	else if (!git_start(merge->objects->loop, merge->objects->dir, args,
		     ancestry_known, merge, &why))
		fail(merge, &why);
}

static void
tree_known(struct merge *merge, const char *tree)
{
	merge->tree = mem_text(tree);
	objects_read_commit(merge->objects, merge->old, old_read, merge);
}

/* --- the tree ------------------------------------------------------------ */

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
		tree_known(merge, merged->tree);
	}
}

static void
start_merger(struct merge *merge)
{
	merger_start(merge->objects->merger, merge->old, merge->tip,
	    merge->by_work_tree, tree_merged, merge);
}

static void
tip_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (commit == NULL)
		fail(merge, err);
	else
		tree_known(merge, commit->tree);
}

static void
walked(
    const struct strv *oids, bool descends, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (oids == NULL)
		fail(merge, err);
	else if (oids->n == 0 && descends)
		nothing_to_do(merge);
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
		nothing_to_do(merge);
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
	merge->ref = mem_text(request->ref);
	merge->drop_branch = mem_text(request->drop_branch);
	merge->drop_ref = mem_text(request->drop_ref);
	merge->by_work_tree = request->by_work_tree;
	merge->fn = fn;
	merge->arg = arg;
	loop_defer(objects->loop, start, merge);
}
