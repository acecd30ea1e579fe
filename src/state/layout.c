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
#include "state/layout.h"

#define CLAIM_LIMIT 65536
#define CLAIM_WAIT_MS 10000

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

static char *
claim_path(const char *home, const char *name)
{
	return mem_format("%s/state/%s/repository.json", home, name);
}

enum claim {
	CLAIM_FREE,
	CLAIM_OURS,
	CLAIM_OTHER,
	CLAIM_DAMAGED, /* nobody can say whose it is */
};

static enum claim
look_at_claim(const char *home, const char *name, const char *root)
{
	autoerror struct error ignored = { 0 };
	autofree char *path = claim_path(home, name);
	if (!path_exists(path))
		return CLAIM_FREE;
	autojson json_t *claim = json_load_path(path, CLAIM_LIMIT, &ignored);
	const char *owner = json_get_text(claim, "path");
	if (owner == NULL)
		return CLAIM_DAMAGED;
	return strcmp(owner, root) == 0 ? CLAIM_OURS : CLAIM_OTHER;
}

static bool
write_claim(
    const char *home, const char *name, const char *root, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	autofree char *path = claim_path(home, name);
	autofree char *dir = path_parent(path);
	autojson json_t *claim = json_object();
	json_set_text(claim, "path", root);
	json_set_text(claim, "claimed_at", clock_rfc3339(clock_wall(), now));
	json_pretty(claim, &text);
	str_add_char(&text, '\n');
	return path_make_dirs(dir, err) &&
	    file_replace(path, text.data, text.len, err);
}

/* The repository's name with that many digits of its hash. */
static char *
name_of(const char *root, int digits)
{
	char digest[DIGEST_SHA256_HEX];
	char *name = path_encode_name(path_name(root));
	if (digits == 0)
		return name;
	digest_sha256(root, strlen(root), digest);
	char *longer = mem_format("%s-%.*s", name, digits, digest);
	free(name);
	return longer;
}

/* Sets layout->repo to the first name that is ours or free. */
static enum claim
find_name(struct layout *layout)
{
	static const int digits[] = { 0, 8, 16, 32 };
	enum claim claim = CLAIM_OTHER;
	for (size_t i = 0; i < COUNT_OF(digits) && claim == CLAIM_OTHER; i++) {
		free(layout->repo);
		layout->repo = name_of(layout->root, digits[i]);
		claim = look_at_claim(layout->home, layout->repo, layout->root);
	}
	return claim;
}

static bool
has_no_name(const struct layout *layout, enum claim claim, struct error *err)
{
	autofree char *path = claim_path(layout->home, layout->repo);
	if (claim == CLAIM_DAMAGED)
		return error_set(err, ERROR_STATE,
		    "%s is damaged: it should "
		    "name the repository whose state is kept there",
		    path);
	return error_set(err, ERROR_STATE, "no free name for %s in %s/state",
	    layout->root, layout->home);
}

/* Two repositories may ask for one name at once: one after the other. */
static bool
claim_name(struct layout *layout, bool create, struct error *err)
{
	enum claim claim = find_name(layout);
	if (claim == CLAIM_DAMAGED)
		return has_no_name(layout, claim, err);
	if (claim == CLAIM_OURS || !create)
		return true;
	autofree char *path = path_join(layout->home, "claims.lock");
	autofd int lock = lock_wait(path, clock_now() + CLAIM_WAIT_MS, err);
	if (lock < 0)
		return false;
	claim = find_name(layout);
	if (claim != CLAIM_OURS && claim != CLAIM_FREE)
		return has_no_name(layout, claim, err);
	return claim == CLAIM_OURS ||
	    write_claim(layout->home, layout->repo, layout->root, err);
}

/* Paths stand in JSON, which has no other text. */
static bool
check_text(const char *what, const char *path, struct error *err)
{
	return text_check(what, path, strlen(path), err);
}

static bool
open_layout(
    const char *root, bool create, struct layout *layout, struct error *err)
{
	*layout = (struct layout){ .root = mem_text(root) };
	autofree char *wanted = wanted_home(err);
	if (wanted == NULL ||
	    !check_text("the path of the state folder", wanted, err) ||
	    !check_text("the path of the repository", root, err))
		return false;
	if (create && !path_make_dirs(wanted, err))
		return false;
	layout->home =
	    path_exists(wanted) ? path_real(wanted, err) : mem_text(wanted);
	return layout->home != NULL &&
	    check_text("the path of the state folder", layout->home, err) &&
	    (!create || check_home(layout->home, err)) &&
	    claim_name(layout, create, err);
}

bool
layout_open(const char *root, struct layout *layout, struct error *err)
{
	if (open_layout(root, true, layout, err))
		return true;
	layout_release(layout);
	return false;
}

bool
layout_look(const char *root, struct layout *layout, struct error *err)
{
	if (open_layout(root, false, layout, err))
		return true;
	layout_release(layout);
	return false;
}

void
layout_release(struct layout *layout)
{
	free(layout->home);
	free(layout->repo);
	free(layout->root);
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
