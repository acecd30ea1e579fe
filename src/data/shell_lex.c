/* SPDX-License-Identifier: MIT */
/* The quoting contexts of a POSIX shell script, found in one pass. */
#include "config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "data/shell_lex.h"

/* Constructs within each other; `...` and here-documents start anew. */
#define LEX_DEPTH 256
#define LEX_NESTING 12
/* Names of variables are looked at so far. */
#define LEX_NAME 256

enum shell_frame_kind {
	WITHIN_COMMANDS, /* the script, (...), $(...), case ... esac */
	WITHIN_DOUBLE,
	WITHIN_PARAMETER, /* ${...} */
	WITHIN_ARITHMETIC,
	WITHIN_HERE,
};

enum shell_case_part {
	CASE_NONE,
	CASE_WORD, /* case WORD */
	CASE_IN,
	CASE_PATTERN,
	CASE_BODY,
};

/* What the next word of a command is. */
enum shell_expect {
	EXPECT_COMMAND, /* reserved word, assignment or command */
	EXPECT_ASSIGNMENT, /* the same without reserved words */
	EXPECT_ARGUMENT,
	EXPECT_FOR_NAME,
	EXPECT_FOR_IN,
	EXPECT_FUNCTION,
};

/* Commands that set the variables they name. */
enum shell_setter {
	SETTER_NONE,
	SETTER_READ, /* each argument is a name */
	SETTER_DECLARE, /* each argument is a name or an assignment */
	SETTER_GETOPTS, /* the second argument is a name */
	SETTER_GETOPTS_NAME,
};

struct shell_frame {
	enum shell_frame_kind kind;
	/* Inherited by quotes and ${...} within. */
	bool arithmetic;
	bool subscript;
	/* PARAMETER */
	bool quoted; /* the text after the operator is as in "..." */
	bool head; /* the operator is still to come */
	size_t name_at;
	size_t name_len;
	/* ARITHMETIC */
	size_t parens;
	bool command; /* ((...)) as a command, not $((...)) */
	/* HERE */
	size_t here;
	/* COMMANDS */
	bool closes; /* by a parenthesis */
	bool list; /* words without meaning: array=(...), @(...) */
	bool own_pending; /* here-documents are its own */
	size_t pending_from;
	enum shell_case_part in_case;
	bool pattern_open; /* something of the pattern was seen */
	enum shell_expect expect;
	enum shell_setter setter;
	bool redirect; /* the next word is the target */
	bool condition; /* within [[ ]] */
	bool compare; /* the next word is compared as a number */
	size_t word_marks[2]; /* the word before in a condition */
	bool in_word;
	bool plain; /* no quoting and no expansion in it so far */
	size_t word_at;
	size_t word_mark;
	bool assignment_known;
	bool assignment;
};

struct shell_lexer {
	const char *text;
	size_t end;
	size_t pos;
	struct shell_mark *marks;
	size_t n_marks;
	size_t mark; /* the next one */
	struct shell_frame *frames;
	size_t depth;
	size_t cap_frames;
	size_t *pending; /* here-documents whose text is still to come */
	size_t n_pending;
	size_t cap_pending;
	size_t name_end; /* where a "$name" ended last */
	size_t stuck_at; /* behind a lone '\' or '$' */
	unsigned nesting;
	bool backquoted; /* the text stood between backquotes */
	struct shell_scan *scan;
	struct error *err;
};

static bool lex_dollar(struct shell_lexer *lx, bool bare) MUST_USE;
static bool lex_backquote(struct shell_lexer *lx, bool quoted) MUST_USE;
static void lex_begin_word(struct shell_lexer *lx, bool plain);
static bool lex_end_word(struct shell_lexer *lx) MUST_USE;
static bool lex_is_one_word(struct shell_lexer *lx);
static bool lex_commands(struct shell_lexer *lx) MUST_USE;
static void lex_delimiter(struct shell_lexer *lx, bool strip);
static bool lex_bodies(struct shell_lexer *lx, size_t from) MUST_USE;

/* --- the scanner ------------------------------------------------------ */

#define NOWHERE ((size_t)-1)

static struct shell_frame *
lex_top(const struct shell_lexer *lx)
{
	return &lx->frames[lx->depth - 1];
}

/* Sets the error; false. */
static bool
lex_too_deep(struct shell_lexer *lx)
{
	return error_set(
	    lx->err, ERROR_INPUT, "shell script: quoting is nested too deeply");
}

