/* SPDX-License-Identifier: MIT */
/*
 * Writes references into a shell script, each in the form that suits its
 * place. Values travel in the environment; the only text of theirs that ever
 * enters the script are numbers, and lines of a quoted here-document.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/template_parts.h"

/* One string of argv or environment with its NUL (Linux, MAX_ARG_STRLEN). */
#define ENTRY_LIMIT (128u * 1024)

struct render {
	struct template_script *script;
	const struct shell_scan *scan;
	struct str *out;
	struct strv *env;
	size_t variables; /* made so far */
	struct str line; /* of a quoted here-document, as the shell reads it */
};

/* Adds an entry to the environment; *variable is its number. */
static bool
add_variable(struct render *r, const char *shown, const struct str *bytes,
    size_t *variable, struct error *err)
{
	autostr struct str entry = { 0 };
	str_format(&entry, TEMPLATE_ENV_PREFIX "%zu=", r->variables + 1);
	if (memchr(str_text(bytes), '\0', bytes->len) != NULL)
		return error_set(err, ERROR_INPUT,
		    "%s: the value has a NUL byte, which no shell takes",
		    shown);
	if (entry.len + bytes->len >= ENTRY_LIMIT)
		return error_set(err, ERROR_INPUT,
		    "%s: the value has %zu bytes; the environment of a "
		    "command takes %zu at most%s",
		    shown, bytes->len, ENTRY_LIMIT - 1 - entry.len,
		    text_starts_with(shown, "${map.results")
			? ": use ${map.results_file}"
			: "");
	str_add_str(&entry, bytes);
	strv_give(r->env, str_take(&entry));
	*variable = ++r->variables;
	return true;
}

/* The variable with the value as it is. */
static bool
plain_variable(
    struct render *r, struct template_entry *entry, struct error *err)
{
	return entry->variable > 0 ||
	    add_variable(r, entry->shown, template_entry_bytes(entry),
		&entry->variable, err);
}

/* The variable with the value in the form its filter asks for. */
static bool
formed_variable(struct render *r, struct template_entry *entry,
    size_t *variable, struct error *err)
{
	if (entry->found.form == FILTERS_PLAIN) {
		bool done = plain_variable(r, entry, err);
		*variable = entry->variable;
		return done;
	}
	if (entry->quoted == 0) {
		autostr struct str text = { 0 };
		filters_text(entry->found.value, entry->found.form, &text);
		if (!add_variable(r, entry->shown, &text, &entry->quoted, err))
			return false;
	}
	*variable = entry->quoted;
	return true;
}

static bool
make_words(struct render *r, struct template_entry *entry, struct error *err)
{
	const json_t *list = entry->found.value;
	for (size_t i = 0; i < json_array_size(list); i++) {
		autostr struct str text = { 0 };
		json_text_of(json_array_get(list, i), &text);
		size_t variable;
		if (!add_variable(r, entry->shown, &text, &variable, err))
			return false;
		if (i == 0)
			entry->first_word = variable;
	}
	return true;
}

/* Each element a word of its own. */
static bool
render_words(struct render *r, struct template_entry *entry, struct error *err)
{
	if (entry->first_word == 0 && !make_words(r, entry, err))
		return false;
	size_t n = json_array_size(entry->found.value);
	for (size_t i = 0; i < n; i++)
		str_format(r->out, "%s\"${" TEMPLATE_ENV_PREFIX "%zu}\"",
		    i == 0 ? "" : " ", entry->first_word + i);
	if (n > 0)
		return true;
	/* An unquoted empty value is no word, and yet keeps its place. */
	if (!plain_variable(r, entry, err))
		return false;
	str_format(r->out, "${" TEMPLATE_ENV_PREFIX "%zu}", entry->variable);
	return true;
}

/* Whether the form gives several words in a bare place. */
static bool
has_words(const struct template_entry *entry, const struct shell_mark *mark)
{
	return mark->place == SHELL_BARE && !mark->one_word &&
	    (entry->found.form == FILTERS_WORDS ||
		entry->found.form == FILTERS_SHELL) &&
	    json_is_array(entry->found.value);
}

/* Whether a number may stand here as text. */
static bool
is_text(const struct render *r, struct template_entry *entry,
    const struct shell_mark *mark)
{
	if (entry->found.form != FILTERS_PLAIN || mark->after_name)
		return false;
	if (entry->paste)
		return true;
	if (!entry->numeric)
		return false;
	const struct str *bytes = template_entry_bytes(entry);
	if (mark->place == SHELL_HERE)
		return strstr(r->scan->heres[mark->here].delimiter,
			   str_text(bytes)) == NULL;
	char next = str_text(&r->script->text)[mark->at + mark->len];
	/* "7>file" would be a redirection of descriptor 7. */
	return mark->place != SHELL_BARE || next == '\0' ||
	    strchr("<>\\", next) == NULL;
}

