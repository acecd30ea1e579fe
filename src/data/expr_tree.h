/* SPDX-License-Identifier: MIT */
/* What the parts of the expression language share; not for others. */
#ifndef DATA_EXPR_TREE_H
#define DATA_EXPR_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"
#include "data/expr.h"
#include "data/regex.h"

/* --- tokens -------------------------------------------------------------- */

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
/*
 * Reads what may follow a dot, where "0.1" is no number: an identifier, which
 * may consist of digits or begin with one, or "*".
 */
bool expr_next_member(struct expr_lexer *lexer, struct error *err);
/* Sets err with the column of text[at]. */
bool expr_fail_at(const struct expr_lexer *lexer, size_t at, struct error *err,
    const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The number that a text is, blanks around it allowed; NULL if it is none. */
json_t *expr_number(const char *text);

/* --- the tree ------------------------------------------------------------ */

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
	enum expr_function function;
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

struct expr *expr_node(enum expr_kind kind, enum expr_use use);
void expr_add_arg(struct expr *node, struct expr *arg); /* takes arg */
struct expr_step *expr_add_step(struct expr *node); /* valid until the next */

/* --- parser -------------------------------------------------------------- */

struct expr_parser {
	struct expr_lexer lexer;
	enum expr_use use;
	unsigned depth;
	bool right; /* parsing the right side of an operator */
	struct error *err;
};

bool expr_advance(struct expr_parser *p);
bool expr_at(const struct expr_parser *p, enum expr_operator op);
/* Passes what, which is op, or fails. */
bool expr_expect(
    struct expr_parser *p, enum expr_operator op, const char *what);
/* Sets the error with the column of the current token. */
bool expr_fail(const struct expr_parser *p, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
bool expr_fail_unexpected(const struct expr_parser *p);
/* Frees node and gives NULL, for failures. */
struct expr *expr_give_up(struct expr *node);

/* A whole expression, as within parentheses. */
struct expr *expr_parse_any(struct expr_parser *p);
/* A reference or a call; the current token is its first identifier. */
struct expr *expr_parse_reference(struct expr_parser *p);
/*
 * Bytes of a reference in braces that only templates understand, whose "${" is
 * at text; 0 when it is none.
 */
size_t expr_template_length(const char *text);
/* Compiles arg into node's regex if it is known by now: a load error. */
bool expr_compile_pattern(
    const struct expr_parser *p, struct expr *node, const struct expr *arg);

/* --- evaluation ---------------------------------------------------------- */

struct expr_signature {
	const char *name;
	enum expr_function function;
	size_t least; /* arguments */
	size_t most;
};

/* NULL when there is no such function. */
const struct expr_signature *expr_find_function(const char *name);

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
bool expr_reference_value(const struct expr *expr,
    const struct expr_scope *scope, json_t **value, struct error *err);
bool expr_template_value(const struct expr *expr, const struct vars *vars,
    json_t **value, struct error *err);
bool expr_truth(const struct expr *expr, const json_t *value);
/* Equality by the rules of expr's use. */
bool expr_equal(const struct expr *expr, const json_t *a, const json_t *b);
bool expr_matches(const struct expr *expr, const json_t *subject,
    const json_t *pattern, bool *found, struct error *err);

#endif
