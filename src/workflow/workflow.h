/* SPDX-License-Identifier: MIT */
/*
 * A workflow as the user wrote it, loaded and checked. Plain data: what it
 * means at run time is decided in plan/, agent/ and run/.
 */
#ifndef WORKFLOW_WORKFLOW_H
#define WORKFLOW_WORKFLOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/record.h"
#include "workflow/step.h"

#define WORKFLOW_FILE_LIMIT (1024u * 1024)
#define WORKFLOW_MAX_PARALLEL 10 /* default of map.max_parallel */
#define WORKFLOW_KEEP_FAILED 100 /* default of workspace.keep_failed */
#define WORKFLOW_MIN_FREE (1LL << 30) /* default of workspace.min_free */
#define WORKFLOW_OUTPUT_SIZE (1024u * 1024) /* default of max_size */

enum output_source {
	OUTPUT_STDOUT,
	OUTPUT_STDERR,
	OUTPUT_BOTH,
	OUTPUT_SOURCES
};

enum output_lines {
	OUTPUT_PRESERVE,
	OUTPUT_JOIN,
	OUTPUT_FIRST_LINE,
	OUTPUT_LAST_LINE,
	OUTPUT_ARRAY,
	OUTPUT_LINES
};

/* An entry of capture_outputs. */
struct output_capture {
	char *name;
	unsigned command_index; /* from 0 */
	enum output_source source;
	char *pattern; /* may be NULL */
	char *json_path; /* may be NULL */
	size_t max_size; /* bytes */
	char *fallback; /* "default"; NULL: none */
	enum output_lines multiline;
};

struct output_captures {
	struct output_capture *items;
	size_t n;
	size_t cap;
};

/* setup, reduce or merge. */
struct phase_block {
	struct steps steps;
	int64_t timeout_ms; /* 0: none */
	char *
	    timeout_variable; /* "$NAME" form, resolved by workflow_resolve() */
	struct output_captures outputs;
	bool present;
};

struct map_block {
	char *input; /* file or command, or what workflow_input_is_document() */
	char *json_path;
	char *filter;
	struct strv sort_by; /* one text, or a list of keys */
	char *distinct;
	char *item_name; /* a template; NULL: by the item's members */
	size_t offset;
	size_t max_items;
	bool has_max_items;
	unsigned max_parallel;
	char *max_parallel_variable; /* "$NAME" form; NULL: the number counts */
	int64_t agent_timeout_ms; /* 0: none */
	char *agent_timeout_variable;
	int64_t conflict_timeout_ms; /* of claude at a conflict; 0: default */
	char *conflict_timeout_variable;
	struct steps agent_template;
};

/* The work trees of a run, and what becomes of them. */
struct workspace_block {
	struct strv keep; /* globs of ignored files that are kept */
	size_t keep_failed; /* how many trees of failed items stay */
	bool has_keep_failed; /* else WORKFLOW_KEEP_FAILED */
	int64_t min_free; /* bytes below which nothing starts; 0: any */
	char *root; /* holds trees of agents; NULL: the home does */
	bool has_min_free; /* else WORKFLOW_MIN_FREE */
};

struct workflow {
	char *path; /* as given */
	char *name; /* file stem by default */
	bool mapreduce;
	struct strv env; /* NAME=VALUE, in file order, not interpolated */
	bool raw_interpolation; /* interpolation: raw */
	char *permissions; /* claude.permissions; NULL: the default */
	struct strv claude_command; /* empty: the default */
	struct strv claude_arguments;
	struct workspace_block workspace;
	struct steps commands; /* standard workflow */
	struct phase_block setup;
	struct map_block map;
	struct phase_block reduce;
	struct phase_block merge;
	char *sha256; /* of the file's bytes, in hexadecimal */
	char *text; /* the file's bytes, up to a NUL */
};

/*
 * Fills in the fields given as "$NAME" from the workflow's env, then from the
 * process environment (environment: NAME=VALUE entries): max_parallel >= 1 and
 * timeouts.
 */
bool workflow_resolve(struct workflow *workflow, const struct strv *environment,
    struct error *err) MUST_USE;

extern const struct record_table output_capture_table;
extern const struct record_table phase_block_table;
extern const struct record_table map_block_table;
extern const struct record_table workspace_block_table;
extern const struct record_table workflow_table;

/* A new zeroed entry with defaults at the end; borrowed. */
struct output_capture *output_captures_add(struct output_captures *outputs);

/*
 * Whether map.input is the list of items itself, in JSON: it begins with '['
 * or '{'. A list or a map of the file is kept as such a text, too.
 */
bool workflow_input_is_document(const char *input);

bool workflow_uses_claude(const struct workflow *workflow);
void workflow_release(struct workflow *workflow);

#endif
