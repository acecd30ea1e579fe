/* SPDX-License-Identifier: MIT */
/* Ignored files, counted and copied. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ignored.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "data/json.h"
#include "git/git.h"
#include "git/nested.h"

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define BUFFER 65536

/* What is told of them. */
struct tally {
	size_t files;
	uint64_t bytes;
	struct strv names; /* the first ones */
};

static void
add_file(struct tally *tally, const char *path, const struct stat *st)
{
	if (tally->names.n < IGNORED_NAMES)
		strv_add(&tally->names, path);
	tally->files++;
	tally->bytes += (uint64_t)st->st_size;
}

/* A new reference, or NULL; the tally is released. */
static json_t *
take_tally(struct tally *tally)
{
	json_t *out = NULL;
	if (tally->files > 0)
		out = json_pack("{s:I, s:I, s:o}", "files",
		    (json_int_t)tally->files, "bytes", (json_int_t)tally->bytes,
		    "names", json_names(&tally->names));
	strv_release(&tally->names);
	return out;
}

/* --- counting --------------------------------------------------------- */

/* What cannot be looked at is not counted; path is that of the folder. */
static void
count_folder(struct tally *tally, int dir_fd, struct str *path)
{
	const struct dirent *entry;
	struct stat st;
	size_t len = path->len;
	DIR *dir = dir_fd < 0 ? NULL : fdopendir(dir_fd);
	if (dir == NULL) {
		if (dir_fd >= 0)
			close(dir_fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    strcmp(name, ".git") == 0 ||
		    fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		str_add(path, name);
		if (S_ISDIR(st.st_mode)) {
			str_add_char(path, '/');
			count_folder(
			    tally, openat(dirfd(dir), name, FOLDER), path);
		} else {
			add_file(tally, str_text(path), &st);
		}
		str_cut(path, len);
	}
	closedir(dir);
}

json_t *
ignored_count(const char *tree, const struct strv *entries)
{
	struct tally tally = { 0 };
	for (size_t i = 0; i < entries->n; i++) {
		const char *entry = entries->items[i];
		autofree char *path = path_join(tree, entry);
		autostr struct str name = { 0 };
		struct stat st;
		str_add(&name, entry);
		if (name.len > 0 && name.data[name.len - 1] == '/')
			count_folder(&tally, open(path, FOLDER), &name);
		else if (lstat(path, &st) == 0)
			add_file(&tally, entry, &st);
	}
	return take_tally(&tally);
}

/* --- copying ---------------------------------------------------------- */

/*
 * Opens the folder that a path lies in, below another, one component after the
 * other, and makes what is missing if it is to be written to; -1 on failure.
 * name becomes the last component.
 */
static int
open_folder(int top, const char *path, bool make, const char **name)
{
	int fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
	const char *slash;
	while (fd >= 0 && (slash = strchr(path, '/')) != NULL) {
		autofree char *part = mem_text_n(path, (size_t)(slash - path));
		if (make && mkdirat(fd, part, 0700) != 0 && errno != EEXIST) {
			close(fd);
			return -1;
		}
		int next = openat(fd, part, FOLDER);
		int code = errno;
		close(fd);
		errno = code;
		fd = next;
		path = slash + 1;
	}
	*name = path;
	return fd;
}

static bool
copy_bytes(int from, int to, struct error *err)
{
	autofree char *buffer = mem_array(BUFFER, 1);
	for (;;) {
		ssize_t n = read(from, buffer, BUFFER);
		if (n == 0)
			return file_sync(to, err);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_system(err, "reading");
		if (!file_write_all(to, buffer, (size_t)n, err))
			return false;
	}
}

/* Two folders, and what was copied from one to the other. */
struct copying {
	int from;
	int to; /* -1: not made yet */
	const char *to_path;
	struct tally done;
};

static bool
make_target(struct copying *copying, struct error *err)
{
	if (copying->to >= 0)
		return true;
	if (!path_make_dirs(copying->to_path, err))
		return false;
	copying->to = open(copying->to_path, FOLDER);
	return copying->to >= 0 || error_system(err, "%s", copying->to_path);
}

static bool
is_too_much(const struct copying *copying, const struct stat *st)
{
	const uint64_t limit = (uint64_t)IGNORED_LIMIT_MIB << 20;
	return copying->done.files >= IGNORED_LIMIT_FILES ||
	    (uint64_t)st->st_size > limit ||
	    copying->done.bytes > limit - (uint64_t)st->st_size;
}

static bool
copy_opened(struct copying *copying, int from, const char *path,
    const struct stat *st, struct error *err)
{
	const char *name = NULL;
	if (!make_target(copying, err))
		return false;
	autofd int folder = open_folder(copying->to, path, true, &name);
	if (folder < 0)
		return error_system(err, "%s", copying->to_path);
	/* Names of git's list have no "..", and nothing is written over. */
	autofd int to = openat(folder, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    (st->st_mode & 0100) != 0 ? 0700 : 0600);
	if (to < 0)
		return error_system(err, "%s", copying->to_path);
	if (!copy_bytes(from, to, err))
		return false;
	if (fsync(folder) != 0)
		return error_system(err, "%s", copying->to_path);
	add_file(&copying->done, path, st);
	return true;
}

static bool
copy_file(struct copying *copying, const char *path, struct error *err)
{
	struct stat st;
	const char *name = NULL;
	autofree char *shown = nested_quote(path);
	autofd int folder = open_folder(copying->from, path, false, &name);
	if (folder < 0 || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_system(err, "reading %s", shown);
	if (!S_ISREG(st.st_mode))
		return true;
	if (is_too_much(copying, &st))
		return error_set(err, ERROR_STATE,
		    "workspace.keep: more than %d files or %d MiB of one "
		    "item match",
		    IGNORED_LIMIT_FILES, IGNORED_LIMIT_MIB);
	autofd int from = openat(
	    folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return error_system(err, "reading %s", shown);
	return copy_opened(copying, from, path, &st, err);
}

static bool
list_matches(const char *tree, const struct strv *patterns, struct str *out,
    struct error *err)
{
	static const char *const list[] = { "ls-files", "-z", "--others",
		"--ignored", "--exclude-standard", "--", NULL };
	autostrv struct strv args = { 0 };
	strv_add_all(&args, list);
	for (size_t i = 0; i < patterns->n; i++)
		strv_format(&args, ":(top,glob)%s", patterns->items[i]);
	return git_run(tree, (const char *const *)strv_array(&args), out, err);
}

static bool
copy_all(struct copying *copying, const struct str *names, struct error *err)
{
	const char *end = str_text(names) + names->len;
	for (const char *at = str_text(names); at < end; at += strlen(at) + 1) {
		/* Another repository is kept as one. */
		if (*at != '\0' && at[strlen(at) - 1] != '/' &&
		    !copy_file(copying, at, err))
			return false;
	}
	return true;
}

bool
ignored_copy(const char *tree, const struct strv *patterns, const char *to,
    json_t **copied, struct error *err)
{
	autostr struct str names = { 0 };
	*copied = NULL;
	if (!list_matches(tree, patterns, &names, err))
		return false;
	autofd int from = open(tree, FOLDER);
	if (from < 0)
		return error_system(err, "%s", tree);
	struct copying copying = { .from = from, .to = -1, .to_path = to };
	bool ok = copy_all(&copying, &names, err);
	if (copying.to >= 0)
		close(copying.to);
	*copied = take_tally(&copying.done);
	if (*copied != NULL)
		json_set_text(*copied, "path", to);
	return ok;
}
