/* SPDX-License-Identifier: MIT */
/* The shell scanner: what a dollar sign or a backquote begins. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/shell_lex_parts.h"

/* The bytes between backquotes as the shell reads them again. */
static void
copy_backquoted(
    struct lexer *lx, bool quoted, struct str *copy, struct shell_mark *sub)
{
	size_t n = 0;
	for (lx->pos++; lx->pos < lx->end; lx->pos++) {
		if (lex_at_mark(lx, lx->pos)) {
			const struct shell_mark *mark = &lx->marks[lx->mark++];
			sub[n++] = (struct shell_mark){ .at = copy->len,
				.len = mark->len };
			str_add_n(copy, lx->text + lx->pos, mark->len);
			lx->pos += mark->len - 1;
			continue;
		}
		char c = lx->text[lx->pos];
		if (c == '`')
			break;
		char next = lx->pos + 1 < lx->end ? lx->text[lx->pos + 1] : 'x';
		if (c == '\\' && !lex_at_mark(lx, lx->pos + 1) &&
		    (strchr("\n\\`$", next) != NULL ||
			(quoted && next == '"'))) {
			lx->pos++;
			if (next == '"' && lex_top(lx)->kind == FRAME_HERE)
				lx->scan->doubtful = true;
			if (next == '\n')
				continue;
			c = next;
		}
		str_add_char(copy, c);
	}
	if (lx->pos < lx->end)
		lx->pos++;
	else
		lx->scan->doubtful = true;
}

/* How many marks lie before the backquote that closes the one here. */
static size_t
count_backquoted(const struct lexer *lx)
{
	size_t mark = lx->mark;
	for (size_t i = lx->pos + 1; i < lx->end; i++) {
		if (mark < lx->n_marks && lx->marks[mark].at == i) {
			i += lx->marks[mark++].len - 1;
			continue;
		}
		if (lx->text[i] == '`')
			break;
		if (lx->text[i] == '\\' &&
		    (mark >= lx->n_marks || lx->marks[mark].at != i + 1))
			i++;
	}
	return mark - lx->mark;
}

/*
 * At a backquote: what is between is scanned as a script of its own after one
 * level of backslashes is taken off, as the shell does it.
 */
bool
lex_backquote(struct lexer *lx, bool quoted)
{
	if (lx->nesting == LEX_NESTING)
		return lex_too_deep(lx);
	size_t first = lx->mark;
	size_t n = count_backquoted(lx);
	autofree struct shell_mark *sub = mem_array(n, sizeof(*sub));
	autostr struct str copy = { 0 };
	copy_backquoted(lx, quoted, &copy, sub);
	bool done = lex_scan(str_text(&copy), copy.len, sub, n, lx->scan,
	    lx->nesting + 1, lx->err);
	for (size_t i = 0; i < n; i++) {
		struct shell_mark *mark = &lx->marks[first + i];
		sub[i].at = mark->at;
		sub[i].len = mark->len;
		sub[i].backquotes++;
		sub[i].owner = 0;
		*mark = sub[i];
	}
	return done;
}

/* Behind "${": finds the name; the operator follows. */
static bool
begin_parameter(struct lexer *lx, bool bare)
{
	struct frame *frame = lex_push(lx, FRAME_PARAMETER);
	if (frame == NULL)
		return false;
	frame->quoted = !bare;
	frame->head = true;
	size_t at = lx->pos;
	char c = at < lx->end ? lx->text[at] : '}';
	char next = at + 1 < lx->end ? lx->text[at + 1] : '}';
	if ((c == '#' || c == '!') && !lex_at_mark(lx, at + 1) &&
	    (lex_is_name_char(next) ||
		(c == '#' && next != '\0' && strchr("@*?$!", next) != NULL)))
		at++;
	frame->name_at = at;
	frame->name_len = lex_name_length(lx, at);
	while (at < lx->end && lex_is_name_char(lx->text[at]))
		at++;
	if (at == frame->name_at && at < lx->end && !lex_at_mark(lx, at) &&
	    strchr("@*#?$!-", lx->text[at]) != NULL)
		at++;
	lx->pos = at;
	return true;
}

static bool
begin_substitution(struct lexer *lx)
{
	if (lx->pos + 2 < lx->end && lx->text[lx->pos + 2] == '(') {
		lx->pos += 3;
		return lex_push(lx, FRAME_ARITHMETIC) != NULL;
	}
	lx->pos += 2;
	struct frame *frame = lex_push(lx, FRAME_COMMANDS);
	if (frame == NULL)
		return false;
	frame->closes = true;
	frame->own_pending = true;
	frame->pending_from = lx->n_pending;
	return true;
}

/* At a dollar sign. bare: quotes may follow it. */
bool
lex_dollar(struct lexer *lx, bool bare)
{
	size_t next = lx->pos + 1;
	if (next >= lx->end || lex_at_mark(lx, next)) {
		lx->pos = next;
		lx->stuck_at = next;
		return true;
	}
	char c = lx->text[next];
	if (c == '(')
		return begin_substitution(lx);
	if (c == '{') {
		lx->pos += 2;
		return begin_parameter(lx, bare);
	}
	if (c == '\'' && bare) {
		lx->pos += 2;
		lex_single(lx, SHELL_ANSI);
		return true;
	}
	lx->pos = next;
	if (c >= '0' && c <= '9') {
		lx->pos++;
	} else if (lex_is_name_char(c)) {
		while (lx->pos < lx->end && lex_is_name_char(lx->text[lx->pos]))
			lx->pos++;
		lx->name_end = lx->pos;
	} else if (c != '\0' && strchr("@*#?$!-", c) != NULL) {
		lx->pos++;
	}
	return true;
}
