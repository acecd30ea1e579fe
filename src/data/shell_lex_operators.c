/* SPDX-License-Identifier: MIT */
/* The shell scanner: what stands between and around the words of commands. */
#include "config.h"

#include <string.h>

#include "data/shell_lex_parts.h"

/* How far "((" looks for its end. */
#define ARITHMETIC_LIMIT 65536

static void
begin_command(struct frame *frame)
{
	frame->expect = EXPECT_COMMAND;
	frame->setter = SETTER_NONE;
	frame->redirect = false;
}

static bool
take_newline(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	lx->pos++;
	begin_command(frame);
	if (lx->n_pending == frame->pending_from)
		return true;
	return lex_bodies(lx, frame->pending_from);
}

static bool
next_is(const struct lexer *lx, size_t ahead, const char *set)
{
	size_t at = lx->pos + ahead;
	return at < lx->end && lx->text[at] != '\0' &&
	    strchr(set, lx->text[at]) != NULL && !lex_at_mark(lx, at);
}

/* ";", "&" and "|", alone or doubled. */
static bool
take_separator(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	char c = lx->text[lx->pos];
	bool ends_part = c == ';' && next_is(lx, 1, ";&");
	if (frame->in_case == CASE_BODY && ends_part) {
		lx->pos += next_is(lx, 1, ";") && next_is(lx, 2, "&") ? 3 : 2;
		frame->in_case = CASE_PATTERN;
		frame->pattern_open = false;
		return true;
	}
	lx->pos++;
	begin_command(frame);
	/* "[[" is an ordinary command to some shells. */
	if (c == ';')
		frame->condition = false;
	return true;
}

/* Pushes a list of commands that ends with a parenthesis. */
static bool
push_group(struct lexer *lx, bool list)
{
	const struct frame *outer = lex_top(lx);
	bool condition = outer->condition;
	struct frame *frame = lex_push(lx, FRAME_COMMANDS);
	if (frame == NULL)
		return false;
	frame->closes = true;
	frame->list = list;
	frame->condition = condition;
	lx->pos++;
	return true;
}

static bool
take_redirection(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	bool in = lx->text[lx->pos] == '<';
	if (next_is(lx, 1, "(")) {
		lex_begin_word(lx, false);
		lx->pos++;
		return push_group(lx, false);
	}
	if (in && next_is(lx, 1, "<") && !next_is(lx, 2, "<")) {
		lx->pos += 2;
		bool strip = next_is(lx, 0, "-");
		lx->pos += strip;
		while (next_is(lx, 0, " \t"))
			lx->pos++;
		lex_delimiter(lx, strip);
		return true;
	}
	if (in && next_is(lx, 1, "<"))
		lx->pos += 2;
	else if (next_is(lx, 1, "<>&|"))
		lx->pos++;
	lx->pos++;
	frame->redirect = true;
	return true;
}

/*
 * Whether "((" here is arithmetic of bash: the parenthesis that closes the
 * second one is followed by another.
 */
static bool
is_arithmetic(const struct lexer *lx)
{
	size_t limit = lx->end;
	if (limit - lx->pos > ARITHMETIC_LIMIT)
		limit = lx->pos + ARITHMETIC_LIMIT;
	size_t mark = lx->mark;
	size_t depth = 0;
	for (size_t i = lx->pos + 1; i < limit; i++) {
		if (mark < lx->n_marks && lx->marks[mark].at == i) {
			i += lx->marks[mark++].len - 1;
			continue;
		}
		if (lx->text[i] == '(')
			depth++;
		else if (lx->text[i] == ')' && --depth == 0)
			return i + 1 < lx->end && lx->text[i + 1] == ')';
	}
	return false;
}

static bool
take_open(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	if (frame->in_word) {
		char last = lx->text[lx->pos - 1];
		if (last == '=' || strchr("@+?*!", last) != NULL) {
			frame->plain = false;
			return push_group(lx, true);
		}
		return lex_end_word(lx);
	}
	if (frame->in_case == CASE_PATTERN && !frame->pattern_open) {
		frame->pattern_open = true;
		lx->pos++;
		return true;
	}
	if (!frame->list && !frame->condition && next_is(lx, 1, "(") &&
	    is_arithmetic(lx)) {
		frame->expect = EXPECT_ARGUMENT;
		lx->pos += 2;
		frame = lex_push(lx, FRAME_ARITHMETIC);
		if (frame != NULL)
			frame->command = true;
		return frame != NULL;
	}
	return push_group(lx, frame->list);
}

