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
#include "data/json.h"
#include "data/template_parts.h"

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

void
template_script_release(struct template_script *script)
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

const struct str *
template_entry_bytes(struct template_entry *entry)
{
	if (!entry->has_bytes)
		json_text_of(entry->found.value, &entry->bytes);
	entry->has_bytes = true;
	return &entry->bytes;
}

/* Nothing in it means anything to a shell, wherever it stands. */
static bool
is_harmless(const struct str *bytes)
{
	return bytes->len > 0 &&
	    strspn(str_text(bytes),
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz"
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
		return is_harmless(template_entry_bytes(entry));
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

static bool
is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/*
 * Whether bytes behind text would lengthen a "$name" at its end. That name
 * begins at floor or later, where the value before was put: it was asked the
 * same.
 */
static bool
lengthens_name(const struct str *text, size_t floor, const struct str *bytes)
{
	if (bytes->len == 0 || !is_name_char(bytes->data[0]) ||
	    !is_harmless(bytes))
		return false;
	size_t at = text->len;
	while (at > floor && is_name_char(text->data[at - 1]))
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
			!lengthens_name(
			    text, floor, template_entry_bytes(entry)))) {
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
	    template_render(script, &scan, out, env, err);
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
	template_script_release(&spliced);
	free(all.spots);
	json_decref(all.known);
	return done;
}
