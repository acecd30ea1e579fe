/* SPDX-License-Identifier: MIT */
/* Objects and refs through git processes that stay. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/batch.h"
#include "git/harden.h"
#include "git/head.h"
#include "git/merger.h"
#include "git/objects.h"

#define MARK_DIGITS 24
#define MARK_SIZE (sizeof("end-\n") + MARK_DIGITS)
#define SCRATCH_DIGITS 16
#define DIFFS_KEPT 16
#define DIFF_LIMIT 16384 /* bytes of a reply that is kept */
#define COMMITS_KEPT 64 /* each item's is asked for five times */
#define MODE_TREE 040000
#define MODE_SUBMODULE 0160000

/* A commit that was read or written a short while ago: it cannot change. */
struct objects_kept {
	char oid[GIT_OID_SIZE];
	struct commit commit;
};

struct objects_read {
	TAILQ_ENTRY(objects_read) link; /* of those that wait for their timer */
	struct timer *timer; /* pending: a kept commit is about to be told */
	struct objects *objects;
	char oid[GIT_OID_SIZE];
	objects_commit_fn *fn;
	void *arg;
	void (*forget)(
	    void *arg); /* without an answer; NULL: the caller does */
};

/* How two commits differ, as git said it: each is asked for twice. */
struct objects_diff {
	char *request;
	struct str reply;
};

struct objects_compare {
	TAILQ_ENTRY(objects_compare) link; /* of those that wait for it */
	struct timer *timer; /* pending: a kept reply is about to be told */
	struct objects *objects;
	char *request;
	batch_reply_fn *fn;
	void *arg;
	void (*forget)(void *arg);
};

struct objects {
	struct loop *loop;
	struct objects_diff diffs[DIFFS_KEPT];
	size_t next_diff;
	TAILQ_HEAD(, objects_compare) compared; /* out of the kept ones, soon */
	struct objects_kept kept[COMMITS_KEPT];
	size_t next_kept; /* where the next one goes */
	TAILQ_HEAD(, objects_read) told; /* out of the kept ones, soon */
	char *dir;
	char *scratch;
	struct batch *reader; /* cat-file --batch */
	struct batch *writer; /* hash-object --stdin-paths */
	struct batch *refs; /* update-ref --stdin */
	struct batch *differ; /* diff-tree --stdin */
	struct merger *merger;
	struct harden *harden; /* NULL: dir is no work tree */
	/*
	 * A line that diff-tree echoes, since it is no object id, and flushes.
	 * It is random, so that no file name can look like the end of a reply.
	 */
	char mark[MARK_SIZE];
};

/* --- the processes ---------------------------------------------------- */

/* "<oid> <type> <size>\n<contents>\n", or "<name> missing\n". */
static size_t
measure_object(const char *bytes, size_t len, void *arg)
{
	(void)arg;
	const char *end = memchr(bytes, '\n', len);
	if (end == NULL)
		return 0;
	size_t header = (size_t)(end - bytes) + 1;
	const char *blank = memrchr(bytes, ' ', header);
	if (blank == NULL || !isdigit((unsigned char)blank[1]))
		return header;
	size_t size = (size_t)strtoul(blank + 1, NULL, 10);
	return len - header > size ? header + size + 1 : 0;
}

static size_t
measure_line(const char *bytes, size_t len, void *arg)
{
	(void)arg;
	const char *end = memchr(bytes, '\n', len);
	return end == NULL ? 0 : (size_t)(end - bytes) + 1;
}

/* Each command is acknowledged; "commit: ok" is the last. */
static size_t
measure_refs(const char *bytes, size_t len, void *arg)
{
	static const char last[] = "commit: ok\n";
	(void)arg;
	const char *found = memmem(bytes, len, last, sizeof(last) - 1);
	return found == NULL ? 0 : (size_t)(found - bytes) + sizeof(last) - 1;
}

static size_t
measure_diff(const char *bytes, size_t len, void *mark)
{
	size_t n = strlen(mark);
	bool complete = len >= n && memcmp(bytes + len - n, mark, n) == 0;
	return complete ? len : 0;
}

static struct batch *
stay(struct objects *objects, const char *const *args,
    batch_measure_fn *measure, void (*forget)(void *arg))
{
	struct batch_spec spec = {
		.dir = objects->dir,
		.args = args,
		.measure = measure,
		.arg = objects->mark,
		.forget = forget,
	};
	return batch_new(objects->loop, &spec);
}

struct loop *
objects_loop(const struct objects *objects)
{
	return objects->loop;
}

struct merger *
objects_merger(const struct objects *objects)
{
	return objects->merger;
}

