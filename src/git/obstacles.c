/* SPDX-License-Identifier: MIT */
/* What a merge would write over in a work tree of the user's. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/obstacles.h"

#define UNTRACKED_LIMIT 1000
#define NAMES_SHOWN 20
#define FLAGGED_LIMIT 100 /* files whose content is looked at */
#define DEPTH_LIMIT 200
#define GITLINK "160000"
#define NO_FILE "000000"

/* A path that a merge changes; all of it points into git's answer. */
struct change {
	const char *path;
	const char *old; /* object id */
	bool adds; /* it is not there before */
	bool drops; /* nor afterwards */
	bool is_link; /* afterwards it is a submodule */
};

typedef int compare_fn(const void *a, const void *b);

struct look {
	const struct git_wait *wait;
	const char *tree;
	struct obstacles *found;
	struct str listing; /* git's answer */
	struct change *changes; /* sorted by compare */
	size_t n;
	size_t cap;
	compare_fn *compare;
	struct str missing; /* a folder that is not there, with its slash */
};

/* --- what the merge changes ------------------------------------------- */

static int
compare_exact(const void *a, const void *b)
{
	return strcmp(
	    ((const struct change *)a)->path, ((const struct change *)b)->path);
}

static int
compare_folded(const void *a, const void *b)
{
	return strcasecmp(
	    ((const struct change *)a)->path, ((const struct change *)b)->path);
}

static const struct change *
find_change(const struct look *look, const char *path)
{
	const struct change key = { .path = path };
	if (look->n == 0)
		return NULL;
	return bsearch(&key, look->changes, look->n, sizeof(*look->changes),
	    look->compare);
}

/* ":100644 100644 OLD NEW M", a NUL, and the path. */
static bool
take_change(struct look *look, char *line, const char *path)
{
	char *rest = line + 1;
	const char *old_mode = strsep(&rest, " ");
	const char *new_mode = strsep(&rest, " ");
	const char *old = strsep(&rest, " ");
	if (*line != ':' || rest == NULL || !git_is_oid(old))
		return false;
	look->changes = mem_grow(
	    look->changes, &look->cap, look->n + 1, sizeof(*look->changes));
	look->changes[look->n++] = (struct change){
		.path = path,
		.old = old,
		.adds = strcmp(old_mode, NO_FILE) == 0,
		.drops = strcmp(new_mode, NO_FILE) == 0,
		.is_link = strcmp(new_mode, GITLINK) == 0,
	};
	return true;
}

static bool
list_changes(struct look *look, const char *new, struct error *err)
{
	const char *const args[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-abbrev", "--no-renames", "HEAD", new, "--", NULL };
	if (!git_run_on(look->wait, look->tree, args, &look->listing, err))
		return false;
	if (look->listing.len == 0)
		return true;
	char *end = look->listing.data + look->listing.len;
	for (char *at = look->listing.data; at < end;) {
		char *path = at + strlen(at) + 1;
		if (path >= end || !take_change(look, at, path))
			return error_set(
			    err, ERROR_GIT, "git diff-tree: not understood");
		at = path + strlen(path) + 1;
	}
	qsort(look->changes, look->n, sizeof(*look->changes), look->compare);
	return true;
}

/* Whether names that differ in case alone are one file there. */
static bool
ignores_case(const struct look *look, bool *yes, struct error *err)
{
	const struct git_options options = { .purpose = GIT_FOR_US,
		.wait = look->wait };
	struct git_result git = { 0 };
	const char *const args[] = { "config", "--type=bool", "--get",
		"core.ignorecase", NULL };
	if (!git_call(look->tree, args, &options, &git, err))
		return false;
	*yes = text_starts_with(str_text(&git.out), "true");
	git_result_release(&git);
	return true;
}

/* --- tracked files ---------------------------------------------------- */

static void
add_changed(struct look *look, const char *path)
{
	if (!strv_has(&look->found->changed, path))
		strv_add(&look->found->changed, path);
}

/*
 * "XY path". Whatever is staged is in git's way; in the tree, only changes of
 * what it has to write. A file that is gone has nothing to lose.
 */
static bool
list_uncommitted(struct look *look, struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "status", "--porcelain", "-z", "-uno",
		"--no-renames", "--ignore-submodules=all", NULL };
	if (!git_run_on(look->wait, look->tree, args, &out, err))
		return false;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1) {
		if (strlen(at) < 4)
			continue;
		bool edited = at[1] != ' ' && at[1] != 'D';
		if (at[0] != ' ' || (edited && find_change(look, at + 3)))
			add_changed(look, at + 3);
	}
	return true;
}

static bool
has_content(const struct look *look, const struct change *change)
{
	autostr struct str oid = { 0 };
	autoerror struct error ignored = { 0 };
	const char *const args[] = { "hash-object", "--", change->path, NULL };
	return git_run_on(look->wait, look->tree, args, &oid, &ignored) &&
	    str_is(&oid, change->old);
}

/* Git does not look at files with flags until it writes over them. */
static void
look_at_flagged(struct look *look, const char *path, size_t *n)
{
	struct stat st;
	const struct change *change = find_change(look, path);
	autofree char *file = path_join(look->tree, path);
	if (change == NULL || change->adds || lstat(file, &st) != 0)
		return;
	if (!S_ISREG(st.st_mode) || ++*n > FLAGGED_LIMIT ||
	    !has_content(look, change))
		add_changed(look, path);
}

static bool
list_flagged(struct look *look, struct error *err)
{
	autostr struct str out = { 0 };
	size_t n = 0;
	const char *const args[] = { "ls-files", "-v", "-z", NULL };
	if (!git_run_on(look->wait, look->tree, args, &out, err))
		return false;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1)
		if (strlen(at) > 2 && at[0] != 'H' && at[0] != 'M')
			look_at_flagged(look, at + 2, &n);
	return true;
}

