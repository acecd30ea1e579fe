/* SPDX-License-Identifier: MIT */
/* The shell scanner: quotes, expansions and the stack of constructs. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "data/shell_lex_parts.h"

#define NOWHERE ((size_t)-1)

struct frame *
lex_top(const struct lexer *lx)
{
	return &lx->frames[lx->depth - 1];
}

bool
lex_too_deep(struct lexer *lx)
{
	return error_set(
	    lx->err, ERROR_INPUT, "shell script: quoting is nested too deeply");
}

/* A new innermost construct, or NULL with the error set. */
struct frame *
lex_push(struct lexer *lx, enum frame_kind kind)
{
	if (lx->depth == LEX_DEPTH) {
		lex_too_deep(lx);
		return NULL;
	}
	lx->frames = mem_grow(
	    lx->frames, &lx->cap_frames, lx->depth + 1, sizeof(*lx->frames));
	struct frame *frame = &lx->frames[lx->depth++];
	*frame = (struct frame){ .kind = kind };
	if (lx->depth == 1)
		return frame;
	const struct frame *outer = frame - 1;
	frame->pending_from = outer->pending_from;
	if (kind != FRAME_DOUBLE && kind != FRAME_PARAMETER)
		return frame;
	frame->arithmetic =
	    outer->arithmetic || outer->kind == FRAME_ARITHMETIC;
	frame->subscript = outer->subscript;
	return frame;
}

void
lex_pop(struct lexer *lx)
{
	lx->depth--;
}

bool
lex_at_mark(const struct lexer *lx, size_t pos)
{
	return lx->mark < lx->n_marks && lx->marks[lx->mark].at == pos;
}

bool
lex_is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

size_t
lex_name_length(const struct lexer *lx, size_t pos)
{
	size_t n = 0;
	if (pos < lx->end && lx->text[pos] >= '0' && lx->text[pos] <= '9')
		return 0;
	while (n < LEX_NAME && pos + n < lx->end &&
	    lex_is_name_char(lx->text[pos + n]))
		n++;
	return n;
}

void
lex_assigned(struct lexer *lx, size_t at, size_t len)
{
	if (len > 0)
		strv_give(&lx->scan->assigned, mem_text_n(lx->text + at, len));
}

/* The innermost list of commands that the scanner is in; 0 when none. */
static size_t
owner(const struct lexer *lx)
{
	size_t i = lx->depth;
	while (i > 0 && lx->frames[i - 1].kind != FRAME_COMMANDS)
		i--;
	return i;
}

/* Steps over the mark that stands here. */
static void
place_mark(struct lexer *lx, enum shell_place place)
{
	struct shell_mark *mark = &lx->marks[lx->mark++];
	mark->place = place;
	mark->owner = owner(lx);
	lx->pos += mark->len;
}

static void
place_by_frame(struct lexer *lx)
{
	struct frame *top = lex_top(lx);
	struct shell_mark *mark = &lx->marks[lx->mark];
	enum shell_place place = SHELL_BARE;
	mark->after_name = lx->name_end == lx->pos;
	mark->stuck = lx->stuck_at == lx->pos;
	switch (top->kind) {
	case FRAME_COMMANDS:
		lex_begin_word(lx, false);
		mark->one_word = lex_is_one_word(lx);
		break;
	case FRAME_DOUBLE:
		place = SHELL_DOUBLE;
		break;
	case FRAME_PARAMETER:
		place = top->quoted ? SHELL_DOUBLE : SHELL_BARE;
		mark->one_word = true;
		break;
	case FRAME_ARITHMETIC:
		place = SHELL_ARITHMETIC;
		break;
	case FRAME_HERE:
		place = SHELL_HERE;
		mark->here = top->here;
		break;
	}
	mark->subscript = top->subscript;
	place_mark(lx, top->arithmetic ? SHELL_ARITHMETIC : place);
}

/* At a backslash that takes the next character. */
void
lex_escape(struct lexer *lx)
{
	lx->pos++;
	lx->stuck_at = lx->pos;
	if (lx->pos < lx->end && !lex_at_mark(lx, lx->pos))
		lx->pos++;
}

/* Behind the opening quote. */
void
lex_single(struct lexer *lx, enum shell_place place)
{
	while (lx->pos < lx->end) {
		if (lex_at_mark(lx, lx->pos)) {
			const struct frame *top = lex_top(lx);
			struct shell_mark *mark = &lx->marks[lx->mark];
			mark->subscript = top->subscript;
			mark->stuck =
			    place == SHELL_ANSI && lx->stuck_at == lx->pos;
			place_mark(
			    lx, top->arithmetic ? SHELL_ARITHMETIC : place);
			continue;
		}
		char c = lx->text[lx->pos];
		if (c == '\\' && place == SHELL_ANSI) {
			lex_escape(lx);
			/* Where there is no $'...', it ends here. */
			if (lx->text[lx->pos - 1] == '\'')
				lx->scan->doubtful = true;
			continue;
		}
		lx->pos++;
		if (c == '\'')
			return;
	}
}

