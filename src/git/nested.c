/* SPDX-License-Identifier: MIT */
/* Repositories inside of a work tree are found. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/head.h"
#include "git/index_file.h"
#include "git/nested.h"

#define NESTED_MAX 1000 /* in one tree */

/* A walk through a tree, or through a folder of git directories. */
struct search {
	const char *top; /* what paths are below; absolute */
	char *tree; /* canonical, as are the next two */
	char *admin; /* the tree's own git directory */
	char *common; /* that of its repository */
	bool below_git; /* only git directories are looked for */
	bool of_submodules; /* they are those of submodules of the tree */
	struct str path; /* of the folder, with a slash at its end */
	struct nested_list *list;
	struct error *err;
};

static bool
is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	return strncmp(path, dir, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

/* The first failure is told. */
static bool
cannot_look(struct search *search, const char *name)
{
	if (search->err->kind == ERROR_NONE)
		error_system(search->err, "looking into %s/%s%s", search->top,
		    str_text(&search->path), name);
	return false;
}

/* A submodule is met in its folder, and again among git directories. */
static bool
is_known(const struct nested_list *list, const char *git_dir)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].git_dir, git_dir) == 0)
			return true;
	return false;
}

static bool
add(struct search *search, const char *git_dir, bool has_files, bool damaged)
{
	struct nested_list *list = search->list;
	if (!has_files && is_known(list, git_dir))
		return true;
	if (list->n >= NESTED_MAX) {
		if (search->err->kind == ERROR_NONE)
			error_set(search->err, ERROR_STATE,
			    "more than %d repositories in %s", NESTED_MAX,
			    search->top);
		return false;
	}
	list->items = mem_grow(
	    list->items, &list->cap, list->n + 1, sizeof(*list->items));
	struct nested *nested = &list->items[list->n++];
	const struct str *path = &search->path;
	*nested = (struct nested){
		.path = mem_text_n(
		    str_text(path), path->len > 0 ? path->len - 1 : 0),
		.git_dir = mem_text(git_dir),
		.has_files = has_files,
		.damaged = damaged,
		.place = NESTED_ELSEWHERE,
	};
	autofree char *modules = path_join(search->admin, "modules");
	if (search->of_submodules || is_below(git_dir, modules))
		nested->place = NESTED_SUBMODULE;
	else if (is_below(git_dir, search->common))
		nested->place = NESTED_OURS;
	else if (is_below(git_dir, search->tree))
		nested->place = NESTED_INSIDE;
	return true;
}

/* How many of the three things are there that make a git directory. */
static unsigned
count_parts(int dir_fd)
{
	static const char *const parts[] = { "HEAD", "objects", "refs" };
	struct stat st;
	unsigned n = 0;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		n += fstatat(dir_fd, parts[i], &st, AT_SYMLINK_NOFOLLOW) == 0;
	return n;
}

static bool search_folder(struct search *search, int dir_fd);

/* Repositories of the submodules of one that was found. */
static bool
search_modules(struct search *search, const char *git_dir)
{
	autofree char *top = path_join(git_dir, "modules");
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || cannot_look(search, ".git/modules");
	struct search inner = *search;
	inner.below_git = true;
	inner.path = (struct str){ 0 };
	str_add_str(&inner.path, &search->path);
	str_add(&inner.path, ".git/modules/");
	bool ok = search_folder(&inner, fd);
	str_release(&inner.path);
	return ok;
}

static bool
found_folder(struct search *search, int dir_fd)
{
	int fd = openat(
	    dir_fd, ".git", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return cannot_look(search, ".git");
	unsigned parts = count_parts(fd);
	close(fd);
	/* An empty one is none: its files are added as any other. */
	if (parts == 0)
		return true;
	autofree char *git_dir =
	    mem_format("%s/%s.git", search->top, str_text(&search->path));
	return add(search, git_dir, true, parts != 3) &&
	    search_modules(search, git_dir);
}

/* A link, or a file that tells where the git directory is. */
static bool
found_file(struct search *search)
{
	autofree char *file =
	    mem_format("%s/%s.git", search->top, str_text(&search->path));
	autofree char *folder = path_parent(file);
	autostr struct str line = { 0 };
	autoerror struct error ignored = { 0 };
	const char *to = file;
	struct stat st;
	if (lstat(file, &st) == 0 && S_ISREG(st.st_mode)) {
		/* Git takes any other for a folder without a repository. */
		if (!head_read_line(file, &line) ||
		    !text_starts_with(str_text(&line), "gitdir: "))
			return true;
		to = str_text(&line) + strlen("gitdir: ");
	}
	autofree char *path = path_join(folder, to);
	autofree char *git_dir = path_real(path, &ignored);
	return git_dir == NULL || add(search, git_dir, true, false);
}

static bool
is_folder(int dir_fd, const struct dirent *entry)
{
	struct stat st;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode);
}

