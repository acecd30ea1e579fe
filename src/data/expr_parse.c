/* SPDX-License-Identifier: MIT */
/* Parser of the expression language, by recursive descent. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "data/expr_parse.h"
#include "data/expr_value.h"
#include "data/json.h"

/* --- tokens ----------------------------------------------------------- */

enum expr_token {
	TOKEN_END,
	TOKEN_IDENT,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_OPERATOR, /* one of the punctuation below */
};

struct expr_lexer {
	const char *text;
	size_t at; /* behind the current token */
	size_t start; /* of the current token */
	enum expr_token token;
	enum expr_operator op;
	struct str value; /* of an identifier or a string, unescaped */
};

struct expr_spelling {
	const char *text;
	enum expr_operator op;
};

/* Longer spellings first. */
static const struct expr_spelling spellings[] = {
	{ "${", OP_DOLLAR_BRACE },
	{ "==", OP_EQ },
	{ "!=", OP_NE },
	{ "<=", OP_LE },
	{ ">=", OP_GE },
	{ "=~", OP_MATCH },
	{ "!~", OP_NO_MATCH },
	{ "&&", OP_AND },
	{ "||", OP_OR },
	{ "=", OP_EQ },
	{ "<", OP_LT },
	{ ">", OP_GT },
	{ "!", OP_NOT },
	{ "(", OP_OPEN },
	{ ")", OP_CLOSE },
	{ "[", OP_BRACKET },
	{ "]", OP_BRACKET_END },
	{ ",", OP_COMMA },
	{ ".", OP_DOT },
	{ "*", OP_STAR },
	{ "}", OP_BRACE_END },
};

/* Columns count characters, not bytes. */
static size_t
column(const struct expr_lexer *lexer, size_t at)
{
	return text_count(lexer->text, at) + 1;
}

static bool fail_at(const struct expr_lexer *lexer, size_t at,
    struct error *err, const char *fmt, ...) PRINTF_LIKE(4, 5);

static bool
fail_at(const struct expr_lexer *lexer, size_t at, struct error *err,
    const char *fmt, ...)
{
	autostr struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	return error_set(err, ERROR_INPUT, "column %zu: %s", column(lexer, at),
	    str_text(&text));
}

static bool
begins_ident(const char *at)
{
	unsigned char c = (unsigned char)*at;
	return isalpha(c) || c == '_' || c == '@' || c >= 0x80 ||
	    (c == '$' && at[1] != '{');
}

static bool
continues_ident(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' ||
	    (unsigned char)c >= 0x80;
}

static bool
lex_string(struct expr_lexer *lexer, struct error *err)
{
	const char *text = lexer->text;
	char quote = text[lexer->at++];
	for (; text[lexer->at] != quote; lexer->at++) {
		char c = text[lexer->at];
		if (c == '\0')
			return fail_at(
			    lexer, lexer->start, err, "a string without end");
		char next = text[lexer->at + 1];
		if (c != '\\' || next == '\0' ||
		    strchr("'\"\\nt", next) == NULL) {
			/* Any other backslash belongs to a pattern. */
			str_add_char(&lexer->value, c);
			continue;
		}
		lexer->at++;
		str_add_char(&lexer->value,
		    next == 'n'	      ? '\n'
			: next == 't' ? '\t'
				      : next);
	}
	lexer->at++;
	lexer->token = TOKEN_STRING;
	return true;
}

static void
lex_ident(struct expr_lexer *lexer)
{
	do
		str_add_char(&lexer->value, lexer->text[lexer->at++]);
	while (continues_ident(lexer->text[lexer->at]));
	lexer->token = TOKEN_IDENT;
}

static bool
lex_operator(struct expr_lexer *lexer, struct error *err)
{
	const char *at = lexer->text + lexer->at;
	for (size_t i = 0; i < COUNT_OF(spellings); i++) {
		size_t len = strlen(spellings[i].text);
		if (strncmp(at, spellings[i].text, len) == 0) {
			lexer->token = TOKEN_OPERATOR;
			lexer->op = spellings[i].op;
			lexer->at += len;
			return true;
		}
	}
	size_t len = 1;
	while (((unsigned char)at[len] & 0xc0) == 0x80)
		len++;
	return fail_at(lexer, lexer->start, err, "unexpected character '%.*s'",
	    (int)len, at);
}

