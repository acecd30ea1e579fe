/* SPDX-License-Identifier: MIT */
/* Making work trees, under the lock of their repository. */
#include "config.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/worktree.h"
#include "git/worktree_parts.h"

#define LOCK_RETRY_MS 20
#define LOCK_LIMIT_MS 60000
#define ADD_TRIES 5

struct add {
	TAILQ_ENTRY(add) link;
	struct loop *loop;
	char *root;
	char *lock_path;
	char *path;
	char *base;
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
static TAILQ_HEAD(, add) queue = TAILQ_HEAD_INITIALIZER(queue);

static struct add *
first_of(const struct loop *loop)
{
	struct add *add;
	TAILQ_FOREACH(add, &queue, link)
		if (add->loop == loop)
			break;
	return add;
}

static void try_lock(void *arg);

static void
end_add(struct add *add, const struct error *err)
{
	if (add->lock >= 0)
		close(add->lock);
	TAILQ_REMOVE(&queue, add, link);
	struct add *next = first_of(add->loop);
	if (next != NULL)
		loop_after(next->loop, 0, try_lock, next);
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
try_lock(void *arg)
{
	struct add *add = arg;
	autoerror struct error err = { 0 };
	if (add->deadline == 0)
		add->deadline = clock_now() + LOCK_LIMIT_MS;
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
	add->lock_path = mem_text(repo->common_dir);
	add->path = mem_text(path);
	add->base = mem_text(base);
	add->lock = -1;
	add->tries_left = ADD_TRIES;
	add->fn = fn;
	add->arg = arg;
	bool is_first = first_of(loop) == NULL;
	TAILQ_INSERT_TAIL(&queue, add, link);
	if (is_first)
		loop_after(loop, 0, try_lock, add);
}

bool
worktree_add_branch(const struct repo *repo, const char *path,
    const char *branch, const char *base, struct error *err)
{
	autofd int lock =
	    lock_wait(repo->common_dir, clock_now() + LOCK_LIMIT_MS, err);
	const char *const new_branch[] = { "worktree", "add", "-q", "-b",
		branch, "--", path, base, NULL };
	const char *const same_branch[] = { "worktree", "add", "-q", "--", path,
		branch, NULL };
	if (lock < 0)
		return false;
	return git_run(
	    repo->root, base == NULL ? same_branch : new_branch, NULL, err);
}