static const struct {
	const char *before;
	const char *after;
} quoting[] = {
	[SHELL_BARE] = { "\"", "\"" },
	[SHELL_DOUBLE] = { "", "" },
	[SHELL_SINGLE] = { "'\"", "\"'" },
	[SHELL_ANSI] = { "'\"", "\"$'" },
	[SHELL_HERE] = { "", "" },
};

/* Whether a name is over where the mark is, without braces around it. */
static bool
ends_name(
    const struct render *r, const struct shell_mark *mark, const char *after)
{
	char next = str_text(&r->script->text)[mark->at + mark->len];
	return after[0] != '\0' ||
	    (next != '\0' && strchr(" \t\n\"'`;|&)<>/.,:-", next) != NULL);
}

/* A reference to the environment in the quoting of its place. */
static bool
render_variable(struct render *r, struct template_entry *entry,
    const struct shell_mark *mark, struct error *err)
{
	if (has_words(entry, mark))
		return render_words(r, entry, err);
	size_t variable;
	/* A bare word is what |sh quotes for. */
	if (entry->found.form == FILTERS_SHELL && mark->place == SHELL_BARE) {
		if (!plain_variable(r, entry, err))
			return false;
		variable = entry->variable;
	} else if (!formed_variable(r, entry, &variable, err)) {
		return false;
	}
	bool splits = mark->place == SHELL_BARE &&
	    entry->found.form == FILTERS_PLAIN &&
	    (entry->found.class == VARS_CAPTURE || entry->paste);
	const char *before = splits ? "" : quoting[mark->place].before;
	const char *after = splits ? "" : quoting[mark->place].after;
	str_add(r->out, before);
	/* bash 5.2 loses its way with some "${" in "`...`". */
	if (mark->backquotes > 0 && ends_name(r, mark, after))
		str_format(r->out, "$" TEMPLATE_ENV_PREFIX "%zu", variable);
	else
		str_format(r->out, "${" TEMPLATE_ENV_PREFIX "%zu}", variable);
	str_add(r->out, after);
	return true;
}

/* An optional sign and digits, or digits as JSON has them, or 0x.... */
static bool
is_number(const char *text)
{
	const char *digits = "0123456789";
	text += *text == '-' || *text == '+';
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		size_t hex = strspn(text + 2, "0123456789abcdefABCDEF");
		return hex > 0 && text[2 + hex] == '\0';
	}
	size_t n = strspn(text, digits);
	text += n;
	if (n == 0)
		return false;
	if (*text == '.') {
		n = strspn(text + 1, digits);
		text += n + 1;
		if (n == 0)
			return false;
	}
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		n = strspn(text, digits);
		text += n;
		if (n == 0)
			return false;
	}
	return *text == '\0';
}

/* The shell computes what stands here: numbers only. */
static bool
render_arithmetic(
    struct render *r, struct template_entry *entry, struct error *err)
{
	const struct str *bytes = template_entry_bytes(entry);
	autofree char *copy = mem_text_n(str_text(bytes), bytes->len);
	const char *number = text_trim(copy);
	if (!is_number(number) || strlen(copy) != strcspn(copy, "\n"))
		return error_set(err, ERROR_INPUT,
		    "%s: only a number can stand in arithmetic of the shell",
		    entry->shown);
	/* "5-${x}" with a negative number must not become "5--3". */
	if (*number == '-' || *number == '+')
		str_add_char(r->out, ' ');
	str_add(r->out, number);
	return true;
}

/* Nothing that a shell could take for quoting or for an operator. */
static bool
is_simple(const struct str *text)
{
	static const char special[] = "'\"\\`$<>(){}[]&|;#!*?~^";
	return strcspn(str_text(text), special) == text->len;
}

/* Whether a line of text is the delimiter. */
static bool
has_delimiter(const struct str *text, const struct shell_here *here)
{
	const char *line = str_text(text);
	const char *end = line + text->len;
	size_t len = strlen(here->delimiter);
	while (line <= end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL)
			stop = end;
		const char *next = stop + 1;
		while (here->strip && line < stop && *line == '\t')
			line++;
		if ((size_t)(stop - line) == len &&
		    memcmp(line, here->delimiter, len) == 0)
			return true;
		line = next;
	}
	return false;
}

/* Whether <<- would take tabs away that belong to the value. */
static bool
loses_tabs(const struct str *line, const struct str *value)
{
	if (value->len == 0)
		return false;
	bool starts = strspn(str_text(line), "\t") == line->len ||
	    line->data[line->len - 1] == '\n';
	return (starts && value->data[0] == '\t') ||
	    strstr(value->data, "\n\t") != NULL;
}

/*
 * A value in the text of a quoted here-document: the one place where nothing
 * is expanded, so it enters as it is, if that can be done without ending the
 * document.
 */
