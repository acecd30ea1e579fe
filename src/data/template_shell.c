/* SPDX-License-Identifier: MIT */
/*
 * Interpolation of shell scripts. References are collected and resolved, the
 * author's own values are put in as text, and only then the script is scanned:
 * the contexts are those that the shell will see.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/shell_lex.h"
#include "data/template_shell.h"

/* The script with the author's own values inserted; the rest is marked. */
struct template_script {
	struct str text;
	struct shell_mark *marks;
	size_t n;
	size_t *entries; /* n: which of the entries each mark stands for */
	struct template_entry {
		struct template_value found;
		char *shown; /* for messages: ${item.path} */
		struct str bytes; /* value as text, once needed */
		bool has_bytes;
		bool numeric; /* JSON number or boolean */
		bool paste;
		size_t variable; /* n of PRODIGY_Vn, 0 while not made */
		size_t quoted; /* n for the |sh or joined form */
		size_t first_word; /* n for the first of its words */
	} * list;
	size_t n_list;
	size_t cap_list;
};

static void
release_script(struct template_script *script)
{
	str_release(&script->text);
	shell_marks_release(script->marks, script->n);
	free(script->marks);
	free(script->entries);
	for (size_t i = 0; i < script->n_list; i++) {
		json_decref(script->list[i].found.value);
		free(script->list[i].shown);
		str_release(&script->list[i].bytes);
	}
	free(script->list);
	*script = (struct template_script){ 0 };
}

/* The value as text, made when first asked for. */
static const struct str *
entry_bytes(struct template_entry *entry)
{
	if (!entry->has_bytes)
		json_text_of(entry->found.value, &entry->bytes);
	entry->has_bytes = true;
	return &entry->bytes;
}

/* --- rendering -------------------------------------------------------- */

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
	    add_variable(
		r, entry->shown, entry_bytes(entry), &entry->variable, err);
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
	const struct str *bytes = entry_bytes(entry);
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
	const struct str *bytes = entry_bytes(entry);
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
	    memchr(str_text(entry_bytes(entry)), '[',
		entry_bytes(entry)->len) != NULL)
		return error_set(err, ERROR_INPUT,
		    "%s: a value with \"[\" cannot be a subscript: a shell "
		    "may compute it",
		    entry->shown);
	if (!is_text(r, entry, mark))
		return render_variable(r, entry, mark, err);
	str_add_str(r->out, entry_bytes(entry));
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

