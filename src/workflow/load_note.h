/* SPDX-License-Identifier: MIT */
/*
 * A workflow file while it is read: what has been found out about it so far.
 * Whatever is wrong is noted with its place and its key path, and reading goes
 * on, so that one pass finds everything.
 */
#ifndef WORKFLOW_LOAD_NOTE_H
#define WORKFLOW_LOAD_NOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/yaml.h"
#include "workflow/workflow.h"

#define LOAD_FINDINGS_LIMIT 100 /* errors, and warnings, that are told */

struct load_finding {
	struct yaml_place place;
	size_t rank; /* order of discovery */
	bool warning;
	enum error_kind kind;
	char *text; /* owned, complete */
};

struct load {
	const struct yaml_doc *doc;
	struct workflow *workflow; /* what is filled */
	struct str path; /* key path of what is being read */
	const struct yaml_node *key; /* the key whose value is being read */
	struct load_finding *findings;
	size_t n_findings;
	size_t cap_findings;
	size_t n_errors;
	size_t n_warnings;
};

/* An error at the place of node. */
void load_error(struct load *load, const struct yaml_node *node,
    const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A failure of another module as an error; err is emptied. */
void load_take_error(
    struct load *load, const struct yaml_node *node, struct error *err);
/*
 * A failure of a language that was parsed from the text of a scalar; err is
 * emptied. If it begins with "column N: ", the place is that character.
 */
void load_take_text_error(
    struct load *load, const struct yaml_node *scalar, struct error *err);
/* An error: the key path, with what appended, is not supported yet. */
void load_note_unsupported(
    struct load *load, const struct yaml_node *node, const char *what);
void load_warn(struct load *load, const struct yaml_node *node, const char *fmt,
    ...) PRINTF_LIKE(3, 4);

/* Extends the key path; the result is what load_leave() takes. */
size_t load_enter_key(struct load *load, const char *key);
size_t load_enter_index(struct load *load, size_t index);
/* Cuts the key path back to what it was before. */
void load_leave(struct load *load, size_t before);

/* Adds all findings in file order. */
void load_report(
    struct load *load, struct error_list *errors, struct strv *warnings);
void load_release(struct load *load);

#endif
