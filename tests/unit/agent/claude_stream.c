/* SPDX-License-Identifier: MIT */
/* Recorded streams of Claude Code, and what each came to. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "agent/claude_stream.h"
#include "agent/claude_verdict.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

#define FIXTURE_LIMIT (1024u * 1024)

struct stream_expectation {
	const char *file;
	int exit_code; /* as measured when it was recorded */
	enum claude_class class;
	const char *why; /* a part of the message */
	const char *text; /* of all results */
	double cost; /* < 0: unknown */
	int64_t input_tokens; /* < 0: unknown */
	unsigned tools;
};

static const struct stream_expectation expectations[] = {
	{ "text.jsonl", 0, CLAUDE_OK, "", "hello", 0.0008, 100, 0 },
	{ "tools-thinking.jsonl", 0, CLAUDE_OK, "", NULL, 0.0016, 200, 2 },
	{ "command-commit.jsonl", 0, CLAUDE_OK, "", NULL, 0.0024, 300, 2 },
	{ "subagent-two-results.jsonl", 0, CLAUDE_OK, "", NULL, 0.004, 500, 2 },
	{ "retry-429-recovered.jsonl", 0, CLAUDE_OK, "", NULL, 0.0008, 100, 0 },
	{ "fail-401.jsonl", 1, CLAUDE_AUTHENTICATION, "authentication: Inv",
	    NULL, 0, -1, 0 },
	{ "fail-429.jsonl", 1, CLAUDE_RATE_LIMIT, "rate limit: API Error", NULL,
	    0, -1, 0 },
	{ "fail-529.jsonl", 1, CLAUDE_OVERLOAD, "overload: API Error: 529",
	    NULL, 0, -1, 0 },
	{ "usage-limit.jsonl", 1, CLAUDE_RATE_LIMIT,
	    "rate limit until 2030-01-01T00:00:00", NULL, 0, -1, 0 },
	{ "max-budget.jsonl", 1, CLAUDE_BUDGET, "budget limit", "", 4.02,
	    1000000, 1 },
	{ "max-turns.jsonl", 1, CLAUDE_TURNS, "turn limit", "", 0.0008, 100,
	    1 },
	{ "sigint-in-tool.jsonl", 0, CLAUDE_INTERRUPTED, "interrupted", "",
	    0.0008, 100, 1 },
	{ "sigint-waiting.jsonl", 0, CLAUDE_NO_RESULT,
	    "ended without a result (exit status 0)", "", -1, -1, 0 },
	{ "v1.0.100-text.jsonl", 0, CLAUDE_OK, "", "hello", 0.00316, 100, 0 },
	{ "v2.0.76-fail-429.jsonl", 1, CLAUDE_RATE_LIMIT, "rate limit", NULL,
	    0.0004, 200, 0 },
	{ "v2.0.76-max-turns.jsonl", 0, CLAUDE_TURNS, "turn limit", "", 0.0012,
	    400, 1 },
};

struct stream_seen {
	unsigned sessions;
	unsigned tools;
	unsigned messages;
	unsigned usages;
};

static void
event_came(const char *type, json_t *members, void *arg)
{
	struct stream_seen *seen = arg;
	(void)members;
	seen->sessions += strcmp(type, "claude_session_started") == 0;
	seen->tools += strcmp(type, "claude_tool_invoked") == 0;
	seen->messages += strcmp(type, "claude_message") == 0;
	seen->usages += strcmp(type, "claude_token_usage") == 0;
}

static void
feed(struct claude_stream *stream, const struct str *bytes)
{
	const char *at = str_text(bytes);
	const char *end = at + bytes->len;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (newline == NULL)
			newline = end;
		claude_stream_line(stream, at, (size_t)(newline - at));
		at = newline + 1;
	}
}

static void
check_cost(
    const struct claude_stream *stream, const struct stream_expectation *want)
{
	const struct spent spent = claude_stream_spent(stream);
	double cost = (double)spent.nano_usd / 1e9;
	double distance = cost - want->cost;
	tap_ok(want->cost < 0 ? !spent.has_cost
			      : distance > -1e-9 && distance < 1e-9,
	    "%s: it cost %g", want->file, cost);
	if (want->input_tokens >= 0)
		tap_is_int(spent.input_tokens, want->input_tokens,
		    "%s: input tokens are counted", want->file);
	else
		tap_ok(!spent.has_tokens || spent.input_tokens == 0,
		    "%s: no tokens are counted", want->file);
	tap_is_int(spent.at_least, want->cost < 0,
	    "%s: all is known where there is a result", want->file);
}

