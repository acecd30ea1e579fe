/* SPDX-License-Identifier: MIT */
/*
 * What a run of Claude Code says on its standard output (--output-format
 * stream-json): one JSON object a line. The parser is pure: lines in, facts
 * and events out; claude_verdict.h judges the facts at the end.
 *
 *	struct claude_stream stream = { .on_event = fn, .arg = arg };
 *	claude_stream_line(&stream, line, len);		for each line
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
#include "plan/spent.h"

#define CLAUDE_LINE_LIMIT (16u * 1024 * 1024) /* longer lines are dropped */
#define CLAUDE_TEXT_LIMIT (2u * 1024 * 1024) /* of all results together */
#define CLAUDE_EVENT_TEXT 4096 /* bytes of one text within an event */

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

	bool is_main; /* the message being read is the main agent's */
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
	struct spent said; /* of the session, by the last result that tells */
	struct spent since; /* tokens of the messages that came behind it */
	json_t *messages; /* the ids of those: each comes in several lines */
	unsigned news; /* how often said or since has changed */
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

/*
 * What it has cost by now. As long as no result tells all of it, that is a
 * lower bound: the tokens that went in, and the first ones that came out.
 */
struct spent claude_stream_spent(const struct claude_stream *stream);
void claude_stream_release(struct claude_stream *stream);

#endif
