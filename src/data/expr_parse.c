/* SPDX-License-Identifier: MIT */
/* Parser of the expression language, by recursive descent. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/expr_tree.h"
#include "data/json.h"

struct parser {
	struct expr_lexer lexer;
	enum expr_use use;
	unsigned depth;
	bool right; /* parsing the right side of an operator */
	struct error *err;
};

struct word_operator {
	const char *word;
	enum expr_function function;
};

static const struct word_operator word_operators[] = {
	{ "contains", FN_CONTAINS }, { "starts_with", FN_STARTS_WITH },
	{ "startsWith", FN_STARTS_WITH }, { "ends_with", FN_ENDS_WITH },
	{ "endsWith", FN_ENDS_WITH }, { "matches", FN_MATCHES },
};

static struct expr *parse_or(struct parser *p);
static struct expr *parse_operand(struct parser *p);

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
	node->args = mem_grow(node->args, &node->args_cap, node->n_args + 1,
	    sizeof(*node->args));
	node->args[node->n_args++] = arg;
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

static bool
advance(struct parser *p)
{
	return expr_next(&p->lexer, p->err);
}

static bool
at_op(const struct parser *p, enum expr_operator op)
{
	return p->lexer.token == TOKEN_OPERATOR && p->lexer.op == op;
}

static bool
at_word(const struct parser *p, const char *word)
{
	return p->lexer.token == TOKEN_IDENT &&
	    strcasecmp(str_text(&p->lexer.value), word) == 0;
}

static bool
expect(struct parser *p, enum expr_operator op, const char *what)
{
	if (at_op(p, op))
		return advance(p);
	return expr_fail(&p->lexer, p->err, "'%s' expected", what);
}

/* Frees node and gives NULL, for failures. */
static struct expr *
give_up(struct expr *node)
{
	expr_free(node);
	return NULL;
}

static struct expr *
literal(struct parser *p, json_t *value)
{
	struct expr *node = expr_node(EXPR_LITERAL, p->use);
	node->value = value;
	return advance(p) ? node : give_up(node);
}

static struct expr *
parse_number(struct parser *p)
{
	const char *text = str_text(&p->lexer.value);
	errno = 0;
	if (strpbrk(text, ".eE") != NULL)
		return literal(p, json_real(strtod(text, NULL)));
	long long value = strtoll(text, NULL, 10);
	if (errno != 0) {
		expr_fail(&p->lexer, p->err, "number %s is too large", text);
		return NULL;
	}
	return literal(p, json_integer(value));
}

/* --- references -------------------------------------------------------- */

static struct expr_step *
add_step(struct expr *node)
{
	node->steps = mem_grow(node->steps, &node->steps_cap,
	    node->n_steps + 1, sizeof(*node->steps));
	node->steps[node->n_steps] = (struct expr_step){ 0 };
	return &node->steps[node->n_steps++];
}

static bool
parse_bracket(struct parser *p, struct expr *node)
{
	if (!advance(p))
		return false;
	struct expr_step *step = add_step(node);
	if (at_op(p, OP_STAR))
		step->wildcard = true;
	else if (p->lexer.token == TOKEN_STRING)
		step->name = mem_text(str_text(&p->lexer.value));
	else if (p->lexer.token == TOKEN_NUMBER)
		step->index = strtol(str_text(&p->lexer.value), NULL, 10);
	else
		return expr_fail(&p->lexer, p->err,
		    "an index, a name in quotes or '*' expected");
	return advance(p) && expect(p, OP_BRACKET_END, "]");
}

static bool
parse_dot(struct parser *p, struct expr *node)
{
	if (!advance(p))
		return false;
	struct expr_step *step = add_step(node);
	if (at_op(p, OP_STAR))
		step->wildcard = true;
	else if (p->lexer.token == TOKEN_IDENT)
		step->name = mem_text(str_text(&p->lexer.value));
	else if (p->lexer.token == TOKEN_NUMBER)
		step->index = strtol(str_text(&p->lexer.value), NULL, 10);
	else
		return expr_fail(&p->lexer, p->err, "a name expected");
	return advance(p);
}