/* Writes the script with each mark in the form that suits its place. */
static bool
render(struct template_script *script, const struct shell_scan *scan,
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

/* --- references and values -------------------------------------------- */

/* One reference in the script. */
struct spot {
	size_t at;
	size_t end;
	size_t entry;
	bool bare; /* $name */
};

struct collection {
	const char *script;
	size_t len;
	const struct vars *vars;
	bool raw;
	struct template_report *report;
	json_t *known; /* text of a reference -> its entry */
	struct spot *spots;
	size_t n;
	size_t cap;
	bool has_bare;
};

/* Nothing in it means anything to a shell, wherever it stands. */
static bool
is_harmless(const struct str *bytes)
{
	return bytes->len > 0 &&
	    strspn(str_text(bytes),
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_./:@%+,-") == bytes->len;
}

static bool
is_pasted(struct template_entry *entry, bool raw)
{
	if (raw || entry->found.form == FILTERS_RAW)
		return true;
	if (entry->found.form != FILTERS_PLAIN)
		return false;
	switch (entry->found.class) {
	case VARS_AUTHOR:
		return true;
	case VARS_TRUSTED:
		return is_harmless(entry_bytes(entry));
	case VARS_DATA:
	case VARS_CAPTURE:
	case VARS_CLASSES:
		return false;
	}
	BUG("class %d", (int)entry->found.class);
}

static bool
add_entry(struct template_script *script, const struct collection *all,
    const struct template_ref *ref, struct error *err)
{
	script->list = mem_grow(script->list, &script->cap_list,
	    script->n_list + 1, sizeof(*script->list));
	struct template_entry *entry = &script->list[script->n_list];
	*entry = (struct template_entry){ .shown = NULL };
	if (!template_resolve(
		ref, all->vars, true, &entry->found, all->report, err))
		return false;
	script->n_list++;
	entry->shown = mem_format("${%.*s}", (int)ref->name_len, ref->name);
	const json_t *value = entry->found.value;
	entry->numeric = json_is_number(value) || json_is_boolean(value);
	if (value != NULL)
		entry->paste = is_pasted(entry, all->raw);
	return true;
}

/* The entry of a reference, made when it is a new one. */
static bool
find_entry(struct collection *all, struct template_script *script,
    const struct template_ref *ref, size_t *entry, struct error *err)
{
	autofree char *key = mem_format("%d%.*s", ref->braced,
	    (int)(ref->name_len + ref->spec_len), ref->name);
	const json_t *place = json_object_get(all->known, key);
	if (place != NULL) {
		*entry = (size_t)json_integer_value(place);
		return true;
	}
	*entry = script->n_list;
	if (!add_entry(script, all, ref, err))
		return false;
	json_object_set_new_nocheck(
	    all->known, key, json_integer((json_int_t)*entry));
	return true;
}

static bool
collect(
    struct collection *all, struct template_script *script, struct error *err)
{
	size_t at = 0;
	struct template_ref ref;
	while (template_ref_next(all->script, all->len, &at, true, &ref)) {
		if (ref.escaped) {
			at = (size_t)(ref.spec - all->script);
			continue;
		}
		size_t entry;
		if (!find_entry(all, script, &ref, &entry, err))
			return false;
		if (script->list[entry].found.value == NULL) {
			/* Left to the shell, with what is inside of it. */
			at = (size_t)(ref.spec - all->script);
			continue;
		}
		all->spots = mem_grow(
		    all->spots, &all->cap, all->n + 1, sizeof(*all->spots));
		all->spots[all->n++] = (struct spot){ .at = ref.at,
			.end = ref.end,
			.entry = entry,
			.bare = !ref.braced };
		all->has_bare = all->has_bare || !ref.braced;
	}
	return true;
}

/* Leaves "$name" alone where the script sets that name itself. */
static void
drop_assigned(struct collection *all, const struct strv *assigned)
{
	autojson json_t *names = json_object();
	for (size_t i = 0; i < assigned->n; i++)
		json_object_set_new_nocheck(
		    names, assigned->items[i], json_true());
	size_t kept = 0;
	for (size_t i = 0; i < all->n; i++) {
		struct spot spot = all->spots[i];
		autofree char *name = mem_text_n(
		    all->script + spot.at + 1, spot.end - spot.at - 1);
		if (!spot.bare || json_object_get(names, name) == NULL)
			all->spots[kept++] = spot;
	}
	all->n = kept;
}

static bool
check_bare(struct collection *all, struct error *err)
{
	if (!all->has_bare)
		return true;
	size_t n = all->n;
	struct shell_mark *marks = mem_array(n, sizeof(*marks));
	for (size_t i = 0; i < n; i++) {
		marks[i].at = all->spots[i].at;
		marks[i].len = all->spots[i].end - all->spots[i].at;
	}
	struct shell_scan scan = { 0 };
	bool done = shell_scan(all->script, all->len, marks, n, &scan, err);
	if (done)
		drop_assigned(all, &scan.assigned);
	shell_marks_release(marks, n);
	free(marks);
	shell_scan_release(&scan);
	return done;
}

/*
 * Whether bytes behind text would lengthen a "$name" at its end. That name
 * begins at floor or later, where the value before was put: it was asked the
 * same.
 */
static bool
lengthens_name(const struct str *text, size_t floor, const struct str *bytes)
{
	if (bytes->len == 0 || !text_is_name_char(bytes->data[0]) ||
	    !is_harmless(bytes))
		return false;
	size_t at = text->len;
	while (at > floor && text_is_name_char(text->data[at - 1]))
		at--;
	return at < text->len && at > 0 && text->data[at - 1] == '$';
}

/* Puts the author's own values into the script and marks the others. */
static bool
splice(const struct collection *all, struct template_script *script,
    struct error *err)
{
	script->marks = mem_array(all->n, sizeof(*script->marks));
	script->entries = mem_array(all->n, sizeof(*script->entries));
	size_t copied = 0;
	size_t floor = 0;
	for (size_t i = 0; i < all->n; i++) {
		const struct spot *spot = &all->spots[i];
		struct template_entry *entry = &script->list[spot->entry];
		struct str *text = &script->text;
		str_add_n(text, all->script + copied, spot->at - copied);
		copied = spot->end;
		size_t before = text->len;
		if (entry->paste &&
		    (all->raw || entry->found.form == FILTERS_RAW ||
			!lengthens_name(text, floor, entry_bytes(entry)))) {
			filters_text(
			    entry->found.value, entry->found.form, text);
		} else {
			script->marks[script->n] = (struct shell_mark){
				.at = text->len,
				.len = spot->end - spot->at,
			};
			script->entries[script->n++] = spot->entry;
			str_add_n(
			    text, all->script + spot->at, spot->end - spot->at);
		}
		floor = before;
		if (text->len > TEMPLATE_LIMIT)
			return error_set(err, ERROR_INPUT,
			    "%s: the script would have more than %u bytes",
			    entry->shown, TEMPLATE_LIMIT);
		if (memchr(str_text(text) + before, '\0', text->len - before) !=
		    NULL)
			return error_set(err, ERROR_INPUT,
			    "%s: the value has a NUL byte, which no shell "
			    "takes",
			    entry->shown);
	}
	str_add_n(&script->text, all->script + copied, all->len - copied);
	return true;
}

static bool
expand(struct collection *all, struct template_script *script, struct str *out,
    struct strv *env, struct error *err)
{
	if (!collect(all, script, err) || !check_bare(all, err) ||
	    !splice(all, script, err))
		return false;
	struct shell_scan scan = { 0 };
	bool done = shell_scan(str_text(&script->text), script->text.len,
			script->marks, script->n, &scan, err) &&
	    render(script, &scan, out, env, err);
	shell_scan_release(&scan);
	return done;
}

bool
template_shell(const char *script, const struct vars *vars, bool raw,
    struct str *out, struct strv *env, struct template_report *report,
    struct error *err)
{
	struct collection all = {
		.script = script,
		.len = strlen(script),
		.vars = vars,
		.raw = raw,
		.report = report,
		.known = json_object(),
	};
	struct template_script spliced = { 0 };
	bool done = expand(&all, &spliced, out, env, err);
	release_script(&spliced);
	free(all.spots);
	json_decref(all.known);
	return done;
}
