/* SPDX-License-Identifier: MIT */
/* What a run of Claude Code came to, judged from its stream and its end. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "agent/claude_verdict.h"
#include "base/clock.h"
#include "base/defs.h"
#include "base/text.h"

#define SAID_LIMIT 600 /* bytes of claude's own words in a message */

static const char *const class_names[CLAUDE_CLASSES] = {
	[CLAUDE_OK] = "success",
	[CLAUDE_RATE_LIMIT] = "rate limit",
	[CLAUDE_OVERLOAD] = "overload",
	[CLAUDE_TRANSIENT] = "server or connection error",
	[CLAUDE_AUTHENTICATION] = "authentication",
	[CLAUDE_MODEL] = "unknown model",
	[CLAUDE_REQUEST] = "request refused",
	[CLAUDE_TURNS] = "turn limit reached",
	[CLAUDE_BUDGET] = "budget limit reached",
	[CLAUDE_INTERRUPTED] = "interrupted",
	[CLAUDE_NO_RESULT] = "ended without a result",
	[CLAUDE_USAGE] = "command line refused",
	[CLAUDE_ROOT] = "refused to run as root",
	[CLAUDE_OTHER] = "failed",
};

static enum claude_class
class_of_status(int status)
{
	if (status == 429)
		return CLAUDE_RATE_LIMIT;
	if (status == 529)
		return CLAUDE_OVERLOAD;
	if (status == 401 || status == 403)
		return CLAUDE_AUTHENTICATION;
	if (status == 404)
		return CLAUDE_MODEL;
	if (status >= 500 && status <= 599)
		return CLAUDE_TRANSIENT;
	if (status >= 400 && status <= 499)
		return CLAUDE_REQUEST;
	return CLAUDE_OTHER;
}

struct claude_word {
	const char *word;
	enum claude_class class;
};

static enum claude_class
class_of_error(const char *error)
{
	static const struct claude_word words[] = {
		{ "rate_limit", CLAUDE_RATE_LIMIT },
		{ "overloaded", CLAUDE_OVERLOAD },
		{ "server_error", CLAUDE_TRANSIENT },
		{ "authentication_failed", CLAUDE_AUTHENTICATION },
		{ "model_not_found", CLAUDE_MODEL },
		{ "invalid_request", CLAUDE_REQUEST },
	};
	for (size_t i = 0; error != NULL && i < COUNT_OF(words); i++)
		if (strcmp(error, words[i].word) == 0)
			return words[i].class;
	return CLAUDE_OTHER;
}

/* Old versions give no status: there is only the text they print. */
static enum claude_class
class_of_text(const char *text)
{
	static const struct claude_word words[] = {
		{ "rate_limit", CLAUDE_RATE_LIMIT },
		{ "rate limit", CLAUDE_RATE_LIMIT },
		{ "hit your", CLAUDE_RATE_LIMIT },
		{ "usage limit", CLAUDE_RATE_LIMIT },
		{ "overloaded", CLAUDE_OVERLOAD },
		{ "Overloaded", CLAUDE_OVERLOAD },
		{ "Invalid API key", CLAUDE_AUTHENTICATION },
		{ "Not logged in", CLAUDE_AUTHENTICATION },
		{ "Failed to authenticate", CLAUDE_AUTHENTICATION },
		{ "selected model", CLAUDE_MODEL },
		{ "Prompt is too long", CLAUDE_REQUEST },
		{ "Connection", CLAUDE_TRANSIENT },
		{ "timed out", CLAUDE_TRANSIENT },
	};
	static const char prefix[] = "API Error: ";
	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0) {
		const char *digits = text + sizeof(prefix) - 1;
		long status = strtol(digits, NULL, 10);
		if (isdigit((unsigned char)*digits) && status < 1000)
			return class_of_status((int)status);
	}
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strstr(text, words[i].word) != NULL)
			return words[i].class;
	return CLAUDE_OTHER;
}

