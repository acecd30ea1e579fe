/* SPDX-License-Identifier: MIT */
/* Parser of the expression language, by recursive descent. */
#include "config.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "data/expr_tree.h"
#include "data/json.h"

struct word_operator {
	const char *word;
	enum expr_function function;
};

static const struct word_operator word_operators[] = {
	{ "contains", FN_CONTAINS },
	{ "starts_with", FN_STARTS_WITH },
	{ "startsWith", FN_STARTS_WITH },
	{ "ends_with", FN_ENDS_WITH },
	{ "endsWith", FN_ENDS_WITH },
	{ "matches", FN_MATCHES },
};

static struct expr *parse_operand(struct expr_parser *p);

bool
expr_advance(struct expr_parser *p)
{
	return expr_next(&p->lexer, p->err);
}

bool
expr_at(const struct expr_parser *p, enum expr_operator op)
{
	return p->lexer.token == TOKEN_OPERATOR && p->lexer.op == op;
}

static bool
at_word(const struct expr_parser *p, const char *word)
{
	return p->lexer.token == TOKEN_IDENT &&
	    strcasecmp(str_text(&p->lexer.value), word) == 0;
}

bool
expr_fail(const struct expr_parser *p, const char *fmt, ...)
{
	autostr struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	return expr_fail_at(
	    &p->lexer, p->lexer.start, p->err, "%s", str_text(&text));
}

bool
expr_fail_unexpected(const struct expr_parser *p)
{
	if (p->lexer.token == TOKEN_END)
		return expr_fail(p, "unexpected end");
	return expr_fail(p, "unexpected '%.*s'",
	    (int)(p->lexer.at - p->lexer.start),
	    p->lexer.text + p->lexer.start);
}

bool
expr_expect(struct expr_parser *p, enum expr_operator op, const char *what)
{
	if (expr_at(p, op))
		return expr_advance(p);
	return expr_fail(p, "'%s' expected", what);
}

/* --- operands ------------------------------------------------------------ */

static struct expr *
literal(struct expr_parser *p, json_t *value)
{
	struct expr *node = expr_node(EXPR_LITERAL, p->use);
	node->value = value;
	return expr_advance(p) ? node : expr_give_up(node);
}

static struct expr *
parse_number(struct expr_parser *p)
{
	const char *text = str_text(&p->lexer.value);
	json_t *value = expr_number(text);
	if (value != NULL)
		return literal(p, value);
	expr_fail(p, "number %s is too large", text);
	return NULL;
}

/* "${name}" within quotes is what somebody used to shells may write. */
static struct expr *
parse_string(struct expr_parser *p)
{
	const char *text = str_text(&p->lexer.value);
	if (p->use != EXPR_CONDITION || strstr(text, "${") == NULL)
		return literal(p, json_string_lossy(text, p->lexer.value.len));
	struct expr *node = expr_node(EXPR_TEMPLATE, p->use);
	node->text = mem_text(text);
	node->is_quoted = true;
	return expr_advance(p) ? node : expr_give_up(node);
}

/* A word right of an operator is a string, except where variables are. */
static struct expr *
word_as_text(const struct expr_parser *p, struct expr *node)
{
	const char *name = node->steps[0].name;
	node->is_word =
	    p->right && node->n_steps == 1 && *name != '@' && *name != '$';
	if (!node->is_word || p->use == EXPR_CONDITION)
		return node;
	struct expr *text = expr_node(EXPR_LITERAL, p->use);
	text->value = json_text(name);
	expr_free(node);
	return text;
}

static struct expr *
parse_word(struct expr_parser *p)
{
	if (str_is(&p->lexer.value, "true"))
		return literal(p, json_true());
	if (str_is(&p->lexer.value, "false"))
		return literal(p, json_false());
	if (str_is(&p->lexer.value, "null"))
		return literal(p, json_null());
	struct expr *node = expr_parse_reference(p);
	if (node == NULL || node->kind != EXPR_REFERENCE)
		return node;
	return word_as_text(p, node);
}

static struct expr *
parse_list(struct expr_parser *p)
{
	struct expr *list = expr_node(EXPR_LIST, p->use);
	if (!expr_advance(p))
		return expr_give_up(list);
	if (expr_at(p, OP_BRACKET_END))
		return expr_advance(p) ? list : expr_give_up(list);
	for (;;) {
		struct expr *element = parse_operand(p);
		if (element == NULL)
			return expr_give_up(list);
		expr_add_arg(list, element);
		if (!expr_at(p, OP_COMMA))
			break;
		if (!expr_advance(p))
			return expr_give_up(list);
	}
	return expr_expect(p, OP_BRACKET_END, "]") ? list : expr_give_up(list);
}

