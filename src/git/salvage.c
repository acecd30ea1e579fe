/* SPDX-License-Identifier: MIT */
/* Keeping what was not committed. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "git/head.h"
#include "git/salvage.h"

#define INDEX_LIMIT ((size_t)512 * 1024 * 1024)

/* Runs git with an index file of its own. */
static bool
with_index(const char *path, const char *index, const char *const *args,
    struct str *out, struct error *err)
{
	autostrv struct strv env = { 0 };
	strv_format(&env, "GIT_INDEX_FILE=%s", index);
	strv_add(&env, "GIT_AUTHOR_NAME=prodigy");
	strv_add(&env, "GIT_AUTHOR_EMAIL=prodigy@localhost");
	strv_add(&env, "GIT_COMMITTER_NAME=prodigy");
	strv_add(&env, "GIT_COMMITTER_EMAIL=prodigy@localhost");
	struct git_options options = { .extra_env = &env };
	struct git_result git = { 0 };
	if (!git_call(path, args, &options, &git, err))
		return false;
	bool ok = git.code == 0 || git_complain("git", &git, err);
	if (ok && out != NULL) {
		str_add_str(out, &git.out);
		str_cut(out, strcspn(str_text(out), "\n"));
	}
	git_result_release(&git);
	return ok;
}

static bool
copy_index(const char *from, const char *to, struct error *err)
{
	autostr struct str bytes = { 0 };
	if (!path_exists(from))
		return true;
	autofd int fd = file_open_append(to, err);
	return fd >= 0 && file_read(from, INDEX_LIMIT, &bytes, err) &&
	    file_write_all(fd, str_text(&bytes), bytes.len, err);
}

/* Unreadable files do not keep the readable ones from being added. */
static bool
add_all(const char *path, const char *index, struct error *err)
{
	const char *const add[] = { "-c", "advice.addEmbeddedRepo=false", "-c",
		"core.safecrlf=false", "add", "-A", "--ignore-errors", "--",
		".", NULL };
	return with_index(path, index, add, NULL, err);
}

static bool
make_commit(const char *path, const char *index, const char *ref,
    const char *message, struct str *commit, struct error *err)
{
	autostr struct str tree = { 0 };
	const char *const write[] = { "write-tree", NULL };
	if (!with_index(path, index, write, &tree, err))
		return false;
	const char *const make[] = { "commit-tree", str_text(&tree), "-p",
		"HEAD", "-m", message, NULL };
	if (!with_index(path, index, make, commit, err))
		return false;
	const char *const keep[] = { "update-ref", ref, str_text(commit),
		NULL };
	return with_index(path, index, keep, NULL, err);
}

bool
salvage_keep(const char *path, const char *ref, const char *message,
    char commit[GIT_OID_SIZE], struct error *err)
{
	autostr struct str oid = { 0 };
	autofree char *git_dir = head_git_dir(path, err);
	if (git_dir == NULL)
		return false;
	autofree char *own = path_join(git_dir, "index");
	autofree char *copy = path_join(git_dir, "prodigy-salvage-index");
	(void)unlink(copy);
	bool copied = copy_index(own, copy, err);
	bool complete = copied && add_all(path, copy, err);
	autoerror struct error why = { 0 };
	bool kept = copied && make_commit(path, copy, ref, message, &oid, &why);
	(void)unlink(copy);
	if (complete && !kept)
		error_move(err, &why);
	if (!complete || !kept)
		return error_wrap(err,
		    kept ? "not all uncommitted work of %s was kept"
			 : "keeping uncommitted work of %s",
		    path);
	if (!git_is_oid(str_text(&oid)))
		return error_set(err, ERROR_GIT,
		    "keeping uncommitted work of %s: no commit", path);
	memcpy(commit, oid.data, oid.len + 1);
	return true;
}
