/* SPDX-License-Identifier: MIT */
/* The tree of an expression. */
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "data/expr_tree.h"

struct expr *
expr_node(enum expr_kind kind, enum expr_use use)
{
	struct expr *node = mem_zalloc(sizeof(*node));
	node->kind = kind;
	node->use = use;
	return node;
}

void
expr_add_arg(struct expr *node, struct expr *arg)
{
	node->args = mem_grow(
	    node->args, &node->args_cap, node->n_args + 1, sizeof(*node->args));
	node->args[node->n_args++] = arg;
}

struct expr_step *
expr_add_step(struct expr *node)
{
	node->steps = mem_grow(node->steps, &node->steps_cap, node->n_steps + 1,
	    sizeof(*node->steps));
	node->steps[node->n_steps] = (struct expr_step){ 0 };
	return &node->steps[node->n_steps++];
}

void
expr_free(struct expr *expr)
{
	if (expr == NULL)
		return;
	for (size_t i = 0; i < expr->n_args; i++)
		expr_free(expr->args[i]);
	for (size_t i = 0; i < expr->n_steps; i++)
		free(expr->steps[i].name);
	free(expr->args);
	free(expr->steps);
	free(expr->text);
	json_decref(expr->value);
	regex_free(expr->regex);
	free(expr);
}