static const char *
said(const struct claude_stream *stream)
{
	if (stream->last_text.len > 0)
		return str_text(&stream->last_text);
	return str_text(&stream->error_text);
}

static enum claude_class
class_of_failure(const struct claude_stream *stream)
{
	enum claude_class class = class_of_status(stream->status);
	if (class == CLAUDE_OTHER)
		class = class_of_status(stream->error_status);
	if (class == CLAUDE_OTHER)
		class = class_of_error(stream->error);
	if (class == CLAUDE_OTHER || class == CLAUDE_TRANSIENT) {
		enum claude_class words = class_of_text(said(stream));
		if (words != CLAUDE_OTHER)
			class = words;
	}
	return class;
}

/* The class of a failure that the last result line reports. */
static enum claude_class
class_of_result(const struct claude_stream *stream)
{
	if (strcmp(stream->subtype, "error_max_turns") == 0)
		return CLAUDE_TURNS;
	if (strcmp(stream->subtype, "error_max_budget_usd") == 0)
		return CLAUDE_BUDGET;
	if (stream->reason != NULL &&
	    (strcmp(stream->reason, "aborted_tools") == 0 ||
		strcmp(stream->reason, "aborted_streaming") == 0))
		return CLAUDE_INTERRUPTED;
	if (strcmp(stream->subtype, "success") != 0)
		return CLAUDE_OTHER;
	return class_of_failure(stream);
}

static enum claude_class
class_without_result(
    const struct claude_stream *stream, const struct claude_end *end)
{
	if (stream->denied)
		return CLAUDE_AUTHENTICATION;
	if (strstr(end->complaints, "root/sudo") != NULL)
		return CLAUDE_ROOT;
	if (!end->printed && end->complaints[0] != '\0')
		return CLAUDE_USAGE;
	return CLAUDE_NO_RESULT;
}

static void
add_words(struct str *why, const char *text)
{
	size_t len = strlen(text);
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (len == 0)
		return;
	str_add(why, ": ");
	if (len <= SAID_LIMIT) {
		str_add_n(why, text, len);
		return;
	}
	str_add_n(why, text, text_cut(text, len, SAID_LIMIT));
	str_add(why, "...");
}

static void
add_advice(struct str *why, const struct claude_stream *stream,
    enum claude_class class)
{
	char stamp[CLOCK_RFC3339_SIZE];
	if (class == CLAUDE_AUTHENTICATION && stream->results == 0)
		str_add(why,
		    ", as the API answered 401 "
		    "(claude's own retries were not waited for)");
	else if (class == CLAUDE_ROOT)
		str_add(why,
		    ", as claude does not skip permissions for uid 0 "
		    "(run as another user, choose another permission mode, "
		    "or set IS_SANDBOX=1 if this is a sandbox)");
	else if (class == CLAUDE_RATE_LIMIT && stream->resets_at > 0)
		str_format(why, " until %s",
		    clock_rfc3339(stream->resets_at * 1000, stamp));
}

/* Whether the last result line reports a success. */
static bool
is_good(const struct claude_stream *stream)
{
	return stream->results > 0 && !stream->is_error &&
	    strcmp(stream->subtype, "success") == 0;
}

enum claude_class
claude_judge(const struct claude_stream *stream, const struct claude_end *end,
    struct str *why)
{
	enum claude_class class = CLAUDE_OTHER;
	bool good = is_good(stream);
	if (good && (end->exit_code == 0 || end->ended_by_us))
		return CLAUDE_OK;
	if (stream->results == 0)
		class = class_without_result(stream, end);
	else if (!good)
		class = class_of_result(stream);
	str_format(why, "claude: %s", class_names[class]);
	add_advice(why, stream, class);
	if (good)
		str_format(why, " with exit status %d after a success",
		    end->exit_code);
	else if (stream->results == 0)
		str_format(why, " (exit status %d)", end->exit_code);
	add_words(why,
	    stream->results > 0 || stream->error_text.len > 0
		? said(stream)
		: end->complaints);
	return class;
}
