/* SPDX-License-Identifier: MIT */
/* Where a run has its work trees. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "git/git.h"
#include "git/worktree.h"
#include "run/workspace.h"
#include "state/workspaces.h"

#define VARIABLE "PRODIGY_WORKSPACE_ROOT"
#define KEY "workspace.root"

/* The variable is the machine's, and knows better than the workflow. */
static const char *
wanted_root(const struct supervisor *sup, const char **source)
{
	const char *root = getenv("PRODIGY_WORKSPACE_ROOT");
	*source = VARIABLE;
	if (root != NULL && *root != '\0')
		return root;
	*source = KEY;
	return sup->workflow.workspace.root;
}

/* Trees there would be files of that repository, and git clean their end. */
static bool
is_in_repository(const char *root, struct error *err)
{
	autofree char *at = mem_text(root);
	for (;;) {
		autofree char *git = path_join(at, ".git");
		if (path_exists(git))
			return !error_set(err, ERROR_INPUT,
			    "%s lies within the repository %s", root, at);
		if (strcmp(at, "/") == 0)
			return false;
		char *parent = path_parent(at);
		free(at);
		at = parent;
	}
}

/* In a folder that all can write to somebody else may have been first. */
static bool
is_ours(const char *folder, struct error *err)
{
	struct stat st;
	autofree char *of_home = path_parent(folder);
	if (lstat(of_home, &st) != 0)
		return error_system(err, "%s", of_home);
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & 022) == 0)
		return true;
	return error_set(err, ERROR_STATE,
	    "%s belongs to another user, or can be written to by others",
	    of_home);
}

static bool
make_folder(struct supervisor *sup, const char *root, struct error *err)
{
	autofree char *expanded = path_expand_home(root);
	if (expanded[0] != '/')
		return error_set(
		    err, ERROR_INPUT, "'%s' is not an absolute path", root);
	autofree char *real = path_real(expanded, err);
	if (real == NULL || is_in_repository(real, err) ||
	    !text_check("the path", real, strlen(real), err))
		return false;
	if (!path_is_dir(real))
		return error_set(err, ERROR_INPUT, "%s is no folder", real);
	sup->trees_dir = workspaces_folder(&sup->layout, real);
	/* It is known before anything is in it. */
	return workspaces_add(&sup->layout, sup->trees_dir, err) &&
	    path_make_dirs(sup->trees_dir, err) && is_ours(sup->trees_dir, err);
}

static bool
confine(const char *folder, struct error *err)
{
	return git_confine(folder) || !path_is_dir(folder) ||
	    git_bar(folder, err);
}

static void
sweep(const struct supervisor *sup, const struct strv *folders)
{
	for (size_t i = 0; i < folders->n; i++) {
		autoerror struct error err = { 0 };
		if (!worktree_sweep(&sup->repo, folders->items[i], &err))
			log_warn("%s", error_text(&err));
	}
}

static bool
open_folders(const struct supervisor *sup, struct error *err)
{
	autostrv struct strv folders = { 0 };
	autoerror struct error why = { 0 };
	if (!workspaces_list(&sup->layout, &folders, &why))
		log_warn("%s", error_text(&why));
	for (size_t i = 0; i < folders.n; i++)
		if (!confine(folders.items[i], err))
			return false;
	sweep(sup, &folders);
	return true;
}

bool
workspace_open(struct supervisor *sup, struct error *err)
{
	const char *source;
	const char *root = wanted_root(sup, &source);
	autofree char *home = layout_worktrees(&sup->layout);
	if (!path_make_dirs(home, err))
		return false;
	if (root != NULL && !make_folder(sup, root, err))
		return error_wrap(err, "%s", source);
	return open_folders(sup, err);
}

char *
workspace_tree(const struct supervisor *sup, const char *name)
{
	return sup->trees_dir == NULL ? layout_worktree(&sup->layout, name)
				      : path_join(sup->trees_dir, name);
}

void
workspace_close(const struct supervisor *sup)
{
	if (sup->trees_dir == NULL)
		return;
	autofree char *of_home = path_parent(sup->trees_dir);
	if (rmdir(sup->trees_dir) == 0)
		(void)!rmdir(of_home);
}

void
workspace_find(const struct layout *layout, struct strv *folders)
{
	autoerror struct error err = { 0 };
	if (!workspaces_list(layout, folders, &err))
		log_warn("%s", error_text(&err));
	for (size_t i = 0; i < folders->n; i++)
		(void)!git_confine(folders->items[i]);
}
