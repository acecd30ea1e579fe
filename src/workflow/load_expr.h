/* SPDX-License-Identifier: MIT */
/*
 * Texts of a workflow file that are in languages of their own: conditions,
 * filters, paths, patterns, sort keys. They are parsed while the file is read,
 * so that their errors are found at their place; what is kept is the text.
 */
#ifndef WORKFLOW_LOAD_EXPR_H
#define WORKFLOW_LOAD_EXPR_H

#include "workflow/load_value.h"

/* Readers for tables (load_read_fn), with what their targets are. */
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
