/* SPDX-License-Identifier: MIT */
/*
 * Maps of a workflow file, read by tables of keys, and simple values.
 *
 * A module that reads maps has a table for each kind of map. It shows its
 * tables to the test that walks all keys (struct load_keys), as a key that is
 * accepted must also arrive where it is needed.
 */
#ifndef WORKFLOW_LOAD_VALUE_H
#define WORKFLOW_LOAD_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/yaml.h"
#include "workflow/load_note.h"

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
	const char *const *unsupported; /* keys to come, up to NULL; or NULL */
	unsigned hits; /* keys that it took */
	bool is_strict; /* a key that is nearly one of its own is an error */
};

/* A module's table, by the map that it is for; the last has no place. */
struct load_keys {
	const char *place;
	const struct load_field *fields;
};

/*
 * Returns how many keys no table had; each is a warning, or an error if it is
 * a misspelt one of a table that is strict.
 */
unsigned load_map(struct load *load, const struct yaml_node *map,
    struct load_table *tables, size_t n);
/* Notes "expected X, found Y". */
void load_expected(
    struct load *load, const struct yaml_node *node, const char *expected);
/* False after noting that the node is of another kind. */
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
/* A duration, or "$NAME" in *variable; one of the two may be set only once. */
void load_timeout(struct load *load, const struct yaml_node *node, int64_t *ms,
    char **variable);

/* Readers for tables (load_read_fn), with what their targets are. */
/* char ** */
void load_text(struct load *load, const struct yaml_node *node, void *target);
/* bool * */
void load_bool(struct load *load, const struct yaml_node *node, void *target);
/* unsigned * */
void load_unsigned(
    struct load *load, const struct yaml_node *node, void *target);
/* size_t * */
void load_size(struct load *load, const struct yaml_node *node, void *target);
/* struct strv *: a text or a list of them */
void load_texts(struct load *load, const struct yaml_node *node, void *target);
/* struct strv *: a command line (data/words.h) or a list of its words */
void load_words(struct load *load, const struct yaml_node *node, void *target);
/* struct strv *: NAME=VALUE */
void load_env(struct load *load, const struct yaml_node *node, void *target);
/* nothing: any value is accepted */
void load_ignored(
    struct load *load, const struct yaml_node *node, void *target);
/* nothing: any value, with a warning */
void load_without_effect(
    struct load *load, const struct yaml_node *node, void *target);

/* --- texts in languages of their own ---------------------------------- */

/*
 * Texts of a workflow file that are in languages of their own: conditions,
 * filters, paths, patterns, sort keys. They are parsed while the file is read,
 * so that their errors are found at their place; what is kept is the text.
 * These are readers for tables (load_read_fn), with what their targets are.
 */

/* char ** */
void load_condition(
    struct load *load, const struct yaml_node *node, void *target);
/* char ** */
void load_filter(struct load *load, const struct yaml_node *node, void *target);
/* char **: the path of a member */
void load_member(struct load *load, const struct yaml_node *node, void *target);
/* char **: a regular expression */
void load_pattern(
    struct load *load, const struct yaml_node *node, void *target);
/* char **: stays NULL for an empty path */
void load_json_path(
    struct load *load, const struct yaml_node *node, void *target);
/* struct strv *: a text or a list of keys */
void load_sort(struct load *load, const struct yaml_node *node, void *target);

#endif
