/* SPDX-License-Identifier: MIT */
/*
 * Variables of a run: names with JSON values, each with a class that says how
 * its text may enter a shell script.
 *
 * Scopes are chained: a lookup goes from the innermost outwards. A reference
 * such as "a.b[0].c" is looked up as a flat name first ("shell.output" may be
 * set as such), then as the longest set name that is a prefix followed by
 * members and elements.
 */
#ifndef DATA_VARS_H
#define DATA_VARS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/defs.h"
#include "base/error.h"

enum vars_class {
	VARS_DATA, /* items, claude's words, results: one word, exact bytes */
	VARS_CAPTURE, /* output of the author's shell: splits where bare */
	VARS_AUTHOR, /* env, parameters, arguments: inserted as text */
	VARS_TRUSTED, /* made by prodigy: inserted as text */
	VARS_CLASSES
};

struct vars;

/* A scope within parent (borrowed, may be NULL, must outlive it). */
struct vars *vars_new(const struct vars *parent) MUST_USE;
void vars_free(struct vars *vars); /* NULL is ignored */

/* Sets name in this scope; takes a reference of its own on value. */
void vars_set(
    struct vars *vars, const char *name, json_t *value, enum vars_class class);
void vars_set_new(struct vars *vars, const char *name, json_t *value,
    enum vars_class class); /* takes the caller's reference */
void vars_set_text(struct vars *vars, const char *name, const char *text,
    enum vars_class class);
/*
 * A value that is loaded when first asked for. fn gives a new reference, or
 * NULL with err set.
 */
typedef json_t *vars_load_fn(void *arg, struct error *err);
void vars_set_lazy(struct vars *vars, const char *name, vars_load_fn *fn,
    void *arg, enum vars_class class);
void vars_unset(struct vars *vars, const char *name);

struct vars_value {
	const json_t *value; /* borrowed; NULL when there is none */
	enum vars_class class;
};

/*
 * Finds the value of a reference (the text between the braces without
 * modifiers). False only when a lazy value could not be loaded; a reference
 * that leads nowhere gives found->value NULL. ".item" of a string item and
 * "item" of a scalar are the scalar itself.
 */
bool vars_find(const struct vars *vars, const char *reference,
    struct vars_value *found, struct error *err) MUST_USE;
/* Whether the first component is known at all (for warnings). */
bool vars_knows(const struct vars *vars, const char *reference);

/*
 * The form that travels to the agent process: {"name":[class,value], ...} of
 * this scope alone, class as its first letter d, c, a, t.
 */
json_t *vars_to_json(const struct vars *vars) MUST_USE;
bool vars_add_json(
    struct vars *vars, const json_t *object, struct error *err) MUST_USE;

#endif
