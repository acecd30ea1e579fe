/* SPDX-License-Identifier: MIT */
/* Reads the input of a map and makes the list of work items. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/planner.h"
#include "agent/script.h"
#include "agent/step_command.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/items.h"
#include "plan/label.h"

#define SPOOL_BUFFER 65536 /* bytes that are written at once */
#define COMMAND_LIMIT_MS 300000 /* of an input command */
#define INPUT_LIMIT ((size_t)256 * 1024 * 1024) /* bytes of an input */
#define COMPLAINT_LIMIT 2000 /* bytes of what a failing command says */

static bool
fail(struct failure *failure, enum failure_cause cause, struct error *err)
{
	failure_take_error(failure, cause, err);
	return false;
}

/* --- the input -------------------------------------------------------- */

/* What the input holds; the document is the caller's. */
struct planner_input {
	json_t *document;
	enum items_form form;
};

static bool
parse(const struct str *bytes, const char *name, struct planner_input *read,
    struct failure *failure)
{
	autoerror struct error err = { 0 };
	read->document =
	    items_parse(str_text(bytes), bytes->len, name, &read->form, &err);
	return read->document != NULL || fail(failure, CAUSE_INPUT, &err);
}

static bool
read_file(const char *path, const char *name, struct planner_input *read,
    struct failure *failure)
{
	autoerror struct error err = { 0 };
	autostr struct str bytes = { 0 };
	if (!file_read(path, INPUT_LIMIT, &bytes, &err)) {
		error_wrap(&err, "map.input");
		return fail(failure, CAUSE_INPUT, &err);
	}
	return parse(&bytes, name, read, failure);
}

struct planner_command {
	struct step_command command;
	struct str out; /* all that it prints: the input */
	bool is_too_long;
};

static void
out_came(const void *bytes, size_t len, void *arg)
{
	struct planner_command *input = arg;
	if (input->out.len + len > INPUT_LIMIT) {
		input->is_too_long = true;
		step_command_end(&input->command);
		return;
	}
	str_add_n(&input->out, bytes, len);
}

static bool
judge(const struct planner_command *input, struct failure *failure)
{
	struct outcome outcome = { 0 };
	int code = child_end_code(&input->command.end);
	bool ok = false;
	step_command_output(&input->command, &outcome);
	if (input->is_too_long)
		failure_set(failure, CAUSE_INPUT, 1,
		    "map.input: the command printed more than %zu bytes",
		    INPUT_LIMIT);
	else if (step_command_was_stopped(&input->command, &outcome))
		failure_set(failure, outcome.failure.cause,
		    outcome.failure.exit_code, "map.input: %s",
		    outcome.failure.message);
	else if (code != 0)
		failure_set(failure, CAUSE_COMMAND, code,
		    "map.input: the command failed with exit code %d: %s", code,
		    str_text(&outcome.err));
	else
		ok = true;
	outcome_release(&outcome);
	return ok;
}

static bool
run_command(struct chain *chain, struct script *script,
    struct planner_input *read, struct failure *failure)
{
	autoerror struct error err = { 0 };
	struct planner_command input = { 0 };
	input.command = (struct step_command){
		.argv = strv_array(&script->argv),
		.env = strv_array(&script->env),
		.dir = chain->spec->directory,
		.timeout_ms = COMMAND_LIMIT_MS,
		.kept = COMPLAINT_LIMIT / 2,
		.is_quiet = true,
		.on_out = out_came,
		.arg = &input,
	};
	bool ok = step_command_run(&input.command, chain, &err)
	    ? judge(&input, failure) &&
		parse(&input.out, "map.input", read, failure)
	    : fail(failure, CAUSE_RESOURCE, &err);
	step_command_release(&input.command);
	str_release(&input.out);
	return ok;
}

static bool
read_command(struct chain *chain, const char *input, struct planner_input *read,
    struct failure *failure)
{
	autoerror struct error err = { 0 };
	struct script script = { 0 };
	bool ok = true;
	strv_copy(&script.env, &chain->env);
	if (!script_expand(&script, chain, input, &err) ||
	    !script_place(&script, chain, &err)) {
		error_wrap(&err, "map.input");
		ok = fail(failure, CAUSE_INPUT, &err);
	}
	ok = ok && run_command(chain, &script, read, failure);
	script_release(&script);
	return ok;
}

static bool
is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/*
 * The value with the references in all its texts replaced: a new reference, or
 * NULL. What a reference stands for stays within its text, whatever quotes are
 * in it. The depth is limited by the reader of the document.
 */
static json_t *
expand_value(const struct chain *chain, const json_t *value, struct error *err)
{
	if (json_is_string(value)) {
		autostr struct str text = { 0 };
		if (!chain_text(
			chain, json_string_value(value), &text, NULL, err))
			return NULL;
		return json_stringn(str_text(&text), text.len);
	}
	if (!json_is_array(value) && !json_is_object(value))
		return json_incref(json_mutable(value));
	autojson json_t *whole =
	    json_is_array(value) ? json_array() : json_object();
	const char *key;
	json_t *part;
	size_t i;
	json_array_foreach(value, i, part)
		if (json_array_append_new(
			whole, expand_value(chain, part, err)) != 0)
			return NULL;
	json_object_foreach(json_mutable(value), key, part)
		if (json_object_set_new(
			whole, key, expand_value(chain, part, err)) != 0)
			return NULL;
	return json_incref(whole);
}