static bool
take_close(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	if (frame->in_case == CASE_PATTERN) {
		lx->pos++;
		frame->in_case = CASE_BODY;
		begin_command(frame);
		return true;
	}
	if (frame->in_case != CASE_NONE) {
		/* "esac" is missing; the construct around ends. */
		lex_pop(lx);
		return true;
	}
	lx->pos++;
	if (!frame->closes) {
		begin_command(frame);
		return true;
	}
	if (frame->own_pending && lx->n_pending > frame->pending_from) {
		lx->n_pending = frame->pending_from;
		lx->scan->doubtful = true;
	}
	lex_pop(lx);
	frame = lex_top(lx);
	if (frame->kind == FRAME_COMMANDS && !frame->in_word &&
	    !frame->condition)
		begin_command(frame);
	return true;
}

static void
take_comment(struct lexer *lx)
{
	while (lx->pos < lx->end) {
		if (lex_at_mark(lx, lx->pos)) {
			struct shell_mark *mark = &lx->marks[lx->mark++];
			mark->place = SHELL_COMMENT;
			lx->pos += mark->len;
			continue;
		}
		char c = lx->text[lx->pos];
		if (c == '\n')
			return;
		/* bash counts such quotes between backquotes. */
		if (lx->backquoted && (c == '"' || c == '\'' || c == '`'))
			lx->scan->doubtful = true;
		lx->pos++;
	}
}

/* Whether the word so far is the number of a descriptor. */
static bool
is_number(const struct lexer *lx, const struct frame *frame)
{
	for (size_t i = frame->word_at; i < lx->pos; i++)
		if (lx->text[i] < '0' || lx->text[i] > '9')
			return false;
	return frame->plain;
}

/* What ends a word: blanks and operators. */
static bool
take_operator(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	char c = lx->text[lx->pos];
	if (frame->in_word && c != '(') {
		if ((c != '<' && c != '>') || !is_number(lx, frame))
			return lex_end_word(lx);
		frame->in_word = false;
	}
	switch (c) {
	case '\n':
		return take_newline(lx);
	case '<':
	case '>':
		return take_redirection(lx);
	case '(':
		return take_open(lx);
	case ')':
		return take_close(lx);
	case ';':
	case '&':
	case '|':
		return take_separator(lx);
	default:
		lx->pos++;
		return true;
	}
}

/* Part of a word. */
static bool
take_word_part(struct lexer *lx)
{
	char c = lx->text[lx->pos];
	lex_begin_word(lx, strchr("'\"`$\\", c) == NULL);
	struct frame *frame = lex_top(lx);
	switch (c) {
	case '\'':
		lx->pos++;
		lex_single(lx, SHELL_SINGLE);
		return true;
	case '"':
		lx->pos++;
		return lex_push(lx, FRAME_DOUBLE) != NULL;
	case '`':
		return lex_backquote(lx, false);
	case '$':
		return lex_dollar(lx, true);
	case '\\':
		lex_escape(lx);
		return true;
	case '[':
		if (lx->pos > frame->word_at &&
		    lex_name_length(lx, frame->word_at) ==
			lx->pos - frame->word_at)
			frame->subscript = true;
		break;
	case ']':
		frame->subscript = false;
		break;
	default:
		break;
	}
	lx->pos++;
	return true;
}

bool
lex_commands(struct lexer *lx)
{
	const struct frame *frame = lex_top(lx);
	char c = lx->text[lx->pos];
	if (c == '\\' && next_is(lx, 1, "\n")) {
		lx->pos += 2;
		return true;
	}
	if (c == '#' && !frame->in_word) {
		take_comment(lx);
		return true;
	}
	if (c != '\0' && strchr(" \t\n;&|<>()", c) != NULL)
		return take_operator(lx);
	return take_word_part(lx);
}
