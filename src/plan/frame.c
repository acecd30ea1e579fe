/* SPDX-License-Identifier: MIT */
/* Frames of the agent protocol but the spec and the result. */
#include "config.h"

#include <string.h>

#include "data/json.h"
#include "plan/frame.h"
#include "plan/frame_parts.h"

static const char *const type_names[FRAME_TYPES] = {
	[FRAME_HELLO] = "hello",
	[FRAME_OUT] = "out",
	[FRAME_BEAT] = "beat",
	[FRAME_STEP] = "step",
	[FRAME_EVENT] = "event",
	[FRAME_NOTE] = "note",
	[FRAME_RESULT] = "result",
};

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

void
frame_dump(json_t *object, struct str *out)
{
	json_compact(object, out, false);
	json_decref(object);
}

json_t *
frame_new(enum frame_type type)
{
	json_t *object = json_object();
	json_object_set_new(object, "f", json_string(type_names[type]));
	return object;
}

void
frame_end(json_t *object, struct str *out)
{
	frame_dump(object, out);
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
	json_t *object = frame_new(FRAME_HELLO);
	set_number(object, "v", FRAME_VERSION);
	set_number(object, "pid", pid);
	set_text(object, "host", host);
	frame_end(object, out);
}

void
frame_out_encode(
    size_t step, bool is_stderr, const void *bytes, size_t len, struct str *out)
{
	json_t *object = frame_new(FRAME_OUT);
	set_number(object, "step", (json_int_t)step);
	set_text(object, "s", is_stderr ? "stderr" : "stdout");
	json_object_set_new(object, "d", json_string_lossy(bytes, len));
	frame_end(object, out);
}

void
frame_beat_encode(struct str *out)
{
	frame_end(frame_new(FRAME_BEAT), out);
}

void
frame_step_encode(size_t step, const char *label, const char *state, int rc,
    int64_t ms, struct str *out)
{
	json_t *object = frame_new(FRAME_STEP);
	set_number(object, "step", (json_int_t)step);
	set_text(object, "label", label);
	set_text(object, "state", state);
	set_number(object, "rc", rc);
	set_number(object, "ms", ms);
	frame_end(object, out);
}

void
frame_event_encode(const char *type, json_t *members, struct str *out)
{
	json_t *object = frame_new(FRAME_EVENT);
	set_text(object, "type", type);
	json_object_set(object, "members", members);
	frame_end(object, out);
}

void
frame_note_encode(const char *text, struct str *out)
{
	json_t *object = frame_new(FRAME_NOTE);
	set_text(object, "text", text);
	frame_end(object, out);
}

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
		{ FRAME_STEP, "label", JSON_STRING },
		{ FRAME_STEP, "state", JSON_STRING },
		{ FRAME_STEP, "rc", JSON_INTEGER },
		{ FRAME_STEP, "ms", JSON_INTEGER },
		{ FRAME_EVENT, "type", JSON_STRING },
		{ FRAME_EVENT, "members", JSON_OBJECT },
		{ FRAME_NOTE, "text", JSON_STRING },
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
			return error_set(err, ERROR_INPUT,
			    "the agent speaks another version of the "
			    "protocol");
		return true;
	}
	return error_set(err, ERROR_INPUT, "a frame of unknown type");
}

json_t *
frame_parse(const char *line, size_t len, struct error *err)
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

bool
frame_decode(const char *line, size_t len, enum frame_type *type,
    json_t **object, struct error *err)
{
	json_t *parsed = frame_parse(line, len, err);
	if (parsed == NULL)
		return error_wrap(err, "reading a frame");
	if (!check_frame(parsed, type, err)) {
		json_decref(parsed);
		return false;
	}
	*object = parsed;
	return true;
}