/* Sets err from what a process said over a request. */
static void
complain(struct error *err, const char *what, const char *complaint)
{
	struct git_result said = { .code = 1 };
	str_add(&said.err, complaint);
	git_complain(what, &said, err);
	git_result_release(&said);
}

/* --- reading a commit ------------------------------------------------- */

static const struct commit *
find_kept(const struct objects *objects, const char *oid)
{
	for (size_t i = 0; i < COMMITS_KEPT; i++)
		if (strcmp(objects->kept[i].oid, oid) == 0)
			return &objects->kept[i].commit;
	return NULL;
}

/* The oldest one makes room. */
static void
keep_commit(
    struct objects *objects, const char *oid, const struct commit *commit)
{
	struct objects_kept *kept = &objects->kept[objects->next_kept];
	if (find_kept(objects, oid) != NULL)
		return;
	strv_release(&kept->commit.parents);
	*kept = (struct objects_kept){ 0 };
	snprintf(kept->oid, sizeof(kept->oid), "%s", oid);
	memcpy(kept->commit.tree, commit->tree, sizeof(kept->commit.tree));
	strv_copy(&kept->commit.parents, &commit->parents);
	objects->next_kept = (objects->next_kept + 1) % COMMITS_KEPT;
}

static void
take_header_line(struct commit *commit, const char *line, size_t len)
{
	autofree char *text = mem_text_n(line, len);
	if (text_starts_with(text, "tree ") && git_is_oid(text + 5))
		memcpy(commit->tree, text + 5, strlen(text + 5) + 1);
	else if (text_starts_with(text, "parent ") && git_is_oid(text + 7))
		strv_add(&commit->parents, text + 7);
}

/* The header of a commit object: lines up to an empty one. */
static void
parse_commit(const char *text, const char *end, struct commit *commit)
{
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL || stop == text)
			return;
		take_header_line(commit, text, (size_t)(stop - text));
		text = stop + 1;
	}
}

static void
commit_came(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct objects_read *read = arg;
	autoerror struct error err = { 0 };
	struct commit commit = { 0 };
	const char *type = reply == NULL ? NULL : strchr(reply, ' ');
	if (reply == NULL)
		complain(&err, "reading a commit", complaint);
	else if (type == NULL || !text_starts_with(type, " commit "))
		error_set(&err, ERROR_GIT,
		    "%s is not a commit that can be read", read->oid);
	else
		parse_commit(strchr(reply, '\n') + 1, reply + len, &commit);
	bool ok = err.kind == ERROR_NONE;
	if (ok)
		keep_commit(read->objects, read->oid, &commit);
	read->fn(ok ? &commit : NULL, ok ? NULL : &err, read->arg);
	strv_release(&commit.parents);
	free(read);
}

static void
forget_read(void *arg)
{
	struct objects_read *read = arg;
	if (read->forget != NULL)
		read->forget(read->arg);
	free(read);
}

static void read_commit(struct objects *objects, const char *oid,
    objects_commit_fn *fn, void *arg, void (*forget)(void *arg));

/* The commit is copied: fn may read others, which need its place. */
static void
tell_kept(void *arg)
{
	struct objects_read *read = arg;
	struct objects *objects = read->objects;
	const struct commit *kept = find_kept(objects, read->oid);
	TAILQ_REMOVE(&objects->told, read, link);
	if (kept == NULL) {
		read_commit(
		    objects, read->oid, read->fn, read->arg, read->forget);
		free(read);
		return;
	}
	struct commit commit = { 0 };
	memcpy(commit.tree, kept->tree, sizeof(commit.tree));
	strv_copy(&commit.parents, &kept->parents);
	read->fn(&commit, NULL, read->arg);
	strv_release(&commit.parents);
	free(read);
}

static void
read_commit(struct objects *objects, const char *oid, objects_commit_fn *fn,
    void *arg, void (*forget)(void *arg))
{
	struct objects_read *read = mem_zalloc(sizeof(*read));
	read->objects = objects;
	snprintf(read->oid, sizeof(read->oid), "%s", oid);
	read->fn = fn;
	read->arg = arg;
	read->forget = forget;
	if (find_kept(objects, oid) != NULL) {
		TAILQ_INSERT_TAIL(&objects->told, read, link);
		read->timer = loop_after(objects->loop, 0, tell_kept, read);
		return;
	}
	autofree char *line = mem_format("%s\n", read->oid);
	batch_send(objects->reader, line, strlen(line), commit_came, read);
}

