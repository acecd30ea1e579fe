/* SPDX-License-Identifier: MIT */
/* Reads the output of Claude Code line by line. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/claude_stream.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"

#define EVENT_TOOLS 100 /* names of tools in one event */

/* What is done with an object by a word of it, its type or subtype. */
struct claude_case {
	const char *word; /* NULL ends a table */
	void (*saw)(struct claude_stream *stream, const json_t *object);
};

static void
choose(struct claude_stream *stream, const struct claude_case *cases,
    const char *word, const json_t *object)
{
	if (word == NULL)
		return;
	for (; cases->word != NULL; cases++)
		if (strcmp(cases->word, word) == 0)
			cases->saw(stream, object);
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
	const char *session = json_get_text(object, "session_id");
	const char *model = json_get_text(object, "model");
	/*
	 * A background agent that ends late starts another turn with an init of
	 * its own; it is the same session.
	 */
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
	int64_t status = json_get_int(object, "error_status", 0);
	stream->retries++;
	/* Claude retries a bad key for minutes as if it were an overload. */
	if (status == 401)
		stream->denied = true;
	send_event(stream, "claude_api_retry",
	    json_pack("{s:I, s:I, s:I, s:I, s:s*}", "attempt",
		json_get_int(object, "attempt", 0), "max_retries",
		json_get_int(object, "max_retries", 0), "delay_ms",
		json_get_int(object, "retry_delay_ms", 0), "error_status",
		(json_int_t)status, "error", json_get_text(object, "error")));
}

static void
saw_system(struct claude_stream *stream, const json_t *object)
{
	static const struct claude_case cases[] = {
		{ "init", saw_init },
		{ "api_retry", saw_retry },
		{ NULL, NULL },
	};
	choose(stream, cases, json_get_text(object, "subtype"), object);
}

