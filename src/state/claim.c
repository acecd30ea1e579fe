/* SPDX-License-Identifier: MIT */
/* Which folder's name a repository has under PRODIGY_HOME. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/id.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/json.h"
#include "state/claim.h"

#define CLAIM_LIMIT 65536
#define CLAIM_WAIT_MS 10000
#define ID_FILE "prodigy-id"
#define ID_LIMIT 256

enum claim_state {
	CLAIM_FREE,
	CLAIM_OURS,
	CLAIM_MOVED, /* ours, from another path */
	CLAIM_OTHER,
	CLAIM_COPIED, /* of another, of which this repository is a copy */
	CLAIM_DAMAGED, /* nobody can say whose it is */
};

/* --- the id of a repository ------------------------------------------- */

/* NULL: it has none, or it is gone. */
static char *
read_id(const char *git_dir)
{
	autoerror struct error ignored = { 0 };
	autostr struct str text = { 0 };
	if (git_dir == NULL)
		return NULL;
	autofree char *path = path_join(git_dir, ID_FILE);
	if (!file_read(path, ID_LIMIT, &text, &ignored))
		return NULL;
	str_cut(&text, strcspn(str_text(&text), "\n"));
	return text.len == 0 ? NULL : str_take(&text);
}

static bool
write_id(const char *git_dir, struct error *err)
{
	char uuid[ID_UUID_SIZE];
	autofree char *path = path_join(git_dir, ID_FILE);
	autofree char *line = mem_format("%s\n", id_uuid(uuid));
	return file_replace(path, line, strlen(line), err);
}

