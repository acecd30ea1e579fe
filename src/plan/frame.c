/* SPDX-License-Identifier: MIT */
/* The agent protocol: spec and result by tables, the small frames by hand. */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "plan/frame.h"

/* --- lines ------------------------------------------------------------ */

/* Appends the object, which is taken, in one line without newline. */
static void
dump(json_t *object, struct str *out)
{
	json_compact(object, out, false);
	json_decref(object);
}

/* The object that a line holds, or NULL. */
static json_t *
parse(const char *line, size_t len, struct error *err)
{
	json_error_t where;
	json_t *object = json_loadb(
	    line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
	if (json_is_object(object))
		return object;
	error_set(err, ERROR_INPUT, "byte %d: %s", where.position,
	    object != NULL ? "expected an object" : where.text);
	json_decref(object);
	return NULL;
}

/* --- the spec --------------------------------------------------------- */

const char *
frame_phase_name(enum frame_phase phase)
{
	static const char *const names[FRAME_PHASES] = {
		[PHASE_WORKFLOW] = "workflow",
		[PHASE_SETUP] = "setup",
		[PHASE_PLAN] = "plan",
		[PHASE_MAP] = "map",
		[PHASE_REDUCE] = "reduce",
		[PHASE_MERGE] = "merge",
		[PHASE_RESOLVE] = "resolve",
	};
	if ((unsigned)phase >= FRAME_PHASES)
		BUG("no such phase: %d", (int)phase);
	return names[phase];
}

static const char *
phase_name(unsigned phase)
{
	return frame_phase_name((enum frame_phase)phase);
}

static const struct record_field claude_config_fields[] = {
	RECORD(struct claude_config, command),
	RECORD(struct claude_config, arguments),
	RECORD(struct claude_config, permission_mode),
	RECORD(struct claude_config, plain),
	RECORD_END,
};

const struct record_table claude_config_table =
    RECORD_TABLE(struct claude_config, claude_config_fields);

static const struct record_field plan_request_fields[] = {
	RECORD(struct plan_request, input),
	RECORD(struct plan_request, json_path),
	RECORD(struct plan_request, filter),
	RECORD(struct plan_request, sort_by),
	RECORD(struct plan_request, distinct),
	RECORD(struct plan_request, item_name),
	RECORD(struct plan_request, offset),
	RECORD(struct plan_request, max_items),
	RECORD(struct plan_request, has_max_items),
	RECORD(struct plan_request, spool),
	RECORD_END,
};

const struct record_table plan_request_table =
    RECORD_TABLE(struct plan_request, plan_request_fields);

static const struct record_field spec_fields[] = {
	RECORD_FOREIGN("v"),
	RECORD_ENUM(struct frame_spec, phase, phase_name, FRAME_PHASES),
	RECORD(struct frame_spec, job),
	RECORD(struct frame_spec, run),
	RECORD(struct frame_spec, session),
	RECORD(struct frame_spec, workflow),
	RECORD(struct frame_spec, agent),
	RECORD(struct frame_spec, item),
	RECORD(struct frame_spec, attempt),
	RECORD(struct frame_spec, directory),
	RECORD(struct frame_spec, repository),
	RECORD(struct frame_spec, base),
	RECORD(struct frame_spec, branch),
	RECORD(struct frame_spec, salvage_refs),
	RECORD(struct frame_spec, reused),
	RECORD(struct frame_spec, needs_clean),
	RECORD(struct frame_spec, stands_at),
	RECORD(struct frame_spec, check_reuse),
	RECORD_LIST(struct frame_spec, steps, &step_table),
	RECORD(struct frame_spec, first_step),
	RECORD_LIST(struct frame_spec, outputs, &output_capture_table),
	RECORD_JSON(struct frame_spec, vars, JSON_OBJECT),
	RECORD(struct frame_spec, results_file),
	RECORD(struct frame_spec, env),
	RECORD(struct frame_spec, log_dir),
	RECORD(struct frame_spec, log_name),
	RECORD(struct frame_spec, timeout_ms),
	RECORD(struct frame_spec, grace_ms),
	RECORD(struct frame_spec, raw),
	RECORD(struct frame_spec, keep),
	RECORD(struct frame_spec, artifacts),
	RECORD(struct frame_spec, send_output),
	RECORD_OBJECT(struct frame_spec, claude, &claude_config_table),
	RECORD_OBJECT(struct frame_spec, plan, &plan_request_table),
	RECORD_END,
};

const struct record_table frame_spec_table =
    RECORD_TABLE(struct frame_spec, spec_fields);

static void
take_block(const struct phase_block *block, struct frame_spec *spec)
{
	spec->steps = block->steps;
	spec->outputs = block->outputs;
	spec->timeout_ms = block->timeout_ms;
}

static struct plan_request
plan_request_of(const struct map_block *map)
{
	return (struct plan_request){
		.input = map->input,
		.json_path = map->json_path,
		.filter = map->filter,
		.sort_by = map->sort_by,
		.distinct = map->distinct,
		.item_name = map->item_name,
		.offset = map->offset,
		.max_items = map->max_items,
		.has_max_items = map->has_max_items,
	};
}

struct frame_spec
frame_spec_of(const struct workflow *workflow, enum frame_phase phase)
{
	struct frame_spec spec = {
		.phase = phase,
		.workflow = workflow->name,
		.raw = workflow->raw_interpolation,
		.keep = workflow->workspace.keep,
	};
	switch (phase) {
	case PHASE_WORKFLOW:
		spec.steps = workflow->commands;
		break;
	case PHASE_SETUP:
		take_block(&workflow->setup, &spec);
		break;
	case PHASE_PLAN:
		spec.plan = plan_request_of(&workflow->map);
		break;
	case PHASE_MAP:
		spec.steps = workflow->map.agent_template;
		spec.timeout_ms = workflow->map.agent_timeout_ms;
		break;
	case PHASE_REDUCE:
		take_block(&workflow->reduce, &spec);
		break;
	case PHASE_MERGE:
		take_block(&workflow->merge, &spec);
		break;
	case PHASE_RESOLVE: /* its step is no part of the workflow */
		spec.timeout_ms = workflow->map.conflict_timeout_ms > 0
		    ? workflow->map.conflict_timeout_ms
		    : FRAME_RESOLVE_LIMIT_MS;
		break;
	case FRAME_PHASES:
		break;
	}
	return spec;
}

void
frame_spec_encode(const struct frame_spec *spec, struct str *out)
{
	json_t *object = record_to_json(&frame_spec_table, spec);
	json_object_set_new(object, "v", json_integer(FRAME_VERSION));
	dump(object, out);
}

static bool
read_spec(const json_t *object, struct frame_spec *spec, struct error *err)
{
	const json_t *version = json_object_get(object, "v");
	if (!json_is_integer(version) ||
	    json_integer_value(version) != FRAME_VERSION)
		return error_set(err, ERROR_INPUT,
		    "the spec is of another version of the protocol");
	if (!record_from_json(&frame_spec_table, object, spec, err))
		return false;
	if (spec->first_step <= spec->steps.n)
		return true;
	frame_spec_release(spec);
	return error_set(err, ERROR_INPUT, "first_step: there are fewer steps");
}

bool
frame_spec_decode(
    const char *line, size_t len, struct frame_spec *spec, struct error *err)
{
	*spec = (struct frame_spec){ 0 };
	json_t *object = parse(line, len, err);
	const bool ok = object != NULL && read_spec(object, spec, err);
	json_decref(object);
	return ok || error_wrap(err, "reading the spec");
}

void
frame_spec_release(struct frame_spec *spec)
{
	record_release(&frame_spec_table, spec);
}

char *
frame_token(const struct frame_spec *spec)
{
	return mem_format("%s/%s/%u", spec->run, spec->item, spec->attempt);
}

char *
frame_log_path(const struct frame_spec *spec, unsigned n, const char *kind,
    const char *suffix)
{
	return mem_format(
	    "%s/%s-%u-%s.%s", spec->log_dir, spec->log_name, n, kind, suffix);
}

/* --- the result ------------------------------------------------------- */

static const struct record_field result_fields[] = {
	RECORD_FOREIGN("f"),
	RECORD_OBJECT(struct frame_result, failure, &failure_table),
	RECORD(struct frame_result, steps_done),
	RECORD(struct frame_result, output),
	RECORD(struct frame_result, tip),
	RECORD(struct frame_result, uncommitted),
	RECORD_LIST(struct frame_result, salvage, &kept_table),
	RECORD_JSON(struct frame_result, ignored, JSON_OBJECT),
	RECORD_JSON(struct frame_result, artifacts, JSON_OBJECT),
	RECORD(struct frame_result, reusable),
	RECORD(struct frame_result, needs_clean),
	RECORD(struct frame_result, is_tip),
	RECORD(struct frame_result, log),
	RECORD(struct frame_result, logs),
	RECORD_JSON(struct frame_result, captures, JSON_OBJECT),
	RECORD_JSON(struct frame_result, steps, JSON_ARRAY),
	RECORD(struct frame_result, claude_session),
	RECORD_OBJECT(struct frame_result, spent, &spent_table),
	RECORD(struct frame_result, duration_ms),
	RECORD(struct frame_result, item_count),
	RECORD(struct frame_result, items_sha256),
	RECORD_OBJECT(struct frame_result, counts, &items_counts_table),
	RECORD_END,
};

const struct record_table frame_result_table =
    RECORD_TABLE(struct frame_result, result_fields);

bool
frame_result_decode(
    const json_t *object, struct frame_result *result, struct error *err)
{
	const struct failure *failure = &result->failure;
	if (!record_from_json(&frame_result_table, object, result, err))
		return error_wrap(err, "reading the result");
	if ((failure->cause == CAUSE_NONE) == (failure->message == NULL))
		return true;
	frame_result_release(result);
	return error_set(err, ERROR_INPUT,
	    "reading the result: failure: cause and message disagree");
}

void
frame_result_release(struct frame_result *result)
{
	record_release(&frame_result_table, result);
}

/* --- frames ----------------------------------------------------------- */

static const char *const type_names[FRAME_TYPES] = {
	[FRAME_HELLO] = "hello",
	[FRAME_OUT] = "out",
	[FRAME_BEAT] = "beat",
	[FRAME_STEP] = "step",
	[FRAME_CLAUDE] = "claude",
	[FRAME_SPENT] = "spent",
	[FRAME_EVENT] = "event",
	[FRAME_NOTE] = "note",
	[FRAME_ASK] = "ask",
	[FRAME_RESULT] = "result",
};

static json_t *
new_frame(enum frame_type type)
{
	json_t *object = json_object();
	json_object_set_new(object, "f", json_string(type_names[type]));
	return object;
}

static void
end_frame(json_t *object, struct str *out)
{
	dump(object, out);
	str_add_char(out, '\n');
}

static void
set_text(json_t *object, const char *name, const char *text)
{
	json_object_set_new(object, name, json_text(text));
}

static void
set_number(json_t *object, const char *name, json_int_t value)
{
	json_object_set_new(object, name, json_integer(value));
}

void
frame_hello_encode(const char *host, int64_t pid, struct str *out)
{
	json_t *object = new_frame(FRAME_HELLO);
	set_number(object, "v", FRAME_VERSION);
	set_number(object, "pid", pid);
	set_text(object, "host", host);
	end_frame(object, out);
}

void
frame_out_encode(
    size_t step, bool is_stderr, const void *bytes, size_t len, struct str *out)
{
	json_t *object = new_frame(FRAME_OUT);
	set_number(object, "step", (json_int_t)step);
	set_text(object, "s", is_stderr ? "stderr" : "stdout");
	json_object_set_new(object, "d", json_string_lossy(bytes, len));
	end_frame(object, out);
}

void
frame_beat_encode(struct str *out)
{
	end_frame(new_frame(FRAME_BEAT), out);
}

void
frame_step_encode(size_t step, const char *title, const char *state, int rc,
    int64_t ms, const struct spent *spent, struct str *out)
{
	json_t *object = new_frame(FRAME_STEP);
	set_number(object, "step", (json_int_t)step);
	set_text(object, "title", title);
	set_text(object, "state", state);
	set_number(object, "rc", rc);
	set_number(object, "ms", ms);
	spent_describe(spent, object);
	end_frame(object, out);
}

void
frame_claude_encode(
    const char *session, const char *log, unsigned attempt, struct str *out)
{
	json_t *object = new_frame(FRAME_CLAUDE);
	set_text(object, "session", session);
	set_text(object, "log", log);
	set_number(object, "attempt", attempt);
	end_frame(object, out);
}

void
frame_spent_encode(const struct spent *spent, struct str *out)
{
	json_t *object = new_frame(FRAME_SPENT);
	spent_describe(spent, object);
	end_frame(object, out);
}

void
frame_event_encode(const char *type, json_t *members, struct str *out)
{
	json_t *object = new_frame(FRAME_EVENT);
	set_text(object, "type", type);
	json_object_set(object, "members", members);
	end_frame(object, out);
}

void
frame_note_encode(const char *text, struct str *out)
{
	json_t *object = new_frame(FRAME_NOTE);
	set_text(object, "text", text);
	end_frame(object, out);
}

void
frame_ask_encode(const char *commit, struct str *out)
{
	json_t *object = new_frame(FRAME_ASK);
	set_text(object, "commit", commit);
	end_frame(object, out);
}

void
frame_answer_encode(const char *tree, struct str *out)
{
	json_t *object = json_object();
	if (tree != NULL)
		set_text(object, "tree", tree);
	end_frame(object, out);
}

char *
frame_answer_decode(const char *line, size_t len)
{
	autojson json_t *object = json_loadb(line, len, 0, NULL);
	const char *tree = json_string_value(json_object_get(object, "tree"));
	return tree == NULL ? NULL : mem_text(tree);
}

void
frame_result_encode(const struct frame_result *result, struct str *out)
{
	json_t *object = record_to_json(&frame_result_table, result);
	set_text(object, "f", type_names[FRAME_RESULT]);
	end_frame(object, out);
}

/* --- reading frames --------------------------------------------------- */

/*
 * The members that a frame of this type must have, and their JSON types, so
 * that readers need not check again.
 */
static bool
has_members(enum frame_type type, const json_t *object)
{
	static const struct {
		enum frame_type type;
		const char *name;
		json_type json;
	} members[] = {
		{ FRAME_HELLO, "v", JSON_INTEGER },
		{ FRAME_HELLO, "pid", JSON_INTEGER },
		{ FRAME_HELLO, "host", JSON_STRING },
		{ FRAME_OUT, "step", JSON_INTEGER },
		{ FRAME_OUT, "s", JSON_STRING },
		{ FRAME_OUT, "d", JSON_STRING },
		{ FRAME_STEP, "step", JSON_INTEGER },
		{ FRAME_STEP, "title", JSON_STRING },
		{ FRAME_STEP, "state", JSON_STRING },
		{ FRAME_STEP, "rc", JSON_INTEGER },
		{ FRAME_STEP, "ms", JSON_INTEGER },
		{ FRAME_CLAUDE, "session", JSON_STRING },
		{ FRAME_CLAUDE, "log", JSON_STRING },
		{ FRAME_CLAUDE, "attempt", JSON_INTEGER },
		{ FRAME_EVENT, "type", JSON_STRING },
		{ FRAME_EVENT, "members", JSON_OBJECT },
		{ FRAME_NOTE, "text", JSON_STRING },
		{ FRAME_ASK, "commit", JSON_STRING },
	};
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		const json_t *value = json_object_get(object, members[i].name);
		if (members[i].type == type &&
		    (value == NULL || json_typeof(value) != members[i].json))
			return false;
	}
	return true;
}

