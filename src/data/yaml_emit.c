/* SPDX-License-Identifier: MIT */
/* JSON values as YAML text. */
#include "config.h"

#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "data/json.h"
#include "data/yaml.h"
#include "data/yaml_emit.h"

#define EMIT_INDENT 2

static bool emit_value(yaml_emitter_t *emitter, const json_t *value);

static int
append(void *arg, unsigned char *bytes, size_t len)
{
	str_add_n(arg, bytes, len);
	return 1;
}

/* Words that YAML 1.1 readers take for booleans. */
static bool
is_old_bool(const char *text)
{
	static const char *const words[] = { "yes", "no", "on", "off", "y",
		"n" };
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* Digits with a leading zero are text for us and a number elsewhere. */
static bool
looks_numeric(const char *text)
{
	return *text && text[strspn(text, "0123456789+-._:eExo")] == '\0';
}

static yaml_scalar_style_t
text_style(const char *text)
{
	if (strchr(text, '\n') != NULL)
		return YAML_LITERAL_SCALAR_STYLE;
	if (yaml_type_of(text) != YAML_TYPE_TEXT || is_old_bool(text) ||
	    looks_numeric(text) || strcmp(text, "<<") == 0)
		return YAML_SINGLE_QUOTED_SCALAR_STYLE;
	return YAML_PLAIN_SCALAR_STYLE;
}

static bool
emit_scalar(yaml_emitter_t *emitter, const char *text, size_t len,
    yaml_scalar_style_t style)
{
	yaml_event_t event;
	return yaml_scalar_event_initialize(&event, NULL, NULL,
		   (const unsigned char *)text, (int)len, 1, 1, style) &&
	    yaml_emitter_emit(emitter, &event);
}

static bool
emit_key(yaml_emitter_t *emitter, const char *key)
{
	const yaml_scalar_style_t style = text_style(key);
	return emit_scalar(emitter, key, strlen(key),
	    style == YAML_LITERAL_SCALAR_STYLE ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
					       : style);
}

static bool
emit_text(yaml_emitter_t *emitter, const json_t *value)
{
	const char *text = json_string_value(value);
	const size_t len = json_string_length(value);
	return emit_scalar(emitter, text, len,
	    strlen(text) == len ? text_style(text)
				: YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

/* Numbers and words, as JSON writes them: a subset of YAML. */
static bool
emit_plain(yaml_emitter_t *emitter, const json_t *value)
{
	autostr struct str text = { 0 };
	json_compact(value, &text, false);
	return emit_scalar(
	    emitter, str_text(&text), text.len, YAML_PLAIN_SCALAR_STYLE);
}

static bool
emit_array(yaml_emitter_t *emitter, const json_t *array)
{
	yaml_event_t event;
	const size_t n = json_array_size(array);
	if (!yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
		n == 0 ? YAML_FLOW_SEQUENCE_STYLE
		       : YAML_BLOCK_SEQUENCE_STYLE) ||
	    !yaml_emitter_emit(emitter, &event))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!emit_value(emitter, json_array_get(array, i)))
			return false;
	}
	return yaml_sequence_end_event_initialize(&event) &&
	    yaml_emitter_emit(emitter, &event);
}

static bool
emit_object(yaml_emitter_t *emitter, json_t *object)
{
	yaml_event_t event;
	const char *key = NULL;
	json_t *value = NULL;
	if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
		json_object_size(object) == 0 ? YAML_FLOW_MAPPING_STYLE
					      : YAML_BLOCK_MAPPING_STYLE) ||
	    !yaml_emitter_emit(emitter, &event))
		return false;
	json_object_foreach(object, key, value) {
		if (!emit_key(emitter, key) || !emit_value(emitter, value))
			return false;
	}
	return yaml_mapping_end_event_initialize(&event) &&
	    yaml_emitter_emit(emitter, &event);
}

static bool
emit_value(yaml_emitter_t *emitter, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return emit_object(emitter, json_mutable(value));
	case JSON_ARRAY:
		return emit_array(emitter, value);
	case JSON_STRING:
		return emit_text(emitter, value);
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		break;
	}
	return emit_plain(emitter, value);
}

static bool
emit_document(yaml_emitter_t *emitter, const json_t *value)
{
	yaml_event_t event;
	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	    yaml_emitter_emit(emitter, &event) &&
	    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
	    yaml_emitter_emit(emitter, &event) && emit_value(emitter, value) &&
	    yaml_document_end_event_initialize(&event, 1) &&
	    yaml_emitter_emit(emitter, &event) &&
	    yaml_stream_end_event_initialize(&event) &&
	    yaml_emitter_emit(emitter, &event);
}

bool
yaml_emit(const json_t *value, struct str *out, struct error *err)
{
	yaml_emitter_t emitter;
	if (!yaml_emitter_initialize(&emitter))
		BUG("libyaml is out of memory");
	yaml_emitter_set_output(&emitter, append, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	yaml_emitter_set_indent(&emitter, EMIT_INDENT);
	const bool ok = emit_document(&emitter, value) ||
	    error_set(err, ERROR_INPUT, "writing YAML: %s",
		emitter.problem != NULL ? emitter.problem : "not possible");
	yaml_emitter_delete(&emitter);
	return ok;
}
