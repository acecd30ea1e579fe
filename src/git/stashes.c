/* SPDX-License-Identifier: MIT */
/* What agents stashed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/head.h"
#include "git/stashes.h"

#define STASH "refs/stash"
#define DROP_TRIES 5
#define LIST_LIMIT ((size_t)16 * 1024 * 1024)

/* The list is the log of its ref: the last line's second id is the first. */
void
stashes_top(const char *dir, char oid[GIT_OID_SIZE])
{
	autoerror struct error ignored = { 0 };
	autostr struct str text = { 0 };
	autofree char *common = head_common_dir(dir, &ignored);
	oid[0] = '\0';
	if (common == NULL)
		return;
	autofree char *path = path_join(common, "logs/" STASH);
	if (!file_read(path, LIST_LIMIT, &text, &ignored) || text.len == 0)
		return;
	if (text.data[text.len - 1] == '\n')
		str_cut(&text, text.len - 1);
	const char *newline = strrchr(text.data, '\n');
	const char *line = newline == NULL ? text.data : newline + 1;
	const char *second = line + strcspn(line, " ");
	size_t len = *second == '\0' ? 0 : strcspn(second + 1, " ");
	if (len == 0 || len >= GIT_OID_SIZE)
		return;
	memcpy(oid, second + 1, len);
	oid[len] = '\0';
}

/* "WIP on BRANCH: ..." and "On BRANCH: ..." */
static bool
is_of_branch(const char *message, const char *branch)
{
	const char *at = text_starts_with(message, "WIP on ") ? message + 7
	    : text_starts_with(message, "On ")		      ? message + 3
							      : "";
	size_t len = strlen(branch);
	return strncmp(at, branch, len) == 0 && at[len] == ':';
}

static bool
is_of_one(const char *message, const struct strv *branches)
{
	for (size_t i = 0; i < branches->n; i++)
		if (is_of_branch(message, branches->items[i]))
			return true;
	return false;
}

/* "OID MESSAGE" lines, the newest first; none when there is no list. */
static bool
read_list(const char *dir, struct str *out, struct error *err)
{
	char top[GIT_OID_SIZE];
	const char *const args[] = { "log", "-g", "--format=%H %gs", STASH,
		"--", NULL };
	stashes_top(dir, top);
	return top[0] == '\0' || git_run(dir, args, out, err);
}

bool
stashes_find(const char *dir, const char *former_top,
    const struct strv *branches, struct strv *oids, struct error *err)
{
	autostr struct str out = { 0 };
	if (!read_list(dir, &out, err))
		return error_wrap(err, "reading the list of stashes");
	char *rest = out.data;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		char *blank = strchr(line, ' ');
		if (blank == NULL)
			continue;
		*blank = '\0';
		if (strcmp(line, former_top) == 0)
			break;
		if (git_is_oid(line) && is_of_one(blank + 1, branches))
			strv_add(oids, line);
	}
	return true;
}

/* How many entries are above that of a commit; false: it is not there. */
static bool
find_place(const char *dir, const char *oid, size_t *place, struct error *err)
{
	autostr struct str out = { 0 };
	*place = 0;
	if (!read_list(dir, &out, err))
		return false;
	char *rest = out.data;
	for (char *line; (line = strsep(&rest, "\n")) != NULL; (*place)++)
		if (text_starts_with(line, oid))
			return true;
	return error_set(err, ERROR_GIT, "there is no stash %s", oid);
}

/* git says "Dropped stash@{N} (OID)". */
static bool
is_right_one(const struct str *said, const char *oid)
{
	autofree char *want = mem_format("(%s)", oid);
	return strstr(str_text(said), want) != NULL;
}

static bool
put_back(const char *dir, const struct str *said, struct error *err)
{
	const char *start = strrchr(str_text(said), '(');
	if (start == NULL)
		return error_set(
		    err, ERROR_GIT, "git dropped a stash of somebody else");
	autofree char *oid = mem_text(start + 1);
	oid[strcspn(oid, ")")] = '\0';
	const char *const store[] = { "stash", "store", "-q", oid, NULL };
	return git_run(dir, store, NULL, err);
}

bool
stashes_drop(const char *dir, const char *oid, struct error *err)
{
	for (unsigned i = 0; i < DROP_TRIES; i++) {
		size_t place;
		autostr struct str said = { 0 };
		if (!find_place(dir, oid, &place, err))
			break;
		autofree char *name = mem_format("stash@{%zu}", place);
		const char *const drop[] = { "stash", "drop", name, NULL };
		if (!git_run(dir, drop, &said, err))
			break;
		if (is_right_one(&said, oid))
			return true;
		if (!put_back(dir, &said, err))
			break;
	}
	return error_wrap(err, "removing stash %s", oid);
}