/* The text of the steps before a wildcard, for variables. */
static void
make_reference_text(struct expr *node)
{
	struct str text = { 0 };
	for (size_t i = 0; i < node->n_steps; i++) {
		const struct expr_step *step = &node->steps[i];
		if (step->wildcard)
			break;
		if (step->name == NULL)
			str_format(&text, "[%ld]", step->index);
		else
			str_format(&text, "%s%s", i > 0 ? "." : "",
			    step->name);
	}
	node->text = str_take(&text);
}

static bool
parse_call_args(struct parser *p, struct expr *call)
{
	if (!advance(p))
		return false;
	while (!at_op(p, OP_CLOSE)) {
		struct expr *arg = parse_or(p);
		if (arg == NULL)
			return false;
		expr_add_arg(call, arg);
		if (at_op(p, OP_COMMA) && !advance(p))
			return false;
		if (p->lexer.token == TOKEN_END)
			return expr_fail(&p->lexer, p->err, "')' expected");
	}
	return advance(p);
}

/* A pattern that is known now is compiled now: its faults are load errors. */
static bool
compile_pattern(struct parser *p, struct expr *node, const struct expr *arg)
{
	if (arg->kind != EXPR_LITERAL || !json_is_string(arg->value))
		return true;
	node->regex = regex_new(json_string_value(arg->value), p->err);
	return node->regex != NULL;
}

static bool
check_call(struct parser *p, struct expr *call)
{
	size_t least = 1, most = 1;
	if (call->function <= FN_MATCHES)
		least = most = 2;
	else if (call->function == FN_LENGTH)
		most = 2;
	if (call->n_args < least || call->n_args > most)
		return expr_fail(&p->lexer, p->err,
		    "wrong number of arguments");
	return call->function != FN_MATCHES ||
	    compile_pattern(p, call, call->args[1]);
}

/* name(args), or prefix.method(args): node is what was read before "(". */
static struct expr *
parse_call(struct parser *p, struct expr *node)
{
	struct expr *call = expr_node(EXPR_CALL, p->use);
	struct expr_step *last = &node->steps[node->n_steps - 1];
	bool right = p->right;
	if (last->name == NULL ||
	    !expr_find_function(last->name, &call->function)) {
		expr_fail(&p->lexer, p->err, "unknown function '%s'",
		    last->name == NULL ? "" : last->name);
		expr_free(call);
		return give_up(node);
	}
	free(last->name);
	node->n_steps--;
	if (node->n_steps > 0) {
		make_reference_text(node);
		expr_add_arg(call, node);
	} else {
		expr_free(node);
	}
	p->right = false;
	bool parsed = parse_call_args(p, call) && check_call(p, call);
	p->right = right;
	return parsed ? call : give_up(call);
}

static struct expr *
parse_reference(struct parser *p)
{
	struct expr *node = expr_node(EXPR_REFERENCE, p->use);
	add_step(node)->name = mem_text(str_text(&p->lexer.value));
	if (!advance(p))
		return give_up(node);
	for (;;) {
		if (at_op(p, OP_DOT) ? !parse_dot(p, node)
		    : at_op(p, OP_BRACKET) && !parse_bracket(p, node))
			return give_up(node);
		if (at_op(p, OP_OPEN))
			return parse_call(p, node);
		if (!at_op(p, OP_DOT) && !at_op(p, OP_BRACKET))
			break;
	}
	make_reference_text(node);
	return node;
}

/* A word right of an operator is a string, except where variables are. */
static struct expr *
word_as_text(struct parser *p, struct expr *node)
{
	const char *name = node->steps[0].name;
	node->is_word = p->right && node->n_steps == 1 && *name != '@' &&
	    *name != '$';
	if (!node->is_word || p->use == EXPR_CONDITION)
		return node;
	struct expr *text = expr_node(EXPR_LITERAL, p->use);
	text->value = json_text(name);
	expr_free(node);
	return text;
}

static struct expr *
parse_word(struct parser *p)
{
	if (at_word(p, "true"))
		return literal(p, json_true());
	if (at_word(p, "false"))
		return literal(p, json_false());
	if (at_word(p, "null"))
		return literal(p, json_null());
	struct expr *node = parse_reference(p);
	if (node == NULL || node->kind != EXPR_REFERENCE)
		return node;
	return word_as_text(p, node);
}