static struct expr *
parse_enclosed(struct expr_parser *p, enum expr_operator end, const char *what)
{
	bool right = p->right;
	p->right = false;
	struct expr *inner = expr_advance(p) ? expr_parse_any(p) : NULL;
	p->right = right;
	if (inner == NULL || !expr_expect(p, end, what))
		return expr_give_up(inner);
	return inner;
}

/* ${...}: an expression, or what templates know. */
static struct expr *
parse_braces(struct expr_parser *p)
{
	const char *at = p->lexer.text + p->lexer.start;
	size_t len = p->use == EXPR_CONDITION ? expr_template_length(at) : 0;
	if (len == 0)
		return parse_enclosed(p, OP_BRACE_END, "}");
	struct expr *node = expr_node(EXPR_TEMPLATE, p->use);
	node->text = mem_text_n(at, len);
	p->lexer.at = p->lexer.start + len;
	return expr_advance(p) ? node : expr_give_up(node);
}

static struct expr *
parse_any_operand(struct expr_parser *p)
{
	if (p->lexer.token == TOKEN_NUMBER)
		return parse_number(p);
	if (p->lexer.token == TOKEN_STRING)
		return parse_string(p);
	if (p->lexer.token == TOKEN_IDENT)
		return parse_word(p);
	if (expr_at(p, OP_OPEN))
		return parse_enclosed(p, OP_CLOSE, ")");
	if (expr_at(p, OP_DOLLAR_BRACE))
		return parse_braces(p);
	if (expr_at(p, OP_BRACKET))
		return parse_list(p);
	expr_fail_unexpected(p);
	return NULL;
}

/* Counts a level for a part that may contain others of its kind. */
static struct expr *
parse_deeper(struct expr_parser *p, struct expr *(*parse)(struct expr_parser *))
{
	if (p->depth == EXPR_DEPTH_LIMIT) {
		expr_fail(p, "nested deeper than %d levels", EXPR_DEPTH_LIMIT);
		return NULL;
	}
	p->depth++;
	struct expr *node = parse(p);
	p->depth--;
	return node;
}

static struct expr *
parse_operand(struct expr_parser *p)
{
	return parse_deeper(p, parse_any_operand);
}

/* --- operators ----------------------------------------------------------- */

static struct expr *
parse_right(struct expr_parser *p)
{
	bool right = p->right;
	p->right = true;
	struct expr *operand = expr_advance(p) ? parse_operand(p) : NULL;
	p->right = right;
	return operand;
}

static struct expr *
negate(const struct expr_parser *p, struct expr *inner)
{
	struct expr *not = expr_node(EXPR_NOT, p->use);
	expr_add_arg(not, inner);
	return not ;
}

static struct expr *
parse_comparison(struct expr_parser *p, struct expr *left)
{
	struct expr *node = expr_node(EXPR_COMPARE, p->use);
	node->op = p->lexer.op;
	expr_add_arg(node, left);
	struct expr *right = parse_right(p);
	if (right == NULL)
		return expr_give_up(node);
	expr_add_arg(node, right);
	if (node->op != OP_MATCH && node->op != OP_NO_MATCH)
		return node;
	return expr_compile_pattern(p, node, right) ? node : expr_give_up(node);
}

static struct expr *
parse_word_operator(
    struct expr_parser *p, struct expr *left, enum expr_function function)
{
	struct expr *call = expr_node(EXPR_CALL, p->use);
	call->function = function;
	expr_add_arg(call, left);
	struct expr *right = parse_right(p);
	if (right == NULL)
		return expr_give_up(call);
	expr_add_arg(call, right);
	return function != FN_MATCHES || expr_compile_pattern(p, call, right)
	    ? call
	    : expr_give_up(call);
}

static struct expr *
parse_in(struct expr_parser *p, struct expr *left)
{
	struct expr *node = expr_node(EXPR_IN, p->use);
	expr_add_arg(node, left);
	/* Words in a list are texts; a bare reference is a path to one. */
	bool right = p->right;
	if (!expr_advance(p))
		return expr_give_up(node);
	p->right = expr_at(p, OP_BRACKET);
	struct expr *list = parse_operand(p);
	p->right = right;
	if (list == NULL)
		return expr_give_up(node);
	expr_add_arg(node, list);
	return node;
}

static struct expr *
parse_is(struct expr_parser *p, struct expr *left)
{
	struct expr *call = expr_node(EXPR_CALL, p->use);
	expr_add_arg(call, left);
	call->function = FN_IS_NULL;
	if (!expr_advance(p))
		return expr_give_up(call);
	if (at_word(p, "not")) {
		call->function = FN_IS_NOT_NULL;
		if (!expr_advance(p))
			return expr_give_up(call);
	}
	if (!at_word(p, "null")) {
		expr_fail(p, "'null' expected");
		return expr_give_up(call);
	}
	return expr_advance(p) ? call : expr_give_up(call);
}

