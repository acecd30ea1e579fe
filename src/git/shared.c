/* SPDX-License-Identifier: MIT */
/* What agents share with the user, read and compared. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "git/git.h"
#include "git/shared.h"

#define FILE_LIMIT ((size_t)64 * 1024 * 1024)
#define DEPTH 16 /* of folders of refs */
#define STASH_LOG "logs/refs/stash"
#define STASH_REF "refs/stash"
#define INDEX_HEADER 12
#define INDEX_STAT 40 /* bytes of an entry that are not about its content */
/* A file that was written so short a time ago may change unseen once more. */
#define RACY_NS ((int64_t)100 * 1000 * 1000)

/* Below the git directory; what is missing has no fact. */
static const char *const files[] = { "HEAD", "config", "config.worktree",
	"info/attributes", "info/exclude", "info/grafts",
	"info/sparse-checkout", "objects/info/alternates", "objects/info/packs",
	"packed-refs", "shallow", STASH_LOG };

void
shared_release(struct shared *shared)
{
	for (size_t i = 0; i < shared->n; i++) {
		free(shared->facts[i].name);
		free(shared->facts[i].value);
	}
	free(shared->facts);
	str_release(&shared->stash);
	*shared = (struct shared){ 0 };
}

void
shared_add(struct shared *shared, const char *name, const char *value)
{
	shared->facts = mem_grow(
	    shared->facts, &shared->cap, shared->n + 1, sizeof(*shared->facts));
	struct shared_fact *fact = &shared->facts[shared->n++];
	fact->name = mem_text(name);
	fact->value = mem_text(value);
}

static int
compare(const void *a, const void *b)
{
	const struct shared_fact *one = a;
	const struct shared_fact *other = b;
	return strcmp(one->name, other->name);
}

void
shared_sort(struct shared *shared)
{
	if (shared->n > 0)
		qsort(
		    shared->facts, shared->n, sizeof(*shared->facts), compare);
}

/* --- walking ---------------------------------------------------------- */

/* Calls fn with each file, by its name below the git directory. */
struct shared_walk {
	const char *dir;
	void (*fn)(struct shared_walk *walk, const char *name);
	struct shared *shared;
	struct shared *packed; /* refs that share a file */
	uint64_t stamp;
	bool racy;
	struct timespec now;
};

static void
walk_file(struct shared_walk *walk, const char *name)
{
	autofree char *path = path_join(walk->dir, name);
	struct stat st;
	if (lstat(path, &st) != 0)
		return;
	const uint64_t numbers[] = { (uint64_t)st.st_dev, (uint64_t)st.st_ino,
		(uint64_t)st.st_size, (uint64_t)st.st_mode,
		(uint64_t)st.st_ctim.tv_sec, (uint64_t)st.st_ctim.tv_nsec };
	uint32_t crc = digest_crc32c(0, name, strlen(name));
	crc = digest_crc32c(crc, numbers, sizeof(numbers));
	/* A sum of products: in whatever order a folder has its files. */
	walk->stamp += (uint64_t)crc * 0x9E3779B97F4A7C15u + 1;
	int64_t age =
	    (int64_t)(walk->now.tv_sec - st.st_ctim.tv_sec) * 1000000000 +
	    (walk->now.tv_nsec - st.st_ctim.tv_nsec);
	walk->racy = walk->racy || age < RACY_NS;
	if (walk->fn != NULL)
		walk->fn(walk, name);
}

/* Branches, refs and work trees of runs; the stash is told by its log. */
static bool
is_ours(const char *folder, const char *name)
{
	if (strcmp(folder, "refs") == 0)
		return strcmp(name, "prodigy") == 0 ||
		    strcmp(name, "stash") == 0 || text_ends_with(name, ".lock");
	if (strcmp(folder, "refs/heads") == 0)
		return text_starts_with(name, "prodigy-");
	if (strcmp(folder, "worktrees") == 0)
		return text_starts_with(name, "mapreduce-agent-") ||
		    text_starts_with(name, "session-") ||
		    text_starts_with(name, "merge-");
	return text_ends_with(name, ".lock");
}

static void walk_folder(
    struct shared_walk *walk, const char *folder, unsigned depth);

