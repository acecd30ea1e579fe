/* SPDX-License-Identifier: MIT */
/* Objects through git processes that stay. */
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
#include "git/harden.h"
#include "git/head.h"
#include "git/merger.h"
#include "git/objects.h"
#include "git/objects_parts.h"

/* "<oid> <type> <size>\n<contents>\n", or "<name> missing\n". */
static size_t
measure_object(const char *bytes, size_t len, void *arg)
{
	(void)arg;
	const char *end = memchr(bytes, '\n', len);
	size_t size;
	if (end == NULL)
		return 0;
	size_t header = (size_t)(end - bytes) + 1;
	if (sscanf(bytes, "%*s %*s %zu", &size) != 1)
		return header;
	return len - header > size ? header + size + 1 : 0;
}

static size_t
measure_line(const char *bytes, size_t len, void *arg)
{
	(void)arg;
	const char *end = memchr(bytes, '\n', len);
	return end == NULL ? 0 : (size_t)(end - bytes) + 1;
}

static struct batch *
stay(struct objects *objects, const char *const *args,
    batch_measure_fn *measure, void *arg)
{
	struct batch_spec spec = {
		.dir = objects->dir,
		.args = args,
		.measure = measure,
		.arg = arg,
	};
	return batch_new(objects->loop, &spec);
}

struct objects *
objects_open(struct loop *loop, const char *dir, const char *scratch)
{
	static const char *const read_args[] = { "cat-file", "--batch", NULL };
	static const char *const write_args[] = { "hash-object", "-t", "commit",
		"-w", "--no-filters", "--stdin-paths", NULL };
	static const char *const ref_args[] = { "update-ref", "--no-deref",
		"-z", "--stdin", NULL };
	static const char *const diff_args[] = { "diff-tree", "--stdin",
		"--always", "--root", "--raw", "--no-abbrev", "-r", "-t",
		"--no-renames", "-z", NULL };
	autoerror struct error ignored = { 0 };
	char random[25];
	struct objects *o = mem_zalloc(sizeof(*o));
	o->loop = loop;
	o->dir = mem_text(dir);
	o->scratch = mem_text(scratch);
	snprintf(o->mark, sizeof(o->mark), "end-%s\n", id_hex(random, 24));
	o->reader = stay(o, read_args, measure_object, NULL);
	o->writer = stay(o, write_args, measure_line, NULL);
	o->refs = stay(o, ref_args, objects_measure_refs, NULL);
	o->differ = stay(o, diff_args, objects_measure_diff, o->mark);
	o->merger = merger_new(loop, dir, scratch);
	autofree char *common_dir = head_common_dir(dir, &ignored);
	if (common_dir != NULL)
		o->harden = harden_new(loop, common_dir);
	return o;
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
	merger_free(objects->merger);
	harden_free(objects->harden);
	free(objects->dir);
	free(objects->scratch);
	free(objects);
}

void
objects_complain(struct error *err, const char *what, const char *complaint)
{
	struct git_result said = { .code = 1 };
	str_add(&said.err, complaint);
	git_complain(what, &said, err);
	git_result_release(&said);
}

/* --- reading a commit ---------------------------------------------------- */

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
		objects_complain(&err, "reading a commit", complaint);
	else if (sscanf(reply, "%*s %15s %*u", type) != 1 ||
	    strcmp(type, "commit") != 0)
		error_set(&err, ERROR_GIT,
		    "%s is not a commit that can be read", request->oid);
	else
		parse_commit(strchr(reply, '\n') + 1, reply + len, &commit);
	bool ok = err.kind == ERROR_NONE;
	request->fn(ok ? &commit : NULL, ok ? NULL : &err, request->arg);
	strv_release(&commit.parents);
	free(request);
}

void
objects_read_commit(
    struct objects *objects, const char *oid, objects_commit_fn *fn, void *arg)
{
	struct read_request *request = mem_zalloc(sizeof(*request));
	snprintf(request->oid, sizeof(request->oid), "%s", oid);
	request->fn = fn;
	request->arg = arg;
	autofree char *line = mem_format("%s\n", request->oid);
	batch_send(objects->reader, line, strlen(line), commit_came, request);
}

/* --- writing a commit ---------------------------------------------------- */

struct write_request {
	char *path;
	objects_oid_fn *fn;
	void *arg;
	struct error err; /* why nothing could be asked */
};

static void
end_write(
    struct write_request *request, const char *oid, const struct error *err)
{
	(void)unlink(request->path);
	request->fn(oid, err, request->arg);
	error_release(&request->err);
	free(request->path);
	free(request);
}

static void
commit_written(const char *reply, size_t len, const char *complaint, void *arg)
{
	struct write_request *request = arg;
	autoerror struct error err = { 0 };
	autofree char *oid = reply == NULL ? NULL : mem_text_n(reply, len - 1);
	if (oid == NULL)
		objects_complain(&err, "writing a commit", complaint);
	else if (!git_is_oid(oid))
		error_set(
		    &err, ERROR_GIT, "writing a commit: git said '%s'", oid);
	bool ok = err.kind == ERROR_NONE;
	end_write(request, ok ? oid : NULL, ok ? NULL : &err);
}

static void
write_failed(void *arg)
{
	struct write_request *request = arg;
	end_write(request, NULL, &request->err);
}

static bool
write_scratch(const char *path, const char *text, size_t len, struct error *err)
{
	autofd int fd = file_open_append(path, err);
	return fd >= 0 && file_write_all(fd, text, len, err);
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
	char random[17];
	autostr struct str line = { 0 };
	autofree char *name = mem_format(".commit.%s.tmp", id_hex(random, 16));
	struct write_request *request = mem_zalloc(sizeof(*request));
	request->path = path_join(objects->scratch, name);
	request->fn = fn;
	request->arg = arg;
	if (!write_scratch(request->path, text, len, &request->err)) {
		loop_defer(objects->loop, write_failed, request);
		return;
	}
	add_quoted_line(&line, request->path);
	batch_send(
	    objects->writer, line.data, line.len, commit_written, request);
}