static struct expr *
parse_not_in(struct expr_parser *p, struct expr *left)
{
	if (!expr_advance(p))
		return expr_give_up(left);
	if (!at_word(p, "in")) {
		expr_fail(p, "'in' expected");
		return expr_give_up(left);
	}
	struct expr *in = parse_in(p, left);
	return in == NULL ? NULL : negate(p, in);
}

static struct expr *
parse_compare(struct expr_parser *p)
{
	struct expr *left = parse_operand(p);
	if (left == NULL)
		return NULL;
	if (p->lexer.token == TOKEN_OPERATOR && p->lexer.op >= OP_EQ &&
	    p->lexer.op <= OP_NO_MATCH)
		return parse_comparison(p, left);
	if (at_word(p, "in"))
		return parse_in(p, left);
	if (at_word(p, "is"))
		return parse_is(p, left);
	if (at_word(p, "not"))
		return parse_not_in(p, left);
	for (size_t i = 0; i < COUNT_OF(word_operators); i++)
		if (at_word(p, word_operators[i].word))
			return parse_word_operator(
			    p, left, word_operators[i].function);
	return left;
}

static struct expr *parse_not(struct expr_parser *p);

static struct expr *
parse_negated(struct expr_parser *p)
{
	struct expr *inner = expr_advance(p) ? parse_not(p) : NULL;
	return inner == NULL ? NULL : negate(p, inner);
}

static struct expr *
parse_not(struct expr_parser *p)
{
	if (expr_at(p, OP_NOT) || at_word(p, "not"))
		return parse_deeper(p, parse_negated);
	return parse_compare(p);
}

/* One node for all of a && b && c: a long chain is not deep. */
static struct expr *
parse_chain(struct expr_parser *p, enum expr_kind kind, enum expr_operator op,
    const char *word, struct expr *(*parse)(struct expr_parser *))
{
	struct expr *first = parse(p);
	if (first == NULL || (!expr_at(p, op) && !at_word(p, word)))
		return first;
	struct expr *node = expr_node(kind, p->use);
	expr_add_arg(node, first);
	while (expr_at(p, op) || at_word(p, word)) {
		struct expr *next = expr_advance(p) ? parse(p) : NULL;
		if (next == NULL)
			return expr_give_up(node);
		expr_add_arg(node, next);
	}
	return node;
}

static struct expr *
parse_and(struct expr_parser *p)
{
	return parse_chain(p, EXPR_AND, OP_AND, "and", parse_not);
}

struct expr *
expr_parse_any(struct expr_parser *p)
{
	bool right = p->right;
	p->right = false;
	struct expr *node = parse_chain(p, EXPR_OR, OP_OR, "or", parse_and);
	p->right = right;
	return node;
}

/* --- entries ------------------------------------------------------------- */

static struct expr *
parse_path(struct expr_parser *p)
{
	if (p->lexer.token != TOKEN_IDENT) {
		expr_fail(p, "a path expected");
		return NULL;
	}
	size_t start = p->lexer.start;
	struct expr *path = expr_parse_reference(p);
	if (path == NULL || path->kind == EXPR_REFERENCE)
		return path;
	expr_fail_at(&p->lexer, start, p->err, "a path expected, not a call");
	return expr_give_up(path);
}

/* Parses a part that begins at text[*at]; with at NULL, all of the text. */
static struct expr *
parse_part(const char *text, size_t *at, enum expr_use use,
    struct expr *(*parse)(struct expr_parser *), struct error *err)
{
	struct expr_parser p = {
		.lexer = { .text = text, .at = at == NULL ? 0 : *at },
		.use = use,
		.err = err,
	};
	if (strlen(text) > EXPR_LENGTH_LIMIT) {
		error_set(err, ERROR_INPUT,
		    "an expression of more than %d "
		    "bytes",
		    EXPR_LENGTH_LIMIT);
		return NULL;
	}
	struct expr *expr = expr_advance(&p) ? parse(&p) : NULL;
	if (expr != NULL && at != NULL) {
		*at = p.lexer.start;
	} else if (expr != NULL && p.lexer.token != TOKEN_END) {
		expr_fail_unexpected(&p);
		expr = expr_give_up(expr);
	}
	str_release(&p.lexer.value);
	return expr;
}

struct expr *
expr_parse(const char *text, enum expr_use use, struct error *err)
{
	return parse_part(text, NULL, use, expr_parse_any, err);
}

struct expr *
expr_parse_part(
    const char *text, size_t *at, enum expr_use use, struct error *err)
{
	return parse_part(text, at, use, expr_parse_any, err);
}

struct expr *
expr_parse_path(const char *text, struct error *err)
{
	return parse_part(text, NULL, EXPR_FILTER, parse_path, err);
}

struct expr *
expr_parse_path_part(const char *text, size_t *at, struct error *err)
{
	return parse_part(text, at, EXPR_FILTER, parse_path, err);
}
