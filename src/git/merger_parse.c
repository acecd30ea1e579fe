/* SPDX-License-Identifier: MIT */
/*
 * The output of merge-tree -z --messages: fields that end in NUL.
 *
 *	[status] tree {"mode oid stage\tpath"} ""
 *	{count {path} type message} ""
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "git/merger.h"

#define MESSAGES_LIMIT ((size_t)64 * 1024)

struct fields {
	const char *at;
	const char *end;
};

/* The next field, or NULL when it is not complete. */
static const char *
next_field(struct fields *fields)
{
	const char *field = fields->at;
	const char *nul = memchr(field, '\0', (size_t)(fields->end - field));
	if (nul == NULL)
		return NULL;
	fields->at = nul + 1;
	return field;
}

/* Up to three stages name the same path, one after the other. */
static void
add_path(struct merged *merged, const char *field)
{
	const char *tab = strchr(field, '\t');
	if (merged == NULL || tab == NULL)
		return;
	size_t n = merged->paths.n;
	if (n == 0 || strcmp(merged->paths.items[n - 1], tab + 1) != 0)
		strv_add(&merged->paths, tab + 1);
}

static bool
take_conflicts(struct fields *fields, struct merged *merged)
{
	const char *field;
	while ((field = next_field(fields)) != NULL && *field != '\0')
		add_path(merged, field);
	return field != NULL;
}

static void
add_message(struct merged *merged, const char *text)
{
	if (merged != NULL && merged->messages.len < MESSAGES_LIMIT)
		text_repair(&merged->messages, text, strlen(text));
}

static bool
take_messages(struct fields *fields, struct merged *merged)
{
	const char *field;
	while ((field = next_field(fields)) != NULL && *field != '\0') {
		unsigned long paths = strtoul(field, NULL, 10);
		while (paths-- > 0)
			if (next_field(fields) == NULL)
				return false;
		if (next_field(fields) == NULL ||
		    (field = next_field(fields)) == NULL)
			return false;
		add_message(merged, field);
	}
	return field != NULL;
}

size_t
merger_parse(
    const char *bytes, size_t len, bool has_status, struct merged *merged)
{
	struct fields fields = { bytes, bytes + len };
	const char *status = has_status ? next_field(&fields) : "";
	const char *tree = status == NULL ? NULL : next_field(&fields);
	if (tree == NULL || !take_conflicts(&fields, merged) ||
	    !take_messages(&fields, merged))
		return 0;
	if (merged != NULL && git_is_oid(tree))
		memcpy(merged->tree, tree, strlen(tree) + 1);
	if (merged != NULL && has_status)
		merged->conflict = strcmp(status, "1") != 0;
	return (size_t)(fields.at - bytes);
}

void
merged_release(struct merged *merged)
{
	strv_release(&merged->paths);
	str_release(&merged->messages);
	*merged = (struct merged){ 0 };
}
