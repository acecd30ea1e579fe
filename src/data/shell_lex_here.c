/* SPDX-License-Identifier: MIT */
/* The shell scanner: here-documents. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/shell_lex_parts.h"

/* The mark here as part of a delimiter, which the shell does not expand. */
static void
take_mark(struct lexer *lx, struct str *out)
{
	struct shell_mark *mark = &lx->marks[lx->mark++];
	mark->place = SHELL_DELIMITER;
	str_add_n(out, lx->text + lx->pos, mark->len);
	lx->pos += mark->len;
}

/* Behind a backslash: what it stands for. */
static void
take_escaped(struct lexer *lx, struct str *out)
{
	if (lx->pos >= lx->end)
		return;
	if (lex_at_mark(lx, lx->pos))
		take_mark(lx, out);
	else if (lx->text[lx->pos++] != '\n')
		str_add_char(out, lx->text[lx->pos - 1]);
}

static void
take_quoted(struct lexer *lx, char quote, struct str *out)
{
	while (lx->pos < lx->end) {
		if (lex_at_mark(lx, lx->pos)) {
			take_mark(lx, out);
			continue;
		}
		char c = lx->text[lx->pos++];
		if (c == quote)
			return;
		char next = lx->pos < lx->end ? lx->text[lx->pos] : 'x';
		if (c == '\\' && quote == '"' &&
		    strchr("\n\\`$\"", next) != NULL)
			take_escaped(lx, out);
		else
			str_add_char(out, c);
	}
}

void
lex_delimiter(struct lexer *lx, bool strip)
{
	struct str word = { 0 };
	bool quoted = false;
	while (lx->pos < lx->end) {
		if (lex_at_mark(lx, lx->pos)) {
			take_mark(lx, &word);
			continue;
		}
		char c = lx->text[lx->pos];
		if (strchr(" \t\n;&|<>()", c) != NULL)
			break;
		lx->pos++;
		if (c == '\'' || c == '"')
			take_quoted(lx, c, &word);
		else if (c == '\\')
			take_escaped(lx, &word);
		else
			str_add_char(&word, c);
		quoted = quoted || strchr("'\"\\", c) != NULL;
		if (c == '$' && lx->pos < lx->end &&
		    strchr("'\"", lx->text[lx->pos]) != NULL)
			lx->scan->doubtful = true;
	}
	struct shell_scan *scan = lx->scan;
	scan->heres = mem_grow(scan->heres, &scan->cap_heres, scan->n_heres + 1,
	    sizeof(*scan->heres));
	scan->heres[scan->n_heres] = (struct shell_here){
		.delimiter = str_take(&word),
		.quoted = quoted,
		.strip = strip,
	};
	lx->pending = mem_grow(lx->pending, &lx->cap_pending, lx->n_pending + 1,
	    sizeof(*lx->pending));
	lx->pending[lx->n_pending++] = scan->n_heres++;
}

/* The end of the line at pos; *mark is the first mark not before pos. */
static size_t
line_end(const struct lexer *lx, size_t pos, size_t *mark)
{
	for (;;) {
		const char *found = memchr(lx->text + pos, '\n', lx->end - pos);
		size_t end =
		    found == NULL ? lx->end : (size_t)(found - lx->text);
		while (*mark < lx->n_marks && lx->marks[*mark].at < pos)
			++*mark;
		while (*mark < lx->n_marks && lx->marks[*mark].at < end) {
			const struct shell_mark *m = &lx->marks[(*mark)++];
			pos = m->at + m->len;
			if (pos > end)
				break;
		}
		if (pos <= end)
			return end;
	}
}

static bool
is_delimiter(const struct lexer *lx, const struct shell_here *here, size_t from,
    size_t to)
{
	while (here->strip && from < to && lx->text[from] == '\t')
		from++;
	size_t len = strlen(here->delimiter);
	return to - from == len &&
	    memcmp(lx->text + from, here->delimiter, len) == 0;
}

