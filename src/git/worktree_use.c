/* SPDX-License-Identifier: MIT */
/* A work tree from one agent to the next. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "git/head.h"
#include "git/worktree_use.h"

/* --- git's index ------------------------------------------------------ */

#define HEADER 12
#define STAT_FIELDS 40 /* ten 32-bit numbers before the object id */
#define FLAG_ASSUME_VALID 0x8000
#define FLAG_EXTENDED 0x4000
#define NAME_MASK 0x0fff
#define EXTENDED_SKIP_WORKTREE 0x4000
#define MODE_OFFSET 24
#define MODE_GITLINK 0160000

struct index_scan {
	const uint8_t *at;
	const uint8_t *end;
	unsigned version;
	size_t oid_bytes;
};

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static unsigned
get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* The name of a version 4 entry: a number of bytes to drop, then text. */
static bool
skip_compressed_name(struct index_scan *scan)
{
	while (scan->at < scan->end && (*scan->at & 0x80) != 0)
		scan->at++;
	if (scan->at >= scan->end)
		return false;
	scan->at++;
	const uint8_t *nul =
	    memchr(scan->at, 0, (size_t)(scan->end - scan->at));
	if (nul == NULL)
		return false;
	scan->at = nul + 1;
	return true;
}

/* Names of versions 2 and 3 end in 1 to 8 NULs, to a multiple of eight. */
static bool
skip_padded_name(struct index_scan *scan, const uint8_t *entry)
{
	const uint8_t *nul =
	    memchr(scan->at, 0, (size_t)(scan->end - scan->at));
	if (nul == NULL)
		return false;
	size_t len = (size_t)(nul - entry);
	size_t padded = (len + 8) & ~(size_t)7;
	if (padded > (size_t)(scan->end - entry))
		return false;
	scan->at = entry + padded;
	return true;
}

static bool
scan_entry(struct index_scan *scan)
{
	const uint8_t *entry = scan->at;
	size_t fixed = STAT_FIELDS + scan->oid_bytes + 2;
	if ((size_t)(scan->end - entry) < fixed + 2)
		return false;
	unsigned flags = get16(entry + STAT_FIELDS + scan->oid_bytes);
	if ((flags & FLAG_ASSUME_VALID) != 0 ||
	    (get32(entry + MODE_OFFSET) & 0170000) == MODE_GITLINK)
		return false;
	scan->at = entry + fixed;
	if ((flags & FLAG_EXTENDED) != 0) {
		if (scan->version < 3 ||
		    (get16(scan->at) & EXTENDED_SKIP_WORKTREE) != 0)
			return false;
		scan->at += 2;
	}
	return scan->version == 4 ? skip_compressed_name(scan)
				  : skip_padded_name(scan, entry);
}

/*
 * Extensions up to the checksum; one whose name does not begin with a
 * capital ("link", "sdir") changes the meaning of what came before.
 */
static bool
scan_extensions(struct index_scan *scan)
{
	while ((size_t)(scan->end - scan->at) >= scan->oid_bytes + 8) {
		if (scan->at[0] < 'A' || scan->at[0] > 'Z')
			return false;
		size_t size = get32(scan->at + 4);
		scan->at += 8;
		if (size > (size_t)(scan->end - scan->at))
			return false;
		scan->at += size;
	}
	return (size_t)(scan->end - scan->at) == scan->oid_bytes;
}

bool
index_is_plain(const void *bytes, size_t len, size_t oid_bytes)
{
	const uint8_t *at = bytes;
	if (len < HEADER + oid_bytes || memcmp(at, "DIRC", 4) != 0)
		return false;
	struct index_scan scan = {
		.at = at + HEADER,
		.end = at + len,
		.version = get32(at + 4),
		.oid_bytes = oid_bytes,
	};
	if (scan.version < 2 || scan.version > 4)
		return false;
	for (uint32_t n = get32(at + 8); n > 0; n--)
		if (!scan_entry(&scan))
			return false;
	return scan_extensions(&scan);
}