/* --- untracked files -------------------------------------------------- */

static void
add_untracked(struct look *look, const char *path)
{
	struct strv *list = &look->found->untracked;
	if (list->n > 0 && strcmp(list->items[list->n - 1], path) == 0)
		return;
	if (strv_has(&look->found->changed, path))
		return;
	if (list->n < UNTRACKED_LIMIT)
		strv_add(list, path);
	else
		look->found->more = true;
}

/* A tracked file that the merge removes: git has looked whether it may. */
static bool
goes_away(const struct look *look, const char *path)
{
	const struct change *change = find_change(look, path);
	return change != NULL && change->drops;
}

static void look_into(struct look *look, const char *dir, unsigned depth);

static void
look_at_entry(struct look *look, const char *path, unsigned depth)
{
	struct stat st;
	autofree char *file = path_join(look->tree, path);
	if (lstat(file, &st) != 0)
		return;
	if (S_ISDIR(st.st_mode) && depth < DEPTH_LIMIT)
		look_into(look, path, depth + 1);
	else if (!goes_away(look, path))
		add_untracked(look, path);
}

/* A folder where a file is to be: all that is in it would go. */
static void
look_into(struct look *look, const char *dir, unsigned depth)
{
	autofree char *path = path_join(look->tree, dir);
	autofree char *git = path_join(path, ".git");
	DIR *stream = path_exists(git) ? NULL : opendir(path);
	const struct dirent *entry = NULL;
	if (stream == NULL) {
		add_untracked(look, dir);
		return;
	}
	while (!look->found->more && (entry = readdir(stream)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		autofree char *name = path_join(dir, entry->d_name);
		look_at_entry(look, name, depth);
	}
	closedir(stream);
}

/*
 * Whether the folders of a path lead to it. What is there and no folder, a
 * link to one as well, is in the way.
 */
static bool
leads_there(struct look *look, const char *path)
{
	struct stat st;
	if (look->missing.len > 0 &&
	    text_starts_with(path, str_text(&look->missing)))
		return false;
	for (const char *slash = path; (slash = strchr(slash, '/')) != NULL;
	     slash++) {
		autofree char *dir = mem_text_n(path, (size_t)(slash - path));
		autofree char *file = path_join(look->tree, dir);
		if (lstat(file, &st) != 0) {
			str_clear(&look->missing);
			str_format(&look->missing, "%s/", dir);
			return false;
		}
		if (S_ISDIR(st.st_mode))
			continue;
		if (!goes_away(look, dir))
			add_untracked(look, dir);
		return false;
	}
	return true;
}

static void
look_at_added(struct look *look, const struct change *change)
{
	struct stat st;
	autofree char *file = path_join(look->tree, change->path);
	if (!leads_there(look, change->path) || lstat(file, &st) != 0)
		return;
	/* The folder of a submodule is taken as it is. */
	if (S_ISDIR(st.st_mode) && change->is_link)
		return;
	if (S_ISDIR(st.st_mode))
		look_into(look, change->path, 0);
	else
		add_untracked(look, change->path);
}

/* --- all of it -------------------------------------------------------- */

/* Where case does not count, a file that gets another name is in no way. */
static bool
is_renamed(const struct look *look, size_t at)
{
	const struct change *change = &look->changes[at];
	if (look->compare == compare_exact)
		return false;
	for (size_t i = at; i-- > 0;)
		if (look->compare(&look->changes[i], change) != 0)
			break;
		else if (look->changes[i].drops)
			return true;
	for (size_t i = at + 1; i < look->n; i++)
		if (look->compare(&look->changes[i], change) != 0)
			break;
		else if (look->changes[i].drops)
			return true;
	return false;
}

bool
obstacles_find(const struct git_wait *wait, const char *tree, const char *new,
    struct obstacles *found, struct error *err)
{
	bool fold = false;
	struct look look = { .wait = wait, .tree = tree, .found = found };
	bool ok = ignores_case(&look, &fold, err);
	look.compare = fold ? compare_folded : compare_exact;
	ok = ok && list_changes(&look, new, err) &&
	    list_uncommitted(&look, err) && list_flagged(&look, err);
	for (size_t i = 0; ok && i < look.n; i++)
		if (look.changes[i].adds && !is_renamed(&look, i))
			look_at_added(&look, &look.changes[i]);
	free(look.changes);
	str_release(&look.listing);
	str_release(&look.missing);
	return ok;
}

static void
name_them(
    struct str *text, const char *what, const struct strv *paths, bool more)
{
	if (paths->n == 0)
		return;
	str_format(
	    text, "%s%s are in the way: ", text->len > 0 ? "; " : "", what);
	for (size_t i = 0; i < paths->n && i < NAMES_SHOWN; i++) {
		const char *path = paths->items[i];
		str_add(text, i == 0 ? "" : ", ");
		text_visible(text, path, strlen(path), true);
	}
	if (paths->n > NAMES_SHOWN)
		str_format(text, " and %s%zu more", more ? "at least " : "",
		    paths->n - NAMES_SHOWN);
}

bool
obstacles_none(const struct obstacles *found, struct error *err)
{
	autostr struct str text = { 0 };
	name_them(&text, "uncommitted changes", &found->changed, false);
	name_them(&text, "untracked or ignored files", &found->untracked,
	    found->more);
	return text.len == 0 ||
	    error_set(err, ERROR_GIT, "%s", str_text(&text));
}

void
obstacles_release(struct obstacles *found)
{
	strv_release(&found->changed);
	strv_release(&found->untracked);
	*found = (struct obstacles){ 0 };
}