static bool
next_token(struct expr_lexer *lexer, struct error *err)
{
	str_clear(&lexer->value);
	lexer->op = OP_NONE;
	while (isspace((unsigned char)lexer->text[lexer->at]))
		lexer->at++;
	lexer->start = lexer->at;
	const char *at = lexer->text + lexer->at;
	if (*at == '\0') {
		lexer->token = TOKEN_END;
		return true;
	}
	if (*at == '\'' || *at == '"')
		return lex_string(lexer, err);
	size_t number = expr_number_length(at);
	if (number > 0) {
		str_add_n(&lexer->value, at, number);
		lexer->at += number;
		lexer->token = TOKEN_NUMBER;
		return true;
	}
	if (begins_ident(at)) {
		lex_ident(lexer);
		return true;
	}
	return lex_operator(lexer, err);
}

static bool
next_member(struct expr_lexer *lexer, struct error *err)
{
	str_clear(&lexer->value);
	lexer->op = OP_NONE;
	lexer->start = lexer->at;
	const char *at = lexer->text + lexer->at;
	if (*at == '*')
		return lex_operator(lexer, err);
	if (!continues_ident(*at) && !begins_ident(at))
		return fail_at(lexer, lexer->start, err, "a name expected");
	lex_ident(lexer);
	return true;
}

/* --- the parser ------------------------------------------------------- */

struct expr_parser {
	struct expr_lexer lexer;
	enum expr_use use;
	unsigned depth;
	bool right; /* parsing the right side of an operator */
	struct error *err;
};

static struct expr *parse_any(struct expr_parser *p);
static struct expr *parse_operand(struct expr_parser *p);

/* Frees node and gives NULL, for failures. */
static struct expr *
give_up(struct expr *node)
{
	expr_free(node);
	return NULL;
}

static bool
advance(struct expr_parser *p)
{
	return next_token(&p->lexer, p->err);
}

static bool
at_operator(const struct expr_parser *p, enum expr_operator op)
{
	return p->lexer.token == TOKEN_OPERATOR && p->lexer.op == op;
}

static bool
at_word(const struct expr_parser *p, const char *word)
{
	return p->lexer.token == TOKEN_IDENT &&
	    strcasecmp(str_text(&p->lexer.value), word) == 0;
}

static bool fail(const struct expr_parser *p, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

static bool
fail(const struct expr_parser *p, const char *fmt, ...)
{
	autostr struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	return fail_at(
	    &p->lexer, p->lexer.start, p->err, "%s", str_text(&text));
}

static bool
fail_unexpected(const struct expr_parser *p)
{
	if (p->lexer.token == TOKEN_END)
		return fail(p, "unexpected end");
	return fail(p, "unexpected '%.*s'", (int)(p->lexer.at - p->lexer.start),
	    p->lexer.text + p->lexer.start);
}

static bool
expect(struct expr_parser *p, enum expr_operator op, const char *what)
{
	if (at_operator(p, op))
		return advance(p);
	return fail(p, "'%s' expected", what);
}

/* --- references and calls --------------------------------------------- */

/* The whole of text as an index; false when it is none. */
static bool
read_index(const char *text, long *index)
{
	char *end;
	errno = 0;
	*index = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0';
}

static bool
parse_bracket(struct expr_parser *p, struct expr *node)
{
	if (!advance(p))
		return false;
	const struct expr_lexer *lexer = &p->lexer;
	const char *text = str_text(&lexer->value);
	struct expr_step *step = expr_add_step(node);
	if (at_operator(p, OP_STAR))
		step->wildcard = true;
	else if (lexer->token == TOKEN_STRING)
		step->name = mem_text(text);
	else if (lexer->token == TOKEN_NUMBER)
		step->has_index = read_index(text, &step->index);
	if (!step->wildcard && step->name == NULL && !step->has_index)
		return fail(p, "an index, a name in quotes or '*' expected");
	return advance(p) && expect(p, OP_BRACKET_END, "]");
}

static bool
parse_dot(struct expr_parser *p, struct expr *node)
{
	if (!next_member(&p->lexer, p->err))
		return false;
	struct expr_step *step = expr_add_step(node);
	step->wildcard = at_operator(p, OP_STAR);
	if (!step->wildcard) {
		step->name = mem_text(str_text(&p->lexer.value));
		step->has_index = read_index(step->name, &step->index);
	}
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
		if (i == 0)
			str_add(&text, step->name);
		else if (step->name == NULL)
			str_format(&text, "[%ld]", step->index);
		else if (strpbrk(step->name, ".[") == NULL)
			str_format(&text, ".%s", step->name);
		else
			str_format(&text,
			    strchr(step->name, '"') == NULL ? "[\"%s\"]"
							    : "['%s']",
			    step->name);
	}
	node->text = str_take(&text);
}

