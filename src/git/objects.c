/* SPDX-License-Identifier: MIT */
/* Objects and refs through git processes that stay. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "git/batch.h"
#include "git/objects.h"

#define WALK_LIMIT 1000
#define DIFF_MARK "done\n" /* no object id: diff-tree echoes it and flushes */

struct objects {
	struct loop *loop;
	char *dir;
	char *scratch;
	struct batch *reader; /* cat-file --batch */
	struct batch *writer; /* hash-object --stdin-paths */
	struct batch *refs; /* update-ref --stdin */
	struct batch *differ; /* diff-tree --stdin */
};

/* "<oid> <type> <size>\n<contents>\n", or "<name> missing\n". */
static size_t
measure_object(const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\n', len);
	size_t size;
	if (end == NULL)
		return 0;
	size_t header = (size_t)(end - bytes) + 1;
	if (sscanf(bytes, "%*s %*s %zu", &size) != 1)
		return header;
	return len >= header + size + 1 ? header + size + 1 : 0;
}

static size_t
measure_line(const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\n', len);
	return end == NULL ? 0 : (size_t)(end - bytes) + 1;
}

static size_t
measure_commit_ok(const char *bytes, size_t len)
{
	static const char last[] = "commit: ok\n";
	const char *found = memmem(bytes, len, last, sizeof(last) - 1);
	return found == NULL ? 0
	                     : (size_t)(found - bytes) + sizeof(last) - 1;
}

/* A path cannot hide the mark: each is followed by NUL, the mark is not. */
static size_t
measure_diff(const char *bytes, size_t len)
{
	size_t mark = sizeof(DIFF_MARK) - 1;
	if (len < mark || memcmp(bytes + len - mark, DIFF_MARK, mark) != 0)
		return 0;
	if (len > mark && bytes[len - mark - 1] != '\0' &&
	    bytes[len - mark - 1] != '\n')
		return 0;
	return len;
}

struct objects *
objects_open(struct loop *loop, const char *dir, const char *scratch)
{
	static const char *const read_args[] = { "cat-file", "--batch", NULL };
	static const char *const write_args[] = { "hash-object", "-t",
		"commit", "-w", "--no-filters", "--stdin-paths", NULL };
	static const char *const ref_args[] = { "update-ref", "--no-deref",
		"--stdin", NULL };
	static const char *const diff_args[] = { "diff-tree", "--stdin", "-r",
		"--name-only", "--no-renames", "-z", NULL };
	struct objects *objects = mem_zalloc(sizeof(*objects));
	objects->loop = loop;
	objects->dir = mem_text(dir);
	objects->scratch = mem_text(scratch);
	objects->reader = batch_new(loop, dir, read_args, measure_object);
	objects->writer = batch_new(loop, dir, write_args, measure_line);
	objects->refs = batch_new(loop, dir, ref_args, measure_commit_ok);
	objects->differ = batch_new(loop, dir, diff_args, measure_diff);
	return objects;
}

void
objects_close(struct objects *objects)
{
	if (objects == NULL)
		return;
	batch_free(objects->reader);
	batch_free(objects->writer);
	batch_free(objects->refs);
	batch_free(objects->differ);
	free(objects->dir);
	free(objects->scratch);
	free(objects);
}

struct loop *
objects_loop(const struct objects *objects)
{
	return objects->loop;
}

const char *
objects_dir(const struct objects *objects)
{
	return objects->dir;
}

static void
set_complaint(struct error *err, const char *what, const char *complaint)
{
	autofree char *text = mem_text(complaint);
	enum error_kind kind = strstr(text, "No space left on device") != NULL
	    ? ERROR_NO_SPACE
	    : ERROR_GIT;
	error_set(err, kind, "%s: %s", what, text_trim(text));
}

/* --- reading a commit -------------------------------------------------- */

struct read_request {
	char oid[GIT_OID_SIZE];
	objects_commit_fn *fn;
	void *arg;
};

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
	struct read_request *request = arg;
	autoerror struct error err = { 0 };
	struct commit commit = { 0 };
	char type[16] = "";
	if (reply == NULL)
		set_complaint(&err, "reading a commit", complaint);
	else if (sscanf(reply, "%*s %15s %*u", type) != 1 ||
	    strcmp(type, "commit") != 0)
		error_set(&err, ERROR_GIT, "%s is not a commit that can be "
		    "read", request->oid);
	else
		parse_commit(strchr(reply, '\n') + 1, reply + len, &commit);
	request->fn(err.kind == ERROR_NONE ? &commit : NULL, &err,
	    request->arg);
	strv_release(&commit.parents);
	free(request);
}

void
objects_read_commit(struct objects *objects, const char *oid,
    objects_commit_fn *fn, void *arg)
{
	struct read_request *request = mem_zalloc(sizeof(*request));
	snprintf(request->oid, sizeof(request->oid), "%s", oid);
	request->fn = fn;
	request->arg = arg;
	autofree char *line = mem_format("%s\n", oid);
	batch_send(objects->reader, line, strlen(line), commit_came, request);
}

/* --- walking from tip to base ------------------------------------------- */

struct walk {
	struct objects *objects;
	char base[GIT_OID_SIZE];
	struct strv newest_first;
	objects_walk_fn *fn;
	void *arg;
};

