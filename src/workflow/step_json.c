/* SPDX-License-Identifier: MIT */
/* The canonical JSON form of steps. */
#include "config.h"

#include "base/mem.h"
#include "data/record.h"
#include "workflow/step.h"

#define DEPTH_LIMIT 64 /* of handlers within handlers */

static const char *
kind_name(unsigned kind)
{
	return step_kind_name((enum step_kind)kind);
}

static const char *
capture_format_name(unsigned format)
{
	static const char *const names[CAPTURE_FORMATS] = {
		[CAPTURE_STRING] = "string",
		[CAPTURE_JSON] = "json",
		[CAPTURE_LINES] = "lines",
		[CAPTURE_NUMBER] = "number",
		[CAPTURE_BOOLEAN] = "boolean",
	};
	return names[format];
}

static const char *
write_format_name(unsigned format)
{
	static const char *const names[WRITE_FORMATS] = {
		[WRITE_TEXT] = "text",
		[WRITE_JSON] = "json",
		[WRITE_YAML] = "yaml",
	};
	return names[format];
}

static const char *
strategy_name(unsigned strategy)
{
	static const char *const names[HANDLER_STRATEGIES] = {
		[HANDLER_RECOVERY] = "recovery",
		[HANDLER_FALLBACK] = "fallback",
		[HANDLER_CLEANUP] = "cleanup",
	};
	return names[strategy];
}

static const struct record_field capture_fields[] = {
	RECORD_FIELD("name", RECORD_TEXT, struct capture, name),
	RECORD_ENUM_FIELD("format", struct capture, format, capture_format_name,
	    CAPTURE_FORMATS),
	RECORD_FIELD("stdout", RECORD_BOOL, struct capture, out),
	RECORD_FIELD("stderr", RECORD_BOOL, struct capture, err),
	RECORD_FIELD("exit_code", RECORD_BOOL, struct capture, exit_code),
	RECORD_FIELD("success", RECORD_BOOL, struct capture, success),
	RECORD_FIELD("duration", RECORD_BOOL, struct capture, duration),
	RECORD_END,
};

static const struct record_field file_fields[] = {
	RECORD_FIELD("path", RECORD_TEXT, struct write_file, path),
	RECORD_FIELD("content", RECORD_TEXT, struct write_file, content),
	RECORD_ENUM_FIELD("format", struct write_file, format,
	    write_format_name, WRITE_FORMATS),
	RECORD_FIELD("mode", RECORD_UNSIGNED, struct write_file, mode),
	RECORD_FIELD(
	    "create_dirs", RECORD_BOOL, struct write_file, create_dirs),
	RECORD_END,
};

static const struct record_field handler_fields[] = {
	RECORD_FIELD("commands", RECORD_OTHER, struct on_failure, commands),
	RECORD_FIELD("ignore", RECORD_BOOL, struct on_failure, ignore),
	RECORD_FIELD("bare", RECORD_BOOL, struct on_failure, bare),
	RECORD_FIELD(
	    "from_commands", RECORD_BOOL, struct on_failure, from_commands),
	RECORD_FIELD(
	    "max_attempts", RECORD_UNSIGNED, struct on_failure, max_attempts),
	RECORD_FIELD(
	    "fail_workflow", RECORD_BOOL, struct on_failure, fail_workflow),
	RECORD_FIELD("handler_failure_fatal", RECORD_BOOL, struct on_failure,
	    handler_failure_fatal),
	RECORD_FIELD(
	    "commit_required", RECORD_BOOL, struct on_failure, commit_required),
	RECORD_ENUM_FIELD("strategy", struct on_failure, strategy,
	    strategy_name, HANDLER_STRATEGIES),
	RECORD_FIELD("timeout_ms", RECORD_INT64, struct on_failure, timeout_ms),
	RECORD_FIELD("timeout_variable", RECORD_TEXT, struct on_failure,
	    timeout_variable),
	RECORD_END,
};

