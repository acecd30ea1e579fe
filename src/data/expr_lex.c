/* SPDX-License-Identifier: MIT */
/* Tokens of the expression language. */
#include "config.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/defs.h"
#include "base/str.h"
#include "data/expr_tree.h"

struct spelling {
	const char *text;
	enum expr_operator op;
};

/* Longer spellings first. */
static const struct spelling spellings[] = {
	{ "${", OP_DOLLAR_BRACE }, { "==", OP_EQ }, { "!=", OP_NE },
	{ "<=", OP_LE }, { ">=", OP_GE }, { "=~", OP_MATCH },
	{ "!~", OP_NO_MATCH }, { "&&", OP_AND }, { "||", OP_OR },
	{ "=", OP_EQ }, { "<", OP_LT }, { ">", OP_GT }, { "!", OP_NOT },
	{ "(", OP_OPEN }, { ")", OP_CLOSE }, { "[", OP_BRACKET },
	{ "]", OP_BRACKET_END }, { ",", OP_COMMA }, { ".", OP_DOT },
	{ "*", OP_STAR }, { "}", OP_BRACE_END },
};

bool
expr_fail(const struct expr_lexer *lexer, struct error *err, const char *fmt,
    ...)
{
	autostr struct str text = { 0 };
	va_list args;
	va_start(args, fmt);
	str_vformat(&text, fmt, args);
	va_end(args);
	return error_set(err, ERROR_INPUT, "column %zu: %s", lexer->start + 1,
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
			return expr_fail(lexer, err, "a string without end");
		char next = text[lexer->at + 1];
		if (c != '\\' || next == '\0' ||
		    strchr("'\"\\nt", next) == NULL) {
			/* Any other backslash belongs to a pattern. */
			str_add_char(&lexer->value, c);
			continue;
		}
		lexer->at++;
		str_add_char(&lexer->value,
		    next == 'n' ? '\n' : next == 't' ? '\t' : next);
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
	return expr_fail(lexer, err, "unexpected character '%c'", *at);
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
	if (isdigit((unsigned char)*at) ||
	    (*at == '-' && isdigit((unsigned char)at[1]))) {
		lex_number(lexer);
		return true;
	}
	if (begins_ident(at)) {
		lex_ident(lexer);
		return true;
	}
	return lex_operator(lexer, err);
}
