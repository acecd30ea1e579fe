/* SPDX-License-Identifier: MIT */
/* Interpolation of texts. */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "data/template.h"

/* --- references ------------------------------------------------------- */

/* A longer name is none; keeps the cost of a lookup small. */
#define NAME_LIMIT 512
/* Modifiers and filters may be this long, with references nested so deep. */
#define SPEC_LIMIT 65536
#define SPEC_DEPTH 8

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name_start(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* Bytes of "[...]" at text, 0 when it is not closed or not harmless. */
static size_t
bracket_length(const char *text, size_t len)
{
	char quote =
	    len > 1 && (text[1] == '"' || text[1] == '\'') ? text[1] : '\0';
	for (size_t i = 1; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (quote != '\0' && i > 1 && text[i] == quote)
			return i + 1 < len && text[i + 1] == ']' ? i + 2 : 0;
		if (quote == '\0' && c == ']')
			return i + 1;
		if (c < ' ' || strchr("\\`${}", text[i]) != NULL)
			return 0;
		if (quote == '\0' && !is_digit(text[i]) && c != '-')
			return 0;
	}
	return 0;
}

/* Bytes of the name at text, as between braces. */
static size_t
name_length(const char *text, size_t len)
{
	if (len > NAME_LIMIT)
		len = NAME_LIMIT;
	size_t n = 0;
	while (n < len) {
		char c = text[n];
		size_t step = 1;
		if (c == '[' && n > 0)
			step = bracket_length(text + n, len - n);
		else if (!text_is_name_char(c) && (unsigned char)c < 0x80 &&
		    (n == 0 || (c != '.' && c != '-')))
			break;
		if (step == 0)
			break;
		n += step;
	}
	return n;
}

/* The offset of the brace that closes what began before; len when none. */
static size_t
find_close(const char *text, size_t len)
{
	if (len > SPEC_LIMIT)
		len = SPEC_LIMIT;
	unsigned depth = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '$' && i + 1 < len && text[i + 1] == '{') {
			if (++depth > SPEC_DEPTH)
				return SIZE_MAX;
		} else if (text[i] == '}' && depth-- == 0) {
			return i;
		}
	}
	return SIZE_MAX;
}

/* A reference in braces whose dollar sign is at text[at]. */
static bool
parse_braced(const char *text, size_t len, size_t at, struct template_ref *ref)
{
	size_t from = at + 2;
	size_t name = name_length(text + from, len - from);
	size_t spec = from + name;
	if (name == 0 || spec >= len)
		return false;
	size_t close = spec;
	if (text[close] != '}') {
		size_t bar = spec + strspn(text + spec, " \t");
		if (text[spec] != ':' && text[bar] != '|')
			return false;
		size_t found = find_close(text + spec, len - spec);
		if (found == SIZE_MAX)
			return false;
		close = spec + found;
	}
	*ref = (struct template_ref){
		.at = at,
		.end = close + 1,
		.name = text + from,
		.name_len = name,
		.spec = text + spec,
		.spec_len = close - spec,
		.braced = true,
	};
	return true;
}

/* A reference whose dollar sign is at text[at]. */
static bool
parse_reference(
    const char *text, size_t len, size_t at, struct template_ref *ref)
{
	size_t from = at + 1;
	if (from >= len)
		return false;
	if (text[from] == '{')
		return parse_braced(text, len, at, ref);
	size_t end = from;
	if (is_digit(text[from]))
		while (end < len && is_digit(text[end]))
			end++;
	else if (is_name_start(text[from]))
		while (end < len && text_is_name_char(text[end]))
			end++;
	if (end == from || end - from > NAME_LIMIT)
		return false;
	*ref = (struct template_ref){
		.at = at,
		.end = end,
		.name = text + from,
		.name_len = end - from,
		.spec = text + end,
	};
	return true;
}