static struct expr *
parse_list(struct parser *p)
{
	struct expr *list = expr_node(EXPR_LIST, p->use);
	if (!advance(p))
		return give_up(list);
	while (!at_op(p, OP_BRACKET_END)) {
		struct expr *element = parse_operand(p);
		if (element == NULL)
			return give_up(list);
		expr_add_arg(list, element);
		if (at_op(p, OP_COMMA)) {
			if (!advance(p))
				return give_up(list);
		} else if (!at_op(p, OP_BRACKET_END)) {
			expr_fail(&p->lexer, p->err, "',' or ']' expected");
			return give_up(list);
		}
	}
	return advance(p) ? list : give_up(list);
}

static struct expr *
parse_enclosed(struct parser *p, enum expr_operator end, const char *what)
{
	bool right = p->right;
	p->right = false;
	struct expr *inner = advance(p) ? parse_or(p) : NULL;
	p->right = right;
	if (inner == NULL || !expect(p, end, what))
		return give_up(inner);
	return inner;
}

static struct expr *
parse_operand(struct parser *p)
{
	if (p->lexer.token == TOKEN_NUMBER)
		return parse_number(p);
	if (p->lexer.token == TOKEN_STRING)
		return literal(p, json_string_lossy(
		    str_text(&p->lexer.value), p->lexer.value.len));
	if (p->lexer.token == TOKEN_IDENT)
		return parse_word(p);
	if (at_op(p, OP_OPEN))
		return parse_enclosed(p, OP_CLOSE, ")");
	if (at_op(p, OP_DOLLAR_BRACE))
		return parse_enclosed(p, OP_BRACE_END, "}");
	if (at_op(p, OP_BRACKET))
		return parse_list(p);
	if (p->lexer.token == TOKEN_END)
		expr_fail(&p->lexer, p->err, "unexpected end");
	else
		expr_fail(&p->lexer, p->err, "unexpected '%.*s'",
		    (int)(p->lexer.at - p->lexer.start),
		    p->lexer.text + p->lexer.start);
	return NULL;
}

/* --- operators ------------------------------------------------------------ */

static struct expr *
parse_right(struct parser *p)
{
	bool right = p->right;
	p->right = true;
	struct expr *operand = advance(p) ? parse_operand(p) : NULL;
	p->right = right;
	return operand;
}

static struct expr *
negate(struct parser *p, struct expr *inner)
{
	struct expr *not = expr_node(EXPR_NOT, p->use);
	expr_add_arg(not, inner);
	return not;
}

static struct expr *
parse_comparison(struct parser *p, struct expr *left)
{
	struct expr *node = expr_node(EXPR_COMPARE, p->use);
	node->op = p->lexer.op;
	expr_add_arg(node, left);
	struct expr *right = parse_right(p);
	if (right == NULL)
		return give_up(node);
	expr_add_arg(node, right);
	if (node->op != OP_MATCH && node->op != OP_NO_MATCH)
		return node;
	return compile_pattern(p, node, right) ? node : give_up(node);
}

static struct expr *
parse_word_operator(struct parser *p, struct expr *left,
    enum expr_function function)
{
	struct expr *call = expr_node(EXPR_CALL, p->use);
	call->function = function;
	expr_add_arg(call, left);
	struct expr *right = parse_right(p);
	if (right == NULL)
		return give_up(call);
	expr_add_arg(call, right);
	return check_call(p, call) ? call : give_up(call);
}

static struct expr *
parse_in(struct parser *p, struct expr *left)
{
	struct expr *node = expr_node(EXPR_IN, p->use);
	expr_add_arg(node, left);
	/* Words in a list are texts; a bare reference is a path to one. */
	bool right = p->right;
	if (!advance(p))
		return give_up(node);
	p->right = at_op(p, OP_BRACKET);
	struct expr *list = parse_operand(p);
	p->right = right;
	if (list == NULL)
		return give_up(node);
	expr_add_arg(node, list);
	return node;
}

