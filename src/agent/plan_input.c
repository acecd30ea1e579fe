/* SPDX-License-Identifier: MIT */
/* Where the work items come from. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/plan_input.h"
#include "agent/printed.h"
#include "agent/step_command.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "data/template_shell.h"
#include "plan/input.h"

#define COMPLAINT_LIMIT 2000

static bool
take_document(const struct str *bytes, const char *name,
    struct plan_input *result, struct error *err)
{
	result->cause = CAUSE_INPUT;
	result->document = input_parse(str_text(bytes), bytes->len, name, err);
	return result->document != NULL;
}

static bool
read_path(const char *path, const char *name, struct plan_input *result,
    struct error *err)
{
	autostr struct str bytes = { 0 };
	if (!file_read(path, PLAN_INPUT_LIMIT, &bytes, err))
		return error_wrap(err, "map.input");
	return take_document(&bytes, name, result, err);
}

struct output {
	struct str out;
	bool is_too_long;
	struct printed *err;
	struct command command;
};

static void
out_came(const void *bytes, size_t len, void *arg)
{
	struct output *output = arg;
	if (output->out.len + len > PLAN_INPUT_LIMIT) {
		output->is_too_long = true;
		command_end(&output->command);
		return;
	}
	str_add_n(&output->out, bytes, len);
}

static void
err_came(const void *bytes, size_t len, void *arg)
{
	struct output *output = arg;
	printed_add(output->err, bytes, len);
}

static bool
judge(const struct chain *chain, const struct output *output,
    struct plan_input *result, struct error *err)
{
	autostr struct str said = { 0 };
	struct outcome outcome = { 0 };
	int code = child_end_code(&output->command.end);
	result->cause = CAUSE_COMMAND;
	result->exit_code = code;
	if (output->is_too_long) {
		result->cause = CAUSE_INPUT;
		return error_set(err, ERROR_INPUT,
		    "map.input: the command printed more than %zu bytes",
		    PLAN_INPUT_LIMIT);
	}
	if (chain_is_stopped(chain, &outcome)) {
		result->cause = outcome.failure.cause;
		error_set(err, ERROR_CANCELLED, "%s", outcome.failure.message);
		outcome_release(&outcome);
		return false;
	}
	if (output->command.timed_out) {
		result->cause = CAUSE_TIMEOUT;
		result->exit_code = OUTCOME_TIMEOUT_CODE;
		return error_set(err, ERROR_TIMEOUT,
		    "map.input: Command timed out after %d seconds",
		    PLAN_COMMAND_MS / 1000);
	}
	if (code == 0)
		return true;
	printed_text(output->err, &said);
	return error_set(err, ERROR_COMMAND,
	    "map.input: the command failed with exit code %d: %s", code,
	    str_text(&said));
}

static bool
run_command(const struct chain *chain, struct strv *argv, struct strv *env,
    struct plan_input *result, struct error *err)
{
	struct output output = {
		.err = printed_new(COMPLAINT_LIMIT / 2, COMPLAINT_LIMIT / 2),
	};
	output.command = (struct command){
		.argv = strv_array(argv),
		.env = strv_array(env),
		.dir = chain->spec->directory,
		.timeout_ms = PLAN_COMMAND_MS,
		.on_out = out_came,
		.on_err = err_came,
		.arg = &output,
	};
	result->cause = CAUSE_RESOURCE;
	bool ok = command_run(&output.command, chain->keeper, err) &&
	    judge(chain, &output, result, err) &&
	    take_document(&output.out, "map.input", result, err);
	str_release(&output.out);
	printed_free(output.err);
	return ok;
}

static bool
read_command(const struct chain *chain, const char *input,
    struct plan_input *result, struct error *err)
{
	autostr struct str script = { 0 };
	autostrv struct strv env = { 0 };
	autostrv struct strv argv = { 0 };
	strv_copy(&env, &chain->env);
	if (!template_shell(input, chain->scope, chain->spec->raw, &script,
		&env, NULL, err))
		return error_wrap(err, "map.input");
	strv_add(&argv, "sh");
	strv_add(&argv, "-c");
	strv_add(&argv, str_text(&script));
	return run_command(chain, &argv, &env, result, err);
}

static bool
is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool
plan_input_read(const struct chain *chain, const char *input,
    struct plan_input *result, struct error *err)
{
	autostr struct str text = { 0 };
	result->cause = CAUSE_INPUT;
	if (!chain_text(chain, input, &text, NULL, err))
		return error_wrap(err, "map.input");
	const char *name = str_text(&text);
	autofree char *path = path_join(chain->spec->directory, name);
	if (is_file(path))
		return read_path(path, name, result, err);
	/* Surely a file is meant: running its name would only confuse. */
	if (text_ends_with(name, ".json") && strpbrk(name, " \t\n") == NULL)
		return error_set(err, ERROR_INPUT,
		    "map.input: input file not found: %s", name);
	return read_command(chain, input, result, err);
}
