/* SPDX-License-Identifier: MIT */
/*
 * Inside of the workflow reader: maps of the file are read by tables of keys,
 * and whatever is wrong is noted with its place and key path while reading
 * goes on. Not for others.
 */
#ifndef WORKFLOW_LOAD_H
#define WORKFLOW_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strv.h"
#include "data/yaml.h"
#include "workflow/step.h"
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
	struct workflow *workflow;
	struct str path; /* key path of what is being read */
	const struct yaml_node *key; /* the key whose value is being read */
	struct load_finding *findings;
	size_t n_findings;
	size_t cap_findings;
	size_t n_errors;
	size_t n_warnings;
};

/* Reads the value of a key into target; notes what is wrong with it. */
typedef void load_read_fn(
    struct load *load, const struct yaml_node *node, void *target);

struct load_field {
	const char *key; /* NULL ends a table */
	load_read_fn *read;
	size_t offset; /* of the target within the table's target */
};

/* One of the tables that a map is read by; the first that has a key wins. */
struct load_table {
	const struct load_field *fields;
	void *target;
	unsigned hits; /* keys that it took */
};

/* load_note.c: findings */
void load_error(struct load *load, const struct yaml_node *node,
    const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same with a failure that was found elsewhere; empties err. */
void load_take_error(
    struct load *load, const struct yaml_node *node, struct error *err);
/*
 * The same for a failure that may begin with "column N: " and means the
 * scalar's text.
 */
void load_take_text_error(
    struct load *load, const struct yaml_node *scalar, struct error *err);
/* The key whose value is being read is not built. */
void load_note_unsupported(
    struct load *load, const struct yaml_node *node, const char *what);
void load_warn(struct load *load, const struct yaml_node *node, const char *fmt,
    ...) PRINTF_LIKE(3, 4);
/* Key path: enter gives what leave wants. */
size_t load_enter_key(struct load *load, const char *key);
size_t load_enter_index(struct load *load, size_t index);
void load_leave(struct load *load, size_t before);
/* Gives the findings out in file order. */
void load_report(struct load *load, struct workflow_findings *findings);
void load_release(struct load *load);

/* load_value.c: maps by tables, and simple values */
/* Returns how many keys no table had; each is a warning. */
unsigned load_map(struct load *load, const struct yaml_node *map,
    struct load_table *tables, size_t n);
/* Notes "expected X, found Y". */
void load_expected(
    struct load *load, const struct yaml_node *node, const char *expected);
bool load_is_kind(struct load *load, const struct yaml_node *node,
    enum yaml_kind kind, const char *expected);
/*
 * The text of a scalar that is not null, whatever its type; NULL after noting
 * what was expected.
 */
const char *load_scalar(
    struct load *load, const struct yaml_node *node, const char *expected);
/* One of names (NULL-terminated); false after noting an error. */
bool load_choice(struct load *load, const struct yaml_node *node,
    const char *const *names, unsigned *choice);
void load_timeout(struct load *load, const struct yaml_node *node, int64_t *ms,
    char **variable);
load_read_fn load_text; /* char ** */
load_read_fn load_bool; /* bool * */
load_read_fn load_unsigned; /* unsigned * */
load_read_fn load_size; /* size_t * */
load_read_fn load_texts; /* struct strv *: a text or a list of them */
load_read_fn load_env; /* struct strv *: NAME=VALUE */
load_read_fn load_ignored; /* anything */
load_read_fn load_without_effect; /* anything, with a warning */
load_read_fn load_unsupported; /* always an error */

/* load_expr.c: texts that are parsed to find their errors */
load_read_fn load_condition; /* char ** */
load_read_fn load_filter; /* char ** */
load_read_fn load_member; /* char **: the path of a member */
load_read_fn load_pattern; /* char **: a regular expression */
load_read_fn load_json_path; /* char **: stays NULL for an empty path */
load_read_fn load_sort; /* struct strv *: a text or a list of keys */

/* load_step.c */
load_read_fn load_steps; /* struct steps * */
/*
 * Reads a map as a step and adds it. rule, if not NULL, is a table that comes
 * first, and shell and claude may then stand side by side (two steps).
 */
void load_step_map(struct load *load, const struct yaml_node *map,
    const struct load_table *rule, struct steps *steps);
/* A new step of this kind at the node's place. */
struct step *load_new_step(
    struct steps *steps, const struct yaml_node *node, enum step_kind kind);
extern const struct load_field load_step_options[]; /* struct step */

/* load_file.c */
load_read_fn load_write_file; /* struct write_file * */

/* load_legacy.c: steps that are names of slash commands */
void load_slash_text(
    struct load *load, const struct yaml_node *node, struct steps *steps);
void load_slash_map(
    struct load *load, const struct yaml_node *map, struct step *step);
load_read_fn load_metadata; /* struct step * */

/* load_failure.c */
load_read_fn load_on_failure; /* struct on_failure ** */

/* load_phase.c */
load_read_fn load_setup; /* struct phase_block * */
load_read_fn load_phase; /* struct phase_block *: reduce, merge */
load_read_fn load_map_block; /* struct map_block * */

/* load_check.c: what needs the whole workflow */
void load_check_ids(struct load *load);

#endif