void
objects_read_commit(
    struct objects *objects, const char *oid, objects_commit_fn *fn, void *arg)
{
	read_commit(objects, oid, fn, arg, NULL);
}

/* --- writing a commit ------------------------------------------------- */

/*
 * The text goes through a file: the command that reads an object from its
 * standard input reads to the end of it, and could not stay.
 */
struct objects_write {
	struct objects *objects;
	struct commit commit; /* that is written */
	char *path;
	objects_oid_fn *fn;
	void *arg;
	struct error err; /* why nothing could be asked */
};

static void
forget_write(void *arg)
{
	struct objects_write *write = arg;
	(void)unlink(write->path);
	error_release(&write->err);
	strv_release(&write->commit.parents);
	free(write->path);
	free(write);
}

static void
end_write(struct objects_write *write, const char *oid, const struct error *err)
{
	(void)unlink(write->path);
	write->fn(oid, err, write->arg);
	forget_write(write);
}

static void
commit_written(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct objects_write *write = arg;
	autoerror struct error err = { 0 };
	autofree char *oid = reply == NULL ? NULL : mem_text_n(reply, len - 1);
	if (oid == NULL)
		complain(&err, "writing a commit", complaint);
	else if (!git_is_oid(oid))
		error_set(
		    &err, ERROR_GIT, "writing a commit: git said '%s'", oid);
	bool ok = err.kind == ERROR_NONE;
	if (ok)
		keep_commit(write->objects, oid, &write->commit);
	end_write(write, ok ? oid : NULL, ok ? NULL : &err);
}

static void
scratch_failed(void *arg)
{
	struct objects_write *write = arg;
	end_write(write, NULL, &write->err);
}

static bool
write_scratch(const char *path, const char *text, size_t len, struct error *err)
{
	autofd int fd = file_open_append(path, err);
	return fd >= 0 &&
	    (file_write_all(fd, text, len, err) || error_wrap(err, "%s", path));
}

/* A line of --stdin-paths: in C's quotes a path may hold anything. */
static void
add_quoted_line(struct str *line, const char *path)
{
	str_add_char(line, '"');
	for (; *path != '\0'; path++) {
		if (*path == '\n') {
			str_add(line, "\\n");
			continue;
		}
		if (*path == '"' || *path == '\\')
			str_add_char(line, '\\');
		str_add_char(line, *path);
	}
	str_add(line, "\"\n");
}

void
objects_write_commit(struct objects *objects, const char *text, size_t len,
    objects_oid_fn *fn, void *arg)
{
	char digits[SCRATCH_DIGITS + 1];
	autostr struct str line = { 0 };
	autofree char *name =
	    mem_format(".commit.%s.tmp", id_hex(digits, SCRATCH_DIGITS));
	struct objects_write *write = mem_zalloc(sizeof(*write));
	write->objects = objects;
	parse_commit(text, text + len, &write->commit);
	write->path = path_join(objects->scratch, name);
	write->fn = fn;
	write->arg = arg;
	if (!write_scratch(write->path, text, len, &write->err)) {
		loop_defer(objects->loop, scratch_failed, write);
		return;
	}
	add_quoted_line(&line, write->path);
	batch_send(objects->writer, line.data, line.len, commit_written, write);
}

/* --- ancestry --------------------------------------------------------- */

struct objects_ancestry {
	objects_ancestor_fn *fn;
	void *arg;
	struct error err; /* why git could not be started */
};

static void
end_ancestry(
    struct objects_ancestry *ancestry, bool yes, const struct error *err)
{
	ancestry->fn(yes, err, ancestry->arg);
	error_release(&ancestry->err);
	free(ancestry);
}

static void
ancestry_came(const struct git_result *git, void *arg)
{
	autoerror struct error err = { 0 };
	if (git->code > 1)
		git_complain("git merge-base", git, &err);
	end_ancestry(arg, git->code == 0, git->code > 1 ? &err : NULL);
}

static void
ancestry_failed(void *arg)
{
	struct objects_ancestry *ancestry = arg;
	end_ancestry(ancestry, false, &ancestry->err);
}

void
objects_is_ancestor(struct objects *objects, const char *oid, const char *tip,
    objects_ancestor_fn *fn, void *arg)
{
	const char *const args[] = { "merge-base", "--is-ancestor", oid, tip,
		NULL };
	struct objects_ancestry *ancestry = mem_zalloc(sizeof(*ancestry));
	ancestry->fn = fn;
	ancestry->arg = arg;
	if (!git_start(objects->loop, objects->dir, args, ancestry_came,
		ancestry, &ancestry->err))
		loop_defer(objects->loop, ancestry_failed, ancestry);
}