/* Whether the line from .. to ends in a backslash that joins the next one. */
static bool
is_continued(const struct lexer *lx, size_t from, size_t to)
{
	size_t n = 0;
	while (to > from + n && lx->text[to - n - 1] == '\\')
		n++;
	return n % 2 == 1 && to < lx->end;
}

/* Where the text of here ends; *next is behind the closing line. */
static size_t
find_body_end(
    const struct lexer *lx, const struct shell_here *here, size_t *next)
{
	size_t line = lx->pos;
	size_t mark = lx->mark;
	while (line < lx->end) {
		size_t end = line_end(lx, line, &mark);
		if (is_delimiter(lx, here, line, end)) {
			*next = end < lx->end ? end + 1 : end;
			return line;
		}
		while (!here->quoted && is_continued(lx, line, end)) {
			line = end + 1;
			end = line_end(lx, line, &mark);
		}
		line = end < lx->end ? end + 1 : end;
	}
	*next = lx->end;
	return lx->end;
}

/* Text between marks: before the one at to, since its line began. */
static void
set_before(
    const struct lexer *lx, struct shell_mark *mark, size_t from, bool first)
{
	size_t start = mark->at;
	while (start > from && lx->text[start - 1] != '\n')
		start--;
	mark->joined = start == from && !first;
	mark->before = mem_text_n(lx->text + start, mark->at - start);
}

/* And behind it, up to the end of line, unless another mark comes first. */
static void
set_after(const struct lexer *lx, struct shell_mark *mark, size_t to, bool last)
{
	size_t from = mark->at + mark->len;
	const char *end = memchr(lx->text + from, '\n', to - from);
	if (end == NULL && !last)
		return;
	size_t len =
	    end == NULL ? to - from : (size_t)(end - (lx->text + from));
	mark->after = mem_text_n(lx->text + from, len);
}

static void
take_quoted_body(struct lexer *lx, size_t here, size_t end)
{
	size_t from = lx->pos;
	bool first = true;
	while (lx->mark < lx->n_marks && lx->marks[lx->mark].at < end) {
		struct shell_mark *mark = &lx->marks[lx->mark++];
		mark->place = SHELL_HERE_QUOTED;
		mark->here = here;
		set_before(lx, mark, from, first);
		bool last =
		    lx->mark == lx->n_marks || lx->marks[lx->mark].at >= end;
		set_after(lx, mark, last ? end : lx->marks[lx->mark].at, last);
		from = mark->at + mark->len;
		first = false;
	}
	lx->pos = end;
}

static bool
scan_body(struct lexer *lx, size_t here, size_t end)
{
	if (lx->nesting == LEX_NESTING)
		return lex_too_deep(lx);
	struct frame *frame = lex_push(lx, FRAME_HERE);
	if (frame == NULL)
		return false;
	frame->here = here;
	/* What the text leaves open ends with it. */
	size_t depth = lx->depth - 1;
	size_t outer_end = lx->end;
	size_t n_pending = lx->n_pending;
	lx->nesting++;
	lx->end = end;
	bool done = lex_run(lx);
	/* Some shells look for the end of $(...) first. */
	if (lx->depth > depth + 1)
		lx->scan->doubtful = true;
	lx->end = outer_end;
	lx->nesting--;
	lx->n_pending = n_pending;
	lx->depth = depth;
	return done;
}

bool
lex_bodies(struct lexer *lx, size_t from)
{
	for (size_t i = from; i < lx->n_pending; i++) {
		size_t here = lx->pending[i];
		const struct shell_here *h = &lx->scan->heres[here];
		size_t next;
		size_t end = find_body_end(lx, h, &next);
		if (h->quoted)
			take_quoted_body(lx, here, end);
		else if (!scan_body(lx, here, end))
			return false;
		while (lx->mark < lx->n_marks && lx->marks[lx->mark].at < next)
			lx->marks[lx->mark++].place = SHELL_DELIMITER;
		lx->pos = next;
	}
	lx->n_pending = from;
	return true;
}
