/* SPDX-License-Identifier: MIT */
/* Merged trees, from merge-tree, or made in a work tree. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "git/batch.h"
#include "git/merger.h"
#include "git/repo.h"
#include "git/worktree.h"

#define STREAM_GIT 23900 /* merge-tree --stdin */
#define MERGE_TREE_GIT 23800 /* merge-tree --write-tree */
#define STREAM_TRIES 3 /* failures in a row until it is given up */
/* Merges of one process, which never frees the commits it has seen. */
#define STREAM_RENEWAL 1000
#define FIRST_PATIENCE_MS 10000
#define MESSAGES_LIMIT ((size_t)64 * 1024)
#define TREE_DIGITS 8

struct merger {
	struct loop *loop;
	char *dir;
	char *scratch;
	struct batch *stream; /* merge-tree --stdin */
	unsigned asked; /* since it was started */
	unsigned failed; /* one after the other */
	char *tree; /* the work tree for old versions of git; NULL: none yet */
};

struct merger_call {
	struct merger *merger;
	char old[GIT_OID_SIZE];
	char tip[GIT_OID_SIZE];
	merger_fn *fn;
	void *arg;
};

static void
end_call(struct merger_call *call, const struct merged *merged,
    const struct error *err)
{
	call->fn(merged, err, call->arg);
	free(call);
}

static void
fail_call(struct merger_call *call, const struct error *err)
{
	end_call(call, NULL, err);
}

static void
start_git(struct merger_call *call, const char *dir, const char *const *args,
    git_done_fn *fn)
{
	autoerror struct error err = { 0 };
	const struct git_options options = {
		.purpose = GIT_FOR_US,
		.sync = GIT_HARDENED_LATER,
	};
	if (!git_start_with(
		call->merger->loop, dir, args, &options, fn, call, &err))
		fail_call(call, &err);
}

/* --- the output of merge-tree -z --messages --------------------------- */

/*
 * Fields that end in NUL:
 *
 *	[status] tree {"mode oid stage\tpath"} ""
 *	{count {path} type message} ""
 */
struct merger_fields {
	const char *at;
	const char *end;
};

/* The next field, or NULL when it is not complete. */
static const char *
next_field(struct merger_fields *fields)
{
	const char *field = fields->at;
	const char *nul = memchr(field, '\0', (size_t)(fields->end - field));
	if (nul == NULL)
		return NULL;
	fields->at = nul + 1;
	return field;
}

/* Up to three stages name the same path, one after the other. */
static void
add_path(struct merged *merged, const char *field)
{
	const char *tab = strchr(field, '\t');
	if (merged == NULL || tab == NULL)
		return;
	size_t n = merged->paths.n;
	if (n == 0 || strcmp(merged->paths.items[n - 1], tab + 1) != 0)
		strv_add(&merged->paths, tab + 1);
}

static bool
take_conflicts(struct merger_fields *fields, struct merged *merged)
{
	const char *field;
	while ((field = next_field(fields)) != NULL && *field != '\0')
		add_path(merged, field);
	return field != NULL;
}

static void
add_message(struct merged *merged, const char *text)
{
	if (merged != NULL && merged->messages.len < MESSAGES_LIMIT)
		text_repair(&merged->messages, text, strlen(text));
}

static bool
take_messages(struct merger_fields *fields, struct merged *merged)
{
	const char *field;
	while ((field = next_field(fields)) != NULL && *field != '\0') {
		unsigned long paths = strtoul(field, NULL, 10);
		while (paths-- > 0)
			if (next_field(fields) == NULL)
				return false;
		if (next_field(fields) == NULL ||
		    (field = next_field(fields)) == NULL)
			return false;
		add_message(merged, field);
	}
	return field != NULL;
}

/*
 * Of bytes that a NUL follows; has_status: as --stdin prints them. The length
 * of the complete record with its final NUL, or 0: more is to come. merged may
 * be NULL.
 */