static bool
is_same_folder(const char *a, const char *b)
{
	struct stat one;
	struct stat other;
	return stat(a, &one) == 0 && stat(b, &other) == 0 &&
	    one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* --- claims ----------------------------------------------------------- */

static char *
claim_path(const char *home, const char *name)
{
	return mem_format("%s/state/%s/repository.json", home, name);
}

static json_t *
load(const char *home, const char *name)
{
	autoerror struct error ignored = { 0 };
	autofree char *path = claim_path(home, name);
	return json_load_path(path, CLAIM_LIMIT, &ignored);
}

char *
claim_owner(const char *home, const char *name)
{
	autojson json_t *document = load(home, name);
	return mem_text(json_get_text(document, "path"));
}

/* What a claim with our id, but of another path, means. */
static enum claim_state
judge_id(const struct claim *claim, const json_t *document)
{
	const char *git_dir = json_get_text(document, "git_dir");
	const char *claimed = json_get_text(document, "id");
	autofree char *id = read_id(claim->git_dir);
	autofree char *there = read_id(git_dir);
	if (id == NULL || claimed == NULL || strcmp(id, claimed) != 0)
		return CLAIM_OTHER;
	if (there == NULL || strcmp(there, id) != 0 ||
	    is_same_folder(git_dir, claim->git_dir))
		return CLAIM_MOVED;
	return CLAIM_COPIED;
}

static enum claim_state
look_at(const struct claim *claim, const char *name)
{
	autofree char *path = claim_path(claim->home, name);
	if (!path_exists(path))
		return CLAIM_FREE;
	autojson json_t *document = load(claim->home, name);
	const char *owner = json_get_text(document, "path");
	if (owner == NULL)
		return CLAIM_DAMAGED;
	return strcmp(owner, claim->root) == 0 ? CLAIM_OURS
					       : judge_id(claim, document);
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

static void
set_name(struct claim *claim, char *name)
{
	free(claim->name);
	claim->name = name;
}

/*
 * A repository that has an id and was moved has whatever name it had before.
 * Sets the name if it is found; otherwise gives what was found out before.
 */
static enum claim_state
search_all(struct claim *claim, enum claim_state otherwise)
{
	autoerror struct error ignored = { 0 };
	autostrv struct strv names = { 0 };
	autofree char *id = read_id(claim->git_dir);
	autofree char *dir = path_join(claim->home, "state");
	if (id == NULL || !path_list(dir, &names, &ignored))
		return otherwise;
	for (size_t i = 0; i < names.n; i++) {
		enum claim_state state = look_at(claim, names.items[i]);
		if (state == CLAIM_OURS || state == CLAIM_MOVED)
			set_name(claim, mem_text(names.items[i]));
		if (state == CLAIM_OURS || state == CLAIM_MOVED ||
		    state == CLAIM_COPIED)
			return state;
	}
	return otherwise;
}

/*
 * Sets the name to that of the repository, or to the first that is free.
 * *copied tells that its id is that of another.
 */
static enum claim_state
find_name(struct claim *claim, bool *copied)
{
	static const int digits[] = { 0, 8, 16, 32 };
	enum claim_state state = CLAIM_OTHER;
	*copied = false;
	for (size_t i = 0; i < COUNT_OF(digits); i++) {
		set_name(claim, name_of(claim->root, digits[i]));
		state = look_at(claim, claim->name);
		*copied = *copied || state == CLAIM_COPIED;
		if (state != CLAIM_OTHER && state != CLAIM_COPIED)
			break;
	}
	if (state == CLAIM_OURS || state == CLAIM_MOVED ||
	    state == CLAIM_DAMAGED || *copied)
		return state;
	enum claim_state found = search_all(claim, state);
	*copied = found == CLAIM_COPIED;
	return *copied ? state : found;
}

static bool
has_no_name(
    const struct claim *claim, enum claim_state state, struct error *err)
{
	autofree char *path = claim_path(claim->home, claim->name);
	if (state == CLAIM_DAMAGED)
		return error_set(err, ERROR_STATE,
		    "%s is damaged: it should name the repository whose state "
		    "is kept there",
		    path);
	return error_set(err, ERROR_STATE, "no free name for %s in %s/state",
	    claim->root, claim->home);
}

/* --- what is written -------------------------------------------------- */

/* Whether the claim says all that it could. */
static bool
is_complete(const struct claim *claim)
{
	if (claim->git_dir == NULL)
		return true;
	autojson json_t *document = load(claim->home, claim->name);
	const char *git_dir = json_get_text(document, "git_dir");
	const char *claimed = json_get_text(document, "id");
	autofree char *id = read_id(claim->git_dir);
	return id != NULL && claimed != NULL && git_dir != NULL &&
	    strcmp(id, claimed) == 0 && strcmp(git_dir, claim->git_dir) == 0;
}

static bool
write_claim(const struct claim *claim, struct error *err)
{
	char now[CLOCK_RFC3339_SIZE];
	autostr struct str text = { 0 };
	autofree char *path = claim_path(claim->home, claim->name);
	autofree char *dir = path_parent(path);
	autofree char *id = read_id(claim->git_dir);
	autojson json_t *document = json_object();
	json_set_text(document, "path", claim->root);
	json_set_text(document, "id", id);
	json_set_text(document, "git_dir", claim->git_dir);
	json_set_text(document, "claimed_at", clock_rfc3339(clock_wall(), now));
	json_pretty(document, &text);
	str_add_char(&text, '\n');
	return path_make_dirs(dir, err) &&
	    file_replace(path, text.data, text.len, err);
}

/* Under the lock: what was found before may have changed. */
static bool
settle(struct claim *claim, struct error *err)
{
	bool copied;
	enum claim_state state = find_name(claim, &copied);
	if (state == CLAIM_OTHER || state == CLAIM_COPIED ||
	    state == CLAIM_DAMAGED)
		return has_no_name(claim, state, err);
	if (state == CLAIM_MOVED)
		claim->former = claim_owner(claim->home, claim->name);
	autofree char *id = read_id(claim->git_dir);
	bool needs_id = claim->git_dir != NULL && (id == NULL || copied);
	return (!needs_id || write_id(claim->git_dir, err)) &&
	    write_claim(claim, err);
}

/* Two repositories may ask for one name at once: one after the other. */
static bool
settle_alone(struct claim *claim, struct error *err)
{
	autofree char *path = path_join(claim->home, "claims.lock");
	autofd int lock = lock_wait(path, clock_now() + CLAIM_WAIT_MS, err);
	return lock >= 0 && settle(claim, err);
}

bool
claim_take(struct claim *claim, struct error *err)
{
	bool copied;
	enum claim_state state = find_name(claim, &copied);
	if (state == CLAIM_DAMAGED)
		return has_no_name(claim, state, err);
	return (state == CLAIM_OURS && is_complete(claim)) ||
	    settle_alone(claim, err);
}

bool
claim_look(struct claim *claim, struct error *err)
{
	bool copied;
	autoerror struct error ignored = { 0 };
	enum claim_state state = find_name(claim, &copied);
	if (state == CLAIM_DAMAGED)
		return has_no_name(claim, state, err);
	if (state != CLAIM_MOVED || settle_alone(claim, &ignored))
		return true;
	log_debug("%s", error_text(&ignored));
	if (claim->former == NULL)
		claim->former = claim_owner(claim->home, claim->name);
	return true;
}
