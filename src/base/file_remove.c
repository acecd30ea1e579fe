/* SPDX-License-Identifier: MIT */
/*
 * Removal of files and of trees that others built and may still be building.
 *
 * Descriptors and the stack are bounded whatever the depth: a directory that
 * is too deep is moved up to the top of its tree and met again there.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"

#define DEPTH_MAX 64
#define PASSES_MAX 4 /* over a directory that others are filling */
#define MOVED_DIGITS 16
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct removal {
	const char *path; /* borrowed; for messages */
	int top; /* the tree's own directory */
	size_t moved; /* directories moved up in this pass */
	int depth;
};

static bool empty_dir(struct removal *r, int fd, struct error *err);

bool
file_remove(const char *path, struct error *err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	return error_system(err, "removing %s", path);
}

static bool
failed(const struct removal *r, const char *name, struct error *err)
{
	return error_system(err, "removing %s (at %s)", r->path, name);
}

/* A directory may lack the permissions that emptying it needs. */
static int
open_dir(int at, const char *name)
{
	struct stat st;
	int fd = openat(at, name, DIR_FLAGS);
	if (fd < 0 && errno == EACCES) {
		if (fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW) != 0)
			return -1;
		fd = openat(at, name, DIR_FLAGS);
	}
	/* a failed chmod shows in what follows */
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)!fchmod(fd, 0700);
	return fd;
}

static bool
move_up(struct removal *r, int at, const char *name, struct error *err)
{
	char random[MOVED_DIGITS + 1];
	autofree char *moved =
	    mem_format(".moved.%s", id_hex(random, MOVED_DIGITS));
	/* a directory that changes its parent must be writable itself */
	(void)!fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW);
	if (renameat(at, name, r->top, moved) != 0)
		return errno == ENOENT || failed(r, name, err);
	r->moved++;
	return true;
}

/* why: the errno by which unlink refused. */
static bool
remove_dir(
    struct removal *r, int at, const char *name, int why, struct error *err)
{
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		int fd = open_dir(at, name);
		if (fd < 0 && errno == ENOENT)
			return true;
		if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
			errno = why;
		if (fd < 0)
			return failed(r, name, err);
		if (!empty_dir(r, fd, err))
			return false;
		if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return true;
		if (errno != ENOTEMPTY && errno != EEXIST)
			break;
	}
	return failed(r, name, err);
}

static bool
remove_entry(struct removal *r, int at, const char *name, struct error *err)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return true;
	int why = errno;
	if (why != EISDIR && why != EPERM && why != EACCES)
		return failed(r, name, err);
	if (r->depth == DEPTH_MAX)
		return move_up(r, at, name, err);
	r->depth++;
	bool removed = remove_dir(r, at, name, why, err);
	r->depth--;
	return removed;
}

/* Takes fd. */
static bool
empty_dir(struct removal *r, int fd, struct error *err)
{
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		failed(r, ".", err);
		close(fd);
		return false;
	}
	bool emptied = true;
	const struct dirent *entry;
	while (emptied && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			emptied = remove_entry(r, fd, name, err);
	}
	closedir(dir);
	return emptied;
}

/* Empties the tree from its top and removes it; *done unless it filled up. */
static bool
remove_pass(struct removal *r, bool *done, struct error *err)
{
	r->moved = 0;
	int fd = openat(r->top, ".", DIR_FLAGS);
	if (fd < 0)
		return failed(r, ".", err);
	if (!empty_dir(r, fd, err))
		return false;
	*done = rmdir(r->path) == 0 || errno == ENOENT;
	if (!*done && errno != ENOTEMPTY && errno != EEXIST)
		return failed(r, ".", err);
	return true;
}

bool
file_remove_tree(const char *path, struct error *err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	int why = errno;
	autofd int top = open_dir(AT_FDCWD, path);
	struct removal r = { .path = path, .top = top };
	if (top < 0) {
		if (errno == ENOENT)
			return true;
		errno = errno == ENOTDIR || errno == ELOOP ? why : errno;
		return error_system(err, "removing %s", path);
	}
	bool done = false;
	for (int vain = 0; !done && vain < PASSES_MAX;) {
		if (!remove_pass(&r, &done, err))
			return false;
		vain += r.moved == 0;
	}
	if (done)
		return true;
	errno = ENOTEMPTY;
	return error_system(err, "removing %s", path);
}

/* Whether name is one that file_replace() makes: .NAME.XXXXXXXX.tmp */
static bool
is_temporary(const char *name)
{
	size_t end = strlen(FILE_TEMPORARY_END) + FILE_RANDOM_DIGITS + 1;
	size_t len = strlen(name);
	if (name[0] != '.' || len < end + 1 ||
	    !text_ends_with(name, FILE_TEMPORARY_END))
		return false;
	const char *dot = name + len - end;
	return *dot == '.' &&
	    strspn(dot + 1, "0123456789abcdef") == FILE_RANDOM_DIGITS;
}

void
file_remove_stale(const char *path)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	const struct dirent *entry;
	while ((entry = readdir(dir)) != NULL)
		if (is_temporary(entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}
