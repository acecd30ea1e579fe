/* SPDX-License-Identifier: MIT */
/* The shell scanner: the words of commands, reserved ones among them. */
#include "config.h"

#include <string.h>

#include "data/shell_lex_parts.h"

void
lex_begin_word(struct lexer *lx, bool plain)
{
	struct frame *frame = lex_top(lx);
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
assignment_name(const struct lexer *lx, size_t at, bool subscripts)
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
is_assignment(struct lexer *lx, struct frame *frame)
{
	if (!frame->assignment_known)
		frame->assignment =
		    assignment_name(lx, frame->word_at, true) > 0;
	frame->assignment_known = true;
	return frame->assignment;
}

bool
lex_is_one_word(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
	return frame->redirect || frame->condition ||
	    frame->in_case == CASE_WORD || frame->in_case == CASE_IN ||
	    frame->in_case == CASE_PATTERN ||
	    (frame->in_word && !frame->list && is_assignment(lx, frame));
}

/* Whether the word that ends here, which is plain, is one of a list. */
static bool
word_is(
    const struct lexer *lx, const struct frame *frame, const char *const *words)
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
make_arithmetic(struct lexer *lx, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (lx->marks[i].owner == lx->depth)
			lx->marks[i].place = SHELL_ARITHMETIC;
}

/* bash computes both sides of -eq and the like as arithmetic. */
static void
end_condition_word(struct lexer *lx, struct frame *frame)
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
end_argument(struct lexer *lx, struct frame *frame)
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
begin_case(struct lexer *lx)
{
	struct frame *frame = lex_push(lx, FRAME_COMMANDS);
	if (frame == NULL)
		return false;
	frame->in_case = CASE_WORD;
	return true;
}

/* "esac": the construct around goes on. */
static void
end_case(struct lexer *lx)
{
	lex_pop(lx);
	lex_top(lx)->expect = EXPECT_COMMAND;
}

/* A word where a command begins; false when it is not a reserved one. */
static bool
end_reserved_word(struct lexer *lx, struct frame *frame)
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
end_command_word(struct lexer *lx, struct frame *frame)
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
end_plain_word(struct lexer *lx, struct frame *frame)
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
bool
lex_end_word(struct lexer *lx)
{
	struct frame *frame = lex_top(lx);
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