static size_t
parse(const char *bytes, size_t len, bool has_status, struct merged *merged)
{
	struct merger_fields fields = { bytes, bytes + len };
	const char *status = has_status ? next_field(&fields) : "";
	const char *tree = status == NULL ? NULL : next_field(&fields);
	if (tree == NULL || !take_conflicts(&fields, merged) ||
	    !take_messages(&fields, merged))
		return 0;
	if (merged != NULL && git_is_oid(tree))
		memcpy(merged->tree, tree, strlen(tree) + 1);
	if (merged != NULL && has_status)
		merged->conflict = strcmp(status, "1") != 0;
	return (size_t)(fields.at - bytes);
}

static void
release_merged(struct merged *merged)
{
	strv_release(&merged->paths);
	str_release(&merged->messages);
	*merged = (struct merged){ 0 };
}

/* --- one process per merge -------------------------------------------- */

static void
tree_printed(const struct git_result *git, void *arg)
{
	struct merger_call *call = arg;
	autoerror struct error err = { 0 };
	struct merged merged = { 0 };
	/* Status 1 means a conflict and a bad revision alike. */
	autostr struct str out = { 0 };
	str_add_str(&out, &git->out);
	str_add_n(&out, "", 1);
	bool ok = git->code <= 1 &&
	    parse(out.data, out.len, false, &merged) > 0 &&
	    merged.tree[0] != '\0';
	merged.conflict = git->code == 1;
	if (!ok)
		git_complain("git merge-tree", git, &err);
	end_call(call, ok ? &merged : NULL, ok ? NULL : &err);
	release_merged(&merged);
}

static void
start_single(struct merger_call *call)
{
	const char *const args[] = { "merge-tree", "--write-tree", "-z",
		"--messages", call->old, call->tip, NULL };
	start_git(call, call->merger->dir, args, tree_printed);
}

/* --- the process that stays ------------------------------------------- */

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
	size_t first = parse(bytes + skip, len - skip, true, NULL);
	if (first == 0)
		return 0;
	const char *at = bytes + skip + first;
	const char *end = bytes + len;
	for (int nuls = 0; at < end; at++)
		if (*at == '\0' && ++nuls == 3)
			return (size_t)(at + 1 - bytes);
	return 0;
}

/*
 * Whatever is wrong, a merge-tree for this merge alone tells: about a bad
 * commit, or that the stream was to blame.
 */
static void
tree_streamed(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct merger_call *call = arg;
	struct merger *merger = call->merger;
	struct merged merged = { 0 };
	(void)complaint;
	size_t skip = reply != NULL && reply[0] == '\0' ? 1 : 0;
	if (reply == NULL ||
	    parse(reply + skip, len - skip, true, &merged) == 0 ||
	    merged.tree[0] == '\0') {
		release_merged(&merged);
		merger->failed++;
		start_single(call);
		return;
	}
	merger->failed = 0;
	batch_set_patience(merger->stream, GIT_TIMEOUT_MS);
	end_call(call, &merged, NULL);
	release_merged(&merged);
}

static void
start_stream(struct merger_call *call)
{
	struct merger *merger = call->merger;
	if (++merger->asked > STREAM_RENEWAL) {
		batch_renew(merger->stream);
		merger->asked = 1;
	}
	autofree char *lines = mem_format(
	    "%s %s\n%s %s\n", call->old, call->tip, call->old, call->old);
	batch_send(merger->stream, lines, strlen(lines), tree_streamed, call);
}

/* --- a work tree of our own ------------------------------------------- */

/*
 * For git before 2.38. It is made by the first merge, in turn filled with one
 * side and merged into, and is removed at the end; nobody else knows of it.
 */
static void
next(struct merger_call *call, const char *const *args, git_done_fn *fn)
{
	start_git(call, call->merger->tree, args, fn);
}

static void
complain(
    struct merger_call *call, const char *what, const struct git_result *git)
{
	autoerror struct error err = { 0 };
	git_complain(what, git, &err);
	fail_call(call, &err);
}

static void
tree_written(const struct git_result *git, void *arg)
{
	struct merged merged = { 0 };
	size_t len = strcspn(str_text(&git->out), "\n");
	if (git->code != 0 || len >= sizeof(merged.tree)) {
		complain(arg, "git write-tree", git);
		return;
	}
	memcpy(merged.tree, str_text(&git->out), len);
	end_call(arg, &merged, NULL);
}

