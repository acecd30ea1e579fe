/* SPDX-License-Identifier: MIT */
/* Git's index file, and what it hides. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "git/git.h"
#include "git/head.h"
#include "git/index_file.h"

#define INDEX_LIMIT ((size_t)512 * 1024 * 1024)
#define HEADER 12
#define STAT_FIELDS 40 /* ten 32-bit numbers before the object id */
#define MODE_OFFSET 24
#define FLAG_ASSUMED 0x80 /* of the first byte of the flags */
#define FLAG_EXTENDED 0x40
#define EXTENDED_SKIPPED 0x40 /* of the first byte of the second flags */

/* --- entries ---------------------------------------------------------- */

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

bool
index_open(
    struct index_reader *reader, void *bytes, size_t len, size_t oid_bytes)
{
	uint8_t *at = bytes;
	*reader = (struct index_reader){ .oid_bytes = oid_bytes };
	if (len < HEADER + oid_bytes || memcmp(at, "DIRC", 4) != 0)
		return false;
	reader->at = at + HEADER;
	reader->end = at + len;
	reader->version = get32(at + 4);
	reader->left = get32(at + 8);
	return reader->version >= 2 && reader->version <= 4;
}

static bool
is_damaged(struct index_reader *reader)
{
	reader->at = NULL;
	return false;
}

/*
 * The name of a version 4 entry is what to drop at the end of the one before,
 * as a number of seven bits a byte, and what to add.
 */
static bool
read_compressed_name(struct index_reader *reader, uint8_t *at)
{
	size_t drop = 0;
	if (at >= reader->end)
		return false;
	drop = *at & 0x7f;
	while ((*at++ & 0x80) != 0) {
		if (at >= reader->end || drop > reader->name.len)
			return false;
		drop = ((drop + 1) << 7) + (*at & 0x7f);
	}
	uint8_t *nul = memchr(at, 0, (size_t)(reader->end - at));
	if (nul == NULL || drop > reader->name.len)
		return false;
	str_cut(&reader->name, reader->name.len - drop);
	str_add_n(&reader->name, at, (size_t)(nul - at));
	reader->at = nul + 1;
	return true;
}

/* Names of versions 2 and 3 end in 1 to 8 NULs, to a multiple of eight. */
static bool
read_padded_name(struct index_reader *reader, const uint8_t *entry, uint8_t *at)
{
	uint8_t *nul = memchr(at, 0, (size_t)(reader->end - at));
	if (nul == NULL)
		return false;
	size_t padded = ((size_t)(nul - entry) + 8) & ~(size_t)7;
	if (padded > (size_t)(reader->end - entry))
		return false;
	str_clear(&reader->name);
	str_add_n(&reader->name, at, (size_t)(nul - at));
	reader->at += padded;
	return true;
}

bool
index_next(struct index_reader *reader, struct index_entry *entry)
{
	uint8_t *start = reader->at;
	size_t fixed = STAT_FIELDS + reader->oid_bytes + 2;
	if (start == NULL || reader->left == 0)
		return false;
	if ((size_t)(reader->end - start) < fixed + 2)
		return is_damaged(reader);
	uint8_t *flags = start + fixed - 2;
	bool extended = (flags[0] & FLAG_EXTENDED) != 0;
	if (extended && reader->version < 3)
		return is_damaged(reader);
	uint8_t *name = start + fixed + (extended ? 2 : 0);
	bool ok = reader->version == 4 ? read_compressed_name(reader, name)
				       : read_padded_name(reader, start, name);
	if (!ok)
		return is_damaged(reader);
	*entry = (struct index_entry){
		.name = str_text(&reader->name),
		.mode = get32(start + MODE_OFFSET) & 0177777,
		.assumed = (flags[0] & FLAG_ASSUMED) != 0,
		.skipped = extended && (flags[2] & EXTENDED_SKIPPED) != 0,
		.flags = flags,
	};
	reader->left--;
	return true;
}

bool
index_is_split(const struct index_reader *reader)
{
	const uint8_t *at = reader->at;
	size_t room = (size_t)(reader->end - at);
	while (room >= reader->oid_bytes + 8) {
		size_t size = get32(at + 4);
		if (memcmp(at, "link", 4) == 0)
			return true;
		if (size > room - 8)
			return false;
		at += 8 + size;
		room -= 8 + size;
	}
	return false;
}

void
index_close(struct index_reader *reader)
{
	str_release(&reader->name);
}

/* --- what entries hide ------------------------------------------------ */

static bool
write_as_old(const char *index, const struct str *bytes, const struct stat *st,
    struct error *err)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	return file_replace_derived(index, str_text(bytes), bytes->len, err) &&
	    (utimensat(AT_FDCWD, index, times, 0) == 0 ||
		error_system(err, "%s", index));
}

bool
index_copy(const char *from, const char *to, struct error *err)
{
	autostr struct str bytes = { 0 };
	struct stat st;
	if (stat(from, &st) != 0)
		return error_system(err, "%s", from);
	return file_read(from, INDEX_LIMIT, &bytes, err) &&
	    write_as_old(to, &bytes, &st, err);
}

