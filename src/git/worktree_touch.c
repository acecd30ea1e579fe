/* SPDX-License-Identifier: MIT */
/* Whether somebody has been at a work tree. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/worktree_touch.h"

#define DEPTH_LIMIT 64
#define ENTRIES_LIMIT 1000000 /* a bound on the time that a look takes */

struct touch_look {
	int64_t since;
	size_t entries;
	unsigned depth;
};

static bool look_below(struct touch_look *look, int fd);

static bool
is_older(const struct touch_look *look, const struct stat *st)
{
	int64_t changed =
	    (int64_t)st->st_ctim.tv_sec * 1000 + st->st_ctim.tv_nsec / 1000000;
	return changed <= look->since;
}

static bool
look_at(struct touch_look *look, int at, const char *name)
{
	struct stat st;
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !is_older(look, &st) || ++look->entries > ENTRIES_LIMIT)
		return false;
	if (!S_ISDIR(st.st_mode))
		return true;
	if (look->depth == DEPTH_LIMIT)
		return false;
	int fd =
	    openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	look->depth++;
	bool older = fd >= 0 && look_below(look, fd);
	look->depth--;
	return older;
}

/* Takes fd. */
static bool
look_below(struct touch_look *look, int fd)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	bool older = true;
	if (dir == NULL) {
		close(fd);
		return false;
	}
	while (older && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			older = look_at(look, fd, entry->d_name);
	closedir(dir);
	return older;
}

bool
worktree_is_untouched(const char *path, int64_t since)
{
	struct touch_look look = { .since = since };
	return look_at(&look, AT_FDCWD, path);
}
