/* SPDX-License-Identifier: MIT */
/*
 * What a run of Claude Code says on its standard output (--output-format
 * stream-json): one JSON object a line. The parser is pure: lines in, facts
 * and events out; the verdict is made from the facts at the end.
 *
 *	struct claude_stream stream = { .on_event = fn, .arg = arg };
 *	claude_stream_line(&stream, line, len);		for each line
 *	class = claude_stream_judge(&stream, &end, &why);
 *	claude_stream_release(&stream);
 *
 * Facts about the format were measured with versions 1.0.100 to 2.1.329; the
 * recorded streams are in tests/fixtures/claude-streams.
 */
#ifndef AGENT_CLAUDE_STREAM_H
#define AGENT_CLAUDE_STREAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define CLAUDE_LINE_LIMIT (16u * 1024 * 1024) /* longer lines are dropped */
#define CLAUDE_TEXT_LIMIT (2u * 1024 * 1024) /* of all results together */
#define CLAUDE_EVENT_TEXT 4096 /* bytes of one text within an event */

enum claude_class {
	CLAUDE_OK,
	CLAUDE_RATE_LIMIT,
	CLAUDE_OVERLOAD,
	CLAUDE_TRANSIENT, /* server error, lost connection */
	CLAUDE_AUTHENTICATION,
	CLAUDE_MODEL, /* no such model */
	CLAUDE_REQUEST, /* malformed, or the prompt is too long */
	CLAUDE_TURNS, /* --max-turns reached */
	CLAUDE_BUDGET, /* --max-budget-usd reached */
	CLAUDE_INTERRUPTED,
	CLAUDE_NO_RESULT, /* ended without a result line */
	CLAUDE_USAGE, /* refused its command line */
	CLAUDE_ROOT, /* refused to skip permissions as root */
	CLAUDE_OTHER,
	CLAUDE_CLASSES
};

const char *claude_class_name(enum claude_class class); /* "rate limit" */

/*
 * An event for the record: its type ("claude_message", ...) and its members
 * (borrowed). Texts in it are cut to CLAUDE_EVENT_TEXT.
 */
typedef void claude_event_fn(const char *type, json_t *members, void *arg);
/* Text of the main agent as it appears; borrowed. */
typedef void claude_text_fn(const char *text, size_t len, void *arg);

struct claude_stream {
	claude_event_fn *on_event; /* may be NULL */
	claude_text_fn *on_text; /* may be NULL */
	void *arg;

	char *session;
	size_t lines; /* JSON objects seen */
	size_t bad_lines; /* lines that were none */
	size_t results; /* result lines seen; the fields below: the last */
	bool is_error;
	char *subtype;
	char *reason; /* terminal_reason; NULL in old versions */
	int status; /* api_error_status, 0: none */
	struct str text; /* texts of all results, a newline between */
	struct str last_text; /* of the last result, or its errors[] */
	bool has_cost;
	double cost; /* US dollars of the session so far */
	bool has_usage;
	int64_t input_tokens;
	int64_t output_tokens;
	int64_t cache_tokens;
	/* The last failure reported by a synthetic assistant message. */
	char *error;
	int error_status;
	struct str error_text;
	unsigned retries; /* announced by api_retry */
	bool denied; /* an announced retry of a 401: it cannot get better */
	int64_t resets_at; /* seconds since the epoch, 0: unknown */
};

/* One line without its newline. Anything that is no JSON object is counted. */
void claude_stream_line(
    struct claude_stream *stream, const char *line, size_t len);

struct claude_end {
	int exit_code; /* 0..255, 128 + signal */
	/* What it said on standard error, and whether it printed anything. */
	const char *complaints;
	bool printed;
	bool ended_by_us; /* only because it lingered after its result */
};

/*
 * What the run came to. why gets a sentence for people when it is not
 * CLAUDE_OK: the class in words first, then what claude said.
 */
enum claude_class claude_stream_judge(const struct claude_stream *stream,
    const struct claude_end *end, struct str *why);
/* The last result line stands for success. */
bool claude_stream_is_good(const struct claude_stream *stream);
/* {"input_tokens","output_tokens","cache_tokens"}; NULL when unknown. */
json_t *claude_stream_usage(const struct claude_stream *stream);
void claude_stream_release(struct claude_stream *stream);

#endif
