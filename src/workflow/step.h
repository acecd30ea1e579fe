/* SPDX-License-Identifier: MIT */
/*
 * A step of a workflow: one command with its options. The same type serves
 * standard workflows, setup, agents, reduce, merge and handlers, and one
 * executor runs it (agent/).
 *
 * Its JSON form travels to the agent process and into checkpoints. A new member
 * needs a row in the table of step.c, from which come form, reader and release.
 */
#ifndef WORKFLOW_STEP_H
#define WORKFLOW_STEP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/strv.h"
#include "data/record.h"

enum step_kind {
	STEP_SHELL,
	STEP_CLAUDE,
	STEP_WRITE_FILE,
	STEP_KINDS
};

enum capture_format {
	CAPTURE_STRING,
	CAPTURE_JSON,
	CAPTURE_LINES,
	CAPTURE_NUMBER,
	CAPTURE_BOOLEAN,
	CAPTURE_FORMATS
};

enum write_format {
	WRITE_TEXT,
	WRITE_JSON,
	WRITE_YAML,
	WRITE_FORMATS
};

enum handler_strategy {
	HANDLER_RECOVERY, /* a handler that succeeds makes the step succeed */
	HANDLER_FALLBACK, /* the handler's outcome replaces the step's */
	HANDLER_CLEANUP, /* the failure stands */
	HANDLER_STRATEGIES
};

struct capture {
	char *name; /* NULL: default variables only */
	enum capture_format format;
	bool out; /* capture_streams: default true */
	bool err; /* default false */
	bool exit_code; /* default true */
	bool success; /* default true */
	bool duration; /* default true */
};

struct write_file {
	char *path;
	char *content;
	enum write_format format;
	unsigned mode; /* 0644 by default, within 0777 */
	bool create_dirs;
};

struct steps {
	struct step *items;
	size_t n;
	size_t cap;
};

/* What on_failure says, whatever its shape in the file. */
struct on_failure {
	struct steps commands; /* empty with ignore */
	bool ignore; /* on_failure: true */
	bool bare; /* written as string or list: never fails the workflow */
	bool from_commands; /* the map form with "commands" */
	unsigned
	    max_attempts; /* of the step in total; 0: the phase's default */
	bool fail_workflow;
	bool handler_failure_fatal;
	bool commit_required; /* of the handler, only when written */
	enum handler_strategy strategy;
	int64_t timeout_ms; /* of the whole handler; 0: none */
	char *timeout_variable; /* "$NAME" form, see struct step */
};

struct step {
	enum step_kind kind;
	char *name; /* label; may be NULL */
	char *id;
	char *command; /* script or prompt; NULL for write_file */
	struct write_file file;
	struct capture capture;
	struct strv env; /* NAME=VALUE before interpolation, in file order */
	char *working_dir;
	char *when;
	int64_t timeout_ms; /* 0: none */
	char *timeout_variable; /* "$NAME", resolved by workflow_resolve() */
	bool commit_required;
	bool continue_on_error;
	struct on_failure *on_failure; /* owned; NULL: none */
	unsigned line; /* place in the workflow file */
	unsigned column;
};

#define STEP_LABEL_CHARACTERS 120

const char *step_kind_name(enum step_kind kind); /* "shell", ... */
/*
 * "shell: cargo test": kind and command in one line, for messages and
 * records, cut to 120 characters; the name instead where there is one.
 */
char *step_label(const struct step *step) MUST_USE;
/* "shell: TEXT" in full, whatever the name. */
char *step_display(const struct step *step) MUST_USE;
/*
 * What tells the step from others, before its values are filled in: its name,
 * or its kind and the first line that does something, of any length.
 */
char *step_title(const struct step *step) MUST_USE;

extern const struct record_table capture_table;
extern const struct record_table write_file_table;
extern const struct record_table on_failure_table;
extern const struct record_table step_table;

/* The JSON form of a list: a new array. */
json_t *steps_to_json(const struct steps *steps) MUST_USE;

/* A new zeroed step with capture defaults at the end; borrowed. */
struct step *steps_add(struct steps *steps);
bool steps_use_claude(const struct steps *steps); /* handlers included */
void on_failure_free(struct on_failure *on_failure); /* NULL is ignored */
void steps_release(struct steps *steps);

#endif
