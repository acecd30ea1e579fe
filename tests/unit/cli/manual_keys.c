/* SPDX-License-Identifier: MIT */
/*
 * Every key of workflow files that the reader accepts is explained in
 * prodigy-workflow(5), and every key that a list there names exists.
 *
 * Keys belong to a kind of map ("step", "map"). A comment in the manual says
 * whose keys are explained by the list or the sentence that follows it:
 *
 *	.\" keys: on_failure (step)
 *
 * Of a list the entries count, of a sentence the words that it marks with Cm.
 * A kind in parentheses is explained elsewhere, although some keys of it are
 * named, too.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "workflow/load.h"
#include "workflow/load_phase.h"
#include "workflow/load_slash.h"
#include "workflow/load_step.h"

#define MARK ".\\\" keys: "
#define DEPTH_MAX 8

static const struct load_keys *const all_keys[] = {
	load_file_keys,
	load_phase_keys,
	load_slash_keys,
	load_step_keys,
};

/* What the manual names, as "kind key" for each kind of its comment. */
struct named {
	struct strv explained;
	struct strv kinds; /* of all comments, without parentheses */
	/* Entries of lists: a key, and beside it the kinds of its list. */
	struct strv entries;
	struct strv entry_kinds;
};

/* --- reading ---------------------------------------------------------- */

static void
read_page(struct str *text)
{
	autoerror struct error err = { 0 };
	const char *top = getenv("top_srcdir");
	autofree char *path =
	    mem_format("%s/man/prodigy-workflow.5", top == NULL ? "." : top);
	if (!file_read(path, (size_t)1024 * 1024, text, &err))
		BUG("%s", error_text(&err));
}

static void
add_key(struct named *named, const char *kinds, const char *key, bool entry)
{
	autofree char *copy = mem_text(kinds);
	char *rest = copy;
	for (char *kind; (kind = strsep(&rest, " ")) != NULL;)
		strv_give(&named->explained, mem_format("%s %s", kind, key));
	if (!entry)
		return;
	strv_add(&named->entries, key);
	strv_add(&named->entry_kinds, kinds);
}

/* The words of a line that it marks with Cm, but those of other macros. */
static void
add_keys(struct named *named, const char *kinds, const char *line, bool entry)
{
	autofree char *copy = mem_text(line);
	char *rest = copy;
	bool on = false;
	for (char *word; (word = strsep(&rest, " ")) != NULL;) {
		if (strcmp(word, ".Cm") == 0 || strcmp(word, "Cm") == 0)
			on = true;
		else if (word[0] >= 'A' && word[0] <= 'Z')
			on = false;
		else if (on && word[0] >= 'a' && word[0] <= 'z')
			add_key(named, kinds, word, entry);
	}
}

static void
add_kinds(struct named *named, const char *kinds)
{
	autofree char *copy = mem_text(kinds);
	char *rest = copy;
	for (char *kind; (kind = strsep(&rest, " ()")) != NULL;)
		if (*kind != '\0')
			strv_add(&named->kinds, kind);
}

/* Where the reader is: the kinds of the lists around it, and of a sentence. */
struct place {
	const char *announced; /* by a comment, for what comes next */
	const char *sentence;
	const char *lists[DEPTH_MAX];
	unsigned depth;
};

static bool
ends_sentence(const char *line)
{
	static const char *const macros[] = { ".It", ".Pp", ".El", ".Ss", ".Sh",
		".Bd" };
	for (size_t i = 0; i < COUNT_OF(macros); i++)
		if (text_starts_with(line, macros[i]))
			return true;
	return false;
}

static void
read_line(struct named *named, struct place *place, const char *line)
{
	if (text_starts_with(line, MARK)) {
		place->announced = line + strlen(MARK);
		add_kinds(named, place->announced);
		return;
	}
	if (text_starts_with(line, ".Bl ")) {
		if (place->depth == DEPTH_MAX)
			BUG("lists in lists in lists");
		place->lists[place->depth++] = place->announced;
		place->announced = place->sentence = NULL;
		return;
	}
	if (place->announced != NULL)
		place->sentence = place->announced;
	place->announced = NULL;
	if (ends_sentence(line))
		place->sentence = NULL;
	if (text_starts_with(line, ".El"))
		place->depth--;
	else if (text_starts_with(line, ".It ") && place->depth > 0 &&
	    place->lists[place->depth - 1] != NULL)
		add_keys(named, place->lists[place->depth - 1], line, true);
	else if (place->sentence != NULL)
		add_keys(named, place->sentence, line, false);
}

/* --- comparing -------------------------------------------------------- */

static bool
has(const struct strv *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->items[i], word) == 0)
			return true;
	return false;
}

/* Whether a kind, which may stand in parentheses, is in a list of kinds. */
static bool
is_among(const char *kinds, const char *kind)
{
	size_t len = strlen(kind);
	for (const char *at = kinds; *at != '\0';) {
		at += strspn(at, " ()");
		size_t word = strcspn(at, " ()");
		if (word == len && strncmp(at, kind, len) == 0)
			return true;
		at += word;
	}
	return false;
}

/* Calls fn for each key of the reader. */
static void
each_key(void (*fn)(const char *kind, const char *key, void *arg), void *arg)
{
	for (size_t i = 0; i < COUNT_OF(all_keys); i++)
		for (const struct load_keys *keys = all_keys[i];
		     keys->place != NULL; keys++)
			for (const struct load_field *field = keys->fields;
			     field->key != NULL; field++)
				fn(keys->place, field->key, arg);
}

static void
check_explained(const char *kind, const char *key, void *arg)
{
	const struct named *named = arg;
	autofree char *pair = mem_format("%s %s", kind, key);
	/* A key of older files, of which it is said that it is refused. */
	if (strcmp(key, "goal_seek") == 0)
		return;
	tap_ok(has(&named->explained, pair),
	    "the manual explains the key '%s' (%s)", key, kind);
}

struct search {
	const char *kinds;
	const char *key; /* NULL: any */
	bool found;
};

static void
look(const char *kind, const char *key, void *arg)
{
	struct search *search = arg;
	if (is_among(search->kinds, kind) &&
	    (search->key == NULL || strcmp(search->key, key) == 0))
		search->found = true;
}

static void
check_named(const struct named *named)
{
	for (size_t i = 0; i < named->entries.n; i++) {
		struct search search = { .kinds = named->entry_kinds.items[i],
			.key = named->entries.items[i] };
		each_key(look, &search);
		tap_ok(search.found, "the manual's key '%s' exists (%s)",
		    search.key, search.kinds);
	}
	for (size_t i = 0; i < named->kinds.n; i++) {
		struct search search = { .kinds = named->kinds.items[i] };
		each_key(look, &search);
		tap_ok(search.found, "the reader has keys of a '%s'",
		    search.kinds);
	}
}

int
main(void)
{
	autostr struct str text = { 0 };
	struct named named = { 0 };
	struct place place = { 0 };
	read_page(&text);
	autofree char *copy = mem_text(str_text(&text));
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		read_line(&named, &place, line);
	each_key(check_explained, &named);
	check_named(&named);
	strv_release(&named.explained);
	strv_release(&named.kinds);
	strv_release(&named.entries);
	strv_release(&named.entry_kinds);
	return tap_done();
}