static void
check_file(const struct stream_expectation *want)
{
	autoerror struct error err = { 0 };
	autostr struct str bytes = { 0 };
	autostr struct str why = { 0 };
	struct stream_seen seen = { 0 };
	struct claude_stream stream = {
		.on_event = event_came,
		.arg = &seen,
	};
	const char *top = getenv("top_srcdir");
	autofree char *dir = mem_format("%s/tests/fixtures/claude-streams/%s",
	    top == NULL ? "." : top, want->file);
	if (!file_read(dir, FIXTURE_LIMIT, &bytes, &err)) {
		tap_ok(false, "%s: %s", want->file, error_text(&err));
		return;
	}
	feed(&stream, &bytes);
	struct claude_end end = {
		.exit_code = want->exit_code,
		.complaints = "",
		.printed = true,
	};
	enum claude_class class = claude_judge(&stream, &end, &why);
	tap_is_int(class, want->class, "%s: what it came to", want->file);
	tap_ok(strstr(str_text(&why), want->why) != NULL,
	    "%s: the message says why: %s", want->file, str_text(&why));
	tap_ok(stream.bad_lines == 0, "%s: every line is read", want->file);
	tap_ok(stream.session != NULL, "%s: the session is known", want->file);
	tap_is_int(seen.tools, want->tools,
	    "%s: each call of a tool is an event", want->file);
	tap_ok(want->text == NULL || want->text[0] == '\0' || seen.messages > 0,
	    "%s: a message is an event", want->file);
	tap_is_int(seen.sessions, 1, "%s: one session is told", want->file);
	if (want->text != NULL)
		tap_is_text(str_text(&stream.text), want->text,
		    "%s: the text of its results", want->file);
	check_cost(&stream, want);
	claude_stream_release(&stream);
}

struct stream_case {
	const char *what;
	const char *lines;
	struct claude_end end;
	enum claude_class class;
	const char *why;
};

#define GOOD                                                                   \
	"{\"subtype\":\"success\",\"is_error\":false,\"result\":\"x\","        \
	"\"type\":\"result\"}\n"

static const struct stream_case lone_cases[] = {
	{ "claude refuses to run as root", "",
	    { 1,
		"--dangerously-skip-permissions cannot be used with root/sudo "
		"privileges for security reasons\n",
		false, false },
	    CLAUDE_ROOT, "another user" },
	{ "claude refuses an option", "",
	    { 1, "error: unknown option '-x'\n", false, false }, CLAUDE_USAGE,
	    "unknown option '-x'" },
	{ "claude is killed", "{\"type\":\"system\",\"subtype\":\"init\"}\n",
	    { 137, "", true, false }, CLAUDE_NO_RESULT, "exit status 137" },
	{ "claude prints nothing", "", { 0, "", false, false },
	    CLAUDE_NO_RESULT, "without a result (exit status 0)" },
	{ "a result is cut", "{\"type\":\"result\",\"subtype\":\"succ",
	    { 0, "", true, false }, CLAUDE_NO_RESULT, "without a result" },
	{ "an error ends with status 0",
	    "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
	    "\"result\":\"API Error: 529 overloaded\"}\n",
	    { 0, "", true, false }, CLAUDE_OVERLOAD, "529" },
	{ "a good result stands among noise",
	    "warn\n\xff\xfe\n" GOOD "{\"type\":\"later\"}\n",
	    { 0, "", true, false }, CLAUDE_OK, "" },
	{ "a success ends with status 1", GOOD, { 1, "", true, false },
	    CLAUDE_OTHER, "exit status 1 after a success" },
	{ "claude is stopped after its result", GOOD, { 143, "", true, true },
	    CLAUDE_OK, "" },
	{ "a second result is a failure",
	    GOOD "{\"type\":\"result\",\"subtype\":\"success\","
		 "\"is_error\":true,\"result\":\"API Error: 500 oops\"}\n",
	    { 1, "", true, false }, CLAUDE_TRANSIENT, "API Error: 500" },
	{ "a retry of a refused key is announced",
	    "{\"type\":\"system\",\"subtype\":\"api_retry\","
	    "\"error_status\":401,\"attempt\":1}\n",
	    { 143, "", true, true }, CLAUDE_AUTHENTICATION, "authentication" },
	{ "nothing is JSON", "hello\n[1]\n\"x\"\n{\"type\":\n\xff\xfe\n{}\n",
	    { 0, "", true, false }, CLAUDE_NO_RESULT, "without a result" },
	{ "members have the wrong types",
	    "{\"type\":5}\n{\"type\":\"assistant\",\"message\":7}\n"
	    "{\"type\":\"assistant\",\"message\":{\"content\":[1,{\"type\":"
	    "null},{\"type\":\"text\",\"text\":3},{\"type\":\"tool_use\","
	    "\"name\":\"n\"}]}}\n"
	    "{\"type\":\"result\",\"subtype\":{},\"result\":[],\"errors\":[1],"
	    "\"modelUsage\":{\"a\":1},\"total_cost_usd\":\"x\"}\n",
	    { 0, "", true, false }, CLAUDE_OTHER, "claude: failed" },
	{ "a text holds NUL and escapes",
	    "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,"
	    "\"result\":\"API Error: 429\\u0000\\u001b[2J\"}\n",
	    { 1, "", true, false }, CLAUDE_RATE_LIMIT, "429" },
};

