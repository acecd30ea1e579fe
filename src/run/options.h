/* SPDX-License-Identifier: MIT */
/* What the command line says about a run. */
#ifndef RUN_OPTIONS_H
#define RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"

struct run_options {
	const char *workflow; /* path of the file */
	const char *directory; /* where the repository is; NULL: here */
	bool yes; /* consent to the final merge */
	bool no_merge; /* leave the result on its branch */
	bool fail_on_dlq; /* failed items make the run fail */
	bool quiet;
	bool ascii;
	unsigned verbose;
	bool events_on_stdout; /* --output jsonl */
	unsigned max_parallel; /* 0: as the file says */
	bool has_max_items;
	size_t max_items;
	bool has_offset;
	size_t offset;
	const char *permission_mode; /* NULL: as the file says */
	const struct strv *arguments; /* --args: $ARG, $1, ... */
	bool can_ask; /* somebody sits at a terminal */
};

#endif
