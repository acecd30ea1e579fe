/* SPDX-License-Identifier: MIT */
/* The spec: what an agent process is told to do. */
#include "config.h"

#include <stdlib.h>

#include "data/record.h"
#include "plan/frame.h"
#include "plan/frame_parts.h"

static const char *
phase_name(unsigned phase)
{
	return frame_phase_name((enum frame_phase)phase);
}

static const char *
source_name(unsigned source)
{
	return output_source_name((enum output_source)source);
}

static const char *
lines_name(unsigned lines)
{
	return output_lines_name((enum output_lines)lines);
}

static const struct record_field claude_fields[] = {
	RECORD_FIELD("command", RECORD_TEXTS, struct claude_config, command),
	RECORD_FIELD(
	    "arguments", RECORD_TEXTS, struct claude_config, arguments),
	RECORD_FIELD("permission_mode", RECORD_TEXT, struct claude_config,
	    permission_mode),
	RECORD_FIELD("plain", RECORD_BOOL, struct claude_config, plain),
	RECORD_END,
};

static const struct record_field plan_fields[] = {
	RECORD_FIELD("input", RECORD_TEXT, struct plan_request, input),
	RECORD_FIELD("json_path", RECORD_TEXT, struct plan_request, json_path),
	RECORD_FIELD("filter", RECORD_TEXT, struct plan_request, filter),
	RECORD_FIELD("sort_by", RECORD_TEXTS, struct plan_request, sort_by),
	RECORD_FIELD("distinct", RECORD_TEXT, struct plan_request, distinct),
	RECORD_FIELD("offset", RECORD_SIZE, struct plan_request, offset),
	RECORD_FIELD("max_items", RECORD_SIZE, struct plan_request, max_items),
	RECORD_FIELD(
	    "has_max_items", RECORD_BOOL, struct plan_request, has_max_items),
	RECORD_FIELD("spool", RECORD_TEXT, struct plan_request, spool),
	RECORD_END,
};

static const struct record_field output_fields[] = {
	RECORD_FIELD("name", RECORD_TEXT, struct output_capture, name),
	RECORD_FIELD("command_index", RECORD_UNSIGNED, struct output_capture,
	    command_index),
	RECORD_ENUM_FIELD("source", struct output_capture, source, source_name,
	    OUTPUT_SOURCES),
	RECORD_FIELD("pattern", RECORD_TEXT, struct output_capture, pattern),
	RECORD_FIELD(
	    "json_path", RECORD_TEXT, struct output_capture, json_path),
	RECORD_FIELD("max_size", RECORD_SIZE, struct output_capture, max_size),
	RECORD_FIELD("default", RECORD_TEXT, struct output_capture, fallback),
	RECORD_ENUM_FIELD("multiline", struct output_capture, multiline,
	    lines_name, OUTPUT_LINES),
	RECORD_END,
};

#define SPEC(name, type, member)                                               \
	RECORD_FIELD(name, type, struct frame_spec, member)

static const struct record_field spec_fields[] = {
	SPEC("v", RECORD_OTHER, phase),
	RECORD_ENUM_FIELD(
	    "phase", struct frame_spec, phase, phase_name, FRAME_PHASES),
	SPEC("job", RECORD_TEXT, job),
	SPEC("session", RECORD_TEXT, session),
	SPEC("workflow", RECORD_TEXT, workflow),
	SPEC("agent", RECORD_TEXT, agent),
	SPEC("item", RECORD_TEXT, item),
	SPEC("attempt", RECORD_UNSIGNED, attempt),
	SPEC("directory", RECORD_TEXT, directory),
	SPEC("repository", RECORD_TEXT, repository),
	SPEC("base", RECORD_TEXT, base),
	SPEC("branch", RECORD_TEXT, branch),
	SPEC("salvage_ref", RECORD_TEXT, salvage_ref),
	SPEC("reused", RECORD_BOOL, reused),
	SPEC("needs_clean", RECORD_BOOL, needs_clean),
	SPEC("check_reuse", RECORD_BOOL, check_reuse),
	SPEC("steps", RECORD_OTHER, steps),
	SPEC("first_step", RECORD_SIZE, first_step),
	SPEC("outputs", RECORD_OTHER, outputs),
	SPEC("vars", RECORD_JSON, vars),
	SPEC("results_file", RECORD_TEXT, results_file),
	SPEC("env", RECORD_TEXTS, env),
	SPEC("log_dir", RECORD_TEXT, log_dir),
	SPEC("log_name", RECORD_TEXT, log_name),
	SPEC("timeout_ms", RECORD_INT64, timeout_ms),
	SPEC("grace_ms", RECORD_INT64, grace_ms),
	SPEC("raw", RECORD_BOOL, raw),
	SPEC("send_output", RECORD_BOOL, send_output),
	RECORD_OBJECT_FIELD("claude", struct frame_spec, claude, claude_fields),
	RECORD_OBJECT_FIELD("plan", struct frame_spec, plan, plan_fields),
	RECORD_END,
};