static void
walk_entry(struct shared_walk *walk, const char *folder,
    const struct dirent *entry, unsigned depth)
{
	autofree char *name = mem_format("%s/%s", folder, entry->d_name);
	autofree char *path = path_join(walk->dir, name);
	bool is_dir = entry->d_type == DT_DIR ||
	    (entry->d_type == DT_UNKNOWN && path_is_dir(path));
	if (strcmp(folder, "worktrees") == 0) {
		autofree char *gitdir = mem_format("%s/gitdir", name);
		walk_file(walk, gitdir);
	} else if (is_dir && depth < DEPTH) {
		walk_folder(walk, name, depth + 1);
	} else if (!is_dir) {
		walk_file(walk, name);
	}
}

static void
walk_folder(struct shared_walk *walk, const char *folder, unsigned depth)
{
	autofree char *path = path_join(walk->dir, folder);
	const struct dirent *entry = NULL;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    !is_ours(folder, entry->d_name))
			walk_entry(walk, folder, entry, depth);
	closedir(dir);
}

static void
walk_all(struct shared_walk *walk)
{
	walk->stamp = 0;
	walk->racy = false;
	clock_gettime(CLOCK_REALTIME, &walk->now);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		walk_file(walk, files[i]);
	walk_file(walk, "index");
	walk_folder(walk, "hooks", 0);
	walk_folder(walk, "refs", 0);
	walk_folder(walk, "worktrees", 0);
}

bool
shared_is_same(const struct repo *repo, const struct shared *before)
{
	struct shared_walk walk = { .dir = repo->common_dir };
	if (before->stamp == 0)
		return false;
	walk_all(&walk);
	return walk.stamp == before->stamp;
}

/* --- reading ---------------------------------------------------------- */

static void
add_sum(struct shared *shared, const char *name, const void *bytes, size_t len,
    unsigned mode)
{
	autofree char *value = mem_format(
	    "%08x-%zu-%o", digest_crc32c(0, bytes, len), len, mode & 0777u);
	shared_add(shared, name, value);
}

/* "OID NAME" a line; peeled values and comments begin otherwise. */
static void
read_packed(struct shared *shared, const struct str *text)
{
	autofree char *copy = mem_text_n(str_text(text), text->len);
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		char *name = strchr(line, ' ');
		if (name == NULL)
			continue;
		*name++ = '\0';
		if (git_is_oid(line) && strcmp(name, STASH_REF) != 0 &&
		    !text_starts_with(name, "refs/prodigy/") &&
		    !text_starts_with(name, "refs/heads/prodigy-"))
			shared_add(shared, name, line);
	}
}

/*
 * The entries without what git notes of the files' stat data: that changes
 * whenever somebody looks. Entries of other versions are taken as they are.
 */
static void
read_index(struct shared *shared, const struct str *text)
{
	const unsigned char *bytes = (const unsigned char *)str_text(text);
	size_t at = INDEX_HEADER;
	uint32_t crc = 0;
	bool plain = text->len > at && memcmp(bytes, "DIRC\0\0\0", 7) == 0 &&
	    (bytes[7] == 2 || bytes[7] == 3);
	size_t n = !plain ? 0
			  : (size_t)bytes[8] << 24 | (size_t)bytes[9] << 16 |
		(size_t)bytes[10] << 8 | bytes[11];
	for (size_t i = 0; plain && i < n; i++) {
		size_t id = at + INDEX_STAT;
		size_t path = id + 20 + 2;
		plain = path + 2 < text->len;
		if (!plain)
			break;
		path += (bytes[id + 20] & 0x40) != 0 ? 2 : 0;
		size_t len =
		    strnlen((const char *)bytes + path, text->len - path);
		/* Mode, then id and flags and the path. */
		crc = digest_crc32c(crc, bytes + at + 24, 4);
		crc = digest_crc32c(crc, bytes + id, path + len - id);
		at += (path + len - at + 8) & ~(size_t)7;
		plain = at <= text->len;
	}
	if (!plain)
		crc = digest_crc32c(0, bytes, text->len);
	autofree char *value = mem_format("%08x-%zu", crc, n);
	shared_add(shared, "index", value);
}

