/* SPDX-License-Identifier: MIT */
/* Making, moving and removing of work trees. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

#define LOCK_RETRY_MS 5
#define LOCK_LIMIT_MS 60000
#define ADD_TRIES 5
#define LOCK_NAME "prodigy.lock"

struct add {
	struct loop *loop;
	char *root;
	char *lock_path;
	char *path;
	char *base;
	int lock; /* -1 while it is waited for */
	int64_t deadline;
	unsigned tries_left;
	worktree_done_fn *fn;
	void *arg;
};

static void
end_add(struct add *add, const struct error *err)
{
	if (add->lock >= 0)
		close(add->lock);
	add->lock = -1;
	add->fn(err, add->arg);
	free(add->root);
	free(add->lock_path);
	free(add->path);
	free(add->base);
	free(add);
}

static void start_add(struct add *add);

/* Another tool of git may race us: its half-made entries make git fail. */
static void
added(const struct git_result *git, void *arg)
{
	struct add *add = arg;
	autoerror struct error err = { 0 };
	autoerror struct error ignored = { 0 };
	if (git->code == 0) {
		end_add(add, NULL);
		return;
	}
	git_complain("git worktree add", git, &err);
	if (add->tries_left-- > 0 && err.kind == ERROR_GIT &&
	    file_remove_tree(add->path, &ignored))
		start_add(add);
	else
		end_add(add, &err);
}

static void
start_add(struct add *add)
{
	autoerror struct error err = { 0 };
	const char *const args[] = { "worktree", "add", "--no-checkout",
		"--detach", "-f", "-f", "--", add->path, add->base, NULL };
	if (!git_start(add->loop, add->root, args, added, add, &err))
		end_add(add, &err);
}

static void
try_lock(void *arg)
{
	struct add *add = arg;
	autoerror struct error err = { 0 };
	add->lock = lock_take(add->lock_path, NULL, &err);
	if (add->lock >= 0)
		start_add(add);
	else if (err.kind == ERROR_STATE && clock_now() < add->deadline)
		loop_after(add->loop, LOCK_RETRY_MS, try_lock, add);
	else
		end_add(add, &err);
}

void
worktree_add(struct loop *loop, const struct repo *repo, const char *path,
    const char *base, worktree_done_fn *fn, void *arg)
{
	struct add *add = mem_zalloc(sizeof(*add));
	add->loop = loop;
	add->root = mem_text(repo->root);
	add->lock_path = path_join(repo->common_dir, LOCK_NAME);
	add->path = mem_text(path);
	add->base = mem_text(base);
	add->lock = -1;
	add->deadline = clock_now() + LOCK_LIMIT_MS;
	add->tries_left = ADD_TRIES;
	add->fn = fn;
	add->arg = arg;
	loop_after(loop, 0, try_lock, add);
}

bool
worktree_add_branch(const struct repo *repo, const char *path,
    const char *branch, const char *base, struct error *err)
{
	autofree char *lock_path = path_join(repo->common_dir, LOCK_NAME);
	autofd int lock = lock_wait(lock_path, clock_now() + LOCK_LIMIT_MS,
	    err);
	const char *const new_branch[] = { "worktree", "add", "-q", "-b",
		branch, "--", path, base, NULL };
	const char *const same_branch[] = { "worktree", "add", "-q", "--",
		path, branch, NULL };
	if (lock < 0)
		return false;
	return git_run(repo->root, base == NULL ? same_branch : new_branch,
	    NULL, err);
}

/* The registration whose gitdir file names path, when .git itself is gone. */
static char *
find_admin_dir(const struct repo *repo, const char *path)
{
	autofree char *all = path_join(repo->common_dir, "worktrees");
	autofree char *wanted = mem_format("%s/.git", path);
	char *found = NULL;
	DIR *dir = opendir(all);
	const struct dirent *entry;
	while (dir != NULL && found == NULL && (entry = readdir(dir)) != NULL) {
		autostr struct str text = { 0 };
		autoerror struct error ignored = { 0 };
		autofree char *admin = path_join(all, entry->d_name);
		autofree char *file = path_join(admin, "gitdir");
		if (entry->d_name[0] == '.' ||
		    !file_read(file, 65536, &text, &ignored))
			continue;
		str_cut(&text, strcspn(str_text(&text), "\n"));
		if (str_is(&text, wanted))
			found = mem_text(admin);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/*
 * The .git file is the agent's to write: it is believed only when it leads to
 * a registration of this repository that leads back.
 */
static char *
admin_dir_of(const struct repo *repo, const char *path)
{
	autoerror struct error ignored = { 0 };
	autostr struct str back = { 0 };
	autofree char *prefix = mem_format("%s/worktrees/", repo->common_dir);
	autofree char *wanted = mem_format("%s/.git\n", path);
	autofree char *claimed = head_git_dir(path, &ignored);
	if (claimed == NULL || !text_starts_with(claimed, prefix) ||
	    strchr(claimed + strlen(prefix), '/') != NULL)
		return find_admin_dir(repo, path);
	autofree char *file = path_join(claimed, "gitdir");
	error_release(&ignored);
	if (!file_read(file, 65536, &back, &ignored) ||
	    !str_is(&back, wanted))
		return find_admin_dir(repo, path);
	return mem_text(claimed);
}

/*
 * A registration vanishes in one step (rename), so that a git that lists work
 * trees at the same moment never sees half of one.
 */
static bool
remove_admin_dir(const struct repo *repo, const char *admin,
    struct error *err)
{
	char random[17];
	autofree char *trash = mem_format("%s/prodigy-trash-%s",
	    repo->common_dir, id_hex(random, 16));
	if (rename(admin, trash) != 0)
		return errno == ENOENT ||
		    error_system(err, "removing %s", admin);
	return file_remove_tree(trash, err);
}

bool
worktree_remove(const struct repo *repo, const char *path, struct error *err)
{
	autofree char *admin = admin_dir_of(repo, path);
	if (!file_remove_tree(path, err))
		return error_wrap(err, "removing work tree");
	return admin == NULL || remove_admin_dir(repo, admin, err);
}

bool
worktree_rename(const struct repo *repo, const char *from, const char *to,
    struct error *err)
{
	autofree char *admin = admin_dir_of(repo, from);
	autofree char *line = mem_format("%s/.git\n", to);
	if (admin == NULL)
		return error_set(err, ERROR_GIT, "%s is not registered", from);
	autofree char *file = path_join(admin, "gitdir");
	if (rename(from, to) != 0)
		return error_system(err, "moving work tree %s", from);
	FILE *out = fopen(file, "we");
	if (out == NULL)
		return error_system(err, "writing %s", file);
	bool written = fputs(line, out) >= 0;
	if (fclose(out) != 0 || !written)
		return error_system(err, "writing %s", file);
	return true;
}