/* --- whether a tree can serve again ----------------------------------- */

#define INDEX_LIMIT ((size_t)512 * 1024 * 1024)

/*
 * What may lie in the git directory of a tree that is as good as new: what git
 * makes there and what a forced checkout replaces. Anything else stands for an
 * operation in progress, settings or a lock.
 */
static const char *const harmless[] = { "HEAD", "ORIG_HEAD", "FETCH_HEAD",
	"REBASE_HEAD", "AUTO_MERGE", "COMMIT_EDITMSG", "MERGE_MSG",
	"MERGE_MODE", "MERGE_RR", "SQUASH_MSG", "TAG_EDITMSG", "commondir",
	"gitdir", "index", "locked", "logs" };

static bool
is_harmless(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(harmless); i++)
		if (strcmp(name, harmless[i]) == 0)
			return true;
	return false;
}

/* Newer versions make an empty one; refs in it would be the agent's. */
static bool
is_empty_dir(const char *path)
{
	return rmdir(path) == 0 && mkdir(path, 0755) == 0;
}

static bool
has_no_state(const char *git_dir)
{
	bool plain = true;
	DIR *dir = opendir(git_dir);
	const struct dirent *entry;
	if (dir == NULL)
		return false;
	while (plain && (entry = readdir(dir)) != NULL) {
		autofree char *path = path_join(git_dir, entry->d_name);
		plain = strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    is_harmless(entry->d_name) ||
		    (strcmp(entry->d_name, "refs") == 0 && is_empty_dir(path));
	}
	closedir(dir);
	return plain;
}

bool
worktree_is_reusable(const char *path)
{
	autoerror struct error ignored = { 0 };
	autostr struct str index = { 0 };
	autofree char *git_dir = head_linked_git_dir(path);
	if (git_dir == NULL || !has_no_state(git_dir))
		return false;
	autofree char *file = path_join(git_dir, "index");
	struct head head = { 0 };
	if (!file_read(file, INDEX_LIMIT, &index, &ignored) ||
	    !head_read(path, &head, &ignored))
		return false;
	size_t oid_bytes = strlen(head.oid) / 2;
	head_release(&head);
	return index_is_plain(str_text(&index), index.len, oid_bytes);
}

void
worktree_checkout_args(struct strv *args, const char *branch, const char *base)
{
	static const char *const checkout[] = { "checkout", "--quiet",
		"--force", NULL };
	const char *const attached[] = { "--no-track", "-B", branch, NULL };
	static const char *const detached[] = { "--detach", NULL };
	strv_add_all(args, checkout);
	strv_add_all(args, branch == NULL ? detached : attached);
	strv_add(args, base);
	strv_add(args, "--");
}

void
worktree_clean_args(struct strv *args)
{
	static const char *const clean[] = { "clean", "--quiet", "-ffdx",
		NULL };
	strv_add_all(args, clean);
}

void
worktree_move_args(struct strv *args, const char *from, const char *base)
{
	static const char *const move[] = { "read-tree", "-m", "-u", NULL };
	strv_add_all(args, move);
	strv_add(args, from);
	strv_add(args, base);
}

static void
sort_entry(struct worktree_status *status, const char *line)
{
	if (line[0] == '!')
		strv_add(&status->ignored, line + 3);
	else if (line[0] == '?')
		strv_add(&status->untracked, line);
	else
		strv_add(&status->changed, line);
}

bool
worktree_status(
    const char *path, struct worktree_status *status, struct error *err)
{
	autostr struct str out = { 0 };
	const char *const args[] = { "--no-optional-locks", "status",
		"--porcelain", "-z", "--no-renames", "--untracked-files=normal",
		"--ignored=traditional", NULL };
	*status = (struct worktree_status){ 0 };
	if (!git_run(path, args, &out, err))
		return false;
	const char *end = str_text(&out) + out.len;
	for (const char *at = str_text(&out); at < end; at += strlen(at) + 1)
		sort_entry(status, at);
	return true;
}

