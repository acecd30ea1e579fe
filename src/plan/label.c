/* SPDX-License-Identifier: MIT */
/* Labels of items. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "data/template.h"
#include "plan/items.h"
#include "plan/label.h"

/* The members that name an object, the most telling first. */
static const json_t *
naming_member(const json_t *data)
{
	static const char *const names[] = { "name", "title", "path", "file",
		"id", "key", "ticket", "url" };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const json_t *value = json_get(data, names[i]);
		if (json_is_number(value) ||
		    (json_is_string(value) && json_string_length(value) > 0))
			return value;
	}
	return NULL;
}

static void
add_own(struct str *out, const json_t *data)
{
	const json_t *value = data;
	if (json_is_object(data) && naming_member(data) != NULL)
		value = naming_member(data);
	if (json_is_object(value) || json_is_array(value))
		json_compact(value, out, true);
	else
		json_text_of(value, out);
}

/* False when the item lacks what the template asks for. */
static bool
add_named(struct str *out, const char *template, const struct vars *vars,
    const json_t *data, size_t index)
{
	autoerror struct error ignored = { 0 };
	autofree char *id = items_id(index);
	struct template_report report = { 0 };
	struct vars *scope = vars_new(vars);
	vars_set(scope, "item", json_mutable(data), VARS_DATA);
	vars_set_text(scope, "item_id", id, VARS_TRUSTED);
	vars_set_new(
	    scope, "item_index", json_integer((json_int_t)index), VARS_TRUSTED);
	bool ok = template_text(template, scope, out, &report, &ignored) &&
	    report.unresolved.n == 0;
	template_report_release(&report);
	vars_free(scope);
	return ok;
}

char *
label_make(const char *template, const struct vars *vars, const json_t *data,
    size_t index)
{
	autostr struct str text = { 0 };
	struct str label = { 0 };
	if (template != NULL && add_named(&text, template, vars, data, index))
		text_line(&label, text.data, text.len, LABEL_CHARACTERS);
	if (label.len > 0)
		return str_take(&label);
	str_clear(&text);
	add_own(&text, data);
	text_line(&label, str_text(&text), text.len, LABEL_CHARACTERS);
	if (label.len > 0)
		return str_take(&label);
	str_release(&label);
	return items_id(index);
}

char *
label_beside(const char *id, const char *label)
{
	if (label == NULL || strcmp(label, id) == 0)
		return mem_text(id);
	return mem_format("%s (%s)", id, label);
}