/* A new innermost construct, or NULL with the error set. */
static struct shell_frame *
lex_push(struct shell_lexer *lx, enum shell_frame_kind kind)
{
	if (lx->depth == LEX_DEPTH) {
		lex_too_deep(lx);
		return NULL;
	}
	lx->frames = mem_grow(
	    lx->frames, &lx->cap_frames, lx->depth + 1, sizeof(*lx->frames));
	struct shell_frame *frame = &lx->frames[lx->depth++];
	*frame = (struct shell_frame){ .kind = kind };
	if (lx->depth == 1)
		return frame;
	const struct shell_frame *outer = frame - 1;
	frame->pending_from = outer->pending_from;
	if (kind != WITHIN_DOUBLE && kind != WITHIN_PARAMETER)
		return frame;
	frame->arithmetic =
	    outer->arithmetic || outer->kind == WITHIN_ARITHMETIC;
	frame->subscript = outer->subscript;
	return frame;
}

static void
lex_pop(struct shell_lexer *lx)
{
	lx->depth--;
}

static bool
lex_at_mark(const struct shell_lexer *lx, size_t pos)
{
	return lx->mark < lx->n_marks && lx->marks[lx->mark].at == pos;
}

/* Bytes of the name at pos, at most LEX_NAME; 0 when none. */
static size_t
lex_name_length(const struct shell_lexer *lx, size_t pos)
{
	size_t n = 0;
	if (pos < lx->end && lx->text[pos] >= '0' && lx->text[pos] <= '9')
		return 0;
	while (n < LEX_NAME && pos + n < lx->end &&
	    text_is_name_char(lx->text[pos + n]))
		n++;
	return n;
}

/* Notes that the script sets a variable. */
static void
lex_assigned(struct shell_lexer *lx, size_t at, size_t len)
{
	if (len > 0)
		strv_give(&lx->scan->assigned, mem_text_n(lx->text + at, len));
}

/* The innermost list of commands that the scanner is in; 0 when none. */
static size_t
owner(const struct shell_lexer *lx)
{
	size_t i = lx->depth;
	while (i > 0 && lx->frames[i - 1].kind != WITHIN_COMMANDS)
		i--;
	return i;
}

/* Steps over the mark that stands here. */
static void
place_mark(struct shell_lexer *lx, enum shell_place place)
{
	struct shell_mark *mark = &lx->marks[lx->mark++];
	mark->place = place;
	mark->owner = owner(lx);
	lx->pos += mark->len;
}

static void
place_by_frame(struct shell_lexer *lx)
{
	struct shell_frame *top = lex_top(lx);
	struct shell_mark *mark = &lx->marks[lx->mark];
	enum shell_place place = SHELL_BARE;
	mark->after_name = lx->name_end == lx->pos;
	mark->stuck = lx->stuck_at == lx->pos;
	switch (top->kind) {
	case WITHIN_COMMANDS:
		lex_begin_word(lx, false);
		mark->one_word = lex_is_one_word(lx);
		break;
	case WITHIN_DOUBLE:
		place = SHELL_DOUBLE;
		break;
	case WITHIN_PARAMETER:
		place = top->quoted ? SHELL_DOUBLE : SHELL_BARE;
		mark->one_word = true;
		break;
	case WITHIN_ARITHMETIC:
		place = SHELL_ARITHMETIC;
		break;
	case WITHIN_HERE:
		place = SHELL_HERE;
		mark->here = top->here;
		break;
	}
	mark->subscript = top->subscript;
	place_mark(lx, top->arithmetic ? SHELL_ARITHMETIC : place);
}

/* At a backslash that takes the next character. */
/* At a backslash that takes a byte. */
static void
lex_escape(struct shell_lexer *lx)
{
	lx->pos++;
	lx->stuck_at = lx->pos;
	if (lx->pos < lx->end && !lex_at_mark(lx, lx->pos))
		lx->pos++;
}

