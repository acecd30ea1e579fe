/* SPDX-License-Identifier: MIT */
/* Merging on object level. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "git/merge.h"

#define MERGE_TREE_GIT 23800 /* merge-tree --write-tree */

struct merge {
	struct objects *objects;
	char *old;
	char *tip;
	char *base;
	char *tree;
	char *message;
	char *identity;
	int64_t wall_ms;
	char *ref;
	char *drop_branch;
	char *drop_ref;
	bool by_work_tree;
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

void
merge_commit_text(struct str *out, const char *tree,
    const char *const *parents, const char *identity, int64_t wall_ms,
    const char *message)
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
refs_updated(const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (err != NULL) {
		fail(merge, err);
		return;
	}
	struct merge_result result = { .outcome = MERGE_DONE };
	memcpy(result.commit, merge->commit, sizeof(result.commit));
	finish(merge, &result);
}

static void
update_refs(struct merge *merge)
{
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
	if (oid == NULL) {
		fail(merge, err);
		return;
	}
	snprintf(merge->commit, sizeof(merge->commit), "%s", oid);
	update_refs(merge);
}

static void
write_commit(struct merge *merge)
{
	autostr struct str text = { 0 };
	const char *const parents[] = { merge->old, merge->tip, NULL };
	merge_commit_text(&text, merge->tree, parents, merge->identity,
	    merge->wall_ms, merge->message);
	objects_write_commit(merge->objects, text.data, text.len,
	    commit_written, merge);
}

bool
merge_parse_tree(const char *out, size_t len, char tree[GIT_OID_SIZE],
    struct strv *conflicts)
{
	const char *end = out + len;
	if (len == 0 || memchr(out, '\0', len) == NULL || !git_is_oid(out))
		return false;
	snprintf(tree, GIT_OID_SIZE, "%s", out);
	/* Names in conflict follow up to an empty one (--name-only). */
	for (const char *at = out + strlen(out) + 1; at < end && *at != '\0';
	     at += strlen(at) + 1)
		strv_add(conflicts, at);
	return true;
}

static void
report_conflict(struct merge *merge, struct strv *paths)
{
	struct merge_result result = { .outcome = MERGE_CONFLICT,
		.paths = *paths };
	finish(merge, &result);
}

static void
tree_merged(const struct git_result *git, void *arg)
{
	struct merge *merge = arg;
	autoerror struct error err = { 0 };
	autostrv struct strv conflicts = { 0 };
	char tree[GIT_OID_SIZE];
	/* Status 1 means a conflict and a bad revision alike. */
	bool parsed = git->code <= 1 &&
	    merge_parse_tree(str_text(&git->out), git->out.len, tree,
	        &conflicts);
	if (!parsed) {
		git_complain("git merge-tree", git, &err);
		fail(merge, &err);
	} else if (git->code == 1) {
		report_conflict(merge, &conflicts);
	} else {
		merge->tree = mem_text(tree);
		write_commit(merge);
	}
}

static void
start_merge_tree(struct merge *merge)
{
	autoerror struct error err = { 0 };
	const char *const args[] = { "merge-tree", "--write-tree", "-z",
		"--name-only", "--no-messages", merge->old, merge->tip, NULL };
	if (!git_start(objects_loop(merge->objects),
	        objects_dir(merge->objects), args, tree_merged, merge, &err))
		fail(merge, &err);
}

/* --- git before 2.38: the same in a scratch work tree --------------------- */

static bool
list_unmerged(const char *scratch, struct strv *paths, struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "diff", "--name-only", "-z",
		"--diff-filter=U", NULL };
	if (!git_run(scratch, args, &out, err))
		return false;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1)
		strv_add(paths, at);
	return true;
}

static bool
merge_in_tree(const struct merge *merge, const char *scratch,
    struct strv *conflicts, struct str *tree, struct error *err)
{
	struct git_options options = { .purpose = GIT_FOR_US };
	struct git_result git = { 0 };
	const char *const add[] = { "worktree", "add", "-q", "--detach",
		scratch, merge->old, NULL };
	const char *const join[] = { "-c", "user.name=prodigy", "-c",
		"user.email=prodigy@localhost", "merge", "-q", "--no-commit",
		"--no-ff", merge->tip, NULL };
	const char *const write[] = { "write-tree", NULL };
	if (!git_run(objects_dir(merge->objects), add, NULL, err) ||
	    !git_call(scratch, join, &options, &git, err))
		return false;
	bool ok = git.code == 0;
	if (!ok && list_unmerged(scratch, conflicts, err) &&
	    conflicts->n == 0)
		git_complain("git merge", &git, err);
	git_result_release(&git);
	if (!ok)
		return conflicts->n > 0;
	return git_run(scratch, write, tree, err);
}

static void
remove_scratch(const struct merge *merge, const char *scratch)
{
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "worktree", "remove", "--force", "--force",
		scratch, NULL };
	if (!git_run(objects_dir(merge->objects), args, NULL, &ignored))
		return;
}

static void
merge_by_work_tree(void *arg)
{
	struct merge *merge = arg;
	autoerror struct error err = { 0 };
	autostrv struct strv conflicts = { 0 };
	autostr struct str tree = { 0 };
	autofree char *scratch = mem_format("%s.merge",
	    objects_dir(merge->objects));
	bool ok = merge_in_tree(merge, scratch, &conflicts, &tree, &err);
	remove_scratch(merge, scratch);
	if (!ok) {
		fail(merge, &err);
	} else if (conflicts.n > 0) {
		report_conflict(merge, &conflicts);
	} else {
		merge->tree = str_take(&tree);
		write_commit(merge);
	}
}

/* --- the start -------------------------------------------------------------- */

static void
tip_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct merge *merge = arg;
	if (commit == NULL) {
		fail(merge, err);
		return;
	}
	/* Nobody merged since tip began: its tree is the result. */
	if (strcmp(merge->old, merge->base) == 0) {
		merge->tree = mem_text(commit->tree);
		write_commit(merge);
	} else if (merge->by_work_tree || git_version() < MERGE_TREE_GIT) {
		merge_by_work_tree(merge);
	} else {
		start_merge_tree(merge);
	}
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
	if (merge->tree != NULL)
		write_commit(merge);
	else
		objects_read_commit(objects, merge->tip, tip_read, merge);
}
