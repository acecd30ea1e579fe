/* SPDX-License-Identifier: MIT */
/* What the parts of the expression language share; not for others. */
#ifndef DATA_EXPR_TREE_H
#define DATA_EXPR_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "data/expr.h"
#include "data/regex.h"

enum expr_token {
	TOKEN_END,
	TOKEN_IDENT,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_OPERATOR, /* one of the punctuation below */
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

struct expr_lexer {
	const char *text;
	size_t at; /* behind the current token */
	size_t start; /* of the current token */
	enum expr_token token;
	enum expr_operator op;
	struct str value; /* of an identifier or a string, unescaped */
};

/* Reads the next token; false for a character that begins none. */
bool expr_next(struct expr_lexer *lexer, struct error *err);
/* Sets err with the column of the current token. */
bool expr_fail(const struct expr_lexer *lexer, struct error *err,
    const char *fmt, ...) PRINTF_LIKE(3, 4);

enum expr_kind {
	EXPR_LITERAL,
	EXPR_REFERENCE,
	EXPR_NOT,
	EXPR_AND,
	EXPR_OR,
	EXPR_COMPARE, /* op */
	EXPR_IN,
	EXPR_LIST,
	EXPR_CALL, /* function */
};

enum expr_function {
	FN_CONTAINS,
	FN_STARTS_WITH,
	FN_ENDS_WITH,
	FN_MATCHES,
	FN_LENGTH,
	FN_SUM,
	FN_MIN,
	FN_MAX,
	FN_AVG,
	FN_IS_NULL,
	FN_IS_NOT_NULL,
	FN_EXISTS,
	FN_IS_EMPTY,
	FN_IS_NUMBER,
	FN_IS_STRING,
	FN_IS_BOOL,
	FN_IS_ARRAY,
	FN_IS_OBJECT,
	FN_LOWER,
	FN_UPPER,
	FN_TRIM,
	FUNCTIONS
};

struct expr_step {
	char *name; /* NULL: an index or a wildcard */
	long index;
	bool wildcard;
};

struct expr {
	enum expr_kind kind;
	enum expr_use use;
	enum expr_operator op;
	enum expr_function function;
	json_t *value; /* of a literal */
	struct expr_step *steps; /* of a reference */
	size_t n_steps;
	size_t steps_cap;
	char *text; /* a reference up to a wildcard, as vars_find() wants it */
	bool is_word; /* one bare identifier right of an operator */
	struct expr **args;
	size_t n_args;
	size_t args_cap;
	struct regex *regex; /* of a constant pattern */
};

struct expr *expr_node(enum expr_kind kind, enum expr_use use);
void expr_add_arg(struct expr *node, struct expr *arg); /* takes arg */

/* Where references of an evaluation lead. */
struct expr_scope {
	const json_t *item;
	const json_t *root;
	const struct vars *vars;
};
/* The value: new reference or NULL (missing). */
bool expr_value(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err);
bool expr_call(const struct expr *expr, const struct expr_scope *scope,
    json_t **value, struct error *err);
bool expr_truth(const struct expr *expr, const json_t *value);
/* The function of that name; false when there is none. */
bool expr_find_function(const char *name, enum expr_function *function);
bool expr_matches(const struct expr *expr, const json_t *subject,
    const json_t *pattern, bool *found, struct error *err);

#endif