/* --- the commits between a base and a tip ----------------------------- */

/*
 * They are read one by one as long as each has one parent, which is so of what
 * agents make; where that is not so, git lists them.
 */
struct objects_walk {
	struct objects *objects;
	char base[GIT_OID_SIZE];
	char tip[GIT_OID_SIZE];
	struct strv newest_first;
	objects_walk_fn *fn;
	void *arg;
};

static void
forget_walk(void *arg)
{
	struct objects_walk *walk = arg;
	strv_release(&walk->newest_first);
	free(walk);
}

static void
end_walk(struct objects_walk *walk, bool descends, const struct error *err)
{
	autostrv struct strv oids = { 0 };
	for (size_t i = walk->newest_first.n; descends && i-- > 0;)
		strv_add(&oids, walk->newest_first.items[i]);
	walk->fn(err == NULL ? &oids : NULL, descends, err, walk->arg);
	forget_walk(walk);
}

/* Lines of a listing that are not empty. */
static void
take_lines(const struct git_result *git, struct strv *lines)
{
	autofree char *copy = mem_text(str_text(&git->out));
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (*line != '\0')
			strv_add(lines, line);
}

static void
walk_listed(const struct git_result *git, void *arg)
{
	struct objects_walk *walk = arg;
	autoerror struct error err = { 0 };
	if (git->code == 0) {
		take_lines(git, &walk->newest_first);
		end_walk(walk, true, NULL);
	} else {
		git_complain("git rev-list", git, &err);
		end_walk(walk, false, &err);
	}
}

static void
list_walk(bool descends, const struct error *why, void *arg)
{
	struct objects_walk *walk = arg;
	autoerror struct error err = { 0 };
	autofree char *range = mem_format("%s..%s", walk->base, walk->tip);
	autofree char *limit = mem_format("--max-count=%d", OBJECTS_WALK_LIMIT);
	const char *const args[] = { "rev-list", limit, range, "--", NULL };
	if (why != NULL || !descends)
		end_walk(walk, false, why);
	else if (!git_start(walk->objects->loop, walk->objects->dir, args,
		     walk_listed, walk, &err))
		end_walk(walk, false, &err);
}

static void
walk_on(const struct commit *commit, const struct error *err, void *arg)
{
	struct objects_walk *walk = arg;
	if (commit == NULL) {
		end_walk(walk, false, err);
		return;
	}
	if (commit->parents.n != 1 ||
	    walk->newest_first.n >= OBJECTS_WALK_LIMIT) {
		strv_clear(&walk->newest_first);
		objects_is_ancestor(
		    walk->objects, walk->base, walk->tip, list_walk, walk);
		return;
	}
	const char *parent = commit->parents.items[0];
	if (strcmp(parent, walk->base) == 0) {
		end_walk(walk, true, NULL);
		return;
	}
	strv_add(&walk->newest_first, parent);
	read_commit(walk->objects, parent, walk_on, walk, forget_walk);
}

/* Where tip is base, that it exists is all there is to know. */
static void
base_read(const struct commit *commit, const struct error *err, void *arg)
{
	end_walk(arg, commit != NULL, err);
}

void
objects_walk(struct objects *objects, const char *base, const char *tip,
    objects_walk_fn *fn, void *arg)
{
	struct objects_walk *walk = mem_zalloc(sizeof(*walk));
	walk->objects = objects;
	snprintf(walk->base, sizeof(walk->base), "%s", base);
	snprintf(walk->tip, sizeof(walk->tip), "%s", tip);
	walk->fn = fn;
	walk->arg = arg;
	if (strcmp(base, tip) == 0) {
		read_commit(objects, tip, base_read, walk, forget_walk);
		return;
	}
	strv_add(&walk->newest_first, tip);
	read_commit(objects, tip, walk_on, walk, forget_walk);
}

/* --- comparing two commits -------------------------------------------- */

/* An entry of the raw output: what differs at a path. */
struct objects_entry {
	unsigned old_mode; /* 0: there was nothing */
	unsigned mode; /* 0: there is nothing any more */
	const char *oid; /* of what is there now; a blank follows it */
	size_t oid_len;
	const char *path;
};

/*
 * ":100644 100644 <old oid> <new oid> M", NUL, path, NUL: the entry at *at,
 * which moves behind it; false at the end.
 */
