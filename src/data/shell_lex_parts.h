/* SPDX-License-Identifier: MIT */
/* The state of the shell scanner, shared by its files. */
#ifndef DATA_SHELL_LEX_PARTS_H
#define DATA_SHELL_LEX_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "data/shell_lex.h"

/* Constructs within each other; `...` and here-documents start anew. */
#define LEX_DEPTH 256
#define LEX_NESTING 12
/* Names of variables are looked at so far. */
#define LEX_NAME 256

enum frame_kind {
	FRAME_COMMANDS, /* the script, (...), $(...), case ... esac */
	FRAME_DOUBLE,
	FRAME_PARAMETER, /* ${...} */
	FRAME_ARITHMETIC,
	FRAME_HERE,
};

enum case_part {
	CASE_NONE,
	CASE_WORD, /* case WORD */
	CASE_IN,
	CASE_PATTERN,
	CASE_BODY,
};

/* What the next word of a command is. */
enum expect {
	EXPECT_COMMAND, /* reserved word, assignment or command */
	EXPECT_ASSIGNMENT, /* the same without reserved words */
	EXPECT_ARGUMENT,
	EXPECT_FOR_NAME,
	EXPECT_FOR_IN,
	EXPECT_FUNCTION,
};

/* Commands that set the variables they name. */
enum setter {
	SETTER_NONE,
	SETTER_READ, /* each argument is a name */
	SETTER_DECLARE, /* each argument is a name or an assignment */
	SETTER_GETOPTS, /* the second argument is a name */
	SETTER_GETOPTS_NAME,
};

struct frame {
	enum frame_kind kind;
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
	bool command; /* ((...)), a subshell in a subshell to some */
	/* HERE */
	size_t here;
	/* COMMANDS */
	bool closes; /* by a parenthesis */
	bool list; /* words without meaning: array=(...), @(...) */
	bool own_pending; /* here-documents are its own */
	size_t pending_from;
	enum case_part in_case;
	bool pattern_open; /* something of the pattern was seen */
	enum expect expect;
	enum setter setter;
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

struct lexer {
	const char *text;
	size_t end;
	size_t pos;
	struct shell_mark *marks;
	size_t n_marks;
	size_t mark; /* the next one */
	struct frame *frames;
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

/* shell_lex.c */
struct frame *lex_top(const struct lexer *lx);
/* A new innermost construct, or NULL with the error set. */
struct frame *lex_push(struct lexer *lx, enum frame_kind kind) MUST_USE;
void lex_pop(struct lexer *lx);
bool lex_at_mark(const struct lexer *lx, size_t pos);
/* Scans up to lx->end. */
bool lex_run(struct lexer *lx) MUST_USE;
/* The same for a whole text, which is nested so deep in others. */
bool lex_scan(const char *text, size_t len, struct shell_mark *marks, size_t n,
    struct shell_scan *scan, unsigned nesting, struct error *err) MUST_USE;
bool lex_too_deep(struct lexer *lx); /* false */
void lex_escape(struct lexer *lx); /* at a backslash that takes a byte */
/* Behind the opening quote of '...' or $'...'. */
void lex_single(struct lexer *lx, enum shell_place place);
bool lex_is_name_char(char c);
/* Bytes of the name at pos, at most LEX_NAME; 0 when none. */
size_t lex_name_length(const struct lexer *lx, size_t pos);
/* Notes that the script sets a variable. */
void lex_assigned(struct lexer *lx, size_t at, size_t len);

/* shell_lex_expand.c */
/* At a dollar sign. bare: quotes may follow it. */
bool lex_dollar(struct lexer *lx, bool bare) MUST_USE;
/* At a backquote. quoted: as within double quotes. */
bool lex_backquote(struct lexer *lx, bool quoted) MUST_USE;

/* shell_lex_words.c */
void lex_begin_word(struct lexer *lx, bool plain);
/* The word that the innermost list of commands is in ends here. */
bool lex_end_word(struct lexer *lx) MUST_USE;
/* Whether the word the scanner is in would be broken by a blank. */
bool lex_is_one_word(struct lexer *lx);

/* shell_lex_operators.c */
bool lex_commands(struct lexer *lx) MUST_USE; /* one step */

/* shell_lex_here.c */
/* Behind << or <<-: the delimiter; its text follows the end of line. */
void lex_delimiter(struct lexer *lx, bool strip);
/* At the start of a line: the texts of those pending from there on. */
bool lex_bodies(struct lexer *lx, size_t from) MUST_USE;

#endif