static bool
render_quoted_here(struct render *r, struct template_entry *entry,
    const struct shell_mark *mark, struct error *err)
{
	const struct shell_here *here = &r->scan->heres[mark->here];
	autostr struct str text = { 0 };
	filters_text(entry->found.value, entry->found.form, &text);
	if (memchr(str_text(&text), '\0', text.len) != NULL)
		return error_set(err, ERROR_INPUT,
		    "%s: the value has a NUL byte, which no shell takes",
		    entry->shown);
	if (r->scan->doubtful)
		return error_set(err, ERROR_INPUT,
		    "%s: cannot stand in a quoted here-document of a script "
		    "that shells read differently",
		    entry->shown);
	/* bash 5.2 loses its way with some of these. */
	if (mark->backquotes > 0 && !is_simple(&text))
		return error_set(err, ERROR_INPUT,
		    "%s: a value with special characters cannot stand in a "
		    "quoted here-document within backquotes: use $(...)",
		    entry->shown);
	if (!mark->joined)
		str_clear(&r->line);
	str_add(&r->line, mark->before);
	if (here->strip && loses_tabs(&r->line, &text))
		return error_set(err, ERROR_INPUT,
		    "%s: a line of the value begins with a tab, which <<- "
		    "takes away",
		    entry->shown);
	str_add_str(&r->line, &text);
	if (mark->after != NULL) {
		str_add(&r->line, mark->after);
		if (has_delimiter(&r->line, here))
			return error_set(err, ERROR_INPUT,
			    "%s: the value would end the here-document: it "
			    "has a line \"%s\"",
			    entry->shown, here->delimiter);
	}
	str_add_str(r->out, &text);
	return true;
}

/* The delimiter of a here-document is never expanded: as it was written. */
static bool
render_delimiter(struct render *r, const struct template_entry *entry,
    const struct shell_mark *mark, struct error *err)
{
	const char *written = str_text(&r->script->text) + mark->at;
	for (size_t i = 0; i < mark->len; i++)
		if (strchr("'\"\\` \t\n;&|<>()", written[i]) != NULL)
			return error_set(err, ERROR_INPUT,
			    "%s cannot be the delimiter of a here-document",
			    entry->shown);
	str_add_n(r->out, written, mark->len);
	return true;
}

/* The name alone, for the reader. */
static void
render_comment(struct render *r, const struct template_entry *entry)
{
	for (const char *c = entry->shown; *c != '\0'; c++)
		if (strchr("${}[]\"'", *c) == NULL)
			str_add_char(r->out, *c);
}

static bool
render_inserted(struct render *r, struct template_entry *entry,
    const struct shell_mark *mark, struct error *err)
{
	if (mark->stuck)
		return error_set(err, ERROR_INPUT,
		    "%s stands right behind a backslash or dollar sign that "
		    "another value left",
		    entry->shown);
	if (mark->subscript &&
	    memchr(str_text(template_entry_bytes(entry)), '[',
		template_entry_bytes(entry)->len) != NULL)
		return error_set(err, ERROR_INPUT,
		    "%s: a value with \"[\" cannot be a subscript: a shell "
		    "may compute it",
		    entry->shown);
	if (!is_text(r, entry, mark))
		return render_variable(r, entry, mark, err);
	str_add_str(r->out, template_entry_bytes(entry));
	return true;
}

static bool
render_mark(struct render *r, struct template_entry *entry,
    const struct shell_mark *mark, struct error *err)
{
	switch (mark->place) {
	case SHELL_BARE:
	case SHELL_DOUBLE:
	case SHELL_SINGLE:
	case SHELL_ANSI:
	case SHELL_HERE:
		return render_inserted(r, entry, mark, err);
	case SHELL_HERE_QUOTED:
		return render_quoted_here(r, entry, mark, err);
	case SHELL_DELIMITER:
		return render_delimiter(r, entry, mark, err);
	case SHELL_COMMENT:
		render_comment(r, entry);
		return true;
	case SHELL_ARITHMETIC:
		return render_arithmetic(r, entry, err);
	}
	BUG("place %d", (int)mark->place);
}

bool
template_render(struct template_script *script, const struct shell_scan *scan,
    struct str *out, struct strv *env, struct error *err)
{
	struct render r = {
		.script = script,
		.scan = scan,
		.out = out,
		.env = env,
	};
	const char *text = str_text(&script->text);
	size_t start = out->len;
	size_t copied = 0;
	bool done = true;
	for (size_t i = 0; done && i < script->n; i++) {
		const struct shell_mark *mark = &script->marks[i];
		struct template_entry *entry =
		    &script->list[script->entries[i]];
		str_add_n(out, text + copied, mark->at - copied);
		copied = mark->at + mark->len;
		done = render_mark(&r, entry, mark, err);
		if (done && out->len - start > TEMPLATE_LIMIT)
			done = error_set(err, ERROR_INPUT,
			    "%s: the script would have more than %u bytes",
			    entry->shown, TEMPLATE_LIMIT);
	}
	str_add_n(out, text + copied, script->text.len - copied);
	str_release(&r.line);
	return done;
}
