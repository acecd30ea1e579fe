/* SPDX-License-Identifier: MIT */
/* Merged trees, from merge-tree. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "git/merger.h"
#include "git/merger_parts.h"

#define STREAM_GIT 23900 /* merge-tree --stdin */
#define MERGE_TREE_GIT 23800 /* merge-tree --write-tree */
#define STREAM_TRIES 3 /* failures in a row until it is given up */
#define STREAM_RENEWAL                                                         \
	1000 /* merges of one process: it never frees commits                  \
	      */
#define FIRST_PATIENCE_MS 10000

/*
 * The process flushes all of a reply but its last NUL, which comes with the
 * next one. So each request is followed by the merge of a commit with itself:
 * its reply, which has neither conflicts nor messages, tells that the first is
 * complete. The NUL that follows it is still to come.
 */
static size_t
measure_stream(const char *bytes, size_t len, void *arg)
{
	(void)arg;
	size_t skip = len > 0 && bytes[0] == '\0' ? 1 : 0;
	size_t first = merger_parse(bytes + skip, len - skip, true, NULL);
	if (first == 0)
		return 0;
	const char *at = bytes + skip + first;
	const char *end = bytes + len;
	for (int nuls = 0; at < end; at++)
		if (*at == '\0' && ++nuls == 3)
			return (size_t)(at + 1 - bytes);
	return 0;
}

struct merger *
merger_new(struct loop *loop, const char *dir, const char *scratch)
{
	static const char *const args[] = { "merge-tree", "--write-tree", "-z",
		"--stdin", "--messages", NULL };
	struct merger *merger = mem_zalloc(sizeof(*merger));
	struct batch_spec spec = {
		.dir = dir,
		.args = args,
		.measure = measure_stream,
	};
	merger->loop = loop;
	merger->dir = mem_text(dir);
	merger->scratch = mem_text(scratch);
	merger->stream = batch_new(loop, &spec);
	batch_set_patience(merger->stream, FIRST_PATIENCE_MS);
	return merger;
}

void
merger_free(struct merger *merger)
{
	if (merger == NULL)
		return;
	batch_free(merger->stream);
	merger_tree_remove(merger);
	free(merger->dir);
	free(merger->scratch);
	free(merger);
}

void
merging_done(struct merging *merging, const struct merged *merged,
    const struct error *err)
{
	merging->fn(merged, err, merging->arg);
	free(merging);
}

void
merging_fail(struct merging *merging, const struct error *err)
{
	merging_done(merging, NULL, err);
}

/* --- one process per merge ----------------------------------------------- */

static void
tree_printed(const struct git_result *git, void *arg)
{
	struct merging *merging = arg;
	autoerror struct error err = { 0 };
	struct merged merged = { 0 };
	/* Status 1 means a conflict and a bad revision alike. */
	autostr struct str out = { 0 };
	str_add_str(&out, &git->out);
	str_add_n(&out, "", 1);
	bool ok = git->code <= 1 &&
	    merger_parse(out.data, out.len, false, &merged) > 0 &&
	    merged.tree[0] != '\0';
	merged.conflict = git->code == 1;
	if (!ok)
		git_complain("git merge-tree", git, &err);
	merging_done(merging, ok ? &merged : NULL, ok ? NULL : &err);
	merged_release(&merged);
}

static void
start_single(struct merging *merging)
{
	autoerror struct error err = { 0 };
	const char *const args[] = { "merge-tree", "--write-tree", "-z",
		"--messages", merging->old, merging->tip, NULL };
	const struct git_options options = {
		.purpose = GIT_FOR_US,
		.sync = GIT_HARDENED_LATER,
	};
	if (!git_start_with(merging->merger->loop, merging->merger->dir, args,
		&options, tree_printed, merging, &err))
		merging_fail(merging, &err);
}

/* --- the process that stays ---------------------------------------------- */

/*
 * Whatever is wrong, a merge-tree for this merge alone tells: about a bad
 * commit, or that the stream was to blame.
 */
static void
tree_streamed(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct merging *merging = arg;
	struct merger *merger = merging->merger;
	struct merged merged = { 0 };
	(void)complaint;
	size_t skip = reply != NULL && reply[0] == '\0' ? 1 : 0;
	if (reply == NULL ||
	    merger_parse(reply + skip, len - skip, true, &merged) == 0 ||
	    merged.tree[0] == '\0') {
		merged_release(&merged);
		merger->failed++;
		start_single(merging);
		return;
	}
	merger->failed = 0;
	batch_set_patience(merger->stream, GIT_TIMEOUT_MS);
	merging_done(merging, &merged, NULL);
	merged_release(&merged);
}

static void
start_stream(struct merging *merging)
{
	struct merger *merger = merging->merger;
	if (++merger->asked > STREAM_RENEWAL) {
		batch_rest(merger->stream);
		merger->asked = 1;
	}
	autofree char *lines = mem_format("%s %s\n%s %s\n", merging->old,
	    merging->tip, merging->old, merging->old);
	batch_send(
	    merger->stream, lines, strlen(lines), tree_streamed, merging);
}

void
merger_start(struct merger *merger, const char *old, const char *tip,
    bool by_work_tree, merger_fn *fn, void *arg)
{
	struct merging *merging = mem_zalloc(sizeof(*merging));
	merging->merger = merger;
	snprintf(merging->old, sizeof(merging->old), "%s", old);
	snprintf(merging->tip, sizeof(merging->tip), "%s", tip);
	merging->fn = fn;
	merging->arg = arg;
	unsigned version = git_version();
	if (by_work_tree || version < MERGE_TREE_GIT)
		merger_tree_start(merging);
	else if (version < STREAM_GIT || merger->failed >= STREAM_TRIES)
		start_single(merging);
	else
		start_stream(merging);
}