static bool
next_entry(const char **at, const char *end, struct objects_entry *entry)
{
	char *rest;
	if (*at >= end || **at != ':')
		return false;
	entry->old_mode = (unsigned)strtoul(*at + 1, &rest, 8);
	entry->mode = (unsigned)strtoul(rest, &rest, 8);
	rest += strspn(rest, " ");
	rest += strcspn(rest, " ");
	rest += strspn(rest, " ");
	entry->oid = rest;
	entry->oid_len = strcspn(rest, " ");
	entry->path = rest + strlen(rest) + 1;
	if (entry->path >= end)
		return false;
	*at = entry->path + strlen(entry->path) + 1;
	return true;
}

static const struct str *
find_diff(const struct objects *objects, const char *request)
{
	for (size_t i = 0; i < DIFFS_KEPT; i++)
		if (objects->diffs[i].request != NULL &&
		    strcmp(objects->diffs[i].request, request) == 0)
			return &objects->diffs[i].reply;
	return NULL;
}

static void
forget_compare(void *arg)
{
	struct objects_compare *compare = arg;
	if (compare->forget != NULL)
		compare->forget(compare->arg);
	free(compare->request);
	free(compare);
}

static void
end_compare(struct objects_compare *compare, const char *reply, size_t len,
    const char *complaint)
{
	compare->fn(reply, len, complaint, compare->arg);
	compare->forget = NULL;
	forget_compare(compare);
}

/* A reply that is no more than the mark is a failure, and is not kept. */
static void
compared(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct objects_compare *compare = arg;
	struct objects *objects = compare->objects;
	struct objects_diff *diff = &objects->diffs[objects->next_diff];
	if (reply != NULL && len > strlen(objects->mark) && len < DIFF_LIMIT &&
	    find_diff(objects, compare->request) == NULL) {
		free(diff->request);
		diff->request = mem_text(compare->request);
		str_clear(&diff->reply);
		str_add_n(&diff->reply, reply, len);
		objects->next_diff = (objects->next_diff + 1) % DIFFS_KEPT;
	}
	end_compare(compare, reply, len, complaint);
}

/* The reply is copied: whoever gets it may ask for more, which needs room. */
static void
tell_diff(void *arg)
{
	struct objects_compare *compare = arg;
	struct objects *objects = compare->objects;
	const struct str *kept = find_diff(objects, compare->request);
	autostr struct str reply = { 0 };
	TAILQ_REMOVE(&objects->compared, compare, link);
	if (kept == NULL) {
		batch_send(objects->differ, compare->request,
		    strlen(compare->request), compared, compare);
		return;
	}
	str_add_str(&reply, kept);
	end_compare(compare, reply.data, reply.len, NULL);
}

/* Asks how to differs from its parent from; NULL: from nothing at all. */
static void
compare(struct objects *objects, const char *from, const char *to,
    batch_reply_fn *fn, void *arg, void (*forget)(void *arg))
{
	struct objects_compare *compare = mem_zalloc(sizeof(*compare));
	compare->objects = objects;
	compare->request = from == NULL
	    ? mem_format("%s\n%s", to, objects->mark)
	    : mem_format("%s %s\n%s", to, from, objects->mark);
	compare->fn = fn;
	compare->arg = arg;
	compare->forget = forget;
	if (find_diff(objects, compare->request) == NULL) {
		batch_send(objects->differ, compare->request,
		    strlen(compare->request), compared, compare);
		return;
	}
	TAILQ_INSERT_TAIL(&objects->compared, compare, link);
	compare->timer = loop_after(objects->loop, 0, tell_diff, compare);
}

/*
 * The entries of a reply: they follow the id of the commit and a NUL, and the
 * mark follows them. Of commits that it cannot read, git says nothing but the
 * mark. False with err set on failure.
 */
static bool
find_entries(const struct objects *objects, const char *reply, size_t len,
    const char *complaint, const char **at, const char **end, struct error *err)
{
	if (reply == NULL) {
		complain(err, "comparing commits", complaint);
		return false;
	}
	*end = reply + len - strlen(objects->mark);
	if (*end == reply)
		return error_set(
		    err, ERROR_GIT, "a commit is missing, or has another type");
	*at = reply + strlen(reply) + 1;
	return true;
}

struct objects_changes {
	struct objects *objects;
	char from[GIT_OID_SIZE];
	char to[GIT_OID_SIZE];
	objects_changed_fn *fn;
	void *arg;
};

/*
 * "INSERTIONS TAB DELETIONS TAB PATH", NUL, for each file behind the entries;
 * of one that is no text, or too large to be looked at, "-" for both.
 */
static void
add_lines(const char *at, const char *end, struct objects_changed *changed)
{
	while (at < end) {
		char *rest;
		changed->insertions += strtoll(at, &rest, 10);
		if (*rest == '\t')
			changed->deletions += strtoll(rest + 1, NULL, 10);
		at += strlen(at) + 1;
	}
}