static bool
search_entry(struct search *search, int dir_fd, const struct dirent *entry)
{
	const char *name = entry->d_name;
	size_t len = search->path.len;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	bool folder = is_folder(dir_fd, entry);
	if (!search->below_git && strcmp(name, ".git") == 0) {
		if (len == 0)
			return true;
		return folder ? found_folder(search, dir_fd)
			      : found_file(search);
	}
	if (!folder)
		return true;
	int fd = openat(
	    dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return cannot_look(search, name);
	str_add(&search->path, name);
	str_add_char(&search->path, '/');
	bool ok = search_folder(search, fd);
	str_cut(&search->path, len);
	return ok;
}

/* Takes the descriptor. A bare repository is not looked into. */
static bool
search_folder(struct search *search, int dir_fd)
{
	const struct dirent *entry;
	bool ok = true;
	if (search->path.len > 0 && count_parts(dir_fd) == 3) {
		close(dir_fd);
		autofree char *git_dir =
		    mem_format("%s/%s", search->top, str_text(&search->path));
		git_dir[strlen(git_dir) - 1] = '\0';
		return add(search, git_dir, false, false) &&
		    search_modules(search, git_dir);
	}
	DIR *dir = fdopendir(dir_fd);
	if (dir == NULL) {
		close(dir_fd);
		return cannot_look(search, "");
	}
	while ((entry = readdir(dir)) != NULL)
		ok = search_entry(search, dirfd(dir), entry) && ok;
	closedir(dir);
	return ok;
}

static bool
search_all(struct search *search)
{
	int fd = open(search->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cannot_look(search, "");
	bool ok = search_folder(search, fd);
	autofree char *modules = path_join(search->admin, "modules");
	fd = open(modules, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return (errno == ENOENT || cannot_look(search, "modules")) &&
		    ok;
	search->top = modules;
	search->below_git = true;
	search->of_submodules = true;
	str_clear(&search->path);
	ok = search_folder(search, fd) && ok;
	search->top = search->tree;
	return ok;
}

static bool
is_within(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static void
find_shared(const char *tree, struct nested_list *list)
{
	autostr struct str bytes = { 0 };
	autoerror struct error ignored = { 0 };
	struct index_reader reader;
	struct index_entry entry;
	size_t oid_bytes = 0;
	if (list->n == 0 || !index_load(tree, &bytes, &oid_bytes, &ignored) ||
	    !index_open(&reader, bytes.data, bytes.len, oid_bytes))
		return;
	while (index_next(&reader, &entry))
		for (size_t i = 0; i < list->n; i++)
			if (is_within(entry.name, list->items[i].path))
				list->items[i].shared = true;
	index_close(&reader);
}

bool
nested_find(const char *tree, struct nested_list *list, struct error *err)
{
	struct search search = { .list = list, .err = err };
	autofree char *admin = head_git_dir(tree, err);
	autofree char *common =
	    admin == NULL ? NULL : head_common_dir(tree, err);
	bool ok = common != NULL &&
	    (search.tree = path_real(tree, err)) != NULL &&
	    (search.admin = path_real(admin, err)) != NULL &&
	    (search.common = path_real(common, err)) != NULL;
	search.top = search.tree;
	ok = ok && search_all(&search);
	find_shared(tree, list);
	str_release(&search.path);
	free(search.tree);
	free(search.admin);
	free(search.common);
	return ok;
}

void
nested_release(struct nested_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].path);
		free(list->items[i].git_dir);
	}
	free(list->items);
	*list = (struct nested_list){ 0 };
}

/* --- paths without them ----------------------------------------------- */

void
nested_add_pathspecs(
    const struct nested_list *list, const char *below, struct str *paths)
{
	size_t len = strlen(below);
	str_add_n(paths, ".", 2);
	for (size_t i = 0; i < list->n; i++) {
		const struct nested *nested = &list->items[i];
		const char *path = nested->path;
		if (!nested->has_files || nested->shared ||
		    strncmp(path, below, len) != 0 ||
		    (len > 0 && path[len] != '/'))
			continue;
		str_format(paths, ":(exclude,top,literal)%s",
		    len > 0 ? path + len + 1 : path);
		str_add_char(paths, '\0');
	}
}

/* --- names ------------------------------------------------------------ */

char *
nested_quote(const char *path)
{
	autostr struct str visible = { 0 };
	autostr struct str out = { 0 };
	size_t len = strlen(path);
	text_visible(&visible, path, len, true);
	if (str_is(&visible, path) && strpbrk(path, "\"\\") == NULL)
		return mem_text(path);
	str_add_char(&out, '"');
	for (; *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;
		if (c == '"' || c == '\\')
			str_format(&out, "\\%c", c);
		else if (c >= ' ' && c < 0x7f)
			str_add_char(&out, (char)c);
		else
			str_format(&out, "\\%03o", c);
	}
	str_add_char(&out, '"');
	return str_take(&out);
}
