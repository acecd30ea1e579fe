/* SPDX-License-Identifier: MIT */
/*
 * Steps that are no more than the name of a slash command of claude, with
 * arguments: the oldest form of the language. Such a step is expected to
 * commit, whatever its command does, but for one command.
 */
#ifndef WORKFLOW_LOAD_SLASH_H
#define WORKFLOW_LOAD_SLASH_H

#include "workflow/load_value.h"
#include "workflow/step.h"

/* "prodigy-code-review" or "/prodigy-code-review now" in a list of steps. */
void load_slash_text(
    struct load *load, const struct yaml_node *node, struct step *step);
/*
 * A map without another command, after its options were read: the command is
 * in step->command ("command: NAME"), else in step->name. Adds "args" and
 * "options" of the map.
 */
void load_slash_map(
    struct load *load, const struct yaml_node *map, struct step *step);
/* struct step *: options in a map of their own */
void load_metadata(
    struct load *load, const struct yaml_node *node, void *target);

extern const struct load_keys load_slash_keys[];

#endif
