/* SPDX-License-Identifier: MIT */
/* Entries of the stash, and how they are put back. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/git.h"
#include "git/stash_log.h"

#define FILE_LIMIT ((size_t)64 * 1024 * 1024)

/* --- lines: OLD NEW WHO WHEN<tab>MESSAGE ------------------------------ */

/*
 * Calls fn with each line, without its newline, and with what makes it the
 * same entry: all but the first id, which is that of the entry before.
 */
typedef void line_fn(
    const char *line, const char *entry, size_t len, void *arg);

static void
each_line(const struct str *log, line_fn *fn, void *arg)
{
	const char *at = str_text(log);
	const char *end = at + log->len;
	while (at < end) {
		size_t len = strcspn(at, "\n");
		const char *blank = memchr(at, ' ', len);
		if (blank != NULL)
			fn(at, blank + 1, (size_t)(at + len - blank) - 1, arg);
		at += len + 1;
	}
}

struct entry_search {
	const char *entry;
	size_t len;
	bool found;
};

static void
look_at(const char *line, const char *entry, size_t len, void *arg)
{
	struct entry_search *search = arg;
	(void)line;
	if (len == search->len && memcmp(entry, search->entry, len) == 0)
		search->found = true;
}

static bool
has_entry(const struct str *log, const char *entry, size_t len)
{
	struct entry_search search = { .entry = entry, .len = len };
	each_line(log, look_at, &search);
	return search.found;
}

struct join {
	const struct str *other;
	struct str *out;
	char last[GIT_OID_SIZE]; /* of the last entry in out */
	bool lacks;
};

static void
note_last(struct join *join, const char *entry)
{
	size_t len = strcspn(entry, " ");
	if (len < sizeof(join->last)) {
		memcpy(join->last, entry, len);
		join->last[len] = '\0';
	}
}

static void
take_old(const char *line, const char *entry, size_t len, void *arg)
{
	struct join *join = arg;
	join->lacks = join->lacks || !has_entry(join->other, entry, len);
	str_add_n(join->out, line, (size_t)(entry - line) + len);
	str_add_char(join->out, '\n');
	note_last(join, entry);
}

static void
take_new(const char *line, const char *entry, size_t len, void *arg)
{
	struct join *join = arg;
	(void)line;
	if (has_entry(join->other, entry, len))
		return;
	str_format(join->out, "%s ", join->last);
	str_add_n(join->out, entry, len);
	str_add_char(join->out, '\n');
	note_last(join, entry);
}

bool
stash_log_join(
    const struct str *before, const struct str *now, struct str *joined)
{
	struct join join = { .other = now, .out = joined };
	each_line(before, take_old, &join);
	if (!join.lacks)
		return false;
	join.other = before;
	each_line(now, take_new, &join);
	return true;
}

static void
add_commit(const char *line, const char *entry, size_t len, void *arg)
{
	struct strv *commits = arg;
	(void)line;
	(void)len;
	strv_give(commits, mem_text_n(entry, strcspn(entry, " ")));
}

void
stash_log_commits(const struct str *log, struct strv *commits)
{
	each_line(log, add_commit, commits);
}

/* --- putting back ----------------------------------------------------- */

static bool
are_there(
    const struct repo *repo, const struct strv *commits, struct error *err)
{
	autostr struct str input = { 0 };
	struct git_result git = { 0 };
	for (size_t i = 0; i < commits->n; i++)
		str_format(&input, "%s^{tree}\n", commits->items[i]);
	const struct git_options options = {
		.input = str_text(&input),
		.input_len = input.len,
	};
	const char *const args[] = { "cat-file", "--batch-check", NULL };
	if (!git_call(repo->common_dir, args, &options, &git, err))
		return false;
	bool all =
	    git.code == 0 && strstr(str_text(&git.out), " missing") == NULL;
	git_result_release(&git);
	return all ||
	    error_set(err, ERROR_GIT, "a commit of the stash is gone");
}

/* As its neighbours: others may have to read and write it, too. */
static bool
write_log(const struct repo *repo, const char *path, const struct str *log,
    struct error *err)
{
	struct stat st;
	autofree char *folder = path_parent(path);
	autofree char *head = path_join(repo->common_dir, "HEAD");
	if (!path_make_dirs(folder, err) ||
	    !file_replace(path, str_text(log), log->len, err))
		return false;
	if (stat(head, &st) == 0)
		(void)chmod(path, st.st_mode & 0666);
	return true;
}

static bool
replace(const struct repo *repo, const struct str *now, const struct str *log,
    const char *lock, int fd, struct error *err)
{
	autostr struct str found = { 0 };
	autostrv struct strv commits = { 0 };
	autofree char *path = path_join(repo->common_dir, "logs/refs/stash");
	autofree char *ref = path_join(repo->common_dir, "refs/stash");
	stash_log_commits(log, &commits);
	if (path_exists(path) && !file_read(path, FILE_LIMIT, &found, err))
		return false;
	if (found.len != now->len ||
	    memcmp(str_text(&found), str_text(now), found.len) != 0)
		return error_set(err, ERROR_STATE, "it has changed once more");
	autofree char *tip = mem_format("%s\n", commits.items[commits.n - 1]);
	if (!file_write_all(fd, tip, strlen(tip), err) ||
	    !write_log(repo, path, log, err))
		return false;
	return rename(lock, ref) == 0 || error_system(err, "renaming %s", lock);
}

bool
stash_log_restore(const struct repo *repo, const struct str *now,
    const struct str *log, struct error *err)
{
	autostrv struct strv commits = { 0 };
	autofree char *lock = path_join(repo->common_dir, "refs/stash.lock");
	stash_log_commits(log, &commits);
	if (commits.n == 0 || !are_there(repo, &commits, err))
		return false;
	autofd int fd = open(
	    lock, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_system(err, "creating %s", lock);
	if (replace(repo, now, log, lock, fd, err))
		return true;
	(void)unlink(lock);
	return false;
}
