/* SPDX-License-Identifier: MIT */
/* Interpolation of prompts and files, and the list of references. */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "data/template_parts.h"

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

void
template_references(const char *text, struct strv *out)
{
	size_t len = strlen(text);
	size_t at = 0;
	struct template_ref ref;
	while (template_ref_next(text, len, &at, false, &ref)) {
		if (ref.escaped)
			continue;
		strv_give(out, mem_text_n(ref.name, ref.name_len));
		/* A default may have references of its own. */
		if (ref.spec_len > 0)
			at = (size_t)(ref.spec - text);
	}
}
