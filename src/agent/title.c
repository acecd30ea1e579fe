/* SPDX-License-Identifier: MIT */
/* Titles of steps with their values. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/title.h"
#include "base/text.h"
#include "data/template.h"

#define VALUE_CHARACTERS 80 /* of one value */

/* All results may be gigabytes, which nobody loads for a title. */
static bool
is_large(const struct template_ref *ref)
{
	static const char results[] = "map.results";
	return ref->name_len >= strlen(results) &&
	    memcmp(ref->name, results, strlen(results)) == 0;
}

/*
 * A script's own variables ("$n", "$1") are the shell's, whatever we know under
 * their names.
 */
static bool
add_value(const struct chain *chain, const struct step *step,
    const struct template_ref *ref, struct str *out)
{
	autoerror struct error ignored = { 0 };
	autostr struct str text = { 0 };
	struct template_value found;
	bool is_script = step->kind == STEP_SHELL;
	if (ref->escaped || (is_script && !ref->braced) || is_large(ref) ||
	    !template_resolve(
		ref, chain->scope, is_script, &found, NULL, &ignored))
		return false;
	bool is_shown = found.value != NULL && found.class != VARS_AUTHOR;
	if (is_shown)
		filters_text(found.value, found.form, &text);
	json_decref(found.value);
	text_line(out, str_text(&text), text.len, VALUE_CHARACTERS);
	return is_shown;
}

static void
fill_in(const struct chain *chain, const struct step *step, const char *text,
    struct str *out)
{
	const size_t len = strlen(text);
	size_t at = 0;
	size_t copied = 0;
	struct template_ref ref;
	while (
	    template_ref_next(text, len, &at, step->kind == STEP_SHELL, &ref)) {
		str_add_n(out, text + copied, ref.at - copied);
		copied = ref.at;
		if (add_value(chain, step, &ref, out))
			copied = ref.end;
	}
	str_add_n(out, text + copied, len - copied);
}

char *
title_of(const struct chain *chain, const struct step *step)
{
	struct str title = { 0 };
	autostr struct str filled = { 0 };
	autofree char *text = step_title(step);
	fill_in(chain, step, text, &filled);
	text_line(&title, str_text(&filled), filled.len, STEP_LABEL_CHARACTERS);
	return str_take(&title);
}

char *
title_of_command(const struct chain *chain, const struct step *step)
{
	struct step unnamed = *step;
	unnamed.name = NULL;
	return title_of(chain, &unnamed);
}
