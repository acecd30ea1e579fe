/* SPDX-License-Identifier: MIT */
/*
 * The tree of an expression of the language of filters and conditions
 * (prodigy-workflow(5)):
 *
 *	item.severity >= 5 && (status == 'open' || tags contains 'now')
 *	file matches '\.rs$' and not is_null(owner)
 *	${tests.success} && ${coverage} >= 80
 *
 * data/expr_parse makes it, data/expr_eval finds its value.
 */
#ifndef DATA_EXPR_TREE_H
#define DATA_EXPR_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "data/regex.h"

struct expr_function;

enum expr_use {
	EXPR_FILTER, /* references are members of an item */
	EXPR_PATH, /* in a path: references begin with @ or $ */
	EXPR_CONDITION, /* references are variables; lenient comparison */
};

enum expr_operator {
	OP_NONE,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_MATCH,
	OP_NO_MATCH,
	OP_AND,
	OP_OR,
	OP_NOT,
	OP_OPEN,
	OP_CLOSE,
	OP_BRACKET,
	OP_BRACKET_END,
	OP_COMMA,
	OP_DOT,
	OP_STAR,
	OP_DOLLAR_BRACE,
	OP_BRACE_END,
};

enum expr_kind {
	EXPR_LITERAL,
	EXPR_REFERENCE,
	EXPR_TEMPLATE, /* text with references as templates know them */
	EXPR_NOT,
	EXPR_AND, /* of two or more */
	EXPR_OR,
	EXPR_COMPARE, /* op */
	EXPR_IN,
	EXPR_LIST,
	EXPR_CALL, /* function */
};

/* ".name" names a member, "[3]" an element, ".3" whichever there is. */
struct expr_step {
	char *name; /* NULL: no member */
	long index;
	bool has_index;
	bool wildcard;
};

struct expr {
	enum expr_kind kind;
	enum expr_use use;
	enum expr_operator op;
	const struct expr_function
	    *function; /* of a call (data/expr_value.h) */
	json_t *value; /* of a literal */
	struct expr_step *steps; /* of a reference; the first has a name */
	size_t n_steps;
	size_t steps_cap;
	char *text; /* a reference up to a wildcard, as vars_find() wants it;
		       of a template all of it */
	bool is_word; /* one bare identifier right of an operator */
	bool is_quoted; /* a template within quotes */
	struct expr **args;
	size_t n_args;
	size_t args_cap;
	struct regex *regex; /* of a constant pattern */
};

/* A node without anything in it. */
struct expr *expr_node(enum expr_kind kind, enum expr_use use) MUST_USE;
void expr_add_arg(struct expr *node, struct expr *arg); /* takes arg */
/* An empty step at the end, valid until the next one is added. */
struct expr_step *expr_add_step(struct expr *node);
void expr_free(struct expr *expr); /* NULL is ignored */

#endif