/* What works the same in "...", ${...}, $((...)) and here-documents. */
static bool
step_expansion(struct lexer *lx, bool bare)
{
	switch (lx->text[lx->pos]) {
	case '\\':
		lex_escape(lx);
		return true;
	case '$':
		return lex_dollar(lx, bare);
	case '`':
		return lex_backquote(lx, !bare);
	default:
		lx->pos++;
		return true;
	}
}

static bool
step_double(struct lexer *lx)
{
	if (lx->text[lx->pos] != '"')
		return step_expansion(lx, false);
	lx->pos++;
	lex_pop(lx);
	return true;
}

/* The operator of ${name...}: decides how quotes work behind it. */
static void
parameter_head(struct lexer *lx, struct frame *frame)
{
	char c = lx->text[lx->pos];
	char next = lx->pos + 1 < lx->end ? lx->text[lx->pos + 1] : '}';
	if (frame->subscript) {
		if (c == ']')
			frame->subscript = false;
		return;
	}
	if (c == '[') {
		frame->subscript = true;
		return;
	}
	frame->head = false;
	if (strchr("#%/^,", c) != NULL)
		frame->quoted = false;
	else if (c == ':' && strchr("-=?+", next) == NULL)
		frame->arithmetic = true;
	else if (c == '=' || (c == ':' && next == '='))
		lex_assigned(lx, frame->name_at, frame->name_len);
}

static bool
step_parameter(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	char c = lx->text[lx->pos];
	if (c == '}') {
		lx->pos++;
		lex_pop(lx);
		return true;
	}
	if (frame->head)
		parameter_head(lx, frame);
	if (c == '"') {
		lx->pos++;
		return lex_push(lx, FRAME_DOUBLE) != NULL;
	}
	if (c == '\'' && !frame->quoted) {
		lx->pos++;
		lex_single(lx, SHELL_SINGLE);
		return true;
	}
	return step_expansion(lx, !frame->quoted);
}

static bool
step_arithmetic(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	char c = lx->text[lx->pos];
	if (c == '\'' || c == '"' || (frame->command && c == '<'))
		lx->scan->doubtful = true;
	if (c == '(') {
		frame->parens++;
	} else if (c == ')' && frame->parens > 0) {
		frame->parens--;
	} else if (c == ')') {
		lx->pos++;
		if (lx->pos < lx->end && lx->text[lx->pos] == ')') {
			lx->pos++;
			lex_pop(lx);
			return true;
		}
		/* It was $( (...) ...) after all, which bash allows. */
		lx->scan->doubtful = true;
		*frame = (struct frame){ .kind = FRAME_COMMANDS,
			.closes = true,
			.own_pending = true,
			.pending_from = lx->n_pending };
		return true;
	}
	return step_expansion(lx, false);
}

static bool
step(struct lexer *lx)
{
	if (lex_at_mark(lx, lx->pos)) {
		place_by_frame(lx);
		return true;
	}
	switch (lex_top(lx)->kind) {
	case FRAME_COMMANDS:
		return lex_commands(lx);
	case FRAME_DOUBLE:
		return step_double(lx);
	case FRAME_PARAMETER:
		return step_parameter(lx);
	case FRAME_ARITHMETIC:
		return step_arithmetic(lx);
	case FRAME_HERE:
		return step_expansion(lx, false);
	}
	BUG("frame of kind %d", (int)lex_top(lx)->kind);
}

/* Scans up to the end that is set. */
bool
lex_run(struct lexer *lx)
{
	while (lx->pos < lx->end)
		if (!step(lx))
			return false;
	return true;
}

bool
lex_scan(const char *text, size_t len, struct shell_mark *marks, size_t n,
    struct shell_scan *scan, unsigned nesting, struct error *err)
{
	struct lexer lx = {
		.text = text,
		.end = len,
		.marks = marks,
		.n_marks = n,
		.name_end = NOWHERE,
		.stuck_at = NOWHERE,
		.nesting = nesting,
		.backquoted = nesting > 0,
		.scan = scan,
		.err = err,
	};
	struct frame *frame = lex_push(&lx, FRAME_COMMANDS);
	frame->own_pending = true;
	bool done = lex_run(&lx);
	while (done && lex_top(&lx)->kind == FRAME_COMMANDS &&
	    lex_top(&lx)->in_word)
		done = lex_end_word(&lx);
	free(lx.frames);
	free(lx.pending);
	return done;
}

bool
shell_scan(const char *text, size_t len, struct shell_mark *marks, size_t n,
    struct shell_scan *scan, struct error *err)
{
	return lex_scan(text, len, marks, n, scan, 0, err);
}

void
shell_scan_release(struct shell_scan *scan)
{
	for (size_t i = 0; i < scan->n_heres; i++)
		free(scan->heres[i].delimiter);
	free(scan->heres);
	strv_release(&scan->assigned);
	*scan = (struct shell_scan){ 0 };
}

void
shell_marks_release(struct shell_mark *marks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(marks[i].before);
		free(marks[i].after);
		marks[i].before = NULL;
		marks[i].after = NULL;
	}
}