static bool
parse_call_args(struct expr_parser *p, struct expr *call)
{
	if (!advance(p))
		return false;
	if (at_operator(p, OP_CLOSE))
		return advance(p);
	for (;;) {
		struct expr *arg = parse_any(p);
		if (arg == NULL)
			return false;
		expr_add_arg(call, arg);
		if (!at_operator(p, OP_COMMA))
			return expect(p, OP_CLOSE, ")");
		if (!advance(p))
			return false;
	}
}

static bool
compile_pattern(
    const struct expr_parser *p, struct expr *node, const struct expr *arg)
{
	if (arg->kind != EXPR_LITERAL || !json_is_string(arg->value))
		return true;
	node->regex = regex_new(json_string_value(arg->value), p->err);
	return node->regex != NULL;
}

static bool
check_call(const struct expr_parser *p, size_t start,
    const struct expr_function *function, struct expr *call)
{
	if (call->n_args < function->least)
		return fail_at(&p->lexer, start, p->err,
		    "%s() has too few arguments", function->name);
	if (call->n_args > function->most)
		return fail_at(&p->lexer, start, p->err,
		    "%s() has too many arguments", function->name);
	return !function->takes_pattern ||
	    compile_pattern(p, call, call->args[1]);
}

/* Takes the last step, the function's name, off what was read before "(". */
static const struct expr_function *
take_function(const struct expr_parser *p, size_t start, struct expr *node)
{
	struct expr_step *last = &node->steps[node->n_steps - 1];
	const char *name = last->name == NULL ? "" : last->name;
	const struct expr_function *function = expr_function_find(name);
	if (function == NULL) {
		fail_at(
		    &p->lexer, start, p->err, "unknown function '%s'", name);
		return NULL;
	}
	free(last->name);
	node->n_steps--;
	return function;
}

/* name(args), or reference.method(args). */
static struct expr *
parse_call(struct expr_parser *p, size_t start, struct expr *node)
{
	const struct expr_function *function = take_function(p, start, node);
	if (function == NULL)
		return give_up(node);
	struct expr *call = expr_node(EXPR_CALL, p->use);
	call->function = function;
	if (node->n_steps > 0) {
		make_reference_text(node);
		expr_add_arg(call, node);
	} else {
		expr_free(node);
	}
	bool right = p->right;
	p->right = false;
	bool parsed =
	    parse_call_args(p, call) && check_call(p, start, function, call);
	p->right = right;
	return parsed ? call : give_up(call);
}

/* In a condition $name is ${name}; elsewhere only "$" itself is something. */
static bool
add_first_step(struct expr_parser *p, struct expr *node)
{
	const char *name = str_text(&p->lexer.value);
	if (name[0] == '$' && name[1] != '\0') {
		if (p->use != EXPR_CONDITION)
			return fail(p, "unexpected '%s'", name);
		name++;
	}
	expr_add_step(node)->name = mem_text(name);
	return advance(p);
}

static struct expr *
parse_reference(struct expr_parser *p)
{
	size_t start = p->lexer.start;
	struct expr *node = expr_node(EXPR_REFERENCE, p->use);
	bool ok = add_first_step(p, node);
	while (ok && !at_operator(p, OP_OPEN)) {
		if (at_operator(p, OP_DOT)) {
			start = p->lexer.at;
			ok = parse_dot(p, node);
		} else if (at_operator(p, OP_BRACKET)) {
			ok = parse_bracket(p, node);
		} else {
			make_reference_text(node);
			return node;
		}
	}
	return ok ? parse_call(p, start, node) : give_up(node);
}

