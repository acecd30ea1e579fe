/* SPDX-License-Identifier: MIT */
/* Parsing of references and calls. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/expr_tree.h"

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
	if (!expr_advance(p))
		return false;
	const struct expr_lexer *lexer = &p->lexer;
	const char *text = str_text(&lexer->value);
	struct expr_step *step = expr_add_step(node);
	if (expr_at(p, OP_STAR))
		step->wildcard = true;
	else if (lexer->token == TOKEN_STRING)
		step->name = mem_text(text);
	else if (lexer->token == TOKEN_NUMBER)
		step->has_index = read_index(text, &step->index);
	if (!step->wildcard && step->name == NULL && !step->has_index)
		return expr_fail(
		    p, "an index, a name in quotes or '*' expected");
	return expr_advance(p) && expr_expect(p, OP_BRACKET_END, "]");
}

static bool
parse_dot(struct expr_parser *p, struct expr *node)
{
	if (!expr_next_member(&p->lexer, p->err))
		return false;
	struct expr_step *step = expr_add_step(node);
	step->wildcard = expr_at(p, OP_STAR);
	if (!step->wildcard) {
		step->name = mem_text(str_text(&p->lexer.value));
		step->has_index = read_index(step->name, &step->index);
	}
	return expr_advance(p);
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
	if (!expr_advance(p))
		return false;
	if (expr_at(p, OP_CLOSE))
		return expr_advance(p);
	for (;;) {
		struct expr *arg = expr_parse_any(p);
		if (arg == NULL)
			return false;
		expr_add_arg(call, arg);
		if (!expr_at(p, OP_COMMA))
			return expr_expect(p, OP_CLOSE, ")");
		if (!expr_advance(p))
			return false;
	}
}

bool
expr_compile_pattern(
    const struct expr_parser *p, struct expr *node, const struct expr *arg)
{
	if (arg->kind != EXPR_LITERAL || !json_is_string(arg->value))
		return true;
	node->regex = regex_new(json_string_value(arg->value), p->err);
	return node->regex != NULL;
}

static bool
check_call(const struct expr_parser *p, size_t start,
    const struct expr_signature *signature, struct expr *call)
{
	if (call->n_args < signature->least)
		return expr_fail_at(&p->lexer, start, p->err,
		    "%s() has too few arguments", signature->name);
	if (call->n_args > signature->most)
		return expr_fail_at(&p->lexer, start, p->err,
		    "%s() has too many arguments", signature->name);
	return call->function != FN_MATCHES ||
	    expr_compile_pattern(p, call, call->args[1]);
}

/* Takes the last step, the function's name, off what was read before "(". */
static const struct expr_signature *
take_function(const struct expr_parser *p, size_t start, struct expr *node)
{
	struct expr_step *last = &node->steps[node->n_steps - 1];
	const char *name = last->name == NULL ? "" : last->name;
	const struct expr_signature *signature = expr_find_function(name);
	if (signature == NULL) {
		expr_fail_at(
		    &p->lexer, start, p->err, "unknown function '%s'", name);
		return NULL;
	}
	free(last->name);
	node->n_steps--;
	return signature;
}

/* name(args), or reference.method(args). */
static struct expr *
parse_call(struct expr_parser *p, size_t start, struct expr *node)
{
	const struct expr_signature *signature = take_function(p, start, node);
	if (signature == NULL)
		return expr_give_up(node);
	struct expr *call = expr_node(EXPR_CALL, p->use);
	call->function = signature->function;
	if (node->n_steps > 0) {
		make_reference_text(node);
		expr_add_arg(call, node);
	} else {
		expr_free(node);
	}
	bool right = p->right;
	p->right = false;
	bool parsed =
	    parse_call_args(p, call) && check_call(p, start, signature, call);
	p->right = right;
	return parsed ? call : expr_give_up(call);
}

/* In a condition $name is ${name}; elsewhere only "$" itself is something. */
static bool
add_first_step(struct expr_parser *p, struct expr *node)
{
	const char *name = str_text(&p->lexer.value);
	if (name[0] == '$' && name[1] != '\0') {
		if (p->use != EXPR_CONDITION)
			return expr_fail(p, "unexpected '%s'", name);
		name++;
	}
	expr_add_step(node)->name = mem_text(name);
	return expr_advance(p);
}

struct expr *
expr_parse_reference(struct expr_parser *p)
{
	size_t start = p->lexer.start;
	struct expr *node = expr_node(EXPR_REFERENCE, p->use);
	bool ok = add_first_step(p, node);
	while (ok && !expr_at(p, OP_OPEN)) {
		if (expr_at(p, OP_DOT)) {
			start = p->lexer.at;
			ok = parse_dot(p, node);
		} else if (expr_at(p, OP_BRACKET)) {
			ok = parse_bracket(p, node);
		} else {
			make_reference_text(node);
			return node;
		}
	}
	return ok ? parse_call(p, start, node) : expr_give_up(node);
}

size_t
expr_template_length(const char *text)
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