void
worktree_status_release(struct worktree_status *status)
{
	strv_release(&status->changed);
	strv_release(&status->untracked);
	strv_release(&status->ignored);
	*status = (struct worktree_status){ 0 };
}

/* --- a tree in which nothing was left --------------------------------- */

#define FLAG_STAGE 0x3000
#define EXTENDED_INTENT_TO_ADD 0x2000

/* What an index says of a file: its name, and how it looked when added. */
struct index_file {
	const char *name;
	const uint8_t *stat; /* the ten numbers before the object id */
};

struct index_view {
	struct str bytes;
	struct timespec written;
	size_t oid_bytes;
	struct index_file *files; /* in the order of their names */
	size_t n;
	char tree[GIT_OID_SIZE]; /* what the index would be as a tree object */
};

static void
view_release(struct index_view *view)
{
	str_release(&view->bytes);
	free(view->files);
}

static bool
view_read(struct index_view *view, const char *path)
{
	autoerror struct error ignored = { 0 };
	struct stat st;
	struct head head = { 0 };
	autofree char *git_dir = head_git_dir(path, &ignored);
	if (git_dir == NULL || !head_read(path, &head, &ignored))
		return false;
	view->oid_bytes = strlen(head.oid) / 2;
	head_release(&head);
	autofree char *file = path_join(git_dir, "index");
	if (stat(file, &st) != 0 ||
	    !file_read(file, INDEX_LIMIT, &view->bytes, &ignored))
		return false;
	view->written = st.st_mtim;
	return true;
}

/* The entries; false when one of them is no plain file of one version. */
static bool
view_entries(struct index_view *view, struct index_scan *scan)
{
	const uint8_t *at = (const uint8_t *)view->bytes.data;
	size_t n = get32(at + 8);
	scan->at = at + HEADER;
	scan->end = at + view->bytes.len;
	scan->version = get32(at + 4);
	scan->oid_bytes = view->oid_bytes;
	if (scan->version > 3)
		return false;
	view->files = mem_array(n, sizeof(*view->files));
	for (; view->n < n; view->n++) {
		const uint8_t *entry = scan->at;
		const uint8_t *name = entry + STAT_FIELDS + scan->oid_bytes + 2;
		unsigned flags = get16(name - 2);
		bool extended = (flags & FLAG_EXTENDED) != 0;
		if (!scan_entry(scan) || (flags & FLAG_STAGE) != 0 ||
		    (extended && (get16(name) & EXTENDED_INTENT_TO_ADD) != 0))
			return false;
		view->files[view->n].stat = entry;
		view->files[view->n].name =
		    (const char *)name + (extended ? 2 : 0);
	}
	return true;
}

/*
 * The tree object of the whole index, out of the extension TREE: an empty
 * path, a number of entries that is negative when the tree is not known, a
 * number of subtrees, and the object id.
 */
static bool
view_tree(struct index_view *view, const uint8_t *at, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *newline = memchr(at, '\n', size);
	if (size < 2 || at[0] != '\0' || at[1] == '-' || newline == NULL ||
	    (size_t)(at + size - newline) < view->oid_bytes + 1)
		return false;
	for (size_t i = 0; i < view->oid_bytes; i++) {
		view->tree[2 * i] = digits[newline[1 + i] >> 4];
		view->tree[2 * i + 1] = digits[newline[1 + i] & 0x0f];
	}
	view->tree[2 * view->oid_bytes] = '\0';
	return true;
}