/* What a walk over an index found. */
struct cover {
	const char *tree;
	bool clears; /* the marks are removed */
	size_t n; /* of the entries that hide a file */
	bool unlisted; /* files may be hidden that have no entry */
};

static bool
is_there(const char *tree, const char *name)
{
	struct stat st;
	autofree char *path = path_join(tree, name);
	return lstat(path, &st) == 0;
}

static void
look_at_entry(struct cover *cover, const struct index_entry *entry)
{
	if ((!entry->assumed && !entry->skipped) ||
	    !is_there(cover->tree, entry->name))
		return;
	cover->n++;
	if (entry->mode == INDEX_MODE_DIR)
		cover->unlisted = true;
	if (!cover->clears || entry->mode == INDEX_MODE_DIR)
		return;
	if (entry->assumed)
		entry->flags[0] &= (uint8_t)~FLAG_ASSUMED;
	if (entry->skipped)
		entry->flags[2] &= (uint8_t)~EXTENDED_SKIPPED;
}

static bool
walk(struct cover *cover, struct str *bytes, size_t oid_bytes)
{
	struct index_reader reader;
	struct index_entry entry;
	bool ok = index_open(&reader, bytes->data, bytes->len, oid_bytes);
	while (ok && index_next(&reader, &entry))
		look_at_entry(cover, &entry);
	ok = ok && reader.at != NULL;
	if (ok && index_is_split(&reader)) {
		cover->n++;
		cover->unlisted = true;
	}
	index_close(&reader);
	return ok;
}

/* A HEAD without a commit says nothing of it, and git has to be asked. */
static size_t
find_oid_bytes(const char *tree)
{
	static const char *const args[] = { "rev-parse", "--show-object-format",
		NULL };
	autoerror struct error ignored = { 0 };
	autostr struct str format = { 0 };
	struct head head = { 0 };
	if (head_read(tree, &head, &ignored)) {
		size_t bytes = strlen(head.oid) / 2;
		head_release(&head);
		return bytes;
	}
	error_release(&ignored);
	return git_run(tree, args, &format, &ignored) &&
		strcmp(str_text(&format), "sha256") == 0
	    ? 32
	    : 20;
}

bool
index_load(
    const char *tree, struct str *bytes, size_t *oid_bytes, struct error *err)
{
	autofree char *git_dir = head_git_dir(tree, err);
	if (git_dir == NULL)
		return false;
	*oid_bytes = find_oid_bytes(tree);
	autofree char *file = path_join(git_dir, "index");
	return !path_exists(file) || file_read(file, INDEX_LIMIT, bytes, err);
}

bool
index_hides(const char *tree, bool *hides, struct error *err)
{
	struct cover cover = { .tree = tree };
	autostr struct str bytes = { 0 };
	size_t oid_bytes = 0;
	*hides = false;
	if (!index_load(tree, &bytes, &oid_bytes, err))
		return false;
	if (bytes.len > 0 && !walk(&cover, &bytes, oid_bytes))
		return error_set(
		    err, ERROR_GIT, "the index of %s cannot be read", tree);
	*hides = cover.n > 0;
	return true;
}

/* Has git write each entry of its own: no parts elsewhere, no whole folders. */
static bool
list_all(const char *tree, const char *index, struct error *err)
{
	autostrv struct strv env = { 0 };
	static const char *const args[] = { "-c", "core.sparseCheckout=false",
		"-c", "index.sparse=false", "update-index",
		"--force-write-index", NULL };
	strv_format(&env, "GIT_INDEX_FILE=%s", index);
	const struct git_options options = { .extra_env = &env };
	struct git_result git = { 0 };
	if (!git_call(tree, args, &options, &git, err))
		return false;
	bool ok = git.code == 0 || git_complain("git update-index", &git, err);
	git_result_release(&git);
	return ok;
}

bool
index_unmark(const char *tree, const char *index, size_t oid_bytes, bool *all,
    struct error *err)
{
	struct cover cover = { .tree = tree, .clears = true };
	autostr struct str bytes = { 0 };
	struct stat st;
	if (stat(index, &st) != 0)
		return error_system(err, "%s", index);
	if (!file_read(index, INDEX_LIMIT, &bytes, err))
		return false;
	if (!walk(&cover, &bytes, oid_bytes))
		return error_set(
		    err, ERROR_GIT, "the index %s cannot be read", index);
	*all = !cover.unlisted;
	if (cover.n == 0 || cover.unlisted)
		return true;
	/* Without its checksum, which git does not look at. */
	memset(bytes.data + bytes.len - oid_bytes, 0, oid_bytes);
	return write_as_old(index, &bytes, &st, err);
}

bool
index_uncover(const char *tree, const char *index, struct error *err)
{
	bool all = false;
	size_t oid_bytes = find_oid_bytes(tree);
	if (!index_unmark(tree, index, oid_bytes, &all, err))
		return false;
	if (all)
		return true;
	if (!list_all(tree, index, err) ||
	    !index_unmark(tree, index, oid_bytes, &all, err))
		return false;
	return all ||
	    error_set(
		err, ERROR_GIT, "the index %s does not list all files", index);
}