static void
check_lone(const struct stream_case *want)
{
	struct claude_stream stream = { 0 };
	autostr struct str bytes = { 0 };
	autostr struct str why = { 0 };
	str_add(&bytes, want->lines);
	feed(&stream, &bytes);
	enum claude_class class = claude_judge(&stream, &want->end, &why);
	tap_is_int(class, want->class, "%s: what it came to", want->what);
	tap_ok(strstr(str_text(&why), want->why) != NULL,
	    "%s: the message says why: %s", want->what, str_text(&why));
	claude_stream_release(&stream);
}

static void
event_is_small(const char *type, json_t *members, void *arg)
{
	size_t *largest = arg;
	(void)type;
	char *text = json_dumps(members, JSON_COMPACT);
	if (strlen(text) > *largest)
		*largest = strlen(text);
	free(text);
}

/* A file of 400 KB within a tool call does not become an event of 400 KB. */
static void
check_large(void)
{
	size_t largest = 0;
	struct claude_stream stream = {
		.on_event = event_is_small,
		.arg = &largest,
	};
	autostr struct str line = { 0 };
	str_add(&line,
	    "{\"type\":\"assistant\",\"message\":{\"content\":["
	    "{\"type\":\"tool_use\",\"name\":\"Write\",\"input\":"
	    "{\"content\":\"");
	for (size_t i = 0; i < 200000; i++)
		str_add(&line, "\xc3\xa9");
	str_add(&line, "\"}},{\"type\":\"text\",\"text\":\"");
	for (size_t i = 0; i < 200000; i++)
		str_add(&line, "\xc3\xa9");
	str_add(&line, "\"}]}}");
	claude_stream_line(&stream, line.data, line.len);
	tap_is_int((long long)stream.bad_lines, 0, "a long line is read");
	tap_ok(largest > 1000 && largest < 3 * CLAUDE_EVENT_TEXT,
	    "events stay small: %zu bytes", largest);
	claude_stream_release(&stream);
}

/* Two results of one session: costs are cumulative, texts are both kept. */
static void
check_two_results(void)
{
	struct claude_stream stream = { 0 };
	autostr struct str bytes = { 0 };
	str_add(&bytes,
	    "{\"type\":\"result\",\"subtype\":\"success\",\"result\":\"one\","
	    "\"total_cost_usd\":0.5}\n"
	    "{\"type\":\"result\",\"subtype\":\"success\",\"result\":\"two\","
	    "\"total_cost_usd\":0.75}\n");
	feed(&stream, &bytes);
	tap_is_text(str_text(&stream.text), "one\ntwo",
	    "the texts of two results are both kept");
	tap_ok(stream.said.nano_usd == 750000000,
	    "the cost of the last result counts");
	tap_is_int((long long)stream.results, 2, "both results are counted");
	claude_stream_release(&stream);
}

/* One failure in each of the forms that versions of claude have. */
struct stream_reason {
	const char *members; /* of the result line */
	enum claude_class class;
};

