/* SPDX-License-Identifier: MIT */
/* What an agent process does with its work tree. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "git/head.h"
#include "git/index.h"
#include "git/worktree.h"

#define INDEX_LIMIT ((size_t)512 * 1024 * 1024)

/* Files in a work tree's git directory that stand for a state of its own. */
static const char *const states[] = {
	"MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG",
	"rebase-merge", "rebase-apply", "sequencer", "config.worktree",
	"index.lock", "HEAD.lock", "info", "locked", "refs", "modules",
};

bool
worktree_is_reusable(const char *path)
{
	autoerror struct error ignored = { 0 };
	autostr struct str index = { 0 };
	autofree char *git_dir = head_git_dir(path, &ignored);
	if (git_dir == NULL)
		return false;
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		autofree char *file = path_join(git_dir, states[i]);
		if (path_exists(file))
			return false;
	}
	autofree char *file = path_join(git_dir, "index");
	struct head head = { 0 };
	if (!file_read(file, INDEX_LIMIT, &index, &ignored) ||
	    !head_read(path, &head, &ignored))
		return false;
	size_t oid_bytes = strlen(head.oid) / 2;
	head_release(&head);
	return index_is_plain(index.data, index.len, oid_bytes);
}

bool
worktree_checkout(const char *path, const char *branch, const char *base,
    bool clean, struct error *err)
{
	const char *const checkout[] = { "checkout", "-q", "-f", "--no-track",
		"-B", branch, base, "--", NULL };
	const char *const sweep[] = { "clean", "-ffdxq", NULL };
	if (!git_run(path, checkout, NULL, err))
		return false;
	return !clean || git_run(path, sweep, NULL, err);
}

static void
sort_entry(struct worktree_status *status, const char *line)
{
	if (line[0] == '!')
		status->ignored = true;
	else if (line[0] == '?')
		strv_add(&status->untracked, line);
	else
		strv_add(&status->changed, line);
}

bool
worktree_status(const char *path, struct worktree_status *status,
    struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "--no-optional-locks", "status",
		"--porcelain", "-z", "--no-renames",
		"--untracked-files=normal", "--ignored=traditional", NULL };
	*status = (struct worktree_status){ 0 };
	if (!git_run(path, args, &out, err))
		return false;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1)
		sort_entry(status, at);
	return true;
}

void
worktree_status_release(struct worktree_status *status)
{
	strv_release(&status->changed);
	strv_release(&status->untracked);
	*status = (struct worktree_status){ 0 };
}

/* Runs git with an index file of its own. */
static bool
with_index(const char *path, const char *index, const char *const *args,
    struct str *out, struct error *err)
{
	autostrv struct strv env = { 0 };
	strv_format(&env, "GIT_INDEX_FILE=%s", index);
	strv_add(&env, "GIT_AUTHOR_NAME=prodigy");
	strv_add(&env, "GIT_AUTHOR_EMAIL=prodigy@localhost");
	strv_add(&env, "GIT_COMMITTER_NAME=prodigy");
	strv_add(&env, "GIT_COMMITTER_EMAIL=prodigy@localhost");
	struct git_options options = { .extra_env = &env };
	struct git_result git = { 0 };
	if (!git_call(path, args, &options, &git, err))
		return false;
	bool ok = git.code == 0 || git_complain(args[0], &git, err);
	if (ok && out != NULL) {
		str_add_str(out, &git.out);
		str_cut(out, strcspn(str_text(out), "\n"));
	}
	git_result_release(&git);
	return ok;
}

static bool
copy_index(const char *from, const char *to, struct error *err)
{
	autostr struct str bytes = { 0 };
	if (!path_exists(from))
		return true;
	autofd int fd = file_open_append(to, err);
	return fd >= 0 && file_read(from, INDEX_LIMIT, &bytes, err) &&
	    file_write_all(fd, str_text(&bytes), bytes.len, err);
}

static bool
make_salvage(const char *path, const char *index, const char *ref,
    const char *message, struct str *commit, struct error *err)
{
	autostr struct str tree = { 0 };
	const char *const add[] = { "-c", "advice.addEmbeddedRepo=false",
		"add", "-A", "--", ".", NULL };
	const char *const write[] = { "write-tree", NULL };
	if (!with_index(path, index, add, NULL, err) ||
	    !with_index(path, index, write, &tree, err))
		return false;
	const char *const make[] = { "commit-tree", str_text(&tree), "-p",
		"HEAD", "-m", message, NULL };
	if (!with_index(path, index, make, commit, err))
		return false;
	const char *const keep[] = { "update-ref", ref, str_text(commit),
		NULL };
	return with_index(path, index, keep, NULL, err);
}

bool
worktree_salvage(const char *path, const char *ref, const char *message,
    char commit[GIT_OID_SIZE], struct error *err)
{
	autostr struct str oid = { 0 };
	autofree char *git_dir = head_git_dir(path, err);
	if (git_dir == NULL)
		return false;
	autofree char *own = path_join(git_dir, "index");
	autofree char *copy = path_join(git_dir, "prodigy-salvage-index");
	unlink(copy);
	bool kept = copy_index(own, copy, err) &&
	    make_salvage(path, copy, ref, message, &oid, err);
	unlink(copy);
	if (!kept)
		return error_wrap(err, "keeping uncommitted work of %s", path);
	if (!git_is_oid(str_text(&oid)))
		return error_set(err, ERROR_GIT,
		    "keeping uncommitted work of %s: no commit", path);
	memcpy(commit, oid.data, oid.len + 1);
	return true;
}

static void
take_attribute(struct worktree_list *list, const char *line)
{
	if (strncmp(line, "worktree ", 9) == 0) {
		list->items = mem_grow(list->items, &list->cap, list->n + 1,
		    sizeof(*list->items));
		list->items[list->n++] =
		    (struct worktree_entry){ .path = mem_text(line + 9) };
	} else if (list->n > 0) {
		struct worktree_entry *entry = &list->items[list->n - 1];
		if (strncmp(line, "HEAD ", 5) == 0)
			entry->head = mem_text(line + 5);
		else if (strncmp(line, "branch refs/heads/", 18) == 0)
			entry->branch = mem_text(line + 18);
		else if (strncmp(line, "prunable", 8) == 0)
			entry->prunable = true;
	}
}

bool
worktree_list(const struct repo *repo, struct worktree_list *list,
    struct error *err)
{
	autostr struct str out = { 0 };
	bool nul = git_version() >= 23600; /* -z came with 2.36 */
	const char *const args[] = { "worktree", "list", "--porcelain",
		nul ? "-z" : NULL, NULL };
	*list = (struct worktree_list){ 0 };
	if (!git_run(repo->root, args, &out, err))
		return false;
	for (size_t i = 0; !nul && i < out.len; i++)
		if (out.data[i] == '\n')
			out.data[i] = '\0';
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1)
		take_attribute(list, at);
	return true;
}

void
worktree_list_release(struct worktree_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].path);
		free(list->items[i].branch);
		free(list->items[i].head);
	}
	free(list->items);
	*list = (struct worktree_list){ 0 };
}