bool
template_ref_next(const char *text, size_t len, size_t *at, bool shell,
    struct template_ref *ref)
{
	size_t i = *at;
	while (i < len) {
		i += strcspn(text + i, "\\$");
		if (i >= len)
			break;
		if (text[i] == '\\') {
			if (text[i + 1] == '$' &&
			    parse_reference(text, len, i + 1, ref)) {
				ref->at = i;
				ref->escaped = true;
				*at = ref->end;
				return true;
			}
			i += 2;
		} else if (text[i + 1] == '$') {
			i += shell || text[i + 2] != '{' ? 2 : 1;
		} else if (parse_reference(text, len, i, ref)) {
			*at = ref->end;
			return true;
		} else {
			i++;
		}
	}
	*at = len;
	return false;
}

/* Texts of variables whose names end so are lists of words. */
static bool
is_list_like(const char *name)
{
	static const char *const endings[] = { ".files_added",
		".files_modified", ".files_deleted", ".files_changed",
		".commits" };
	const char *dot = strrchr(name, '.');
	for (size_t i = 0; dot != NULL && i < COUNT_OF(endings); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static void
report_unresolved(const struct template_ref *ref, const struct vars *vars,
    const char *name, struct template_report *report)
{
	if (report != NULL && ref->braced && vars_knows(vars, name))
		strv_format(&report->unresolved, "%s", name);
}

bool
template_resolve(const struct template_ref *ref, const struct vars *vars,
    bool shell, struct template_value *found, struct template_report *report,
    struct error *err)
{
	*found = (struct template_value){ .class = VARS_DATA };
	autofree char *name = mem_text_n(ref->name, ref->name_len);
	struct vars_value value;
	if (!vars_find(vars, name, &value, err))
		return error_wrap(err, "${%s}", name);
	/* The shell has an expansion of this form for its own variables. */
	if (value.value == NULL && shell && ref->spec_len > 1 &&
	    memcmp(ref->spec, ":-", 2) == 0 &&
	    text_is_name(name, ref->name_len))
		return true;
	struct filters_result result = {
		.value = json_incref(json_mutable(value.value)),
	};
	if (!filters_apply(
		ref->spec, ref->spec_len, is_list_like(name), &result)) {
		json_decref(result.value);
		result.value = NULL;
	}
	if (result.value == NULL)
		report_unresolved(ref, vars, name, report);
	found->value = result.value;
	found->form = result.form;
	found->class = result.defaulted ? VARS_AUTHOR : value.class;
	return true;
}

/* --- texts ------------------------------------------------------------ */

void
template_report_release(struct template_report *report)
{
	strv_release(&report->unresolved);
}

static bool
add_value(const struct template_ref *ref, const struct vars *vars,
    struct str *out, struct template_report *report, bool *added,
    struct error *err)
{
	struct template_value found;
	if (!template_resolve(ref, vars, false, &found, report, err))
		return false;
	*added = found.value != NULL;
	if (found.value != NULL)
		filters_text(found.value, found.form, out);
	json_decref(found.value);
	return true;
}

bool
template_text(const char *text, const struct vars *vars, struct str *out,
    struct template_report *report, struct error *err)
{
	size_t len = strlen(text);
	size_t start = out->len;
	size_t copied = 0;
	size_t at = 0;
	struct template_ref ref;
	while (template_ref_next(text, len, &at, false, &ref)) {
		str_add_n(out, text + copied, ref.at - copied);
		copied = ref.at;
		bool added = false;
		if (ref.escaped)
			copied++;
		else if (!add_value(&ref, vars, out, report, &added, err))
			return false;
		if (added)
			copied = ref.end;
		if (out->len - start > TEMPLATE_LIMIT)
			return error_set(err, ERROR_INPUT,
			    "${%.*s}: the text would have more than %u bytes",
			    (int)ref.name_len, ref.name, TEMPLATE_LIMIT);
	}
	str_add_n(out, text + copied, len - copied);
	return true;
}