static bool
view_parse(struct index_view *view)
{
	struct index_scan scan = { 0 };
	if (!index_is_plain(
		str_text(&view->bytes), view->bytes.len, view->oid_bytes) ||
	    !view_entries(view, &scan))
		return false;
	while ((size_t)(scan.end - scan.at) >= scan.oid_bytes + 8) {
		size_t size = get32(scan.at + 4);
		if (memcmp(scan.at, "TREE", 4) == 0)
			return view_tree(view, scan.at + 8, size);
		scan.at += 8 + size;
	}
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_files(
    int dir_fd, struct str *prefix, struct strv *names, size_t limit);

/* One entry of a folder; the root's ".git" belongs to git. */
static bool
list_entry(int dir_fd, const struct dirent *entry, struct str *prefix,
    struct strv *names, size_t limit)
{
	const char *name = entry->d_name;
	size_t len = prefix->len;
	struct stat st;
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    (len == 0 && strcmp(name, ".git") == 0))
		return true;
	bool is_dir = entry->d_type == DT_DIR;
	if (entry->d_type == DT_UNKNOWN) {
		if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return false;
		is_dir = S_ISDIR(st.st_mode);
	}
	str_add(prefix, name);
	bool ok = names->n < limit || is_dir;
	if (ok && !is_dir) {
		strv_add(names, str_text(prefix));
	} else if (ok) {
		int fd = openat(dir_fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		str_add_char(prefix, '/');
		ok = fd >= 0 && list_files(fd, prefix, names, limit);
	}
	str_cut(prefix, len);
	return ok;
}

/* All files below a folder, whose descriptor is taken; at most limit. */
static bool
list_files(int dir_fd, struct str *prefix, struct strv *names, size_t limit)
{
	DIR *dir = fdopendir(dir_fd);
	const struct dirent *entry;
	bool ok = true;
	if (dir == NULL) {
		close(dir_fd);
		return false;
	}
	while (ok && (entry = readdir(dir)) != NULL)
		ok = list_entry(dir_fd, entry, prefix, names, limit);
	closedir(dir);
	return ok;
}

static bool
is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/*
 * As git decides it, but for a file that is as new as the index: it may have
 * been changed in the same tick of the clock, and git would read it.
 */
static bool
is_as_added(const struct index_view *view, const struct index_file *file,
    const struct stat *st)
{
	const uint8_t *said = file->stat;
	uint32_t mode = S_ISLNK(st->st_mode) ? 0120000
	    : !S_ISREG(st->st_mode)	     ? 0
	    : (st->st_mode & S_IXUSR) != 0   ? 0100755
					     : 0100644;
	return get32(said) == (uint32_t)st->st_ctim.tv_sec &&
	    get32(said + 4) == (uint32_t)st->st_ctim.tv_nsec &&
	    get32(said + 8) == (uint32_t)st->st_mtim.tv_sec &&
	    get32(said + 12) == (uint32_t)st->st_mtim.tv_nsec &&
	    get32(said + 20) == (uint32_t)st->st_ino &&
	    get32(said + MODE_OFFSET) == mode &&
	    get32(said + 28) == (uint32_t)st->st_uid &&
	    get32(said + 32) == (uint32_t)st->st_gid &&
	    get32(said + 36) == (uint32_t)st->st_size &&
	    is_before(&st->st_mtim, &view->written);
}

static bool
has_just_these(const struct index_view *view, int root_fd)
{
	autostrv struct strv names = { 0 };
	autostr struct str prefix = { 0 };
	int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !list_files(fd, &prefix, &names, view->n) ||
	    names.n != view->n)
		return false;
	if (names.n > 0)
		qsort(
		    names.items, names.n, sizeof(*names.items), compare_names);
	for (size_t i = 0; i < names.n; i++) {
		struct stat st;
		if (strcmp(names.items[i], view->files[i].name) != 0 ||
		    fstatat(root_fd, names.items[i], &st,
			AT_SYMLINK_NOFOLLOW) != 0 ||
		    !is_as_added(view, &view->files[i], &st))
			return false;
	}
	return true;
}

bool
worktree_is_index(const char *path, char tree[GIT_OID_SIZE])
{
	struct index_view view = { 0 };
	bool same = view_read(&view, path) && view_parse(&view);
	int fd = same ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	same = fd >= 0 && has_just_these(&view, fd);
	if (fd >= 0)
		close(fd);
	if (same)
		memcpy(tree, view.tree, GIT_OID_SIZE);
	view_release(&view);
	return same;
}