static void
unmerged_listed(const struct git_result *git, void *arg)
{
	struct merged merged = { .conflict = true };
	const char *end = str_text(&git->out) + git->out.len;
	for (const char *at = str_text(&git->out); at < end;
	     at += strlen(at) + 1)
		strv_add(&merged.paths, at);
	if (git->code != 0 || merged.paths.n == 0) {
		complain(arg, "git merge", git);
	} else {
		str_format(&merged.messages, "%zu files are in conflict\n",
		    merged.paths.n);
		end_call(arg, &merged, NULL);
	}
	release_merged(&merged);
}

static void
tried(const struct git_result *git, void *arg)
{
	static const char *const write[] = { "write-tree", NULL };
	static const char *const list[] = { "diff", "--name-only", "-z",
		"--no-ext-diff", "--diff-filter=U", NULL };
	if (git->code == 0)
		next(arg, write, tree_written);
	else if (git->code == 1)
		next(arg, list, unmerged_listed);
	else
		complain(arg, "git merge", git);
}

/* Nothing is committed: the identity is only asked for. */
static void
filled(const struct git_result *git, void *arg)
{
	struct merger_call *call = arg;
	const char *const args[] = { "-c", "user.name=prodigy", "-c",
		"user.email=prodigy@localhost", "-c", "rerere.enabled=false",
		"merge", "-q", "--no-commit", "--no-ff", call->tip, NULL };
	if (git->code == 0)
		next(call, args, tried);
	else
		complain(call, "git checkout", git);
}

/* --force also ends a merge that was left in the middle. */
static void
fill(struct merger_call *call)
{
	const char *const args[] = { "checkout", "-q", "--force", "--detach",
		call->old, "--", NULL };
	next(call, args, filled);
}

static void
tree_added(const struct error *err, void *arg)
{
	struct merger_call *call = arg;
	if (err != NULL) {
		free(call->merger->tree);
		call->merger->tree = NULL;
		fail_call(call, err);
		return;
	}
	fill(call);
}

static void
start_tree(struct merger_call *call)
{
	struct merger *merger = call->merger;
	struct repo repo;
	char digits[TREE_DIGITS + 1];
	autoerror struct error err = { 0 };
	if (merger->tree != NULL) {
		fill(call);
		return;
	}
	if (!repo_find(merger->dir, &repo, &err)) {
		fail_call(call, &err);
		return;
	}
	autofree char *name =
	    mem_format("merge-%s", id_hex(digits, TREE_DIGITS));
	merger->tree = path_join(merger->scratch, name);
	worktree_add(merger->loop, &repo, merger->tree, call->old,
	    "prodigy: merging", tree_added, call);
	repo_release(&repo);
}

static void
remove_tree(struct merger *merger)
{
	struct repo repo;
	autoerror struct error err = { 0 };
	if (merger->tree == NULL)
		return;
	if (!repo_find(merger->dir, &repo, &err)) {
		log_warn("%s", error_text(&err));
		return;
	}
	if (!worktree_remove(&repo, merger->tree, &err))
		log_warn("%s", error_text(&err));
	repo_release(&repo);
	free(merger->tree);
	merger->tree = NULL;
}

/* --- the merger ------------------------------------------------------- */

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
		.forget = free,
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
	remove_tree(merger);
	free(merger->dir);
	free(merger->scratch);
	free(merger);
}

void
merger_start(struct merger *merger, const char *old, const char *tip,
    merger_fn *fn, void *arg)
{
	struct merger_call *call = mem_zalloc(sizeof(*call));
	call->merger = merger;
	snprintf(call->old, sizeof(call->old), "%s", old);
	snprintf(call->tip, sizeof(call->tip), "%s", tip);
	call->fn = fn;
	call->arg = arg;
	unsigned version = git_version();
	if (version < MERGE_TREE_GIT)
		start_tree(call);
	else if (version < STREAM_GIT || merger->failed >= STREAM_TRIES)
		start_single(call);
	else
		start_stream(call);
}