static void
end_walk(struct walk *walk, bool linear, const struct error *err)
{
	autostrv struct strv oids = { 0 };
	for (size_t i = walk->newest_first.n; linear && i-- > 0;)
		strv_add(&oids, walk->newest_first.items[i]);
	walk->fn(&oids, linear, err, walk->arg);
	strv_release(&walk->newest_first);
	free(walk);
}

static void
walk_on(const struct commit *commit, const struct error *err, void *arg)
{
	struct walk *walk = arg;
	if (commit == NULL) {
		end_walk(walk, false, err);
		return;
	}
	if (commit->parents.n != 1 || walk->newest_first.n >= WALK_LIMIT) {
		end_walk(walk, false, NULL);
		return;
	}
	const char *parent = commit->parents.items[0];
	if (strcmp(parent, walk->base) == 0) {
		end_walk(walk, true, NULL);
		return;
	}
	strv_add(&walk->newest_first, parent);
	objects_read_commit(walk->objects, parent, walk_on, walk);
}

void
objects_walk(struct objects *objects, const char *base, const char *tip,
    objects_walk_fn *fn, void *arg)
{
	struct walk *walk = mem_zalloc(sizeof(*walk));
	walk->objects = objects;
	snprintf(walk->base, sizeof(walk->base), "%s", base);
	walk->fn = fn;
	walk->arg = arg;
	strv_add(&walk->newest_first, tip);
	objects_read_commit(objects, tip, walk_on, walk);
}

/* --- writing a commit --------------------------------------------------- */

struct write_request {
	char *path;
	objects_oid_fn *fn;
	void *arg;
};

static void
commit_written(const char *reply, size_t len, const char *complaint,
    void *arg)
{
	struct write_request *request = arg;
	autoerror struct error err = { 0 };
	autofree char *oid = reply == NULL ? NULL : mem_text_n(reply, len - 1);
	unlink(request->path);
	if (oid == NULL)
		set_complaint(&err, "writing a commit", complaint);
	else if (!git_is_oid(oid))
		error_set(&err, ERROR_GIT, "writing a commit: git said '%s'",
		    oid);
	request->fn(err.kind == ERROR_NONE ? oid : NULL, &err, request->arg);
	free(request->path);
	free(request);
}

static bool
write_scratch(const char *path, const char *text, size_t len,
    struct error *err)
{
	autofd int fd = file_open_append(path, err);
	return fd >= 0 && file_write_all(fd, text, len, err);
}

void
objects_write_commit(struct objects *objects, const char *text, size_t len,
    objects_oid_fn *fn, void *arg)
{
	autoerror struct error err = { 0 };
	char random[17];
	autofree char *name = mem_format(".commit.%s.tmp",
	    id_hex(random, 16));
	struct write_request *request = mem_zalloc(sizeof(*request));
	request->path = path_join(objects->scratch, name);
	request->fn = fn;
	request->arg = arg;
	if (!write_scratch(request->path, text, len, &err)) {
		fn(NULL, &err, arg);
		unlink(request->path);
		free(request->path);
		free(request);
		return;
	}
	autofree char *line = mem_format("%s\n", request->path);
	batch_send(objects->writer, line, strlen(line), commit_written,
	    request);
}

/* --- changed paths ------------------------------------------------------- */

struct diff_request {
	objects_paths_fn *fn;
	void *arg;
};

static void
diff_came(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct diff_request *request = arg;
	autoerror struct error err = { 0 };
	autostrv struct strv paths = { 0 };
	if (reply == NULL) {
		set_complaint(&err, "comparing trees", complaint);
		request->fn(NULL, &err, request->arg);
		free(request);
		return;
	}
	const char *end = reply + len - (sizeof(DIFF_MARK) - 1);
	const char *at = memchr(reply, '\n', (size_t)(end - reply));
	for (at = at == NULL ? end : at + 1; at < end; at += strlen(at) + 1)
		strv_add(&paths, at);
	request->fn(&paths, NULL, request->arg);
	free(request);
}

void
objects_changes(struct objects *objects, const char *from, const char *to,
    objects_paths_fn *fn, void *arg)
{
	struct diff_request *request = mem_zalloc(sizeof(*request));
	request->fn = fn;
	request->arg = arg;
	autofree char *lines = mem_format("%s %s\n" DIFF_MARK, from, to);
	batch_send(objects->differ, lines, strlen(lines), diff_came, request);
}

/* --- refs ------------------------------------------------------------------ */

struct refs_request {
	objects_done_fn *fn;
	void *arg;
};

static void
refs_done(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct refs_request *request = arg;
	autoerror struct error err = { 0 };
	(void)len;
	if (reply == NULL)
		set_complaint(&err, "updating refs", complaint);
	request->fn(reply == NULL ? &err : NULL, request->arg);
	free(request);
}

void
objects_update_refs(struct objects *objects, const struct ref_change *changes,
    size_t n, objects_done_fn *fn, void *arg)
{
	autostr struct str text = { 0 };
	struct refs_request *request = mem_zalloc(sizeof(*request));
	request->fn = fn;
	request->arg = arg;
	str_add(&text, "start\n");
	for (size_t i = 0; i < n; i++) {
		const struct ref_change *change = &changes[i];
		const char *old = change->old == NULL ? "" : change->old;
		if (change->new == NULL)
			str_format(&text, "delete %s %s\n", change->ref, old);
		else
			str_format(&text, "update %s %s %s\n", change->ref,
			    change->new, old);
	}
	str_add(&text, "prepare\ncommit\n");
	batch_send(objects->refs, text.data, text.len, refs_done, request);
}
