/* SPDX-License-Identifier: MIT */
/* The HEAD of a work tree, read in process. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/text.h"
#include "git/head.h"

#define SMALL_FILE 65536
#define PACKED_LIMIT ((size_t)256 * 1024 * 1024)

bool
head_read_line(const char *path, struct str *out)
{
	autoerror struct error ignored = { 0 };
	str_clear(out);
	if (!file_read(path, SMALL_FILE, out, &ignored))
		return false;
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		str_cut(out, out->len - 1);
	return out->len > 0;
}

char *
head_git_dir(const char *worktree, struct error *err)
{
	autostr struct str line = { 0 };
	autofree char *dot_git = path_join(worktree, ".git");
	if (path_is_dir(dot_git))
		return mem_text(dot_git);
	if (!head_read_line(dot_git, &line) ||
	    !text_starts_with(str_text(&line), "gitdir: ")) {
		error_set(err, ERROR_GIT, "%s is not a work tree", worktree);
		return NULL;
	}
	return path_join(worktree, line.data + strlen("gitdir: "));
}

char *
head_linked_git_dir(const char *worktree)
{
	struct stat st;
	autoerror struct error ignored = { 0 };
	autostr struct str line = { 0 };
	autofree char *dot_git = path_join(worktree, ".git");
	autofree char *git_dir = head_git_dir(worktree, &ignored);
	if (git_dir == NULL || lstat(dot_git, &st) != 0 || !S_ISREG(st.st_mode))
		return NULL;
	autofree char *file = path_join(git_dir, "gitdir");
	if (!head_read_line(file, &line))
		return NULL;
	autofree char *back = path_join(git_dir, str_text(&line));
	autofree char *there = path_real(back, &ignored);
	autofree char *here = path_real(dot_git, &ignored);
	if (there == NULL || here == NULL || strcmp(there, here) != 0)
		return NULL;
	return mem_text(git_dir);
}

static char *
common_dir_of(const char *git_dir)
{
	autostr struct str line = { 0 };
	autofree char *path = path_join(git_dir, "commondir");
	if (!head_read_line(path, &line))
		return mem_text(git_dir);
	return path_join(git_dir, str_text(&line));
}

char *
head_common_dir(const char *worktree, struct error *err)
{
	autofree char *git_dir = head_git_dir(worktree, err);
	return git_dir == NULL ? NULL : common_dir_of(git_dir);
}

static bool
find_packed(const char *common, const char *ref, char oid[GIT_OID_SIZE])
{
	autostr struct str text = { 0 };
	autoerror struct error ignored = { 0 };
	autofree char *path = path_join(common, "packed-refs");
	if (!file_read(path, PACKED_LIMIT, &text, &ignored))
		return false;
	autofree char *needle = mem_format(" %s\n", ref);
	const char *found = strstr(str_text(&text), needle);
	if (found == NULL)
		return false;
	const char *start = found;
	while (start > text.data && start[-1] != '\n')
		start--;
	size_t len = (size_t)(found - start);
	if (len >= GIT_OID_SIZE)
		return false;
	memcpy(oid, start, len);
	oid[len] = '\0';
	return git_is_oid(oid);
}

static bool
read_ref(const char *git_dir, const char *ref, char oid[GIT_OID_SIZE])
{
	autostr struct str line = { 0 };
	autofree char *common = common_dir_of(git_dir);
	autofree char *path = path_join(common, ref);
	if (!path_is_beneath(ref))
		return false;
	if (head_read_line(path, &line) && git_is_oid(str_text(&line))) {
		memcpy(oid, line.data, line.len + 1);
		return true;
	}
	return find_packed(common, ref, oid);
}

static bool
read_files(const char *worktree, struct head *head)
{
	autostr struct str line = { 0 };
	autoerror struct error ignored = { 0 };
	autofree char *git_dir = head_git_dir(worktree, &ignored);
	if (git_dir == NULL)
		return false;
	autofree char *path = path_join(git_dir, "HEAD");
	if (!head_read_line(path, &line))
		return false;
	if (git_is_oid(str_text(&line))) {
		memcpy(head->oid, line.data, line.len + 1);
		return true;
	}
	if (!text_starts_with(str_text(&line), "ref: refs/heads/"))
		return false;
	const char *ref = line.data + strlen("ref: ");
	if (!read_ref(git_dir, ref, head->oid))
		return false;
	head->branch = mem_text(ref);
	return true;
}

static bool
ask_git(const char *worktree, struct head *head, struct error *err)
{
	autostr struct str out = { 0 };
	autoerror struct error detached = { 0 };
	const char *const oid[] = { "rev-parse", "--verify", "-q",
		"HEAD^{commit}", NULL };
	const char *const ref[] = { "symbolic-ref", "-q", "HEAD", NULL };
	if (!git_run(worktree, oid, &out, err))
		return error_wrap(err, "reading HEAD of %s", worktree);
	if (!git_is_oid(str_text(&out)))
		return error_set(err, ERROR_GIT, "%s has no HEAD", worktree);
	memcpy(head->oid, out.data, out.len + 1);
	str_clear(&out);
	if (git_run(worktree, ref, &out, &detached))
		head->branch = str_take(&out);
	return true;
}

bool
head_read(const char *worktree, struct head *head, struct error *err)
{
	*head = (struct head){ 0 };
	return read_files(worktree, head) || ask_git(worktree, head, err);
}

/* A ref that is in no file, where refs are kept in files, is not there. */
static bool
is_nowhere(const char *git_dir, const char *ref)
{
	autofree char *common = common_dir_of(git_dir);
	autofree char *path = path_join(common, ref);
	autofree char *reftable = path_join(common, "reftable");
	return !path_exists(path) && !path_exists(reftable);
}

bool
head_read_ref(const char *worktree, const char *ref, char oid[GIT_OID_SIZE])
{
	autoerror struct error ignored = { 0 };
	autostr struct str out = { 0 };
	const char *const args[] = { "rev-parse", "--verify", "-q", ref, NULL };
	autofree char *git_dir = head_git_dir(worktree, &ignored);
	if (git_dir != NULL && read_ref(git_dir, ref, oid))
		return true;
	if (git_dir != NULL && is_nowhere(git_dir, ref))
		return false;
	error_release(&ignored);
	if (!git_run(worktree, args, &out, &ignored) ||
	    !git_is_oid(str_text(&out)))
		return false;
	memcpy(oid, out.data, out.len + 1);
	return true;
}

void
head_release(struct head *head)
{
	free(head->branch);
	*head = (struct head){ 0 };
}