static void
changes_came(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct objects_changes *changes = arg;
	struct objects_entry entry;
	const char *at, *end;
	autoerror struct error err = { 0 };
	struct objects_changed changed = { 0 };
	bool ok = find_entries(changes->objects, reply, len, complaint, &at,
		      &end, &err) ||
	    error_wrap(&err, "%s and %s", changes->from, changes->to);
	while (ok && next_entry(&at, end, &entry)) {
		if (entry.mode != MODE_TREE && entry.old_mode != MODE_TREE)
			strv_add(&changed.paths, entry.path);
		if (entry.mode == MODE_SUBMODULE)
			strv_add(&changed.links, entry.path);
	}
	if (ok)
		add_lines(at, end, &changed);
	changes->fn(ok ? &changed : NULL, ok ? NULL : &err, changes->arg);
	strv_release(&changed.paths);
	strv_release(&changed.links);
	free(changes);
}

void
objects_changes(struct objects *objects, const char *from, const char *to,
    objects_changed_fn *fn, void *arg)
{
	struct objects_changes *changes = mem_zalloc(sizeof(*changes));
	changes->objects = objects;
	snprintf(changes->from, sizeof(changes->from), "%s", from);
	snprintf(changes->to, sizeof(changes->to), "%s", to);
	changes->fn = fn;
	changes->arg = arg;
	compare(objects, from, to, changes_came, changes, free);
}

/* --- refs ------------------------------------------------------------- */

struct objects_transaction {
	objects_done_fn *fn;
	void *arg;
	void (*forget)(void *arg);
};

static void
forget_transaction(void *arg)
{
	struct objects_transaction *transaction = arg;
	if (transaction->forget != NULL)
		transaction->forget(transaction->arg);
	free(transaction);
}

/*
 * Git has no status for a failed comparison, only words, which LC_ALL=C keeps
 * from being translated.
 */
static bool
tells_of_other_value(const char *complaint)
{
	static const char *const words[] = { "but expected",
		"reference already exists", "unable to resolve reference",
		"reference is missing" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(complaint, words[i]) != NULL)
			return true;
	return false;
}

static void
refs_updated(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct objects_transaction *transaction = arg;
	autoerror struct error err = { 0 };
	(void)len;
	if (reply == NULL) {
		complain(&err, "updating refs", complaint);
		if (tells_of_other_value(complaint))
			err.kind = ERROR_STATE;
	}
	transaction->fn(reply == NULL ? &err : NULL, transaction->arg);
	free(transaction);
}

/* With -z a name is followed by a blank, a value by NUL (git-update-ref). */
static void
add_change(struct str *text, const struct ref_change *change)
{
	str_add(text, change->new == NULL ? "delete " : "update ");
	str_add(text, change->ref);
	str_add_char(text, '\0');
	if (change->new != NULL) {
		str_add(text, change->new);
		str_add_char(text, '\0');
	}
	if (change->old != NULL)
		str_add(text, change->old);
	str_add_char(text, '\0');
}

static void
add_transaction(struct str *text, const struct ref_change *changes, size_t n)
{
	static const char begin[] = "start";
	static const char end[] = "prepare\0commit";
	str_add_n(text, begin, sizeof(begin));
	for (size_t i = 0; i < n; i++)
		add_change(text, &changes[i]);
	str_add_n(text, end, sizeof(end));
}

static void
send_transaction(struct objects *objects, const struct str *text,
    objects_done_fn *fn, void *arg, void (*forget)(void *arg))
{
	struct objects_transaction *transaction =
	    mem_zalloc(sizeof(*transaction));
	transaction->fn = fn;
	transaction->arg = arg;
	transaction->forget = forget;
	batch_send(
	    objects->refs, text->data, text->len, refs_updated, transaction);
}

void
objects_update_refs(struct objects *objects, const struct ref_change *changes,
    size_t n, objects_done_fn *fn, void *arg)
{
	autostr struct str text = { 0 };
	add_transaction(&text, changes, n);
	send_transaction(objects, &text, fn, arg, NULL);
}

/* --- making work durable ---------------------------------------------- */

/*
 * What a tip brought: its commits back to those that are known, and the trees
 * and files in which each of them differs from its first parent.
 */
struct objects_hardened {
	struct objects *objects;
	struct strv known;
	struct strv commits; /* to look at, the tip first */
	size_t at; /* of commits */
	bool complete; /* commits has all of them: git listed them */
	struct strv found;
	struct str transaction; /* empty: no ref changes */
	struct strv refs;
	objects_done_fn *fn;
	void *arg;
};

