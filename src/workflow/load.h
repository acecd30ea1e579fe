/* SPDX-License-Identifier: MIT */
/* From a workflow file to a workflow. */
#ifndef WORKFLOW_LOAD_H
#define WORKFLOW_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"
#include "workflow/load_value.h"
#include "workflow/workflow.h"

struct workflow_findings {
	struct error_list errors; /* "FILE:LINE:COL: message\n  source\n  ^" */
	struct strv warnings; /* unknown keys and the like, same form */
};

/*
 * Reads and checks a workflow file. Every structural error of the file is
 * found in one pass: on failure (false) findings->errors holds them in file
 * order, each with place, source line and caret. Warnings may come with
 * success. Keys of the language that this version does not build yet are
 * errors of kind ERROR_UNSUPPORTED whose text says "not supported yet".
 */
bool workflow_load(const char *path, struct workflow *workflow,
    struct workflow_findings *findings) MUST_USE;
/* Like it, from bytes; name stands for the path in messages. */
bool workflow_load_text(const char *name, const void *bytes, size_t len,
    struct workflow *workflow, struct workflow_findings *findings) MUST_USE;
void workflow_findings_release(struct workflow_findings *findings);

extern const struct load_keys load_file_keys[];

#endif
