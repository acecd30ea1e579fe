/* SPDX-License-Identifier: MIT */
/* JSON paths: selection. */
#include "config.h"

#include <stdlib.h>

#include "data/json.h"
#include "data/jsonpath.h"
#include "data/jsonpath_tree.h"

struct walk {
	const struct jsonpath *path;
	const json_t *root;
	json_t *results;
	size_t visits;
	struct error *err;
};

static bool visit(struct walk *walk, const json_t *node, size_t at);

static bool
visit_if(struct walk *walk, const json_t *node, size_t at)
{
	return node == NULL || visit(walk, node, at);
}

static bool
count_visit(struct walk *walk)
{
	if (++walk->visits <= JSONPATH_VISITS_LIMIT)
		return true;
	return error_set(walk->err, ERROR_INPUT,
	    "the path visits more than %d values", JSONPATH_VISITS_LIMIT);
}

static bool
select_child(struct walk *walk, const json_t *child, size_t at,
    const struct expr *filter)
{
	bool holds = true;
	if (filter != NULL &&
	    (!count_visit(walk) ||
		!expr_holds(filter, child, walk->root, &holds, walk->err)))
		return false;
	return !holds || visit(walk, child, at);
}

static bool
select_children(
    struct walk *walk, const json_t *node, size_t at, const struct expr *filter)
{
	const char *key;
	json_t *child;
	for (size_t i = 0; i < json_array_size(node); i++)
		if (!select_child(walk, json_array_get(node, i), at, filter))
			return false;
	json_object_foreach(json_mutable(node), key, child)
		if (!select_child(walk, child, at, filter))
			return false;
	return true;
}

static long
clamp(long value, long low, long high)
{
	return value < low ? low : value > high ? high : value;
}

/* Bounds of a slice as RFC 9535 2.3.4.2.2 has them. */
static bool
select_slice(struct walk *walk, const json_t *node, size_t at,
    const struct jsonpath_selector *s)
{
	long n = (long)json_array_size(node);
	long step = s->step;
	if (step == 0 || !json_is_array(node))
		return true;
	long start = s->has_start ? s->start : step > 0 ? 0 : n - 1;
	long end = s->has_end ? s->end : step > 0 ? n : -n - 1;
	start = start < 0 ? start + n : start;
	end = end < 0 ? end + n : end;
	start = step > 0 ? clamp(start, 0, n) : clamp(start, -1, n - 1);
	end = step > 0 ? clamp(end, 0, n) : clamp(end, -1, n - 1);
	for (long i = start; step > 0 ? i < end : i > end;) {
		if (!visit_if(walk, json_array_get(node, (size_t)i), at))
			return false;
		if (step > 0 ? step > end - i : step < end - i)
			break;
		i += step;
	}
	return true;
}

static bool
select_one(struct walk *walk, const json_t *node, size_t at,
    const struct jsonpath_selector *s)
{
	long index = s->start;
	switch (s->kind) {
	case JSONPATH_NAME:
		return visit_if(walk, json_object_get(node, s->name), at);
	case JSONPATH_INDEX:
		if (index < 0)
			index += (long)json_array_size(node);
		return index < 0 ||
		    visit_if(walk, json_array_get(node, (size_t)index), at);
	case JSONPATH_SLICE:
		return select_slice(walk, node, at, s);
	case JSONPATH_WILDCARD:
		return select_children(walk, node, at, NULL);
	case JSONPATH_FILTER:
		return select_children(walk, node, at, s->filter);
	}
	return true;
}

static bool
select_step(struct walk *walk, const json_t *node, size_t at)
{
	const struct jsonpath_step *step = &walk->path->steps[at];
	for (size_t i = 0; i < step->n; i++)
		if (!select_one(walk, node, at + 1, &step->selectors[i]))
			return false;
	return true;
}

/* The node's own members first, then those of its descendants. */
static bool
descend(struct walk *walk, const json_t *node, size_t at)
{
	const char *key;
	json_t *child;
	if (!count_visit(walk))
		return false;
	if (!select_step(walk, node, at))
		return false;
	for (size_t i = 0; i < json_array_size(node); i++)
		if (!descend(walk, json_array_get(node, i), at))
			return false;
	json_object_foreach(json_mutable(node), key, child)
		if (!descend(walk, child, at))
			return false;
	return true;
}

static bool
visit(struct walk *walk, const json_t *node, size_t at)
{
	if (!count_visit(walk))
		return false;
	if (at < walk->path->n)
		return walk->path->steps[at].descend
		    ? descend(walk, node, at)
		    : select_step(walk, node, at);
	if (json_array_size(walk->results) == JSONPATH_RESULTS_LIMIT)
		return error_set(walk->err, ERROR_INPUT,
		    "the path selects more than %d values",
		    JSONPATH_RESULTS_LIMIT);
	json_array_append(walk->results, json_mutable(node));
	return true;
}

json_t *
jsonpath_select(
    const struct jsonpath *path, const json_t *root, struct error *err)
{
	struct walk walk = {
		.path = path, .root = root, .results = json_array(), .err = err
	};
	if (visit(&walk, root, 0))
		return walk.results;
	json_decref(walk.results);
	return NULL;
}
