/* SPDX-License-Identifier: MIT */
/* Tokens of the expression language. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/str.h"
#include "data/expr_tree.h"

#define BLANKS " \t\r\n"

struct spelling {
	const char *text;
	enum expr_operator op;
};

/* Longer spellings first. */
static const struct spelling spellings[] = {
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
	size_t n = 1;
	for (size_t i = 0; i < at; i++)
		n += ((unsigned char)lexer->text[i] & 0xc0) != 0x80;
	return n;
}

bool
expr_fail_at(const struct expr_lexer *lexer, size_t at, struct error *err,
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
begins_number(const char *at)
{
	return isdigit((unsigned char)at[*at == '-' ? 1 : 0]);
}

static bool
lex_string(struct expr_lexer *lexer, struct error *err)
{
	const char *text = lexer->text;
	char quote = text[lexer->at++];
	for (; text[lexer->at] != quote; lexer->at++) {
		char c = text[lexer->at];
		if (c == '\0')
			return expr_fail_at(
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
lex_number(struct expr_lexer *lexer)
{
	const char *text = lexer->text;
	size_t at = lexer->at;
	at += text[at] == '-';
	while (isdigit((unsigned char)text[at]))
		at++;
	if (text[at] == '.' && isdigit((unsigned char)text[at + 1]))
		for (at++; isdigit((unsigned char)text[at]);)
			at++;
	if ((text[at] == 'e' || text[at] == 'E') &&
	    (isdigit((unsigned char)text[at + 1]) ||
		(text[at + 1] != '\0' && strchr("+-", text[at + 1]) != NULL &&
		    isdigit((unsigned char)text[at + 2]))))
		for (at += 2; isdigit((unsigned char)text[at]);)
			at++;
	str_add_n(&lexer->value, text + lexer->at, at - lexer->at);
	lexer->at = at;
	lexer->token = TOKEN_NUMBER;
}

json_t *
expr_number(const char *text)
{
	struct expr_lexer lexer = { .text = text + strspn(text, BLANKS) };
	if (lexer.text[0] == '+' && isdigit((unsigned char)lexer.text[1]))
		lexer.text++;
	if (!begins_number(lexer.text))
		return NULL;
	lex_number(&lexer);
	const char *end = lexer.text + lexer.at;
	bool is_real = strpbrk(str_text(&lexer.value), ".eE") != NULL;
	str_release(&lexer.value);
	if (end[strspn(end, BLANKS)] != '\0')
		return NULL;
	errno = 0;
	if (is_real) {
		/* Jansson makes no value of an infinite one. */
		return json_real(strtod(lexer.text, NULL));
	}
	long long value = strtoll(lexer.text, NULL, 10);
	return errno == 0 ? json_integer(value) : NULL;
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
	return expr_fail_at(lexer, lexer->start, err,
	    "unexpected character '%.*s'", (int)len, at);
}

bool
expr_next(struct expr_lexer *lexer, struct error *err)
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
	if (begins_number(at)) {
		lex_number(lexer);
		return true;
	}
	if (begins_ident(at)) {
		lex_ident(lexer);
		return true;
	}
	return lex_operator(lexer, err);
}

bool
expr_next_member(struct expr_lexer *lexer, struct error *err)
{
	str_clear(&lexer->value);
	lexer->op = OP_NONE;
	lexer->start = lexer->at;
	const char *at = lexer->text + lexer->at;
	if (*at == '*')
		return lex_operator(lexer, err);
	if (!continues_ident(*at) && !begins_ident(at))
		return expr_fail_at(
		    lexer, lexer->start, err, "a name expected");
	lex_ident(lexer);
	return true;
}
