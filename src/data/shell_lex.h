/* SPDX-License-Identifier: MIT */
/*
 * The quoting contexts of a POSIX shell script (with what bash adds), found in
 * one pass. Marks are spans of the script that the shell will see as something
 * else; the scanner steps over them and says in what kind of place each one
 * stands.
 *
 * A script that the shell would refuse gives places that make no sense but are
 * always some place; nothing is read outside the text.
 */
#ifndef DATA_SHELL_LEX_H
#define DATA_SHELL_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/strv.h"

enum shell_place {
	SHELL_BARE, /* in a word of a command, or where quotes work as there */
	SHELL_DOUBLE, /* "..." */
	SHELL_SINGLE, /* '...' */
	SHELL_ANSI, /* $'...' */
	SHELL_HERE, /* here-document that is expanded */
	SHELL_HERE_QUOTED, /* here-document that is taken as it is */
	SHELL_DELIMITER, /* of a here-document, at either end */
	SHELL_COMMENT,
	SHELL_ARITHMETIC, /* $((...)), ((...)), [[ x -eq y ]], ${v:x} */
};

struct shell_mark {
	/* Set by the caller: a span that begins with '$' and is not empty. */
	size_t at;
	size_t len;
	/* Set by the scanner. */
	enum shell_place place;
	unsigned backquotes; /* levels of `...` around it */
	bool one_word; /* assignment, file name, case: words would break it */
	bool subscript; /* in name[...], which bash may evaluate */
	bool after_name; /* right behind "$name" */
	bool stuck; /* right behind a backslash or dollar sign that takes it */
	size_t here; /* HERE, HERE_QUOTED: index in heres of the scan */
	/*
	 * HERE_QUOTED: what stands before it on its line (or since the mark
	 * before on that line: joined), and behind it up to the end of line or
	 * NULL when another mark follows there. Owned.
	 */
	char *before;
	char *after;
	bool joined;
	size_t owner; /* for the scanner alone */
};

struct shell_here {
	char *delimiter;
	bool quoted;
	bool strip; /* <<- removes tabs at the start of lines */
};

struct shell_scan {
	struct shell_here *heres;
	size_t n_heres;
	size_t cap_heres;
	struct strv assigned; /* names the script sets; may repeat */
	/*
	 * There is something that shells read differently, so that another
	 * one may see other places. What is quoted in this one may not be
	 * there.
	 */
	bool doubtful;
};

/*
 * Scans len bytes of text. marks are in order and don't overlap. Fails with
 * ERROR_INPUT when quoting is nested too deeply. scan and the texts of marks
 * are released by the caller in any case.
 */
bool shell_scan(const char *text, size_t len, struct shell_mark *marks,
    size_t n, struct shell_scan *scan, struct error *err) MUST_USE;
void shell_scan_release(struct shell_scan *scan);
void shell_marks_release(struct shell_mark *marks, size_t n);

#endif
