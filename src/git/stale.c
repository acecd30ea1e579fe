/* SPDX-License-Identifier: MIT */
/* Lock files that a killed git left. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "git/head.h"
#include "git/stale.h"

#define DEPTH_LIMIT 16
#define BRANCHES_OF_OURS "refs/heads/prodigy-"

static bool clear_dir(const char *path, unsigned depth, struct error *err);

static bool
clear_entry(const char *path, unsigned depth, struct error *err)
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return errno == ENOENT ||
		    error_system(err, "looking at %s", path);
	if (S_ISDIR(st.st_mode))
		return clear_dir(path, depth + 1, err);
	return !text_ends_with(path, ".lock") || file_remove(path, err);
}

static bool
clear_dir(const char *path, unsigned depth, struct error *err)
{
	DIR *dir = depth < DEPTH_LIMIT ? opendir(path) : NULL;
	const struct dirent *entry;
	bool ok = true;
	while (ok && dir != NULL && (entry = readdir(dir)) != NULL) {
		/* Submodules have theirs here: many folders, none locked. */
		if (entry->d_name[0] == '.' ||
		    strcmp(entry->d_name, "objects") == 0)
			continue;
		autofree char *below = path_join(path, entry->d_name);
		ok = clear_entry(below, depth, err);
	}
	if (dir != NULL)
		closedir(dir);
	return ok;
}

bool
stale_clear_refs(const struct repo *repo, const char *prefix, struct error *err)
{
	if (!path_is_beneath(prefix) ||
	    !text_starts_with(prefix, "refs/prodigy/"))
		return error_set(
		    err, ERROR_GIT, "'%s' is not a ref of a job", prefix);
	autofree char *dir = path_join(repo->common_dir, prefix);
	return clear_dir(dir, 0, err);
}

static void
clear_branch(const char *path)
{
	autoerror struct error ignored = { 0 };
	struct head head = { 0 };
	autofree char *common = head_common_dir(path, &ignored);
	if (common == NULL || !head_read(path, &head, &ignored))
		return;
	if (head.branch != NULL &&
	    text_starts_with(head.branch, BRANCHES_OF_OURS) &&
	    path_is_beneath(head.branch)) {
		autofree char *lock =
		    mem_format("%s/%s.lock", common, head.branch);
		(void)unlink(lock);
	}
	head_release(&head);
}

void
stale_clear_tree(const char *path)
{
	autoerror struct error ignored = { 0 };
	autofree char *git_dir = head_linked_git_dir(path);
	if (git_dir == NULL)
		return;
	(void)clear_dir(git_dir, 0, &ignored);
	clear_branch(path);
}