static const struct record_field step_fields[] = {
	RECORD_ENUM_FIELD("kind", struct step, kind, kind_name, STEP_KINDS),
	RECORD_FIELD("name", RECORD_TEXT, struct step, name),
	RECORD_FIELD("id", RECORD_TEXT, struct step, id),
	RECORD_FIELD("command", RECORD_TEXT, struct step, command),
	RECORD_OBJECT_FIELD("file", struct step, file, file_fields),
	RECORD_OBJECT_FIELD("capture", struct step, capture, capture_fields),
	RECORD_FIELD("env", RECORD_TEXTS, struct step, env),
	RECORD_FIELD("working_dir", RECORD_TEXT, struct step, working_dir),
	RECORD_FIELD("when", RECORD_TEXT, struct step, when),
	RECORD_FIELD("timeout_ms", RECORD_INT64, struct step, timeout_ms),
	RECORD_FIELD(
	    "timeout_variable", RECORD_TEXT, struct step, timeout_variable),
	RECORD_FIELD(
	    "commit_required", RECORD_BOOL, struct step, commit_required),
	RECORD_FIELD(
	    "continue_on_error", RECORD_BOOL, struct step, continue_on_error),
	RECORD_FIELD("on_failure", RECORD_OTHER, struct step, on_failure),
	RECORD_FIELD("line", RECORD_UNSIGNED, struct step, line),
	RECORD_FIELD("column", RECORD_UNSIGNED, struct step, column),
	RECORD_END,
};

static bool read_steps(const json_t *array, struct steps *steps, unsigned depth,
    struct error *err);

json_t *
step_to_json(const struct step *step)
{
	json_t *object = record_to_json(step_fields, step);
	const struct on_failure *handler = step->on_failure;
	if (handler != NULL) {
		json_t *json = record_to_json(handler_fields, handler);
		if (handler->commands.n > 0)
			json_object_set_new(json, "commands",
			    steps_to_json(&handler->commands));
		json_object_set_new(object, "on_failure", json);
	}
	return object;
}

json_t *
steps_to_json(const struct steps *steps)
{
	json_t *array = json_array();
	for (size_t i = 0; i < steps->n; i++)
		json_array_append_new(array, step_to_json(&steps->items[i]));
	return array;
}

static bool
read_handler(
    const json_t *json, struct step *step, unsigned depth, struct error *err)
{
	struct on_failure *handler = mem_zalloc(sizeof(*handler));
	const json_t *commands = json_object_get(json, "commands");
	step->on_failure = handler;
	if (!record_from_json(handler_fields, json, handler, err) ||
	    (commands != NULL &&
		!read_steps(commands, &handler->commands, depth + 1, err)))
		return error_wrap(err, "on_failure");
	return true;
}

/* Fills a zeroed step; on failure the caller releases it. */
static bool
read_step(
    const json_t *json, struct step *step, unsigned depth, struct error *err)
{
	const json_t *handler = json_object_get(json, "on_failure");
	if (depth > DEPTH_LIMIT)
		return error_set(err, ERROR_INPUT, "nested too deep");
	return record_from_json(step_fields, json, step, err) &&
	    (handler == NULL || read_handler(handler, step, depth, err));
}

static bool
read_steps(
    const json_t *array, struct steps *steps, unsigned depth, struct error *err)
{
	if (!json_is_array(array))
		return error_set(err, ERROR_INPUT, "expected a list of steps");
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct step *step = steps_add(steps);
		*step = (struct step){ 0 };
		if (!read_step(json_array_get(array, i), step, depth, err))
			return error_wrap(err, "step %zu", i);
	}
	return true;
}

bool
step_from_json(const json_t *json, struct step *step, struct error *err)
{
	*step = (struct step){ 0 };
	if (read_step(json, step, 0, err))
		return true;
	step_release(step);
	return false;
}

bool
steps_from_json(const json_t *array, struct steps *steps, struct error *err)
{
	*steps = (struct steps){ 0 };
	if (read_steps(array, steps, 0, err))
		return true;
	steps_release(steps);
	return false;
}
