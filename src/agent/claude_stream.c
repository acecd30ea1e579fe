/* SPDX-License-Identifier: MIT */
/* Reads the output of Claude Code line by line. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/claude_stream.h"
#include "base/mem.h"
#include "base/text.h"

#define EVENT_TOOLS 100 /* names of tools in one event */

static const char *
text_member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static int64_t
int_member(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void
keep(char **where, const char *text)
{
	if (text == NULL)
		return;
	free(*where);
	*where = mem_text(text);
}

/* A JSON string of at most limit bytes of text, cut between characters. */
static json_t *
cut_text(const char *text, size_t len, size_t limit)
{
	return json_stringn(text, text_cut(text, len, limit));
}

static void
send_event(
    const struct claude_stream *stream, const char *type, json_t *members)
{
	if (stream->on_event != NULL)
		stream->on_event(type, members, stream->arg);
	json_decref(members);
}

static json_t *
first_names(const json_t *names)
{
	json_t *some = json_array();
	size_t n = json_array_size(names);
	for (size_t i = 0; i < n && i < EVENT_TOOLS; i++)
		json_array_append(some, json_array_get(names, i));
	return some;
}

static void
saw_init(struct claude_stream *stream, const json_t *object)
{
	const char *session = text_member(object, "session_id");
	const char *model = text_member(object, "model");
	/* A background agent that ends late starts another turn with an init
	 * of its own; it is the same session. */
	bool again = session != NULL && stream->session != NULL &&
	    strcmp(session, stream->session) == 0;
	keep(&stream->session, session);
	if (again)
		return;
	send_event(stream, "claude_session_started",
	    json_pack("{s:s*, s:s*, s:o}", "session_id", session, "model",
		model, "tools", first_names(json_object_get(object, "tools"))));
}

static void
saw_retry(struct claude_stream *stream, const json_t *object)
{
	int64_t status = int_member(object, "error_status");
	stream->retries++;
	/* Claude retries a bad key for minutes as if it were an overload. */
	if (status == 401)
		stream->denied = true;
	send_event(stream, "claude_api_retry",
	    json_pack("{s:I, s:I, s:I, s:I, s:s*}", "attempt",
		(json_int_t)int_member(object, "attempt"), "max_retries",
		(json_int_t)int_member(object, "max_retries"), "delay_ms",
		(json_int_t)int_member(object, "retry_delay_ms"),
		"error_status", (json_int_t)status, "error",
		text_member(object, "error")));
}

static void
saw_system(struct claude_stream *stream, const json_t *object)
{
	const char *subtype = text_member(object, "subtype");
	if (subtype == NULL)
		return;
	if (strcmp(subtype, "init") == 0)
		saw_init(stream, object);
	else if (strcmp(subtype, "api_retry") == 0)
		saw_retry(stream, object);
}

static void
saw_rate_limit(struct claude_stream *stream, const json_t *object)
{
	const json_t *info = json_object_get(object, "rate_limit_info");
	const char *status = text_member(info, "status");
	if (status == NULL || strcmp(status, "rejected") != 0)
		return;
	stream->resets_at = int_member(info, "resetsAt");
	send_event(stream, "claude_rate_limit",
	    json_pack("{s:s, s:I, s:s*}", "status", status, "resets_at",
		(json_int_t)stream->resets_at, "limit",
		text_member(info, "rateLimitType")));
}

static json_t *
bounded_input(const json_t *input)
{
	char *text = json_dumps(input, JSON_COMPACT | JSON_ENCODE_ANY);
	if (text == NULL)
		return json_null();
	size_t len = strlen(text);
	json_t *bounded = len <= CLAUDE_EVENT_TEXT
	    ? json_deep_copy(input)
	    : cut_text(text, len, CLAUDE_EVENT_TEXT);
	free(text);
	return bounded;
}

static void
saw_tool(const struct claude_stream *stream, const json_t *block)
{
	const char *name = text_member(block, "name");
	if (name == NULL)
		return;
	send_event(stream, "claude_tool_invoked",
	    json_pack("{s:s, s:s*, s:o}", "tool_name", name, "tool_id",
		text_member(block, "id"), "parameters",
		bounded_input(json_object_get(block, "input"))));
}

static void
saw_text(const struct claude_stream *stream, const json_t *block, bool main)
{
	const json_t *value = json_object_get(block, "text");
	const char *text = json_string_value(value);
	if (text == NULL)
		return;
	size_t len = json_string_length(value);
	if (main && stream->on_text != NULL)
		stream->on_text(text, len, stream->arg);
	send_event(stream, "claude_message",
	    json_pack("{s:s, s:o}", "message_type", "assistant", "content",
		cut_text(text, len, CLAUDE_EVENT_TEXT)));
}

/* An API failure comes as a message that claude wrote itself. */
static void
saw_failure(
    struct claude_stream *stream, const json_t *object, const json_t *content)
{
	keep(&stream->error, text_member(object, "error"));
	stream->error_status = (int)int_member(object, "api_error_status");
	const json_t *first = json_array_get(content, 0);
	const json_t *text = json_object_get(first, "text");
	str_clear(&stream->error_text);
	if (json_is_string(text))
		str_add_n(&stream->error_text, json_string_value(text),
		    json_string_length(text));
}

static void
saw_assistant(struct claude_stream *stream, const json_t *object)
{
	const json_t *message = json_object_get(object, "message");
	const json_t *content = json_object_get(message, "content");
	const char *model = text_member(message, "model");
	bool main =
	    !json_is_string(json_object_get(object, "parent_tool_use_id"));
	if (text_member(object, "error") != NULL ||
	    (model != NULL && strcmp(model, "<synthetic>") == 0))
		saw_failure(stream, object, content);
	size_t n = json_array_size(content);
	for (size_t i = 0; i < n; i++) {
		const json_t *block = json_array_get(content, i);
		const char *type = text_member(block, "type");
		if (type == NULL)
			continue;
		if (strcmp(type, "tool_use") == 0)
			saw_tool(stream, block);
		else if (strcmp(type, "text") == 0)
			saw_text(stream, block, main);
	}
}

/* modelUsage covers the whole session, usage only the last turn. */
static void
count_tokens(struct claude_stream *stream, const json_t *object)
{
	json_t *models = json_object_get(object, "modelUsage");
	const json_t *usage = json_object_get(object, "usage");
	const char *name;
	json_t *one;
	if (json_object_size(models) > 0) {
		stream->input_tokens = 0;
		stream->output_tokens = 0;
		stream->cache_tokens = 0;
		json_object_foreach(models, name, one) {
			stream->input_tokens += int_member(one, "inputTokens");
			stream->output_tokens +=
			    int_member(one, "outputTokens");
			stream->cache_tokens +=
			    int_member(one, "cacheReadInputTokens") +
			    int_member(one, "cacheCreationInputTokens");
		}
	} else if (models == NULL && json_is_object(usage)) {
		stream->input_tokens = int_member(usage, "input_tokens");
		stream->output_tokens = int_member(usage, "output_tokens");
		stream->cache_tokens =
		    int_member(usage, "cache_read_input_tokens") +
		    int_member(usage, "cache_creation_input_tokens");
	} else {
		return;
	}
	stream->has_usage = true;
	json_t *members = claude_stream_usage(stream);
	send_event(stream, "claude_token_usage", members);
}

static void
keep_result_text(struct claude_stream *stream, const json_t *object)
{
	const json_t *value = json_object_get(object, "result");
	const json_t *errors = json_object_get(object, "errors");
	str_clear(&stream->last_text);
	if (json_is_string(value)) {
		size_t len = json_string_length(value);
		str_add_n(&stream->last_text, json_string_value(value), len);
		if (stream->text.len + len + 1 > CLAUDE_TEXT_LIMIT)
			return;
		if (stream->text.len > 0)
			str_add_char(&stream->text, '\n');
		str_add_n(&stream->text, json_string_value(value), len);
		return;
	}
	for (size_t i = 0; i < json_array_size(errors); i++) {
		const char *one = json_string_value(json_array_get(errors, i));
		if (one != NULL)
			str_format(&stream->last_text, "%s%s",
			    stream->last_text.len > 0 ? "; " : "", one);
	}
}

static void
saw_result(struct claude_stream *stream, const json_t *object)
{
	const json_t *cost = json_object_get(object, "total_cost_usd");
	stream->results++;
	stream->is_error = json_is_true(json_object_get(object, "is_error"));
	keep(&stream->session, text_member(object, "session_id"));
	const char *subtype = text_member(object, "subtype");
	keep(&stream->subtype, subtype == NULL ? "" : subtype);
	free(stream->reason);
	stream->reason = mem_text(text_member(object, "terminal_reason"));
	stream->status = (int)int_member(object, "api_error_status");
	keep_result_text(stream, object);
	if (json_is_number(cost)) {
		stream->has_cost = true;
		stream->cost = json_number_value(cost);
	}
	count_tokens(stream, object);
}

void
claude_stream_line(struct claude_stream *stream, const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, JSON_ALLOW_NUL, NULL);
	const char *type = text_member(object, "type");
	if (!json_is_object(object)) {
		stream->bad_lines++;
		json_decref(object);
		return;
	}
	stream->lines++;
	if (type == NULL)
		type = "";
	if (strcmp(type, "system") == 0)
		saw_system(stream, object);
	else if (strcmp(type, "assistant") == 0)
		saw_assistant(stream, object);
	else if (strcmp(type, "rate_limit_event") == 0)
		saw_rate_limit(stream, object);
	else if (strcmp(type, "result") == 0)
		saw_result(stream, object);
	json_decref(object);
}

bool
claude_stream_is_good(const struct claude_stream *stream)
{
	return stream->results > 0 && !stream->is_error &&
	    strcmp(stream->subtype, "success") == 0;
}

json_t *
claude_stream_usage(const struct claude_stream *stream)
{
	if (!stream->has_usage)
		return NULL;
	return json_pack("{s:I, s:I, s:I}", "input_tokens",
	    (json_int_t)stream->input_tokens, "output_tokens",
	    (json_int_t)stream->output_tokens, "cache_tokens",
	    (json_int_t)stream->cache_tokens);
}

void
claude_stream_release(struct claude_stream *stream)
{
	free(stream->session);
	free(stream->subtype);
	free(stream->reason);
	free(stream->error);
	str_release(&stream->text);
	str_release(&stream->last_text);
	str_release(&stream->error_text);
	*stream = (struct claude_stream){ 0 };
}
