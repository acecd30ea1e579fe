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
	items_line_encode(index, data, &spool->buffer);
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
fail(struct frame_result *result, enum failure_cause cause, int exit_code,
    struct error *err)
{
	failure_take_error(&result->failure, cause, err);
	if (exit_code != 0)
		result->failure.exit_code = exit_code;
	strv_add(&result->failure.context, "plan phase");
}

/* The settings of the map with their variables filled in. */
struct settings {
	struct str json_path;
	struct str filter;
	struct str distinct;
	struct strv sort_by;
	struct items_config config;
};

static void
settings_release(struct settings *settings)
{
	str_release(&settings->json_path);
	str_release(&settings->filter);
	str_release(&settings->distinct);
	strv_release(&settings->sort_by);
}

static bool
expand(const struct chain *chain, const char *text, struct str *out,
    const char **setting, struct error *err)
{
	if (text == NULL)
		return true;
	if (!chain_text(chain, text, out, NULL, err))
		return error_wrap(err, "map: %s", text);
	*setting = str_text(out);
	return true;
}

static bool
expand_settings(
    const struct chain *chain, struct settings *settings, struct error *err)
{
	const struct plan_request *plan = &chain->spec->plan;
	struct items_config *config = &settings->config;
	config->offset = plan->offset;
	config->max_items = plan->max_items;
	config->has_max_items = plan->has_max_items;
	config->sort_by = &settings->sort_by;
	for (size_t i = 0; i < plan->sort_by.n; i++) {
		autostr struct str key = { 0 };
		const char *text = NULL;
		if (!expand(chain, plan->sort_by.items[i], &key, &text, err))
			return false;
		strv_add(&settings->sort_by, text);
	}
	return expand(chain, plan->json_path, &settings->json_path,
		   &config->json_path, err) &&
	    expand(
		chain, plan->filter, &settings->filter, &config->filter, err) &&
	    expand(chain, plan->distinct, &settings->distinct,
		&config->distinct, err);
}

static bool
select_items(const struct chain *chain, const json_t *document, json_t **items,
    struct frame_result *result, struct error *err)
{
	struct settings settings = { 0 };
	struct items_counts counts = { 0 };
	if (expand_settings(chain, &settings, err))
		*items = items_plan(document, &settings.config, &counts, err);
	if (counts.spread)
		chain_note(chain,
		    "map.json_path %s selects one array: its "
		    "elements are the items",
		    settings.config.json_path);
	settings_release(&settings);
	if (*items == NULL)
		return false;
	result->counts = json_pack("{s:I, s:I, s:I, s:I}", "selected",
	    (json_int_t)counts.selected, "filtered",
	    (json_int_t)counts.filtered, "distinct",
	    (json_int_t)counts.distinct, "planned", (json_int_t)counts.planned);
	return true;
}

void
planner_run(struct chain *chain, struct frame_result *result)
{
	const struct plan_request *plan = &chain->spec->plan;
	struct plan_input input = { 0 };
	autoerror struct error err = { 0 };
	json_t *items = NULL;
	if (plan->input == NULL || plan->spool == NULL) {
		error_set(&err, ERROR_INPUT, "map.input is missing");
		fail(result, CAUSE_INPUT, 0, &err);
	} else if (!plan_input_read(chain, plan->input, &input, &err)) {
		fail(result, input.cause, input.exit_code, &err);
	} else if (!select_items(chain, input.document, &items, result, &err)) {
		fail(result, CAUSE_INPUT, 0, &err);
	} else if (!write_spool(plan->spool, items, result, &err)) {
		fail(result, CAUSE_RESOURCE, 0, &err);
	}
	json_decref(input.document);
	json_decref(items);
}
