/* SPDX-License-Identifier: MIT */
/*
 * Texts of a workflow file that are in languages of their own: conditions,
 * filters, paths, patterns, sort keys. They are parsed while the file is read,
 * so that their errors are found at their place; what is kept is the text.
 */
#ifndef WORKFLOW_LOAD_EXPR_H
#define WORKFLOW_LOAD_EXPR_H

#include "workflow/load_value.h"

/* For tables, with what target points to. */
load_read_fn load_condition; /* char ** */
load_read_fn load_filter; /* char ** */
load_read_fn load_member; /* char **: the path of a member */
load_read_fn load_pattern; /* char **: a regular expression */
load_read_fn load_json_path; /* char **: stays NULL for an empty path */
load_read_fn load_sort; /* struct strv *: a text or a list of keys */

#endif
