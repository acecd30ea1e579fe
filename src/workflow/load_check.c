/* SPDX-License-Identifier: MIT */
/* Checks of a workflow that need more than one place of the file. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "workflow/load.h"

/* Steps that have an id. */
struct id_list {
	const struct step **steps; /* owned array of borrowed steps */
	size_t n;
	size_t cap;
};

static void
collect_ids(const struct steps *steps, struct id_list *ids)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct step *step = &steps->items[i];
		if (step->id != NULL) {
			ids->steps = mem_grow(ids->steps, &ids->cap, ids->n + 1,
			    sizeof(const struct step *));
			ids->steps[ids->n++] = step;
		}
		if (step->on_failure != NULL)
			collect_ids(&step->on_failure->commands, ids);
	}
}

static int
compare_ids(const void *left, const void *right)
{
	const struct step *a = *(const struct step *const *)left;
	const struct step *b = *(const struct step *const *)right;
	const int order = strcmp(a->id, b->id);
	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

void
load_check_ids(struct load *load)
{
	const struct workflow *workflow = load->workflow;
	struct id_list ids = { 0 };
	collect_ids(&workflow->commands, &ids);
	collect_ids(&workflow->setup.steps, &ids);
	collect_ids(&workflow->map.agent_template, &ids);
	collect_ids(&workflow->reduce.steps, &ids);
	collect_ids(&workflow->merge.steps, &ids);
	if (ids.n > 0)
		qsort(ids.steps, ids.n, sizeof(*ids.steps), compare_ids);
	for (size_t i = 1; i < ids.n; i++) {
		const struct step *first = ids.steps[i - 1];
		const struct step *again = ids.steps[i];
		const struct yaml_node place = { .place = { again->line,
						     again->column } };
		if (strcmp(first->id, again->id) == 0)
			load_error(load, &place,
			    "the id '%s' is taken by the step at line %u",
			    again->id, first->line);
	}
	free(ids.steps);
}