static bool
check_frame(const json_t *object, enum frame_type *type, struct error *err)
{
	static const char other_version[] =
	    "the agent speaks another version of the protocol";
	const char *name = json_string_value(json_object_get(object, "f"));
	for (unsigned i = 0; name != NULL && i < FRAME_TYPES; i++) {
		if (strcmp(name, type_names[i]) != 0)
			continue;
		*type = (enum frame_type)i;
		if (!has_members(*type, object))
			return error_set(err, ERROR_INPUT,
			    "a frame of type %s lacks a member", name);
		if (*type == FRAME_HELLO &&
		    json_integer_value(json_object_get(object, "v")) !=
			FRAME_VERSION)
			return error_set(err, ERROR_INPUT, "%s", other_version);
		return true;
	}
	return error_set(err, ERROR_INPUT, "a frame of unknown type");
}

bool
frame_decode(const char *line, size_t len, enum frame_type *type,
    json_t **object, struct error *err)
{
	json_t *parsed = parse(line, len, err);
	if (parsed == NULL)
		return error_wrap(err, "reading a frame");
	if (!check_frame(parsed, type, err)) {
		json_decref(parsed);
		return false;
	}
	*object = parsed;
	return true;
}

const struct step *
frame_step_of(const json_t *frame, const struct steps *steps)
{
	const int64_t index = json_get_int(frame, "step", -1);
	if (steps == NULL || index < 0 || (uint64_t)index >= steps->n)
		return NULL;
	return &steps->items[index];
}