static const struct stream_reason reasons[] = {
	{ "\"api_error_status\":429", CLAUDE_RATE_LIMIT },
	{ "\"api_error_status\":529", CLAUDE_OVERLOAD },
	{ "\"api_error_status\":401", CLAUDE_AUTHENTICATION },
	{ "\"api_error_status\":403", CLAUDE_AUTHENTICATION },
	{ "\"api_error_status\":404", CLAUDE_MODEL },
	{ "\"api_error_status\":500", CLAUDE_TRANSIENT },
	{ "\"api_error_status\":599", CLAUDE_TRANSIENT },
	{ "\"api_error_status\":400", CLAUDE_REQUEST },
	{ "\"api_error_status\":499", CLAUDE_REQUEST },
	{ "\"api_error_status\":600", CLAUDE_OTHER },
	{ "\"result\":\"API Error: 429 x\"", CLAUDE_RATE_LIMIT },
	{ "\"result\":\"API Error: x\"", CLAUDE_OTHER },
	{ "\"result\":\"a rate_limit_error\"", CLAUDE_RATE_LIMIT },
	{ "\"result\":\"a rate limit\"", CLAUDE_RATE_LIMIT },
	{ "\"result\":\"You've hit your limit\"", CLAUDE_RATE_LIMIT },
	{ "\"result\":\"Claude usage limit\"", CLAUDE_RATE_LIMIT },
	{ "\"result\":\"overloaded_error\"", CLAUDE_OVERLOAD },
	{ "\"result\":\"Overloaded\"", CLAUDE_OVERLOAD },
	{ "\"result\":\"Invalid API key\"", CLAUDE_AUTHENTICATION },
	{ "\"result\":\"Not logged in\"", CLAUDE_AUTHENTICATION },
	{ "\"result\":\"Failed to authenticate\"", CLAUDE_AUTHENTICATION },
	{ "\"result\":\"the selected model\"", CLAUDE_MODEL },
	{ "\"result\":\"Prompt is too long\"", CLAUDE_REQUEST },
	{ "\"result\":\"Connection error\"", CLAUDE_TRANSIENT },
	{ "\"result\":\"Request timed out\"", CLAUDE_TRANSIENT },
	{ "\"result\":\"something else\"", CLAUDE_OTHER },
	{ "\"terminal_reason\":\"aborted_tools\"", CLAUDE_INTERRUPTED },
	{ "\"terminal_reason\":\"aborted_streaming\"", CLAUDE_INTERRUPTED },
	{ "\"subtype\":\"error_x\",\"result\":\"rate limit\"", CLAUDE_OTHER },
	{ "\"subtype\":\"error_max_turns\"", CLAUDE_TURNS },
	{ "\"subtype\":\"error_max_budget_usd\"", CLAUDE_BUDGET },
};

/* The names of errors in a message that claude wrote itself. */
static const struct stream_reason errors[] = {
	{ "rate_limit", CLAUDE_RATE_LIMIT },
	{ "overloaded", CLAUDE_OVERLOAD },
	{ "server_error", CLAUDE_TRANSIENT },
	{ "authentication_failed", CLAUDE_AUTHENTICATION },
	{ "model_not_found", CLAUDE_MODEL },
	{ "invalid_request", CLAUDE_REQUEST },
	{ "unheard_of", CLAUDE_OTHER },
};

static void
check_reason(const char *lines, enum claude_class class, const char *what)
{
	static const struct claude_end end = { 1, "", true, false };
	struct claude_stream stream = { 0 };
	autostr struct str bytes = { 0 };
	autostr struct str why = { 0 };
	str_add(&bytes, lines);
	feed(&stream, &bytes);
	tap_is_int(claude_judge(&stream, &end, &why), class,
	    "a run that ends with %s is of its class", what);
	claude_stream_release(&stream);
}

static void
check_reasons(void)
{
	for (size_t i = 0; i < COUNT_OF(reasons); i++) {
		autostr struct str lines = { 0 };
		/* The last of two members with one name counts. */
		str_format(&lines,
		    "{\"type\":\"result\",\"subtype\":\"success\","
		    "\"is_error\":true,%s}\n",
		    reasons[i].members);
		check_reason(
		    str_text(&lines), reasons[i].class, reasons[i].members);
	}
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		autostr struct str lines = { 0 };
		str_format(&lines,
		    "{\"type\":\"assistant\",\"error\":\"%s\","
		    "\"message\":{\"model\":\"<synthetic>\"}}\n"
		    "{\"type\":\"result\",\"subtype\":\"success\","
		    "\"is_error\":true}\n",
		    errors[i].members);
		check_reason(
		    str_text(&lines), errors[i].class, errors[i].members);
	}
}

struct stream_tokens {
	const char *members; /* of the result line */
	int64_t input;
	int64_t output;
	int64_t read; /* from the cache */
	int64_t written;
	const char *what;
};

