/* SPDX-License-Identifier: MIT */
/*
 * Work trees as git registers them (gitrepository-layout): a directory below
 * .git/worktrees whose file "gitdir" names the .git file of the tree, which
 * leads back. All of it in process.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/head.h"
#include "git/worktree.h"
#include "git/worktree_parts.h"

#define SHORT_WAIT_MS 20

/* A path whose last component need not exist, without symbolic links. */
static char *
canonical(const char *path)
{
	autoerror struct error ignored = { 0 };
	autofree char *parent = path_parent(path);
	autofree char *real = path_real(parent, &ignored);
	if (real == NULL)
		return mem_text(path);
	return path_join(real, path_name(path));
}

/* The tree that a registration is for; NULL: it is damaged. */
static char *
tree_of_admin(const char *admin)
{
	autostr struct str line = { 0 };
	autofree char *file = path_join(admin, "gitdir");
	if (!head_read_line(file, &line) ||
	    !text_ends_with(str_text(&line), "/.git"))
		return NULL;
	str_cut(&line, line.len - strlen("/.git"));
	/* Relative to the registration since git 2.48, if so configured. */
	autofree char *path = path_join(admin, str_text(&line));
	return canonical(path);
}

static bool
is_admin_of(const char *admin, const char *path)
{
	autofree char *tree = tree_of_admin(admin);
	return tree != NULL && strcmp(tree, path) == 0;
}

static char *
search_admin_dir(const char *all, const char *path)
{
	char *found = NULL;
	DIR *dir = opendir(all);
	const struct dirent *entry;
	while (dir != NULL && found == NULL && (entry = readdir(dir)) != NULL) {
		autofree char *admin = path_join(all, entry->d_name);
		if (entry->d_name[0] != '.' && is_admin_of(admin, path))
			found = mem_text(admin);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

char *
worktree_admin_dir(const struct repo *repo, const char *path)
{
	autoerror struct error ignored = { 0 };
	autofree char *all = path_join(repo->common_dir, "worktrees");
	autofree char *tree = canonical(path);
	/* Usually it has the name of the tree, or the tree tells rightly. */
	autofree char *guess = path_join(all, path_name(tree));
	if (is_admin_of(guess, tree))
		return mem_text(guess);
	autofree char *claimed = head_git_dir(path, &ignored);
	if (claimed != NULL) {
		autofree char *own = path_join(all, path_name(claimed));
		if (is_admin_of(own, tree))
			return mem_text(own);
	}
	return search_admin_dir(all, tree);
}

/*
 * The caller may be the one who holds the lock (an add of its own is under
 * way), so it is not insisted upon: what follows is one rename, and an add
 * that stumbles over it is tried again.
 */
static int
try_lock(const struct repo *repo)
{
	autoerror struct error ignored = { 0 };
	return lock_wait(
	    repo->common_dir, clock_now() + SHORT_WAIT_MS, &ignored);
}

static bool
remove_admin_dir(const struct repo *repo, const char *admin, struct error *err)
{
	char random[17];
	autofree char *trash = mem_format(
	    "%s/prodigy-trash-%s", repo->common_dir, id_hex(random, 16));
	autofd int lock = try_lock(repo);
	if (rename(admin, trash) != 0)
		return errno == ENOENT ||
		    error_system(err, "removing %s", admin);
	/* The folder of registrations goes with the last of them. */
	autofree char *all = path_join(repo->common_dir, "worktrees");
	rmdir(all);
	return file_remove_tree(trash, err);
}

bool
worktree_remove(const struct repo *repo, const char *path, struct error *err)
{
	autofree char *admin = worktree_admin_dir(repo, path);
	if (!file_remove_tree(path, err))
		return error_wrap(err, "removing work tree");
	return admin == NULL || remove_admin_dir(repo, admin, err);
}

/* Atomic, so that no other git reads half of it; not synced, as git's own. */
static bool
replace_line(const char *path, const char *line, struct error *err)
{
	char random[9];
	autofree char *temporary = mem_format("%s.%s", path, id_hex(random, 8));
	autofd int fd = open(temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return error_system(err, "creating %s", temporary);
	bool ok = file_write_all(fd, line, strlen(line), err);
	if (ok && rename(temporary, path) != 0)
		ok = error_system(err, "replacing %s", path);
	if (!ok)
		(void)unlink(temporary);
	return ok;
}

bool
worktree_rename(const struct repo *repo, const char *from, const char *to,
    struct error *err)
{
	autofree char *admin = worktree_admin_dir(repo, from);
	autofree char *tree = canonical(to);
	autofree char *line = mem_format("%s/.git\n", tree);
	if (admin == NULL)
		return error_set(err, ERROR_GIT, "%s is not registered", from);
	autofree char *file = path_join(admin, "gitdir");
	if (path_exists(to))
		return error_set(err, ERROR_STATE, "%s is in the way", to);
	if (rename(from, to) != 0)
		return error_system(err, "moving work tree %s", from);
	if (replace_line(file, line, err))
		return true;
	(void)rename(to, from);
	return false;
}

static bool
leads_to(const char *dot_git, const char *admin)
{
	struct stat st;
	autostr struct str line = { 0 };
	autoerror struct error ignored = { 0 };
	if (lstat(dot_git, &st) != 0 || !S_ISREG(st.st_mode) ||
	    !head_read_line(dot_git, &line) ||
	    !text_starts_with(str_text(&line), "gitdir: "))
		return false;
	autofree char *parent = path_parent(dot_git);
	autofree char *named =
	    path_join(parent, line.data + strlen("gitdir: "));
	autofree char *real = path_real(named, &ignored);
	autofree char *wanted = path_real(admin, &ignored);
	return real != NULL && wanted != NULL && strcmp(real, wanted) == 0;
}

bool
worktree_repair(const struct repo *repo, const char *path, struct error *err)
{
	struct stat st;
	char random[9];
	autofree char *admin = worktree_admin_dir(repo, path);
	autofree char *dot_git = path_join(path, ".git");
	if (admin == NULL)
		return error_set(err, ERROR_GIT, "%s is not registered", path);
	if (leads_to(dot_git, admin))
		return true;
	autofree char *aside =
	    mem_format("%s.prodigy-%s", dot_git, id_hex(random, 8));
	if (lstat(dot_git, &st) == 0 && !S_ISREG(st.st_mode) &&
	    rename(dot_git, aside) != 0)
		return error_system(err, "moving %s aside", dot_git);
	autofree char *line = mem_format("gitdir: %s\n", admin);
	return replace_line(dot_git, line, err);
}
