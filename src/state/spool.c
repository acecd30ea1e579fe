/* SPDX-License-Identifier: MIT */
/* The frozen list of work items. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "plan/items.h"
#include "plan/label.h"
#include "state/spool.h"

#define BLOCK 262144

static void
add_offset(struct spool *spool, uint64_t offset)
{
	spool->offsets = mem_grow(
	    spool->offsets, &spool->cap, spool->n + 1, sizeof(*spool->offsets));
	spool->offsets[spool->n++] = offset;
}

static bool
index_lines(struct spool *spool, struct error *err)
{
	struct digest_sha256_state sum;
	autofree char *block = mem_zalloc(BLOCK);
	uint64_t at = 0;
	ssize_t n;
	digest_sha256_begin(&sum);
	add_offset(spool, 0);
	while ((n = read(spool->fd, block, BLOCK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		digest_sha256_add(&sum, block, (size_t)n);
		const char *end = block + n;
		const char *line = block;
		while (
		    (line = memchr(line, '\n', (size_t)(end - line))) != NULL)
			add_offset(spool, at + (uint64_t)(++line - block));
		at += (uint64_t)n;
	}
	digest_sha256_end(&sum, spool->sha256);
	if (n < 0)
		return error_system(err, "reading %s", spool->path);
	if (spool->offsets[spool->n - 1] != at)
		return error_set(
		    err, ERROR_STATE, "%s: the last line is cut", spool->path);
	spool->n--; /* the last offset is the end */
	return true;
}

bool
spool_open(struct spool *spool, const char *path, const char *expected,
    struct error *err)
{
	*spool = (struct spool){ .path = mem_text(path) };
	spool->fd = file_open_regular(path, err);
	if (spool->fd >= 0 && index_lines(spool, err)) {
		if (expected == NULL || strcmp(expected, spool->sha256) == 0)
			return true;
		error_set(err, ERROR_STATE,
		    "%s was changed after it was written", path);
	}
	spool_close(spool);
	return false;
}

json_t *
spool_item(const struct spool *spool, size_t i, char **label, struct error *err)
{
	autostr struct str line = { 0 };
	if (i >= spool->n)
		BUG("item %zu of %zu", i, spool->n);
	uint64_t start = spool->offsets[i];
	if (!file_read_at(spool->fd, start,
		(size_t)(spool->offsets[i + 1] - start), &line, err)) {
		error_wrap(err, "item %zu of %s", i, spool->path);
		return NULL;
	}
	json_t *data = items_line_decode(
	    str_text(&line), line.len, spool->path, i, label, err);
	if (data != NULL && label != NULL && *label == NULL)
		*label = label_make(NULL, NULL, data, i);
	return data;
}

void
spool_close(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->path);
	free(spool->offsets);
	*spool = (struct spool){ .fd = -1 };
}
