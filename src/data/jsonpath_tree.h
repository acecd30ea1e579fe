/* SPDX-License-Identifier: MIT */
/* What the parts of JSON paths share; not for others. */
#ifndef DATA_JSONPATH_TREE_H
#define DATA_JSONPATH_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "data/expr.h"
#include "data/jsonpath.h"

/* A selector of a step, as RFC 9535 calls what stands in its brackets. */
enum jsonpath_kind {
	JSONPATH_NAME,
	JSONPATH_INDEX,
	JSONPATH_SLICE,
	JSONPATH_WILDCARD,
	JSONPATH_FILTER,
};

struct jsonpath_selector {
	enum jsonpath_kind kind;
	char *name;
	long start; /* of a slice; the index */
	long end;
	long step;
	bool has_start;
	bool has_end;
	struct expr *filter;
};

struct jsonpath_step {
	bool descend; /* ".." */
	struct jsonpath_selector *selectors; /* more than one: a union */
	size_t n;
	size_t cap;
};

struct jsonpath {
	struct jsonpath_step steps[JSONPATH_STEPS_LIMIT];
	size_t n;
};

#endif