static void
read_fact(struct shared_walk *walk, const char *name)
{
	struct shared *shared = walk->shared;
	autostr struct str text = { 0 };
	autoerror struct error ignored = { 0 };
	struct stat st;
	autofree char *path = path_join(walk->dir, name);
	if (stat(path, &st) != 0 ||
	    !file_read(path, FILE_LIMIT, &text, &ignored)) {
		shared_add(shared, name, "unreadable");
		return;
	}
	if (strcmp(name, "packed-refs") == 0) {
		read_packed(walk->packed, &text);
	} else if (strcmp(name, "index") == 0) {
		read_index(shared, &text);
	} else if (strcmp(name, STASH_LOG) == 0) {
		add_sum(shared, name, str_text(&text), text.len, 0);
		str_add_str(&shared->stash, &text);
	} else if (strcmp(name, "HEAD") == 0 ||
	    text_starts_with(name, "refs/") ||
	    text_starts_with(name, "worktrees/")) {
		str_cut(&text, strcspn(str_text(&text), "\n"));
		shared_add(shared, name, str_text(&text));
	} else {
		add_sum(shared, name, str_text(&text), text.len, st.st_mode);
	}
}

/* What a file has for a ref counts, not an older line of many. */
static void
add_packed(struct shared *shared, const struct shared *packed)
{
	size_t n = shared->n;
	shared_sort(shared);
	for (size_t i = 0; i < packed->n; i++) {
		const struct shared_fact *fact = &packed->facts[i];
		if (n == 0 ||
		    bsearch(fact, shared->facts, n, sizeof(*fact), compare) ==
			NULL)
			shared_add(shared, fact->name, fact->value);
	}
	shared_sort(shared);
}

void
shared_read(const struct repo *repo, struct shared *now)
{
	struct shared packed = { 0 };
	struct shared_walk walk = {
		.dir = repo->common_dir,
		.fn = read_fact,
		.shared = now,
		.packed = &packed,
	};
	*now = (struct shared){ 0 };
	walk_all(&walk);
	/* What is written while it is read has another stamp afterwards. */
	now->stamp = walk.racy ? 0 : walk.stamp;
	add_packed(now, &packed);
	shared_release(&packed);
}

/* --- comparing -------------------------------------------------------- */

void
shared_compare(const struct shared *before, const struct shared *after,
    shared_change_fn *fn, void *arg)
{
	size_t b = 0;
	size_t a = 0;
	while (b < before->n || a < after->n) {
		const struct shared_fact *old = &before->facts[b];
		const struct shared_fact *new = &after->facts[a];
		int order = b == before->n ? 1
		    : a == after->n	   ? -1
					   : compare(old, new);
		struct shared_change change = {
			.name = order > 0 ? new->name : old->name,
			.before = order > 0 ? NULL : old->value,
			.after = order < 0 ? NULL : new->value,
		};
		b += order <= 0;
		a += order >= 0;
		if (order != 0 || strcmp(change.before, change.after) != 0)
			fn(&change, arg);
	}
}

struct shared_word {
	const char *prefix;
	const char
	    *word; /* what people call it; the rest of the name follows */
	bool has_value; /* one to tell */
};

static const struct shared_word words[] = {
	{ "HEAD", "HEAD", true },
	{ "config", "configuration", false },
	{ "config.worktree", "configuration of the main work tree", false },
	{ "hooks/", "hook ", false },
	{ "index", "index", false },
	{ "logs/refs/stash", "stash", false },
	{ "refs/heads/", "branch ", true },
	{ "refs/remotes/", "remote branch ", true },
	{ "refs/tags/", "tag ", true },
	{ "refs/", "ref refs/", true },
	{ "worktrees/", "work tree ", false },
};

static const struct shared_word *
word_of(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		const char *prefix = words[i].prefix;
		if (text_ends_with(prefix, "/") ? text_starts_with(name, prefix)
						: strcmp(name, prefix) == 0)
			return &words[i];
	}
	return NULL;
}

void
shared_describe(const struct shared_change *change, struct str *line)
{
	const struct shared_word *word = word_of(change->name);
	bool tells = word != NULL && word->has_value;
	if (strcmp(change->name, "objects/info/packs") == 0) {
		str_add(line, "objects repacked, as git gc does");
		return;
	}
	str_add(line, word == NULL ? change->name : word->word);
	if (word != NULL && text_ends_with(word->prefix, "/"))
		str_add(line, change->name + strlen(word->prefix));
	if (text_starts_with(change->name, "worktrees/"))
		str_cut(line, line->len - strlen("/gitdir"));
	if (change->before == NULL)
		str_add(line, " added");
	else if (change->after == NULL)
		str_add(line, " removed");
	else
		str_add(line, " changed");
	if (tells && change->before != NULL)
		str_format(line, ", was %s", change->before);
	if (tells && change->after != NULL)
		str_format(line, ", is %s", change->after);
}
