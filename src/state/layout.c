/* SPDX-License-Identifier: MIT */
/* Every path under PRODIGY_HOME. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "state/claim.h"
#include "state/layout.h"

/* Who can write to a folder on the way can put another home in its place. */
static bool
check_folder(const char *path, bool is_home, struct error *err)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return error_system(err, "%s", path);
	bool open = (st.st_mode & (is_home ? 022 : 002)) != 0 &&
	    (st.st_mode & S_ISVTX) == 0;
	if (open)
		return error_set(err, ERROR_STATE,
		    "%s can be written to by others (mode %03o), so that no "
		    "state is kept there; allow it with: chmod go-w %s",
		    path, (unsigned)(st.st_mode & 0777), path);
	/* On the way, the system's own folders are fine too. */
	bool ours = st.st_uid == geteuid() || geteuid() == 0 ||
	    (!is_home && st.st_uid == 0);
	if (!ours)
		return error_set(
		    err, ERROR_STATE, "%s belongs to another user", path);
	return true;
}

static bool
check_home(const char *home, struct error *err)
{
	autofree char *at = mem_text(home);
	bool is_home = true;
	for (;;) {
		if (!check_folder(at, is_home, err))
			return false;
		if (strcmp(at, "/") == 0)
			return true;
		char *parent = path_parent(at);
		free(at);
		at = parent;
		is_home = false;
	}
}

static char *
wanted_home(struct error *err)
{
	const char *home = getenv("PRODIGY_HOME");
	if (home == NULL || *home == '\0')
		home = getenv("PRODIGY_STORAGE_BASE_PATH");
	if (home != NULL && *home != '\0') {
		autofree char *expanded = path_expand_home(home);
		return path_absolute(expanded, err);
	}
	const char *user = getenv("HOME");
	if (user == NULL || *user == '\0') {
		error_set(
		    err, ERROR_STATE, "neither PRODIGY_HOME nor HOME is set");
		return NULL;
	}
	return path_join(user, ".prodigy");
}

/* Paths stand in JSON, which has no other text. */
static bool
check_text(const char *what, const char *path, struct error *err)
{
	return text_check(what, path, strlen(path), err);
}

/* The place of the home, without a repository. */
static bool
find_home(bool create, struct layout *layout, struct error *err)
{
	autofree char *wanted = wanted_home(err);
	if (wanted == NULL ||
	    !check_text("the path of the state folder", wanted, err) ||
	    (create && !path_make_dirs(wanted, err)))
		return false;
	layout->home =
	    path_exists(wanted) ? path_real(wanted, err) : mem_text(wanted);
	return layout->home != NULL &&
	    check_text("the path of the state folder", layout->home, err) &&
	    (!create || check_home(layout->home, err));
}

static bool
open_layout(const char *root, const char *git_dir, bool create,
    struct layout *layout, struct error *err)
{
	*layout = (struct layout){ .root = mem_text(root) };
	bool ok = check_text("the path of the repository", root, err) &&
	    find_home(create, layout, err);
	struct claim claim = {
		.home = layout->home,
		.root = root,
		.git_dir = git_dir,
	};
	ok = ok && (create ? claim_take(&claim, err) : claim_look(&claim, err));
	layout->repo = claim.name;
	layout->former = claim.former;
	if (!ok)
		layout_release(layout);
	return ok;
}

bool
layout_open(const char *root, const char *git_dir, struct layout *layout,
    struct error *err)
{
	return open_layout(root, git_dir, true, layout, err);
}

bool
layout_look(const char *root, const char *git_dir, struct layout *layout,
    struct error *err)
{
	return open_layout(root, git_dir, false, layout, err);
}

bool
layout_look_home(struct layout *layout, struct error *err)
{
	*layout = (struct layout){ 0 };
	if (find_home(false, layout, err))
		return true;
	layout_release(layout);
	return false;
}

void
layout_use(struct layout *layout, const char *name)
{
	free(layout->repo);
	free(layout->root);
	free(layout->former);
	layout->repo = mem_text(name);
	layout->root = claim_owner(layout->home, name);
	layout->former = NULL;
}

bool
layout_is_busy(const struct layout *layout)
{
	autoerror struct error ignored = { 0 };
	autostrv struct strv names = { 0 };
	autofree char *dir = path_join(layout->home, "locks");
	if (!path_list(dir, &names, &ignored))
		return true;
	for (size_t i = 0; i < names.n; i++) {
		autofree char *path = path_join(dir, names.items[i]);
		if (lock_is_held(path))
			return true;
	}
	return false;
}

void
layout_release(struct layout *layout)
{
	free(layout->home);
	free(layout->repo);
	free(layout->root);
	free(layout->former);
	*layout = (struct layout){ 0 };
}

/* Ids become file names: anything unusual in them is encoded. */
static char *
named(const struct layout *layout, const char *kind, const char *middle,
    const char *id, const char *ending)
{
	autofree char *name = path_encode_name(id);
	return mem_format("%s/%s/%s%s%s%s", layout->home, kind, layout->repo,
	    middle, name, ending);
}

char *
layout_sessions(const struct layout *layout)
{
	return path_join(layout->home, "sessions");
}

char *
layout_session(const struct layout *layout, const char *id)
{
	autofree char *name = path_encode_name(id);
	return mem_format("%s/sessions/%s.json", layout->home, name);
}

char *
layout_jobs(const struct layout *layout)
{
	return mem_format(
	    "%s/state/%s/mapreduce/jobs", layout->home, layout->repo);
}

char *
layout_job(const struct layout *layout, const char *job)
{
	return named(layout, "state", "/mapreduce/jobs/", job, "");
}

char *
layout_events(const struct layout *layout, const char *job)
{
	return named(layout, "events", "/", job, "");
}

char *
layout_dlq(const struct layout *layout, const char *job)
{
	return named(layout, "dlq", "/", job, "");
}

char *
layout_run(const struct layout *layout, const char *session)
{
	return named(layout, "state", "/runs/", session, "");
}

char *
layout_mapping(const struct layout *layout, const char *id)
{
	return named(layout, "state", "/mappings/", id, ".json");
}

char *
layout_worktrees(const struct layout *layout)
{
	return mem_format("%s/worktrees/%s", layout->home, layout->repo);
}

char *
layout_worktree(const struct layout *layout, const char *name)
{
	return named(layout, "worktrees", "/", name, "");
}

char *
layout_workspaces(const struct layout *layout)
{
	return mem_format(
	    "%s/state/%s/workspaces.json", layout->home, layout->repo);
}

char *
layout_metadata(const struct layout *layout, const char *name)
{
	return named(layout, "worktrees", "/.metadata/", name, ".json");
}

char *
layout_orphans(const struct layout *layout, const char *job)
{
	return named(layout, "orphaned_worktrees", "/", job, ".json");
}

char *
layout_artifacts(const struct layout *layout, const char *job)
{
	return named(layout, "artifacts", "/", job, "");
}

char *
layout_logs(const struct layout *layout, const char *stamp)
{
	return named(layout, "logs", "/", stamp, "");
}

char *
layout_lock(const struct layout *layout, const char *id)
{
	autofree char *name = path_encode_name(id);
	return mem_format("%s/locks/%s", layout->home, name);
}
