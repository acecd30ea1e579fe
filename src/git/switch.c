/* SPDX-License-Identifier: MIT */
/* A new branch in a work tree, without git. */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/git.h"
#include "git/head.h"
#include "git/switch.h"

#define HEADS "refs/heads/"
/* What stands in HEAD where refs are in another format than files. */
#define NO_BRANCH "refs/heads/.invalid"

/* A file of git's that is replaced under its lock, as git does it. */
static int
lock_file(const char *path, char **lock)
{
	*lock = mem_format("%s.lock", path);
	return open(
	    *lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
}

static bool
write_text(int fd, const char *text)
{
	autoerror struct error ignored = { 0 };
	return file_write_all(fd, text, strlen(text), &ignored);
}

/*
 * Where the folder gives its group to what is made in it, the repository may be
 * shared, and git knows which permissions a ref has to have.
 */
static bool
is_shared(const char *folder)
{
	struct stat st;
	return lstat(folder, &st) != 0 || !S_ISDIR(st.st_mode) ||
	    (st.st_mode & S_ISGID) != 0;
}

/*
 * A branch of this name among the packed refs is not looked for: the loose one
 * counts, and `git checkout -B` would set it as well.
 */
static bool
make_branch(const char *common, const char *branch, const char *base)
{
	autofree char *folder = path_join(common, HEADS);
	autofree char *ref = path_join(folder, branch);
	autofree char *lock = NULL;
	autofree char *line = mem_format("%s\n", base);
	if (is_shared(folder) || !path_is_beneath(branch))
		return false;
	autofd int fd = lock_file(ref, &lock);
	if (fd < 0)
		return false;
	if (!path_exists(ref) && write_text(fd, line) && rename(lock, ref) == 0)
		return true;
	(void)unlink(lock);
	return false;
}

static bool
write_log(const char *git_dir, const char *from, const char *old_name,
    const char *branch, const char *base)
{
	autofree char *path = path_join(git_dir, "logs/HEAD");
	autofree char *line = mem_format("%s %s prodigy <prodigy@localhost> "
					 "%jd +0000\tcheckout: moving from %s "
					 "to %s\n",
	    from, base, (intmax_t)(clock_wall() / 1000), old_name, branch);
	autofd int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	return fd >= 0 && write_text(fd, line);
}

/* The locked HEAD gets its new value; old is what its file has now. */
static bool
fill_head(const char *git_dir, int fd, const char *old, const char *branch,
    const char *from, const char *base)
{
	const char *old_name = old;
	if (text_starts_with(old, "ref: " HEADS))
		old_name += strlen("ref: " HEADS);
	else if (!git_is_oid(old))
		return false;
	autofree char *line = mem_format("ref: " HEADS "%s\n", branch);
	return strcmp(old, "ref: " NO_BRANCH) != 0 && write_text(fd, line) &&
	    write_log(git_dir, from, old_name, branch, base);
}

static bool
move_head(
    const char *git_dir, const char *branch, const char *from, const char *base)
{
	autostr struct str old = { 0 };
	autofree char *path = path_join(git_dir, "HEAD");
	autofree char *lock = NULL;
	autofd int fd = lock_file(path, &lock);
	if (fd < 0)
		return false;
	if (head_read_line(path, &old) &&
	    fill_head(git_dir, fd, str_text(&old), branch, from, base) &&
	    rename(lock, path) == 0)
		return true;
	(void)unlink(lock);
	return false;
}

/* As git does it after a checkout. */
static void
forget_merge(const char *git_dir)
{
	static const char *const files[] = { "MERGE_MSG", "MERGE_MODE",
		"MERGE_RR", "SQUASH_MSG", "AUTO_MERGE" };
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		autofree char *path = path_join(git_dir, files[i]);
		(void)unlink(path);
	}
}

bool
switch_to_branch(
    const char *path, const char *branch, const char *from, const char *base)
{
	autoerror struct error ignored = { 0 };
	autofree char *git_dir = head_linked_git_dir(path);
	autofree char *common =
	    git_dir == NULL ? NULL : head_common_dir(path, &ignored);
	if (common == NULL || !git_is_oid(from) || !git_is_oid(base) ||
	    !make_branch(common, branch, base) ||
	    !move_head(git_dir, branch, from, base))
		return false;
	forget_merge(git_dir);
	return true;
}
