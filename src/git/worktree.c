/* SPDX-License-Identifier: MIT */
/* Work trees of a repository. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
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
#include "git/git.h"
#include "git/head.h"
#include "git/worktree.h"

#define LOCK_RETRY_MS 20
#define LOCK_LIMIT_MS 60000
#define SHORT_WAIT_MS 20
#define ADD_TRIES 5
#define TRASH_DIGITS 16
#define TRASH_TRIES 8
#define TREE_TRASH ".trash" /* in the folder that holds the trees */
#define ADMIN_TRASH "prodigy-trash-" /* in the git directory */
#define TEMPORARY_DIGITS 8

/* --- registrations ---------------------------------------------------- */

/*
 * Git registers a work tree (gitrepository-layout) in a directory below
 * .git/worktrees whose file "gitdir" names the .git file of the tree, which
 * leads back. All of this is done in process.
 */

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

/*
 * The directory that registers the work tree at path, NULL when there is none;
 * owned by the caller. The tree itself, which an agent may have changed, is not
 * believed.
 */
static char *
find_admin_dir(const char *common_dir, const char *path)
{
	autoerror struct error ignored = { 0 };
	autofree char *all = path_join(common_dir, "worktrees");
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

/* Atomic, so that no other git reads half of it; not synced, as git's own. */
static bool
replace_line(const char *path, const char *line, struct error *err)
{
	char digits[TEMPORARY_DIGITS + 1];
	autofree char *temporary =
	    mem_format("%s.%s", path, id_hex(digits, TEMPORARY_DIGITS));
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

/* --- locks ------------------------------------------------------------ */

#define LOCK_FILE "locked"

static bool
write_reason(const char *admin, const char *reason, struct error *err)
{
	autofree char *file = path_join(admin, LOCK_FILE);
	autofree char *line = mem_format("%s\n", reason);
	return replace_line(file, line, err);
}

/* Git has locked it, with a reason of its own: ours is better, no more. */
static void
give_reason(const char *common_dir, const char *path, const char *reason)
{
	autoerror struct error ignored = { 0 };
	autofree char *admin = find_admin_dir(common_dir, path);
	if (admin != NULL)
		(void)!write_reason(admin, reason, &ignored);
}

static bool
unlock(const char *admin, struct error *err)
{
	autofree char *file = path_join(admin, LOCK_FILE);
	return file_remove(file, err);
}

static bool
is_on_same_device(const char *a, const char *b)
{
	struct stat one;
	struct stat other;
	return stat(a, &one) == 0 && stat(b, &other) == 0 &&
	    one.st_dev == other.st_dev;
}

bool
worktree_let_go(const struct repo *repo, const char *path, const char *reason,
    struct error *err)
{
	autofree char *admin = find_admin_dir(repo->common_dir, path);
	if (admin == NULL)
		return true;
	if (!is_on_same_device(path, repo->common_dir))
		return write_reason(admin, reason, err);
	return unlock(admin, err);
}

/* --- adding ----------------------------------------------------------- */

struct worktree_addition {
	TAILQ_ENTRY(worktree_addition) link;
	struct loop *loop;
	char *root;
	char *common_dir;
	char *path;
	char *base;
	char *reason;
	int lock; /* -1 while it is waited for */
	int64_t deadline; /* 0 until the first try */
	unsigned tries_left;
	worktree_done_fn *fn;
	void *arg;
};

/*
 * The adds of this process queue up; only the first of a loop asks for the
 * lock, which others may hold, too.
 */
static TAILQ_HEAD(, worktree_addition) queue = TAILQ_HEAD_INITIALIZER(queue);

static struct worktree_addition *
first_of(const struct loop *loop)
{
	struct worktree_addition *add;
	TAILQ_FOREACH(add, &queue, link)
		if (add->loop == loop)
			break;
	return add;
}

static void try_to_add(void *arg);

static void
end_add(struct worktree_addition *add, const struct error *err)
{
	if (add->lock >= 0)
		close(add->lock);
	TAILQ_REMOVE(&queue, add, link);
	struct worktree_addition *next = first_of(add->loop);
	if (next != NULL)
		loop_after(next->loop, 0, try_to_add, next);
	add->fn(err, add->arg);
	free(add->root);
	free(add->common_dir);
	free(add->path);
	free(add->base);
	free(add->reason);
	free(add);
}

static void start_add(struct worktree_addition *add);

/* Another tool of git may race us: its half-made entries make git fail. */
static void
added(const struct git_result *git, void *arg)
{
	struct worktree_addition *add = arg;
	autoerror struct error err = { 0 };
	autoerror struct error ignored = { 0 };
	if (git->code == 0) {
		give_reason(add->common_dir, add->path, add->reason);
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
start_add(struct worktree_addition *add)
{
	autoerror struct error err = { 0 };
	const char *const args[] = { "worktree", "add", "--no-checkout",
		"--detach", "--lock", "-f", "-f", "--", add->path, add->base,
		NULL };
	/* A tree that a power cut damages is made anew. */
	const struct git_options options = {
		.purpose = GIT_FOR_US,
		.sync = GIT_HARDENED_LATER,
	};
	if (!git_start_with(
		add->loop, add->root, args, &options, added, add, &err))
		end_add(add, &err);
}

static void
try_to_add(void *arg)
{
	struct worktree_addition *add = arg;
	autoerror struct error err = { 0 };
	if (add->deadline == 0)
		add->deadline = clock_now() + LOCK_LIMIT_MS;
	add->lock = lock_take(add->common_dir, NULL, &err);
	if (add->lock >= 0)
		start_add(add);
	else if (err.kind == ERROR_STATE && clock_now() < add->deadline)
		loop_after(add->loop, LOCK_RETRY_MS, try_to_add, add);
	else
		end_add(add, &err);
}

void
worktree_add(struct loop *loop, const struct repo *repo, const char *path,
    const char *base, const char *reason, worktree_done_fn *fn, void *arg)
{
	struct worktree_addition *add = mem_zalloc(sizeof(*add));
	add->loop = loop;
	add->root = mem_text(repo->root);
	add->common_dir = mem_text(repo->common_dir);
	add->path = mem_text(path);
	add->base = mem_text(base);
	add->reason = mem_text(reason);
	add->lock = -1;
	add->tries_left = ADD_TRIES;
	add->fn = fn;
	add->arg = arg;
	bool is_first = first_of(loop) == NULL;
	TAILQ_INSERT_TAIL(&queue, add, link);
	if (is_first)
		loop_after(loop, 0, try_to_add, add);
}

bool
worktree_add_branch(const struct repo *repo, const char *path,
    const char *branch, const char *base, const char *reason, struct error *err)
{
	autofd int lock =
	    lock_wait(repo->common_dir, clock_now() + LOCK_LIMIT_MS, err);
	const char *const new_branch[] = { "worktree", "add", "-q", "--lock",
		"-b", branch, "--", path, base, NULL };
	const char *const same_branch[] = { "worktree", "add", "-q", "--lock",
		"--", path, branch, NULL };
	if (lock < 0 ||
	    !git_run(
		repo->root, base == NULL ? same_branch : new_branch, NULL, err))
		return false;
	give_reason(repo->common_dir, path, reason);
	return true;
}

/* --- removing and renaming -------------------------------------------- */

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

static char *
trash_name(const char *folder, const char *name)
{
	char digits[TRASH_DIGITS + 1];
	return mem_format(
	    "%s/%s%s", folder, name, id_hex(digits, TRASH_DIGITS));
}

static bool
remove_admin_dir(const struct repo *repo, const char *admin, struct error *err)
{
	autofree char *trash = trash_name(repo->common_dir, ADMIN_TRASH);
	autofd int lock = try_lock(repo);
	if (rename(admin, trash) != 0)
		return errno == ENOENT ||
		    error_system(err, "removing %s", admin);
	/* The folder of registrations goes with the last of them. */
	autofree char *all = path_join(repo->common_dir, "worktrees");
	rmdir(all);
	return file_remove_tree(trash, err);
}

/* Another process may remove the folder, when it was empty. */
static bool
move_to_trash(const char *path, const char *trash)
{
	autofree char *folder = path_parent(trash);
	if (!path_exists(path)) {
		errno = ENOENT;
		return false;
	}
	for (int tries = 0; tries < TRASH_TRIES; tries++) {
		if (mkdir(folder, 0700) != 0 && errno != EEXIST)
			return false;
		if (rename(path, trash) == 0)
			return true;
		if (errno == EACCES)
			/* A folder that moves elsewhere must be writable. */
			(void)!fchmodat(
			    AT_FDCWD, path, 0700, AT_SYMLINK_NOFOLLOW);
		else if (errno != ENOENT || !path_exists(path))
			return false;
	}
	return false;
}

bool
worktree_retire(
    const struct repo *repo, const char *path, char **trash, struct error *err)
{
	autofree char *admin = find_admin_dir(repo->common_dir, path);
	autofree char *parent = path_parent(path);
	autofree char *folder = path_join(parent, TREE_TRASH);
	autofree char *name = mem_format("%s.", path_name(path));
	autofree char *to = trash_name(folder, name);
	/* If all ends here, git's own prune clears away the rest. */
	if (admin != NULL && !unlock(admin, err))
		return false;
	*trash = NULL;
	if (move_to_trash(path, to))
		*trash = mem_text(to);
	else if (errno != ENOENT)
		return error_system(err, "removing work tree %s", path);
	if (admin == NULL || remove_admin_dir(repo, admin, err))
		return true;
	free(*trash);
	*trash = NULL;
	return false;
}

bool
worktree_discard(const char *trash, struct error *err)
{
	autofree char *folder = path_parent(trash);
	if (!file_remove_tree(trash, err))
		return error_wrap(err, "removing what was a work tree");
	(void)!rmdir(folder);
	return true;
}

bool
worktree_remove(const struct repo *repo, const char *path, struct error *err)
{
	autofree char *trash = NULL;
	return worktree_retire(repo, path, &trash, err) &&
	    (trash == NULL || worktree_discard(trash, err));
}

/* --- what a crash left ------------------------------------------------ */

/* The registration of a tree that had this name, if it is still there. */
static bool
forget_former(const struct repo *repo, const char *folder, const char *name,
    struct error *err)
{
	const char *dot = strrchr(name, '.');
	if (dot == NULL || dot == name)
		return true;
	autofree char *former = mem_text_n(name, (size_t)(dot - name));
	autofree char *path = path_join(folder, former);
	autofree char *admin =
	    path_exists(path) ? NULL : find_admin_dir(repo->common_dir, path);
	return admin == NULL || remove_admin_dir(repo, admin, err);
}

static void
note_first(struct error *err, struct error *why)
{
	if (why->kind != ERROR_NONE && err->kind == ERROR_NONE)
		error_move(err, why);
}

static void
sweep_trees(const struct repo *repo, const char *folder, struct error *err)
{
	autostrv struct strv names = { 0 };
	autofree char *trash = path_join(folder, TREE_TRASH);
	/* Usually there is none. */
	if (!path_is_dir(trash) || !path_list(trash, &names, err))
		return;
	for (size_t i = 0; i < names.n; i++) {
		autoerror struct error why = { 0 };
		autofree char *path = path_join(trash, names.items[i]);
		if (forget_former(repo, folder, names.items[i], &why))
			(void)!worktree_discard(path, &why);
		note_first(err, &why);
	}
	(void)!rmdir(trash);
}

static void
sweep_registrations(const struct repo *repo, struct error *err)
{
	autostrv struct strv names = { 0 };
	autoerror struct error ignored = { 0 };
	if (!path_list(repo->common_dir, &names, &ignored))
		return;
	for (size_t i = 0; i < names.n; i++) {
		autoerror struct error why = { 0 };
		autofree char *path =
		    path_join(repo->common_dir, names.items[i]);
		if (text_starts_with(names.items[i], ADMIN_TRASH))
			(void)!file_remove_tree(path, &why);
		note_first(err, &why);
	}
}

bool
worktree_sweep(const struct repo *repo, const char *folder, struct error *err)
{
	sweep_trees(repo, folder, err);
	sweep_registrations(repo, err);
	return err->kind == ERROR_NONE;
}

/*
 * What somebody else did to a tree that is not registered at its place. Where
 * it is now can be told while its registration has its first name.
 */
static bool
complain_of_loss(const struct repo *repo, const char *path, struct error *err)
{
	autofree char *guess =
	    mem_format("%s/worktrees/%s", repo->common_dir, path_name(path));
	autofree char *now = tree_of_admin(guess);
	if (now != NULL && path_exists(now))
		return error_set(
		    err, ERROR_GIT, "%s was moved to %s", path, now);
	if (path_exists(path))
		return error_set(err, ERROR_GIT, "%s is not registered", path);
	return error_set(err, ERROR_GIT, "%s was moved or removed", path);
}

bool
worktree_rename(const struct repo *repo, const char *from, const char *to,
    const char *reason, struct error *err)
{
	autofree char *admin = find_admin_dir(repo->common_dir, from);
	autofree char *tree = canonical(to);
	autofree char *line = mem_format("%s/.git\n", tree);
	if (admin == NULL || !path_exists(from))
		return complain_of_loss(repo, from, err);
	autofree char *file = path_join(admin, "gitdir");
	if (path_exists(to))
		return error_set(err, ERROR_STATE, "%s is in the way", to);
	if (rename(from, to) != 0)
		return error_system(err, "moving work tree %s", from);
	if (write_reason(admin, reason, err) && replace_line(file, line, err))
		return true;
	(void)rename(to, from);
	return false;
}

/* The registration that a tree names by its old place, where it is now. */
static char *
moved_admin_dir(const struct repo *repo, const char *path)
{
	autoerror struct error ignored = { 0 };
	autofree char *tree = canonical(path);
	autofree char *old = head_git_dir(path, &ignored);
	if (old == NULL || path_exists(old))
		return NULL;
	autofree char *admin =
	    mem_format("%s/worktrees/%s", repo->common_dir, path_name(old));
	return is_admin_of(admin, tree) ? mem_text(admin) : NULL;
}

bool
worktree_follow(const struct repo *repo, const char *folder, struct error *err)
{
	autostrv struct strv names = { 0 };
	if (!path_list(folder, &names, err))
		return false;
	for (size_t i = 0; i < names.n; i++) {
		autoerror struct error why = { 0 };
		autofree char *path = path_join(folder, names.items[i]);
		autofree char *admin = moved_admin_dir(repo, path);
		if (admin == NULL)
			continue;
		autofree char *file = path_join(path, ".git");
		autofree char *line = mem_format("gitdir: %s\n", admin);
		if (!replace_line(file, line, &why) && err->kind == ERROR_NONE)
			error_move(err, &why);
	}
	return err->kind == ERROR_NONE;
}

/* --- listing ---------------------------------------------------------- */

static void
take_attribute(struct worktree_list *list, const char *line)
{
	if (text_starts_with(line, "worktree ")) {
		list->items = mem_grow(
		    list->items, &list->cap, list->n + 1, sizeof(*list->items));
		list->items[list->n++] =
		    (struct worktree_entry){ .path = mem_text(line + 9) };
	} else if (list->n > 0 &&
	    text_starts_with(line, "branch refs/heads/")) {
		list->items[list->n - 1].branch = mem_text(line + 18);
	}
}

/*
 * Of the main one git tells the git directory, without "/.git" at its end: that
 * is not where the tree is if the two lie apart.
 */
bool
worktree_list(
    const struct repo *repo, struct worktree_list *list, struct error *err)
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
	if (list->n > 0 && repo_has_main_tree(repo)) {
		free(list->items[0].path);
		list->items[0].path = mem_text(repo->root);
	}
	return true;
}

void
worktree_list_release(struct worktree_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].path);
		free(list->items[i].branch);
	}
	free(list->items);
	*list = (struct worktree_list){ 0 };
}