static size_t
template_length(const char *text)
{
	size_t name = 2 + strspn(text + 2, "0123456789");
	if (text[name] == '}')
		return name > 2 ? name + 1 : 0;
	while (
	    text[name] != '\0' && strchr(" \t|:(){}=<>!&", text[name]) == NULL)
		name++;
	size_t at = name + strspn(text + name, " \t");
	if (name == 2 || (text[at] != '|' && text[name] != ':') ||
	    text[at + 1] == '|')
		return 0;
	for (unsigned depth = 0; text[at] != '\0'; at++) {
		if (text[at] == '$' && text[at + 1] == '{')
			depth++;
		else if (text[at] == '}' && depth-- == 0)
			return at + 1;
	}
	return 0;
}

/* --- operands --------------------------------------------------------- */

static struct expr *
literal(struct expr_parser *p, json_t *value)
{
	struct expr *node = expr_node(EXPR_LITERAL, p->use);
	node->value = value;
	return advance(p) ? node : give_up(node);
}

static struct expr *
parse_number(struct expr_parser *p)
{
	const char *text = str_text(&p->lexer.value);
	json_t *value = expr_number(text);
	if (value != NULL)
		return literal(p, value);
	fail(p, "number %s is too large", text);
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
	return advance(p) ? node : give_up(node);
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
	struct expr *node = parse_reference(p);
	if (node == NULL || node->kind != EXPR_REFERENCE)
		return node;
	return word_as_text(p, node);
}

static struct expr *
parse_list(struct expr_parser *p)
{
	struct expr *list = expr_node(EXPR_LIST, p->use);
	if (!advance(p))
		return give_up(list);
	if (at_operator(p, OP_BRACKET_END))
		return advance(p) ? list : give_up(list);
	for (;;) {
		struct expr *element = parse_operand(p);
		if (element == NULL)
			return give_up(list);
		expr_add_arg(list, element);
		if (!at_operator(p, OP_COMMA))
			break;
		if (!advance(p))
			return give_up(list);
	}
	return expect(p, OP_BRACKET_END, "]") ? list : give_up(list);
}

static struct expr *
parse_enclosed(struct expr_parser *p, enum expr_operator end, const char *what)
{
	bool right = p->right;
	p->right = false;
	struct expr *inner = advance(p) ? parse_any(p) : NULL;
	p->right = right;
	if (inner == NULL || !expect(p, end, what))
		return give_up(inner);
	return inner;
}

/* ${...}: an expression, or what templates know. */
static struct expr *
parse_braces(struct expr_parser *p)
{
	const char *at = p->lexer.text + p->lexer.start;
	size_t len = p->use == EXPR_CONDITION ? template_length(at) : 0;
	if (len == 0)
		return parse_enclosed(p, OP_BRACE_END, "}");
	struct expr *node = expr_node(EXPR_TEMPLATE, p->use);
	node->text = mem_text_n(at, len);
	p->lexer.at = p->lexer.start + len;
	return advance(p) ? node : give_up(node);
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
	if (at_operator(p, OP_OPEN))
		return parse_enclosed(p, OP_CLOSE, ")");
	if (at_operator(p, OP_DOLLAR_BRACE))
		return parse_braces(p);
	if (at_operator(p, OP_BRACKET))
		return parse_list(p);
	fail_unexpected(p);
	return NULL;
}

