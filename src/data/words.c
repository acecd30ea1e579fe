/* SPDX-License-Identifier: MIT */
/* Words that are quoted as for a shell. */
#include "config.h"

#include <string.h>

#include "base/str.h"
#include "data/words.h"

#define BLANKS " \t\n"

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* What stands between single quotes; *text is behind the first. */
static bool
take_single(const char **text, struct str *word, struct error *err)
{
	size_t len = strcspn(*text, "'");
	str_add_n(word, *text, len);
	*text += len;
	if (**text == '\0')
		return error_set(err, ERROR_INPUT, "a ' is not closed");
	(*text)++;
	return true;
}

static bool
take_double(const char **text, struct str *word, struct error *err)
{
	const char *at;
	for (at = *text; *at != '"'; at++) {
		bool escaped = *at == '\\' && is_one_of(at[1], "$`\"\\\n");
		if (escaped)
			at++;
		if (*at == '\0')
			return error_set(
			    err, ERROR_INPUT, "a \" is not closed");
		if (!escaped || *at != '\n')
			str_add_char(word, *at);
	}
	*text = at + 1;
	return true;
}

static bool
take_escaped(const char **text, struct str *word, struct error *err)
{
	if (**text == '\0')
		return error_set(
		    err, ERROR_INPUT, "nothing stands behind the last \\");
	if (**text != '\n')
		str_add_char(word, **text);
	(*text)++;
	return true;
}

/* One word, at whose first character *text is. */
static bool
take_word(const char **text, struct str *word, struct error *err)
{
	while (**text != '\0' && !is_one_of(**text, BLANKS)) {
		char c = *(*text)++;
		bool ok = true;
		if (c == '\'')
			ok = take_single(text, word, err);
		else if (c == '"')
			ok = take_double(text, word, err);
		else if (c == '\\')
			ok = take_escaped(text, word, err);
		else
			str_add_char(word, c);
		if (!ok)
			return false;
	}
	return true;
}

bool
words_split(const char *text, struct strv *words, struct error *err)
{
	for (;;) {
		autostr struct str word = { 0 };
		text += strspn(text, BLANKS);
		if (*text == '\0')
			return true;
		if (!take_word(&text, &word, err))
			return false;
		strv_add(words, str_text(&word));
	}
}