static json_t *
outputs_to_json(const struct output_captures *outputs)
{
	json_t *array = json_array();
	for (size_t i = 0; i < outputs->n; i++)
		json_array_append_new(
		    array, record_to_json(output_fields, &outputs->items[i]));
	return array;
}

static bool
outputs_from_json(
    const json_t *array, struct output_captures *outputs, struct error *err)
{
	if (array != NULL && !json_is_array(array))
		return error_set(err, ERROR_INPUT, "outputs: expected a list");
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct output_capture *output = output_captures_add(outputs);
		*output = (struct output_capture){ 0 };
		if (!record_from_json(
			output_fields, json_array_get(array, i), output, err))
			return error_wrap(err, "output %zu", i);
	}
	return true;
}

void
frame_spec_encode(const struct frame_spec *spec, struct str *out)
{
	json_t *object = record_to_json(spec_fields, spec);
	json_object_set_new(object, "v", json_integer(FRAME_VERSION));
	if (spec->steps.n > 0)
		json_object_set_new(
		    object, "steps", steps_to_json(&spec->steps));
	if (spec->outputs.n > 0)
		json_object_set_new(
		    object, "outputs", outputs_to_json(&spec->outputs));
	frame_dump(object, out);
}

static bool
read_spec(const json_t *object, struct frame_spec *spec, struct error *err)
{
	const json_t *steps = json_object_get(object, "steps");
	const json_t *version = json_object_get(object, "v");
	if (!json_is_integer(version) ||
	    json_integer_value(version) != FRAME_VERSION)
		return error_set(err, ERROR_INPUT,
		    "the spec is of another version of the protocol");
	if (!record_from_json(spec_fields, object, spec, err) ||
	    !outputs_from_json(
		json_object_get(object, "outputs"), &spec->outputs, err) ||
	    (steps != NULL && !steps_from_json(steps, &spec->steps, err)))
		return false;
	return spec->first_step <= spec->steps.n ||
	    error_set(err, ERROR_INPUT, "first_step: there are fewer steps");
}

bool
frame_spec_decode(
    const char *line, size_t len, struct frame_spec *spec, struct error *err)
{
	json_t *object = frame_parse(line, len, err);
	*spec = (struct frame_spec){ 0 };
	if (object == NULL)
		return error_wrap(err, "reading the spec");
	const bool ok = read_spec(object, spec, err);
	json_decref(object);
	if (ok)
		return true;
	frame_spec_release(spec);
	return error_wrap(err, "reading the spec");
}

void
claude_config_release(struct claude_config *config)
{
	strv_release(&config->command);
	strv_release(&config->arguments);
	free(config->permission_mode);
	*config = (struct claude_config){ 0 };
}

static void
release_plan(struct plan_request *plan)
{
	free(plan->input);
	free(plan->json_path);
	free(plan->filter);
	strv_release(&plan->sort_by);
	free(plan->distinct);
	free(plan->spool);
}

void
frame_spec_release(struct frame_spec *spec)
{
	free(spec->job);
	free(spec->session);
	free(spec->workflow);
	free(spec->agent);
	free(spec->item);
	free(spec->directory);
	free(spec->repository);
	free(spec->base);
	free(spec->branch);
	free(spec->salvage_ref);
	steps_release(&spec->steps);
	output_captures_release(&spec->outputs);
	json_decref(spec->vars);
	free(spec->results_file);
	strv_release(&spec->env);
	free(spec->log_dir);
	free(spec->log_name);
	claude_config_release(&spec->claude);
	release_plan(&spec->plan);
	*spec = (struct frame_spec){ 0 };
}