static void
forget_hardened(void *arg)
{
	struct objects_hardened *hardened = arg;
	strv_release(&hardened->known);
	strv_release(&hardened->commits);
	strv_release(&hardened->found);
	strv_release(&hardened->refs);
	str_release(&hardened->transaction);
	free(hardened);
}

static void
end_hardening(const struct error *err, void *arg)
{
	struct objects_hardened *hardened = arg;
	hardened->fn(err, hardened->arg);
	forget_hardened(hardened);
}

static void
refs_changed(const struct error *err, void *arg)
{
	struct objects_hardened *hardened = arg;
	if (err != NULL)
		end_hardening(err, hardened);
	else
		harden_refs(hardened->objects->harden, &hardened->refs,
		    end_hardening, hardened);
}

static void
objects_written(const struct error *err, void *arg)
{
	struct objects_hardened *hardened = arg;
	if (err != NULL || hardened->transaction.len == 0)
		refs_changed(err, hardened);
	else
		send_transaction(hardened->objects, &hardened->transaction,
		    refs_changed, hardened, forget_hardened);
}

static void look_at_next(struct objects_hardened *hardened);

/* A submodule's commit is another repository's. */
static void
new_objects_came(
    const char *reply, size_t len, const char *complaint, void *arg)
{
	struct objects_hardened *hardened = arg;
	struct objects_entry entry;
	const char *at, *end;
	autoerror struct error err = { 0 };
	if (!find_entries(
		hardened->objects, reply, len, complaint, &at, &end, &err)) {
		error_wrap(&err, "%s", hardened->commits.items[hardened->at]);
		end_hardening(&err, hardened);
		return;
	}
	while (next_entry(&at, end, &entry))
		if (entry.mode != 0 && entry.mode != MODE_SUBMODULE)
			strv_give(&hardened->found,
			    mem_text_n(entry.oid, entry.oid_len));
	hardened->at++;
	look_at_next(hardened);
}

static void
new_commits_listed(const struct git_result *git, void *arg)
{
	struct objects_hardened *hardened = arg;
	autoerror struct error err = { 0 };
	if (git->code == 0) {
		take_lines(git, &hardened->commits);
		look_at_next(hardened);
	} else {
		git_complain("git rev-list", git, &err);
		end_hardening(&err, hardened);
	}
}

static void
list_new_commits(struct objects_hardened *hardened)
{
	struct objects *objects = hardened->objects;
	autoerror struct error err = { 0 };
	autostrv struct strv args = { 0 };
	strv_add(&args, "rev-list");
	strv_format(&args, "--max-count=%d", OBJECTS_WALK_LIMIT + 1);
	strv_add(&args, hardened->commits.items[0]);
	strv_add(&args, "--not");
	strv_copy(&args, &hardened->known);
	strv_add(&args, "--");
	strv_clear(&hardened->commits);
	strv_clear(&hardened->found);
	hardened->at = 0;
	hardened->complete = true;
	if (!git_start(objects->loop, objects->dir,
		(const char *const *)strv_array(&args), new_commits_listed,
		hardened, &err))
		end_hardening(&err, hardened);
}

/*
 * The first parent of each commit is followed as long as all the others are
 * known, which is so of what agents make and of our merges of it.
 */
static bool
find_parent(struct objects_hardened *hardened, const struct commit *commit)
{
	const struct strv *parents = &commit->parents;
	for (size_t i = 1; i < parents->n; i++)
		if (!strv_has(&hardened->known, parents->items[i]))
			return false;
	if (parents->n > 0 && !strv_has(&hardened->known, parents->items[0]))
		strv_add(&hardened->commits, parents->items[0]);
	return true;
}

static void
new_commit_read(const struct commit *commit, const struct error *err, void *arg)
{
	struct objects_hardened *hardened = arg;
	if (commit == NULL) {
		end_hardening(err, hardened);
		return;
	}
	if (!hardened->complete && !find_parent(hardened, commit)) {
		list_new_commits(hardened);
		return;
	}
	const char *oid = hardened->commits.items[hardened->at];
	strv_add(&hardened->found, oid);
	strv_add(&hardened->found, commit->tree);
	compare(hardened->objects,
	    commit->parents.n > 0 ? commit->parents.items[0] : NULL, oid,
	    new_objects_came, hardened, forget_hardened);
}

