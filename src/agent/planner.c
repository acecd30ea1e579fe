/* SPDX-License-Identifier: MIT */
/* Makes the list of work items. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/plan_input.h"
#include "agent/planner.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "data/json.h"
#include "plan/items.h"

#define SPOOL_BUFFER 65536 /* written at once */

struct spool {
	struct file_new file;
	struct digest_sha256_state digest;
	struct str buffer;
};

static bool
flush(struct spool *spool, struct error *err)
{
	digest_sha256_add(
	    &spool->digest, str_text(&spool->buffer), spool->buffer.len);
	bool ok = file_write_all(
	    spool->file.fd, str_text(&spool->buffer), spool->buffer.len, err);
	str_clear(&spool->buffer);
	return ok;
}

static bool
add_item(
    struct spool *spool, size_t index, const json_t *data, struct error *err)
{
	str_format(&spool->buffer, "{\"id\":\"item_%zu\",\"data\":", index);
	json_compact(data, &spool->buffer, false);
	str_add(&spool->buffer, "}\n");
	return spool->buffer.len < SPOOL_BUFFER || flush(spool, err);
}

static bool
write_items(struct spool *spool, const json_t *items, struct error *err)
{
	size_t n = json_array_size(items);
	for (size_t i = 0; i < n; i++)
		if (!add_item(spool, i, json_array_get(items, i), err))
			return false;
	return flush(spool, err);
}

/* The list is written once and read for as long as the job lives. */
static bool
write_spool(const char *path, const json_t *items, struct frame_result *result,
    struct error *err)
{
	struct spool spool = { 0 };
	char digest[DIGEST_SHA256_HEX];

	if (!file_new_open(&spool.file, path, err))
		return error_wrap(err, "writing the work items");
	digest_sha256_begin(&spool.digest);
	bool ok = write_items(&spool, items, err) &&
	    file_new_commit(&spool.file, err);
	if (!ok)
		file_new_abandon(&spool.file);
	digest_sha256_end(&spool.digest, digest);
	str_release(&spool.buffer);
	if (!ok)
		return error_wrap(err, "writing the work items");
	result->items_sha256 = mem_text(digest);
	result->item_count = json_array_size(items);
	return true;
}

static void
fail(struct frame_result *result, enum frame_cause cause, int exit_code,
    struct error *err)
{
	result->ok = false;
	result->cause = err->kind == ERROR_NO_SPACE ? CAUSE_RESOURCE : cause;
	result->exit_code = exit_code == 0 ? 1 : exit_code;
	result->message = mem_text(error_text(err));
	strv_add(&result->context, "plan phase");
	error_release(err);
}
