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

static bool
parse(const struct str *bytes, const char *name, json_t **document,
    struct failure *failure)
{
	autoerror struct error err = { 0 };
	*document = items_parse(str_text(bytes), bytes->len, name, &err);
	return *document != NULL || fail(failure, CAUSE_INPUT, &err);
}

static bool
read_file(const char *path, const char *name, json_t **document,
    struct failure *failure)
{
	autoerror struct error err = { 0 };
	autostr struct str bytes = { 0 };
	if (!file_read(path, INPUT_LIMIT, &bytes, &err)) {
		error_wrap(&err, "map.input");
		return fail(failure, CAUSE_INPUT, &err);
	}
	return parse(&bytes, name, document, failure);
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
run_command(struct chain *chain, struct script *script, json_t **document,
    struct failure *failure)
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
		parse(&input.out, "map.input", document, failure)
	    : fail(failure, CAUSE_RESOURCE, &err);
	step_command_release(&input.command);
	str_release(&input.out);
	return ok;
}

static bool
read_command(struct chain *chain, const char *input, json_t **document,
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
	ok = ok && run_command(chain, &script, document, failure);
	script_release(&script);
	return ok;
}

static bool
is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The document is an array where the input was lines; it is the caller's. */
static bool
read_input(struct chain *chain, const char *input, json_t **document,
    struct failure *failure)
{
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	if (!chain_text(chain, input, &text, NULL, &err)) {
		error_wrap(&err, "map.input");
		return fail(failure, CAUSE_INPUT, &err);
	}
	const char *name = str_text(&text);
	autofree char *path = path_join(chain->spec->directory, name);
	if (is_file(path))
		return read_file(path, name, document, failure);
	/* Surely a file is meant: running its name would only confuse. */
	if (text_ends_with(name, ".json") && strpbrk(name, " \t\n") == NULL) {
		failure_set(failure, CAUSE_INPUT, 1,
		    "map.input: input file not found: %s", name);
		return false;
	}
	return read_command(chain, input, document, failure);
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
select_items(const struct chain *chain, const json_t *document, json_t **items,
    struct frame_result *result, struct error *err)
{
	struct planner_settings settings = { 0 };
	struct items_counts counts = { 0 };
	if (expand_settings(chain, &settings, err))
		*items = items_plan(document, &settings.config, &counts, err);
	if (counts.spread)
		chain_note(chain,
		    "map.json_path %s selects one array: "
		    "its elements are the items",
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
add_item(struct planner_spool *spool, size_t index, const json_t *data,
    struct error *err)
{
	items_line_encode(index, data, &spool->buffer);
	return spool->buffer.len < SPOOL_BUFFER || flush(spool, err);
}

static bool
write_items(struct planner_spool *spool, const json_t *items, struct error *err)
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
	struct planner_spool spool = { 0 };
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

/* --- the phase -------------------------------------------------------- */

static void
plan(struct chain *chain, const struct plan_request *request,
    struct frame_result *result)
{
	autoerror struct error err = { 0 };
	autojson json_t *document = NULL;
	autojson json_t *items = NULL;
	if (request->input == NULL || request->spool == NULL)
		failure_set(
		    &result->failure, CAUSE_INPUT, 1, "map.input is missing");
	else if (!read_input(
		     chain, request->input, &document, &result->failure))
		return;
	else if (!select_items(chain, document, &items, result, &err))
		fail(&result->failure, CAUSE_INPUT, &err);
	else if (!write_spool(request->spool, items, result, &err))
		fail(&result->failure, CAUSE_RESOURCE, &err);
}

void
planner_run(struct chain *chain, struct frame_result *result)
{
	plan(chain, &chain->spec->plan, result);
	if (result->failure.cause != CAUSE_NONE)
		strv_add(&result->failure.context, "plan phase");
}