/* A history that is very long is not worth the time to look for objects. */
static void
look_at_next(struct objects_hardened *hardened)
{
	struct objects *objects = hardened->objects;
	if (hardened->commits.n > OBJECTS_WALK_LIMIT)
		harden_everything(objects->harden, objects_written, hardened);
	else if (hardened->at < hardened->commits.n)
		read_commit(objects, hardened->commits.items[hardened->at],
		    new_commit_read, hardened, forget_hardened);
	else
		harden_objects(objects->harden, &hardened->found,
		    objects_written, hardened);
}

static void
dir_is_no_tree(void *arg)
{
	struct objects_hardened *hardened = arg;
	autoerror struct error err = { 0 };
	error_set(
	    &err, ERROR_GIT, "%s is not a work tree", hardened->objects->dir);
	end_hardening(&err, hardened);
}

void
objects_harden(struct objects *objects, const struct objects_hardening *what,
    objects_done_fn *fn, void *arg)
{
	struct objects_hardened *hardened = mem_zalloc(sizeof(*hardened));
	hardened->objects = objects;
	strv_add_all(&hardened->known, what->known);
	if (!strv_has(&hardened->known, what->tip))
		strv_add(&hardened->commits, what->tip);
	if (what->refs != NULL)
		strv_add_all(&hardened->refs, what->refs);
	for (size_t i = 0; i < what->n_changes; i++)
		if (what->changes[i].new != NULL)
			strv_add(&hardened->refs, what->changes[i].ref);
	if (what->n_changes > 0)
		add_transaction(
		    &hardened->transaction, what->changes, what->n_changes);
	hardened->fn = fn;
	hardened->arg = arg;
	if (objects->harden == NULL)
		loop_defer(objects->loop, dir_is_no_tree, hardened);
	else
		look_at_next(hardened);
}

/* --- opening and closing ---------------------------------------------- */

struct objects *
objects_open(struct loop *loop, const char *dir, const char *scratch)
{
	static const char *const read_args[] = { "cat-file", "--batch", NULL };
	static const char *const write_args[] = { "hash-object", "-t", "commit",
		"-w", "--no-filters", "--stdin-paths", NULL };
	static const char *const ref_args[] = { "update-ref", "--no-deref",
		"-z", "--stdin", NULL };
	/* Lines are counted of files of a size that people read. */
	static const char *const diff_args[] = { "-c",
		"core.bigFileThreshold=16m", "diff-tree", "--stdin", "--always",
		"--root", "--raw", "--numstat", "--no-abbrev", "-r", "-t",
		"--no-renames", "--no-ext-diff", "--no-textconv", "-z", NULL };
	autoerror struct error ignored = { 0 };
	char digits[MARK_DIGITS + 1];
	struct objects *objects = mem_zalloc(sizeof(*objects));
	objects->loop = loop;
	TAILQ_INIT(&objects->told);
	TAILQ_INIT(&objects->compared);
	objects->dir = mem_text(dir);
	objects->scratch = mem_text(scratch);
	snprintf(objects->mark, sizeof(objects->mark), "end-%s\n",
	    id_hex(digits, MARK_DIGITS));
	objects->reader = stay(objects, read_args, measure_object, forget_read);
	objects->writer = stay(objects, write_args, measure_line, forget_write);
	objects->refs =
	    stay(objects, ref_args, measure_refs, forget_transaction);
	objects->differ =
	    stay(objects, diff_args, measure_diff, forget_compare);
	objects->merger = merger_new(loop, dir, scratch);
	autofree char *common_dir = head_common_dir(dir, &ignored);
	if (common_dir != NULL)
		objects->harden = harden_new(loop, common_dir);
	return objects;
}

void
objects_close(struct objects *objects)
{
	struct objects_read *read;
	if (objects == NULL)
		return;
	while ((read = TAILQ_FIRST(&objects->told)) != NULL) {
		TAILQ_REMOVE(&objects->told, read, link);
		timer_remove(read->timer);
		forget_read(read);
	}
	for (size_t i = 0; i < COMMITS_KEPT; i++)
		strv_release(&objects->kept[i].commit.parents);
	struct objects_compare *compare;
	while ((compare = TAILQ_FIRST(&objects->compared)) != NULL) {
		TAILQ_REMOVE(&objects->compared, compare, link);
		timer_remove(compare->timer);
		forget_compare(compare);
	}
	for (size_t i = 0; i < DIFFS_KEPT; i++) {
		free(objects->diffs[i].request);
		str_release(&objects->diffs[i].reply);
	}
	batch_free(objects->reader);
	batch_free(objects->writer);
	batch_free(objects->refs);
	batch_free(objects->differ);
	merger_free(objects->merger);
	harden_free(objects->harden, forget_hardened);
	free(objects->dir);
	free(objects->scratch);
	free(objects);
}