static const struct stream_tokens tokens[] = {
	{ "\"modelUsage\":{\"a\":{\"inputTokens\":1,\"outputTokens\":2,"
	  "\"cacheReadInputTokens\":4,\"cacheCreationInputTokens\":8},"
	  "\"b\":{\"inputTokens\":16}},\"usage\":{\"input_tokens\":99}",
	    17, 2, 4, 8, "the tokens of all models are added" },
	{ "\"usage\":{\"input_tokens\":1,\"output_tokens\":2,"
	  "\"cache_read_input_tokens\":4,\"cache_creation_input_tokens\":8}",
	    1, 2, 4, 8, "without models the tokens of the turn count" },
	{ "\"modelUsage\":{},\"usage\":{\"input_tokens\":1}", 0, 0, 0, 0,
	    "a session that used no model has no tokens" },
};

static void
check_tokens(const struct stream_tokens *want)
{
	struct claude_stream stream = { 0 };
	autostr struct str line = { 0 };
	str_format(&line, "{\"type\":\"result\",%s}", want->members);
	claude_stream_line(&stream, str_text(&line), line.len);
	tap_ok(stream.said.input_tokens == want->input &&
		stream.said.output_tokens == want->output &&
		stream.said.cache_read_tokens == want->read &&
		stream.said.cache_write_tokens == want->written,
	    "%s", want->what);
	claude_stream_release(&stream);
}

/* Input tokens that are known, or -1 when that is all there were. */
static void
spent_is(struct claude_stream *stream, const char *line, int64_t input,
    bool at_least, const char *name)
{
	claude_stream_line(stream, line, strlen(line));
	const struct spent spent = claude_stream_spent(stream);
	tap_ok(spent.input_tokens == input && spent.at_least == at_least, "%s",
	    name);
}

/* A message comes in several lines; results tell all that was before. */
static void
check_lower_bound(void)
{
	static const char first[] =
	    "{\"type\":\"assistant\",\"message\":{\"id\":\"m1\","
	    "\"usage\":{\"input_tokens\":40}}}";
	static const char second[] =
	    "{\"type\":\"assistant\",\"message\":{\"id\":\"m2\","
	    "\"usage\":{\"input_tokens\":2}}}";
	static const char result[] =
	    "{\"type\":\"result\",\"total_cost_usd\":1,"
	    "\"usage\":{\"input_tokens\":50}}";
	struct claude_stream stream = { 0 };
	spent_is(&stream, "{}", 0, true, "nobody knows what it spends first");
	spent_is(&stream, first, 40, true, "a message tells its tokens");
	spent_is(&stream, first, 40, true, "once, however often it comes");
	spent_is(&stream, second, 42, true, "the next one adds to them");
	spent_is(&stream, result, 50, false, "a result tells all of them");
	spent_is(&stream, second, 52, true, "what comes behind it adds");
	claude_stream_release(&stream);
}

static void
keep_text(const char *text, size_t len, void *arg)
{
	str_add_n(arg, text, len);
}

/* Text of a subagent is an event, but not what the step shows. */
static void
check_subagent(void)
{
	static const char lines[] =
	    "{\"type\":\"assistant\",\"message\":{\"content\":["
	    "{\"type\":\"text\",\"text\":\"main\"}]}}\n"
	    "{\"type\":\"assistant\",\"parent_tool_use_id\":\"x\","
	    "\"message\":{\"content\":["
	    "{\"type\":\"text\",\"text\":\"sub\"}]}}\n";
	autostr struct str shown = { 0 };
	autostr struct str bytes = { 0 };
	struct claude_stream stream = { .on_text = keep_text, .arg = &shown };
	str_add(&bytes, lines);
	feed(&stream, &bytes);
	tap_is_text(str_text(&shown), "main",
	    "the text of the main agent is shown, that of a subagent is not");
	claude_stream_release(&stream);
}

int
main(void)
{
	for (size_t i = 0; i < COUNT_OF(expectations); i++)
		check_file(&expectations[i]);
	for (size_t i = 0; i < COUNT_OF(lone_cases); i++)
		check_lone(&lone_cases[i]);
	check_reasons();
	for (size_t i = 0; i < COUNT_OF(tokens); i++)
		check_tokens(&tokens[i]);
	check_subagent();
	check_large();
	check_two_results();
	check_lower_bound();
	return tap_done();
}