static void
saw_rate_limit(struct claude_stream *stream, const json_t *object)
{
	const json_t *info = json_object_get(object, "rate_limit_info");
	const char *status = json_get_text(info, "status");
	if (status == NULL || strcmp(status, "rejected") != 0)
		return;
	stream->resets_at = json_get_int(info, "resetsAt", 0);
	send_event(stream, "claude_rate_limit",
	    json_pack("{s:s, s:I, s:s*}", "status", status, "resets_at",
		(json_int_t)stream->resets_at, "limit",
		json_get_text(info, "rateLimitType")));
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
saw_tool(struct claude_stream *stream, const json_t *block)
{
	const char *name = json_get_text(block, "name");
	if (name == NULL)
		return;
	send_event(stream, "claude_tool_invoked",
	    json_pack("{s:s, s:s*, s:o}", "tool_name", name, "tool_id",
		json_get_text(block, "id"), "parameters",
		bounded_input(json_object_get(block, "input"))));
}

static void
saw_text(struct claude_stream *stream, const json_t *block)
{
	const json_t *value = json_object_get(block, "text");
	const char *text = json_string_value(value);
	if (text == NULL)
		return;
	size_t len = json_string_length(value);
	if (stream->is_main && stream->on_text != NULL)
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
	keep(&stream->error, json_get_text(object, "error"));
	stream->error_status = (int)json_get_int(object, "api_error_status", 0);
	const json_t *first = json_array_get(content, 0);
	const json_t *text = json_object_get(first, "text");
	str_clear(&stream->error_text);
	if (json_is_string(text))
		str_add_n(&stream->error_text, json_string_value(text),
		    json_string_length(text));
}

struct claude_token_names {
	const char *input;
	const char *output;
	const char *read; /* from the cache */
	const char *creation; /* of what the cache holds */
};

/* usage of a message or a turn, modelUsage of a session. */
static const struct claude_token_names of_turn = { "input_tokens",
	"output_tokens", "cache_read_input_tokens",
	"cache_creation_input_tokens" };
static const struct claude_token_names of_model = { "inputTokens",
	"outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens" };

static void
add_tokens(struct spent *spent, const struct claude_token_names *names,
    const json_t *object)
{
	const struct spent more = {
		.has_tokens = true,
		.input_tokens = json_get_int(object, names->input, 0),
		.output_tokens = json_get_int(object, names->output, 0),
		.cache_read_tokens = json_get_int(object, names->read, 0),
		.cache_write_tokens = json_get_int(object, names->creation, 0),
	};
	spent_add(spent, &more);
}

/*
 * Each block of a message is a line, with the usage of its beginning: what went
 * in is right, of what came out more follows.
 */
static void
count_message(struct claude_stream *stream, const json_t *message)
{
	const json_t *usage = json_object_get(message, "usage");
	const char *id = json_get_text(message, "id");
	if (!json_is_object(usage) || id == NULL ||
	    json_get(stream->messages, id) != NULL)
		return;
	if (stream->messages == NULL)
		stream->messages = json_object();
	json_object_set_new(stream->messages, id, json_true());
	add_tokens(&stream->since, &of_turn, usage);
	stream->news++;
}

static void
saw_assistant(struct claude_stream *stream, const json_t *object)
{
	static const struct claude_case cases[] = {
		{ "tool_use", saw_tool },
		{ "text", saw_text },
		{ NULL, NULL },
	};
	const json_t *message = json_object_get(object, "message");
	const json_t *content = json_object_get(message, "content");
	const char *model = json_get_text(message, "model");
	stream->is_main = json_get_text(object, "parent_tool_use_id") == NULL;
	count_message(stream, message);
	if (json_get_text(object, "error") != NULL ||
	    (model != NULL && strcmp(model, "<synthetic>") == 0))
		saw_failure(stream, object, content);
	size_t n = json_array_size(content);
	for (size_t i = 0; i < n; i++) {
		const json_t *block = json_array_get(content, i);
		choose(stream, cases, json_get_text(block, "type"), block);
	}
}

static void
send_usage(const struct claude_stream *stream)
{
	const struct spent *said = &stream->said;
	json_int_t read = (json_int_t)said->cache_read_tokens;
	json_int_t written = (json_int_t)said->cache_write_tokens;
	send_event(stream, "claude_token_usage",
	    json_pack("{s:I, s:I, s:I, s:I, s:I}", "input_tokens",
		(json_int_t)said->input_tokens, "output_tokens",
		(json_int_t)said->output_tokens, "cache_tokens", read + written,
		"cache_read_tokens", read, "cache_write_tokens", written));
}

/* modelUsage covers the whole session, usage only the last turn. */
static bool
count_tokens(struct claude_stream *stream, const json_t *object)
{
	json_t *models = json_object_get(object, "modelUsage");
	const json_t *usage = json_object_get(object, "usage");
	struct spent all = { .has_cost = stream->said.has_cost,
		.nano_usd = stream->said.nano_usd };
	const char *name;
	json_t *one;
	bool by_model = json_object_size(models) > 0;
	if (!by_model && (models != NULL || !json_is_object(usage)))
		return false;
	if (!by_model)
		add_tokens(&all, &of_turn, usage);
	json_object_foreach(models, name, one)
		add_tokens(&all, &of_model, one);
	stream->said = all;
	send_usage(stream);
	return true;
}

/* What the messages before it told was a part of that. */
static void
count_result(struct claude_stream *stream, const json_t *object)
{
	const json_t *cost = json_object_get(object, "total_cost_usd");
	if (json_is_number(cost))
		spent_set_cost(&stream->said, json_number_value(cost));
	if (!count_tokens(stream, object) && !json_is_number(cost))
		return;
	stream->since = (struct spent){ 0 };
	json_decref(stream->messages);
	stream->messages = NULL;
	stream->news++;
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
	stream->results++;
	stream->is_error = json_is_true(json_object_get(object, "is_error"));
	keep(&stream->session, json_get_text(object, "session_id"));
	const char *subtype = json_get_text(object, "subtype");
	keep(&stream->subtype, subtype == NULL ? "" : subtype);
	free(stream->reason);
	stream->reason = mem_text(json_get_text(object, "terminal_reason"));
	stream->status = (int)json_get_int(object, "api_error_status", 0);
	keep_result_text(stream, object);
	count_result(stream, object);
}

void
claude_stream_line(struct claude_stream *stream, const char *line, size_t len)
{
	static const struct claude_case cases[] = {
		{ "system", saw_system },
		{ "assistant", saw_assistant },
		{ "rate_limit_event", saw_rate_limit },
		{ "result", saw_result },
		{ NULL, NULL },
	};
	autojson json_t *object = json_loadb(line, len, JSON_ALLOW_NUL, NULL);
	if (!json_is_object(object)) {
		stream->bad_lines++;
		return;
	}
	stream->lines++;
	choose(stream, cases, json_get_text(object, "type"), object);
}

struct spent
claude_stream_spent(const struct claude_stream *stream)
{
	struct spent spent = stream->said;
	spent_add(&spent, &stream->since);
	spent.at_least = stream->results == 0 || stream->since.has_tokens ||
	    !stream->said.has_cost;
	return spent;
}

void
claude_stream_release(struct claude_stream *stream)
{
	free(stream->session);
	free(stream->subtype);
	free(stream->reason);
	free(stream->error);
	json_decref(stream->messages);
	str_release(&stream->text);
	str_release(&stream->last_text);
	str_release(&stream->error_text);
	*stream = (struct claude_stream){ 0 };
}
