/* SPDX-License-Identifier: MIT */
/* What the modules behind git/objects.h and git/merge.h share. */
#ifndef GIT_OBJECTS_PARTS_H
#define GIT_OBJECTS_PARTS_H

#include "base/error.h"
#include "git/batch.h"
#include "git/objects.h"

#define OBJECTS_MARK_SIZE 40

struct harden;
struct merger;

struct objects {
	struct loop *loop;
	char *dir;
	char *scratch;
	struct batch *reader; /* cat-file --batch */
	struct batch *writer; /* hash-object --stdin-paths */
	struct batch *refs; /* update-ref --stdin */
	struct batch *differ; /* diff-tree --stdin */
	struct merger *merger;
	struct harden *harden; /* NULL: the repository was not found */
	/*
	 * No object id: diff-tree echoes the line and flushes. Random, so that
	 * no file name can look like the end of a reply.
	 */
	char mark[OBJECTS_MARK_SIZE];
};

/* Lengths of replies, for git/batch.h. */
size_t objects_measure_diff(const char *bytes, size_t len, void *mark);
/*
 * An entry of diff-tree's raw output with -z, read at *at, which moves behind
 * it; false at the end.
 */
struct objects_entry {
	unsigned old_mode; /* 0: there was none */
	unsigned mode; /* 0: it was removed */
	const char *oid; /* the new one; a blank follows it */
	size_t oid_len;
	const char *path;
};
bool objects_next_entry(
    const char **at, const char *end, struct objects_entry *entry);
size_t objects_measure_refs(const char *bytes, size_t len, void *arg);

/* Sets err from what a process said over a request. */
void objects_complain(
    struct error *err, const char *what, const char *complaint);

#endif
