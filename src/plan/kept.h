/* SPDX-License-Identifier: MIT */
/*
 * What was left at an attempt's end and would have been lost, as one value:
 * made where it is kept, and carried unchanged through the agent's result to
 * journal, events and dead letters. docs/FORMATS.md has it under Salvage.
 */
#ifndef PLAN_KEPT_H
#define PLAN_KEPT_H

#include <jansson.h>
#include <stddef.h>

#include "base/defs.h"
#include "data/record.h"

/* Kinds. */
#define KEPT_UNCOMMITTED "uncommitted" /* files as they lay in the tree */
#define KEPT_INDEX "index" /* what was staged, and lies there no more */
#define KEPT_STASH "stash" /* an entry of "git stash" */
#define KEPT_COMMIT "commit" /* of the agent's own */
#define KEPT_NESTED "nested" /* a repository in the tree: see what */
#define KEPT_SUBMODULE "submodule" /* commits, in the repository at path */
#define KEPT_TREE "tree" /* the work tree itself stays, at path */

struct kept {
	char *ref; /* full name; NULL: it is kept at path */
	char *path; /* what stays where it is, or NULL */
	char *commit; /* of the ref, or NULL */
	char *kind; /* one of the above */
	char *what; /* for people, in a few words */
};

struct kept_list {
	struct kept *items;
	size_t n;
	size_t cap;
};

extern const struct record_table kept_table;

void kept_add_ref(struct kept_list *list, const char *kind, const char *what,
    const char *ref, const char *commit);
void kept_add_path(struct kept_list *list, const char *kind, const char *what,
    const char *path);
/* Appends all of another list, which is empty then. */
void kept_move(struct kept_list *to, struct kept_list *from);
/* The first entry of a kind, or NULL. */
const struct kept *kept_find(
    const struct kept_list *list, const char *kind) MUST_USE;
/* Their array, a new reference; NULL when nothing is in the list. */
json_t *kept_to_json(const struct kept_list *list) MUST_USE;

#endif