/* JSON as it stands, or once its references have their values: [${n}, 2]. */
static bool
read_document(struct chain *chain, const char *input,
    struct planner_input *read, struct failure *failure)
{
	autoerror struct error err = { 0 };
	autoerror struct error no_json = { 0 };
	autostr struct str text = { 0 };
	autojson json_t *raw =
	    json_load_text(input, strlen(input), "map.input", &no_json);
	if (raw != NULL)
		read->document = expand_value(chain, raw, &err);
	else if (chain_text(chain, input, &text, NULL, &err))
		read->document = json_load_text(
		    str_text(&text), text.len, "map.input", &err);
	return read->document != NULL || fail(failure, CAUSE_INPUT, &err);
}

/* The document is an array where the input was lines; it is the caller's. */
static bool
read_input(struct chain *chain, const char *input, struct planner_input *read,
    struct failure *failure)
{
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	if (workflow_input_is_document(input))
		return read_document(chain, input, read, failure);
	if (!chain_text(chain, input, &text, NULL, &err)) {
		error_wrap(&err, "map.input");
		return fail(failure, CAUSE_INPUT, &err);
	}
	const char *name = str_text(&text);
	autofree char *path = path_join(chain->spec->directory, name);
	if (is_file(path))
		return read_file(path, name, read, failure);
	/* Surely a file is meant: running its name would only confuse. */
	if (text_ends_with(name, ".json") && strpbrk(name, " \t\n") == NULL) {
		failure_set(failure, CAUSE_INPUT, 1,
		    "map.input: input file not found: %s", name);
		return false;
	}
	return read_command(chain, input, read, failure);
}

/* --- the items -------------------------------------------------------- */

/* The settings of the map with their variables filled in. */
struct planner_settings {
	struct str json_path;
	struct str filter;
	struct str distinct;
	struct strv sort_by;
	struct items_config config;
};

static void
settings_release(struct planner_settings *settings)
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
expand_settings(const struct chain *chain, struct planner_settings *settings,
    struct error *err)
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
select_items(const struct chain *chain, const struct planner_input *read,
    json_t **items, struct frame_result *result, struct error *err)
{
	struct planner_settings settings = { 0 };
	struct items_counts *counts = &result->counts;
	if (expand_settings(chain, &settings, err))
		*items =
		    items_plan(read->document, &settings.config, counts, err);
	counts->form = read->form;
	if (counts->spread)
		chain_note(chain,
		    "map.json_path %s selects one array: "
		    "its elements are the items",
		    settings.config.json_path);
	settings_release(&settings);
	return *items != NULL;
}

/* --- the list of work items ------------------------------------------- */

struct planner_spool {
	struct file_new file;
	struct digest_sha256_state digest;
	struct str buffer;
};

static bool
flush(struct planner_spool *spool, struct error *err)
{
	digest_sha256_add(
	    &spool->digest, str_text(&spool->buffer), spool->buffer.len);
	bool ok = file_write_all(
	    spool->file.fd, str_text(&spool->buffer), spool->buffer.len, err);
	str_clear(&spool->buffer);
	return ok;
}

static bool
add_item(const struct chain *chain, struct planner_spool *spool, size_t index,
    const json_t *data, struct error *err)
{
	autofree char *label =
	    label_make(chain->spec->plan.item_name, chain->scope, data, index);
	items_line_encode(index, label, data, &spool->buffer);
	return spool->buffer.len < SPOOL_BUFFER || flush(spool, err);
}

static bool
write_items(const struct chain *chain, struct planner_spool *spool,
    const json_t *items, struct error *err)
{
	size_t n = json_array_size(items);
	for (size_t i = 0; i < n; i++)
		if (!add_item(chain, spool, i, json_array_get(items, i), err))
			return false;
	return flush(spool, err);
}

/* The list is written once and read for as long as the job lives. */
static bool
write_spool(const struct chain *chain, const json_t *items,
    struct frame_result *result, struct error *err)
{
	struct planner_spool spool = { 0 };
	char digest[DIGEST_SHA256_HEX];
	if (!file_new_open(&spool.file, chain->spec->plan.spool, err))
		return error_wrap(err, "writing the work items");
	digest_sha256_begin(&spool.digest);
	bool ok = write_items(chain, &spool, items, err) &&
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

/* --- the phase -------------------------------------------------------- */

static void
plan(struct chain *chain, const struct plan_request *request,
    struct frame_result *result)
{
	autoerror struct error err = { 0 };
	struct planner_input read = { 0 };
	autojson json_t *items = NULL;
	if (request->input == NULL || request->spool == NULL)
		failure_set(
		    &result->failure, CAUSE_INPUT, 1, "map.input is missing");
	else if (read_input(chain, request->input, &read, &result->failure)) {
		if (!select_items(chain, &read, &items, result, &err))
			fail(&result->failure, CAUSE_INPUT, &err);
		else if (!write_spool(chain, items, result, &err))
			fail(&result->failure, CAUSE_RESOURCE, &err);
	}
	json_decref(read.document);
}

void
planner_run(struct chain *chain, struct frame_result *result)
{
	plan(chain, &chain->spec->plan, result);
	if (result->failure.cause != CAUSE_NONE)
		strv_add(&result->failure.context, "plan phase");
}