static struct expr *
parse_is(struct parser *p, struct expr *left)
{
	struct expr *call = expr_node(EXPR_CALL, p->use);
	expr_add_arg(call, left);
	call->function = FN_IS_NULL;
	if (!advance(p))
		return give_up(call);
	if (at_word(p, "not")) {
		call->function = FN_IS_NOT_NULL;
		if (!advance(p))
			return give_up(call);
	}
	if (!at_word(p, "null")) {
		expr_fail(&p->lexer, p->err, "'null' expected");
		return give_up(call);
	}
	return advance(p) ? call : give_up(call);
}

static struct expr *
parse_not_in(struct parser *p, struct expr *left)
{
	if (!advance(p))
		return give_up(left);
	if (!at_word(p, "in")) {
		expr_fail(&p->lexer, p->err, "'in' expected");
		return give_up(left);
	}
	struct expr *in = parse_in(p, left);
	return in == NULL ? NULL : negate(p, in);
}

static struct expr *
parse_compare(struct parser *p)
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
			return parse_word_operator(p, left,
			    word_operators[i].function);
	return left;
}

static struct expr *
parse_not(struct parser *p)
{
	if (!at_op(p, OP_NOT) && !at_word(p, "not"))
		return parse_compare(p);
	if (++p->depth > EXPR_DEPTH_LIMIT) {
		expr_fail(&p->lexer, p->err, "nested too deeply");
		return NULL;
	}
	struct expr *inner = advance(p) ? parse_not(p) : NULL;
	p->depth--;
	return inner == NULL ? NULL : negate(p, inner);
}

static struct expr *
parse_chain(struct parser *p, enum expr_kind kind, enum expr_operator op,
    const char *word, struct expr *(*parse)(struct parser *))
{
	struct expr *left = parse(p);
	while (left != NULL && (at_op(p, op) || at_word(p, word))) {
		struct expr *node = expr_node(kind, p->use);
		expr_add_arg(node, left);
		struct expr *right = advance(p) ? parse(p) : NULL;
		if (right == NULL)
			return give_up(node);
		expr_add_arg(node, right);
		left = node;
	}
	return left;
}

static struct expr *
parse_and(struct parser *p)
{
	return parse_chain(p, EXPR_AND, OP_AND, "and", parse_not);
}

static struct expr *
parse_or(struct parser *p)
{
	if (++p->depth > EXPR_DEPTH_LIMIT) {
		expr_fail(&p->lexer, p->err, "nested too deeply");
		return NULL;
	}
	bool right = p->right;
	p->right = false;
	struct expr *node = parse_chain(p, EXPR_OR, OP_OR, "or", parse_and);
	p->right = right;
	p->depth--;
	return node;
}

static struct expr *
parse_all(struct parser *p, struct expr *(*parse)(struct parser *))
{
	struct expr *expr = advance(p) ? parse(p) : NULL;
	if (expr != NULL && p->lexer.token != TOKEN_END) {
		expr_fail(&p->lexer, p->err, "unexpected '%.*s'",
		    (int)(p->lexer.at - p->lexer.start),
		    p->lexer.text + p->lexer.start);
		expr = give_up(expr);
	}
	str_release(&p->lexer.value);
	return expr;
}

struct expr *
expr_parse(const char *text, enum expr_use use, struct error *err)
{
	struct parser p = { .lexer = { .text = text }, .use = use,
		.err = err };
	if (strlen(text) > EXPR_LENGTH_LIMIT) {
		error_set(err, ERROR_INPUT, "an expression of more than %d "
		    "bytes", EXPR_LENGTH_LIMIT);
		return NULL;
	}
	return parse_all(&p, parse_or);
}

struct expr *
expr_parse_path(const char *text, struct error *err)
{
	struct parser p = { .lexer = { .text = text }, .use = EXPR_FILTER,
		.err = err };
	struct expr *path = parse_all(&p, parse_operand);
	if (path != NULL && path->kind != EXPR_REFERENCE) {
		error_set(err, ERROR_INPUT, "'%s' is not a path", text);
		path = give_up(path);
	}
	return path;
}