/* Counts a level for a part that may contain others of its kind. */
static struct expr *
parse_deeper(struct expr_parser *p, struct expr *(*parse)(struct expr_parser *))
{
	if (p->depth == EXPR_DEPTH_LIMIT) {
		fail(p, "nested deeper than %d levels", EXPR_DEPTH_LIMIT);
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

/* --- operators -------------------------------------------------------- */

static struct expr *
parse_right(struct expr_parser *p)
{
	bool right = p->right;
	p->right = true;
	struct expr *operand = advance(p) ? parse_operand(p) : NULL;
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
		return give_up(node);
	expr_add_arg(node, right);
	if (node->op != OP_MATCH && node->op != OP_NO_MATCH)
		return node;
	return compile_pattern(p, node, right) ? node : give_up(node);
}

static struct expr *
parse_word_operator(struct expr_parser *p, struct expr *left,
    const struct expr_function *function)
{
	struct expr *call = expr_node(EXPR_CALL, p->use);
	call->function = function;
	expr_add_arg(call, left);
	struct expr *right = parse_right(p);
	if (right == NULL)
		return give_up(call);
	expr_add_arg(call, right);
	return !function->takes_pattern || compile_pattern(p, call, right)
	    ? call
	    : give_up(call);
}

static struct expr *
parse_in(struct expr_parser *p, struct expr *left)
{
	struct expr *node = expr_node(EXPR_IN, p->use);
	expr_add_arg(node, left);
	/* Words in a list are texts; a bare reference is a path to one. */
	bool right = p->right;
	if (!advance(p))
		return give_up(node);
	p->right = at_operator(p, OP_BRACKET);
	struct expr *list = parse_operand(p);
	p->right = right;
	if (list == NULL)
		return give_up(node);
	expr_add_arg(node, list);
	return node;
}

static struct expr *
parse_is(struct expr_parser *p, struct expr *left)
{
	struct expr *call = expr_node(EXPR_CALL, p->use);
	expr_add_arg(call, left);
	call->function = expr_function_find("is_null");
	if (!advance(p))
		return give_up(call);
	if (at_word(p, "not")) {
		call->function = expr_function_find("is_not_null");
		if (!advance(p))
			return give_up(call);
	}
	if (!at_word(p, "null")) {
		fail(p, "'null' expected");
		return give_up(call);
	}
	return advance(p) ? call : give_up(call);
}

static struct expr *
parse_not_in(struct expr_parser *p, struct expr *left)
{
	if (!advance(p))
		return give_up(left);
	if (!at_word(p, "in")) {
		fail(p, "'in' expected");
		return give_up(left);
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
	if (p->lexer.token != TOKEN_IDENT)
		return left;
	const struct expr_function *function =
	    expr_function_find(str_text(&p->lexer.value));
	if (function != NULL && function->is_operator)
		return parse_word_operator(p, left, function);
	return left;
}

static struct expr *parse_not(struct expr_parser *p);

static struct expr *
parse_negated(struct expr_parser *p)
{
	struct expr *inner = advance(p) ? parse_not(p) : NULL;
	return inner == NULL ? NULL : negate(p, inner);
}

static struct expr *
parse_not(struct expr_parser *p)
{
	if (at_operator(p, OP_NOT) || at_word(p, "not"))
		return parse_deeper(p, parse_negated);
	return parse_compare(p);
}

/* One node for all of a && b && c: a long chain is not deep. */
static struct expr *
parse_chain(struct expr_parser *p, enum expr_kind kind, enum expr_operator op,
    const char *word, struct expr *(*parse)(struct expr_parser *))
{
	struct expr *first = parse(p);
	if (first == NULL || (!at_operator(p, op) && !at_word(p, word)))
		return first;
	struct expr *node = expr_node(kind, p->use);
	expr_add_arg(node, first);
	while (at_operator(p, op) || at_word(p, word)) {
		struct expr *next = advance(p) ? parse(p) : NULL;
		if (next == NULL)
			return give_up(node);
		expr_add_arg(node, next);
	}
	return node;
}

static struct expr *
parse_and(struct expr_parser *p)
{
	return parse_chain(p, EXPR_AND, OP_AND, "and", parse_not);
}

static struct expr *
parse_any(struct expr_parser *p)
{
	bool right = p->right;
	p->right = false;
	struct expr *node = parse_chain(p, EXPR_OR, OP_OR, "or", parse_and);
	p->right = right;
	return node;
}

/* --- entries ---------------------------------------------------------- */

static struct expr *
parse_path(struct expr_parser *p)
{
	if (p->lexer.token != TOKEN_IDENT) {
		fail(p, "a path expected");
		return NULL;
	}
	size_t start = p->lexer.start;
	struct expr *path = parse_reference(p);
	if (path == NULL || path->kind == EXPR_REFERENCE)
		return path;
	fail_at(&p->lexer, start, p->err, "a path expected, not a call");
	return give_up(path);
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
		    "an expression of more than %d bytes", EXPR_LENGTH_LIMIT);
		return NULL;
	}
	struct expr *expr = advance(&p) ? parse(&p) : NULL;
	if (expr != NULL && at != NULL) {
		*at = p.lexer.start;
	} else if (expr != NULL && p.lexer.token != TOKEN_END) {
		fail_unexpected(&p);
		expr = give_up(expr);
	}
	str_release(&p.lexer.value);
	return expr;
}

struct expr *
expr_parse(const char *text, enum expr_use use, struct error *err)
{
	return parse_part(text, NULL, use, parse_any, err);
}

struct expr *
expr_parse_part(
    const char *text, size_t *at, enum expr_use use, struct error *err)
{
	return parse_part(text, at, use, parse_any, err);
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