/* Behind the opening quote. */
static void
lex_single(struct shell_lexer *lx, enum shell_place place)
{
	while (lx->pos < lx->end) {
		if (lex_at_mark(lx, lx->pos)) {
			const struct shell_frame *top = lex_top(lx);
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
step_expansion(struct shell_lexer *lx, bool bare)
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
step_double(struct shell_lexer *lx)
{
	if (lx->text[lx->pos] != '"')
		return step_expansion(lx, false);
	lx->pos++;
	lex_pop(lx);
	return true;
}

/* The operator of ${name...}: decides how quotes work behind it. */
static void
parameter_head(struct shell_lexer *lx, struct shell_frame *frame)
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
step_parameter(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
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
		return lex_push(lx, WITHIN_DOUBLE) != NULL;
	}
	if (c == '\'' && !frame->quoted) {
		lx->pos++;
		lex_single(lx, SHELL_SINGLE);
		return true;
	}
	return step_expansion(lx, !frame->quoted);
}

static bool
step_arithmetic(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
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
		*frame = (struct shell_frame){ .kind = WITHIN_COMMANDS,
			.closes = true,
			.own_pending = true,
			.pending_from = lx->n_pending };
		return true;
	}
	return step_expansion(lx, false);
}

static bool
step(struct shell_lexer *lx)
{
	if (lex_at_mark(lx, lx->pos)) {
		place_by_frame(lx);
		return true;
	}
	switch (lex_top(lx)->kind) {
	case WITHIN_COMMANDS:
		return lex_commands(lx);
	case WITHIN_DOUBLE:
		return step_double(lx);
	case WITHIN_PARAMETER:
		return step_parameter(lx);
	case WITHIN_ARITHMETIC:
		return step_arithmetic(lx);
	case WITHIN_HERE:
		return step_expansion(lx, false);
	}
	BUG("frame of kind %d", (int)lex_top(lx)->kind);
}

/* Scans up to the end that is set. */
static bool
lex_run(struct shell_lexer *lx)
{
	while (lx->pos < lx->end)
		if (!step(lx))
			return false;
	return true;
}

/* Scans a whole text, which lies that many constructs deep in others. */
static bool
lex_scan(const char *text, size_t len, struct shell_mark *marks, size_t n,
    struct shell_scan *scan, unsigned nesting, struct error *err)
{
	struct shell_lexer lx = {
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
	struct shell_frame *frame = lex_push(&lx, WITHIN_COMMANDS);
	frame->own_pending = true;
	bool done = lex_run(&lx);
	while (done && lex_top(&lx)->kind == WITHIN_COMMANDS &&
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

/* --- expansions ------------------------------------------------------- */

/* The bytes between backquotes as the shell reads them again. */
static void
copy_backquoted(struct shell_lexer *lx, bool quoted, struct str *copy,
    struct shell_mark *sub)
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
			if (next == '"' && lex_top(lx)->kind == WITHIN_HERE)
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
count_backquoted(const struct shell_lexer *lx)
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
static bool
lex_backquote(struct shell_lexer *lx, bool quoted)
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
begin_parameter(struct shell_lexer *lx, bool bare)
{
	struct shell_frame *frame = lex_push(lx, WITHIN_PARAMETER);
	if (frame == NULL)
		return false;
	frame->quoted = !bare;
	frame->head = true;
	size_t at = lx->pos;
	char c = at < lx->end ? lx->text[at] : '}';
	char next = at + 1 < lx->end ? lx->text[at + 1] : '}';
	if ((c == '#' || c == '!') && !lex_at_mark(lx, at + 1) &&
	    (text_is_name_char(next) ||
		(c == '#' && next != '\0' && strchr("@*?$!", next) != NULL)))
		at++;
	frame->name_at = at;
	frame->name_len = lex_name_length(lx, at);
	while (at < lx->end && text_is_name_char(lx->text[at]))
		at++;
	if (at == frame->name_at && at < lx->end && !lex_at_mark(lx, at) &&
	    strchr("@*#?$!-", lx->text[at]) != NULL)
		at++;
	lx->pos = at;
	return true;
}

static bool
begin_substitution(struct shell_lexer *lx)
{
	if (lx->pos + 2 < lx->end && lx->text[lx->pos + 2] == '(') {
		lx->pos += 3;
		return lex_push(lx, WITHIN_ARITHMETIC) != NULL;
	}
	lx->pos += 2;
	struct shell_frame *frame = lex_push(lx, WITHIN_COMMANDS);
	if (frame == NULL)
		return false;
	frame->closes = true;
	frame->own_pending = true;
	frame->pending_from = lx->n_pending;
	return true;
}

/* At a dollar sign. bare: quotes may follow it. */
static bool
lex_dollar(struct shell_lexer *lx, bool bare)
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
	} else if (text_is_name_char(c)) {
		while (
		    lx->pos < lx->end && text_is_name_char(lx->text[lx->pos]))
			lx->pos++;
		lx->name_end = lx->pos;
	} else if (c != '\0' && strchr("@*#?$!-", c) != NULL) {
		lx->pos++;
	}
	return true;
}

/* --- words ------------------------------------------------------------ */

static void
lex_begin_word(struct shell_lexer *lx, bool plain)
{
	struct shell_frame *frame = lex_top(lx);
	if (!frame->in_word) {
		frame->in_word = true;
		frame->plain = true;
		frame->word_at = lx->pos;
		frame->word_mark = lx->mark;
		frame->assignment_known = false;
	}
	frame->plain = frame->plain && plain;
}

/* The name at the start of an assignment; 0 when the word is none. */
static size_t
assignment_name(const struct shell_lexer *lx, size_t at, bool subscripts)
{
	size_t len = lex_name_length(lx, at);
	size_t end = at + len;
	if (len == 0 || end >= lx->end)
		return 0;
	char c = lx->text[end];
	char next = end + 1 < lx->end ? lx->text[end + 1] : ' ';
	bool assigns =
	    c == '=' || (c == '+' && next == '=') || (c == '[' && subscripts);
	return assigns ? len : 0;
}

static bool
is_assignment(struct shell_lexer *lx, struct shell_frame *frame)
{
	if (!frame->assignment_known)
		frame->assignment =
		    assignment_name(lx, frame->word_at, true) > 0;
	frame->assignment_known = true;
	return frame->assignment;
}

/* Whether the word the scanner is in would be broken by a blank. */
static bool
lex_is_one_word(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
	return frame->redirect || frame->condition ||
	    frame->in_case == CASE_WORD || frame->in_case == CASE_IN ||
	    frame->in_case == CASE_PATTERN ||
	    (frame->in_word && !frame->list && is_assignment(lx, frame));
}

/* Whether the word that ends here, which is plain, is one of a list. */
static bool
word_is(const struct shell_lexer *lx, const struct shell_frame *frame,
    const char *const *words)
{
	size_t len = lx->pos - frame->word_at;
	if (!frame->plain)
		return false;
	for (; *words != NULL; words++)
		if (strlen(*words) == len &&
		    memcmp(lx->text + frame->word_at, *words, len) == 0)
			return true;
	return false;
}

#define WORD_IS(lx, frame, ...)                                                \
	word_is(lx, frame, (const char *const[]){ __VA_ARGS__, NULL })

/* Marks of one word of a condition that stand in it directly. */
static void
make_arithmetic(struct shell_lexer *lx, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (lx->marks[i].owner == lx->depth)
			lx->marks[i].place = SHELL_ARITHMETIC;
}

/* bash computes both sides of -eq and the like as arithmetic. */
static void
end_condition_word(struct shell_lexer *lx, struct shell_frame *frame)
{
	if (WORD_IS(lx, frame, "]]")) {
		frame->condition = false;
		frame->expect = EXPECT_ARGUMENT;
		return;
	}
	if (frame->compare)
		make_arithmetic(lx, frame->word_mark, lx->mark);
	frame->compare =
	    WORD_IS(lx, frame, "-eq", "-ne", "-lt", "-le", "-gt", "-ge");
	if (frame->compare)
		make_arithmetic(lx, frame->word_marks[0], frame->word_marks[1]);
	frame->word_marks[0] = frame->word_mark;
	frame->word_marks[1] = lx->mark;
}

static void
end_argument(struct shell_lexer *lx, struct shell_frame *frame)
{
	size_t at = frame->word_at;
	size_t len = lex_name_length(lx, at);
	bool name = frame->plain && len == lx->pos - at;
	switch (frame->setter) {
	case SETTER_NONE:
		return;
	case SETTER_GETOPTS:
		frame->setter = SETTER_GETOPTS_NAME;
		return;
	case SETTER_DECLARE:
		name = name || assignment_name(lx, at, false) > 0;
		break;
	case SETTER_GETOPTS_NAME:
		frame->setter = SETTER_NONE;
		break;
	case SETTER_READ:
		break;
	}
	if (name)
		lex_assigned(lx, at, len);
}

static bool
begin_case(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_push(lx, WITHIN_COMMANDS);
	if (frame == NULL)
		return false;
	frame->in_case = CASE_WORD;
	return true;
}

/* "esac": the construct around goes on. */
static void
end_case(struct shell_lexer *lx)
{
	lex_pop(lx);
	lex_top(lx)->expect = EXPECT_COMMAND;
}

/* A word where a command begins; false when it is not a reserved one. */
static bool
end_reserved_word(struct shell_lexer *lx, struct shell_frame *frame)
{
	if (frame->in_case == CASE_BODY && WORD_IS(lx, frame, "esac"))
		end_case(lx);
	else if (WORD_IS(lx, frame, "[["))
		frame->condition = true;
	else if (WORD_IS(lx, frame, "for", "select"))
		frame->expect = EXPECT_FOR_NAME;
	else if (WORD_IS(lx, frame, "function"))
		frame->expect = EXPECT_FUNCTION;
	else
		return WORD_IS(lx, frame, "if", "then", "else", "elif", "fi",
		    "do", "done", "while", "until", "!", "{", "}", "time",
		    "coproc");
	return true;
}

static void
end_command_word(struct shell_lexer *lx, struct shell_frame *frame)
{
	size_t name = assignment_name(lx, frame->word_at, true);
	if (name > 0) {
		if (lx->text[frame->word_at + name] != '[')
			lex_assigned(lx, frame->word_at, name);
		frame->expect = EXPECT_ASSIGNMENT;
		return;
	}
	frame->expect = EXPECT_ARGUMENT;
	frame->setter = SETTER_NONE;
	if (WORD_IS(lx, frame, "read", "mapfile", "readarray"))
		frame->setter = SETTER_READ;
	else if (WORD_IS(lx, frame, "local", "export", "declare", "typeset",
		     "readonly", "unset"))
		frame->setter = SETTER_DECLARE;
	else if (WORD_IS(lx, frame, "getopts"))
		frame->setter = SETTER_GETOPTS;
}

static bool
end_plain_word(struct shell_lexer *lx, struct shell_frame *frame)
{
	switch (frame->expect) {
	case EXPECT_COMMAND:
		if (WORD_IS(lx, frame, "case"))
			return begin_case(lx);
		if (!end_reserved_word(lx, frame))
			end_command_word(lx, frame);
		break;
	case EXPECT_ASSIGNMENT:
		end_command_word(lx, frame);
		break;
	case EXPECT_ARGUMENT:
		end_argument(lx, frame);
		break;
	case EXPECT_FOR_NAME:
		if (frame->plain)
			lex_assigned(lx, frame->word_at,
			    lex_name_length(lx, frame->word_at));
		frame->expect = EXPECT_FOR_IN;
		break;
	case EXPECT_FOR_IN:
		frame->expect =
		    WORD_IS(lx, frame, "do") ? EXPECT_COMMAND : EXPECT_ARGUMENT;
		break;
	case EXPECT_FUNCTION:
		frame->expect = EXPECT_COMMAND;
		break;
	}
	return true;
}

/* The word that the innermost list of commands is in ends here. */
static bool
lex_end_word(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
	frame->in_word = false;
	frame->subscript = false;
	if (frame->redirect) {
		frame->redirect = false;
		return true;
	}
	if (frame->list)
		return true;
	switch (frame->in_case) {
	case CASE_WORD:
		frame->in_case = CASE_IN;
		return true;
	case CASE_IN:
		frame->in_case = CASE_PATTERN;
		frame->pattern_open = false;
		return true;
	case CASE_PATTERN:
		if (!frame->pattern_open && WORD_IS(lx, frame, "esac"))
			end_case(lx);
		else
			frame->pattern_open = true;
		return true;
	case CASE_NONE:
	case CASE_BODY:
		break;
	}
	if (frame->condition) {
		end_condition_word(lx, frame);
		return true;
	}
	return end_plain_word(lx, frame);
}

/* --- commands --------------------------------------------------------- */

/* How far "((" looks for its end. */
#define ARITHMETIC_LIMIT 65536

static void
begin_command(struct shell_frame *frame)
{
	frame->expect = EXPECT_COMMAND;
	frame->setter = SETTER_NONE;
	frame->redirect = false;
}

static bool
take_newline(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
	lx->pos++;
	begin_command(frame);
	if (lx->n_pending == frame->pending_from)
		return true;
	return lex_bodies(lx, frame->pending_from);
}

static bool
next_is(const struct shell_lexer *lx, size_t ahead, const char *set)
{
	size_t at = lx->pos + ahead;
	return at < lx->end && lx->text[at] != '\0' &&
	    strchr(set, lx->text[at]) != NULL && !lex_at_mark(lx, at);
}

/* ";", "&" and "|", alone or doubled. */
static bool
take_separator(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
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
push_group(struct shell_lexer *lx, bool list)
{
	const struct shell_frame *outer = lex_top(lx);
	bool condition = outer->condition;
	struct shell_frame *frame = lex_push(lx, WITHIN_COMMANDS);
	if (frame == NULL)
		return false;
	frame->closes = true;
	frame->list = list;
	frame->condition = condition;
	lx->pos++;
	return true;
}

static bool
take_redirection(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
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
is_arithmetic(const struct shell_lexer *lx)
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
take_open(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
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
		frame = lex_push(lx, WITHIN_ARITHMETIC);
		if (frame != NULL)
			frame->command = true;
		return frame != NULL;
	}
	return push_group(lx, frame->list);
}

static bool
take_close(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
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
	if (frame->kind == WITHIN_COMMANDS && !frame->in_word &&
	    !frame->condition)
		begin_command(frame);
	return true;
}

static void
take_comment(struct shell_lexer *lx)
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
is_number(const struct shell_lexer *lx, const struct shell_frame *frame)
{
	for (size_t i = frame->word_at; i < lx->pos; i++)
		if (lx->text[i] < '0' || lx->text[i] > '9')
			return false;
	return frame->plain;
}

/* What ends a word: blanks and operators. */
static bool
take_operator(struct shell_lexer *lx)
{
	struct shell_frame *frame = lex_top(lx);
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
take_word_part(struct shell_lexer *lx)
{
	char c = lx->text[lx->pos];
	lex_begin_word(lx, strchr("'\"`$\\", c) == NULL);
	struct shell_frame *frame = lex_top(lx);
	switch (c) {
	case '\'':
		lx->pos++;
		lex_single(lx, SHELL_SINGLE);
		return true;
	case '"':
		lx->pos++;
		return lex_push(lx, WITHIN_DOUBLE) != NULL;
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

/* One step of a list of commands. */
static bool
lex_commands(struct shell_lexer *lx)
{
	const struct shell_frame *frame = lex_top(lx);
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

/* --- here-documents --------------------------------------------------- */

/* The mark here as part of a delimiter, which the shell does not expand. */
static void
take_mark(struct shell_lexer *lx, struct str *out)
{
	struct shell_mark *mark = &lx->marks[lx->mark++];
	mark->place = SHELL_DELIMITER;
	str_add_n(out, lx->text + lx->pos, mark->len);
	lx->pos += mark->len;
}

/* Behind a backslash: what it stands for. */
static void
take_escaped(struct shell_lexer *lx, struct str *out)
{
	if (lx->pos >= lx->end)
		return;
	if (lex_at_mark(lx, lx->pos))
		take_mark(lx, out);
	else if (lx->text[lx->pos++] != '\n')
		str_add_char(out, lx->text[lx->pos - 1]);
}

static void
take_quoted(struct shell_lexer *lx, char quote, struct str *out)
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

/* Behind << or <<-: the delimiter; its text follows the end of line. */
static void
lex_delimiter(struct shell_lexer *lx, bool strip)
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
line_end(const struct shell_lexer *lx, size_t pos, size_t *mark)
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
is_delimiter(const struct shell_lexer *lx, const struct shell_here *here,
    size_t from, size_t to)
{
	while (here->strip && from < to && lx->text[from] == '\t')
		from++;
	size_t len = strlen(here->delimiter);
	return to - from == len &&
	    memcmp(lx->text + from, here->delimiter, len) == 0;
}

/* Whether the line from .. to ends in a backslash that joins the next one. */
static bool
is_continued(const struct shell_lexer *lx, size_t from, size_t to)
{
	size_t n = 0;
	while (to > from + n && lx->text[to - n - 1] == '\\')
		n++;
	return n % 2 == 1 && to < lx->end;
}

/* Where the text of here ends; *next is behind the closing line. */
static size_t
find_body_end(
    const struct shell_lexer *lx, const struct shell_here *here, size_t *next)
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
set_before(const struct shell_lexer *lx, struct shell_mark *mark, size_t from,
    bool first)
{
	size_t start = mark->at;
	while (start > from && lx->text[start - 1] != '\n')
		start--;
	mark->joined = start == from && !first;
	mark->before = mem_text_n(lx->text + start, mark->at - start);
}

/* And behind it, up to the end of line, unless another mark comes first. */
static void
set_after(
    const struct shell_lexer *lx, struct shell_mark *mark, size_t to, bool last)
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
take_quoted_body(struct shell_lexer *lx, size_t here, size_t end)
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
scan_body(struct shell_lexer *lx, size_t here, size_t end)
{
	if (lx->nesting == LEX_NESTING)
		return lex_too_deep(lx);
	struct shell_frame *frame = lex_push(lx, WITHIN_HERE);
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

/* At the start of a line: the texts of those pending from there on. */
static bool
lex_bodies(struct shell_lexer *lx, size_t from)
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
