/* SPDX-License-Identifier: MIT */
/*
 * What the files of template share: how a reference is written, and how its
 * value is found.
 */
#ifndef DATA_TEMPLATE_PARTS_H
#define DATA_TEMPLATE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/error.h"
#include "data/filters.h"
#include "data/shell_lex.h"
#include "data/template.h"
#include "data/vars.h"

struct template_ref {
	size_t at; /* offset of the dollar sign, or of a backslash before it */
	size_t end; /* behind the reference */
	const char *name; /* within the text */
	size_t name_len;
	const char *spec; /* modifiers and filters */
	size_t spec_len;
	bool braced;
	bool escaped; /* a backslash stands before it */
};

/*
 * Finds the next reference at or behind *at and moves *at behind it. In shell
 * text "$$" is always the process id, elsewhere the second of the dollar
 * signs may begin "${name}".
 */
bool template_ref_next(const char *text, size_t len, size_t *at, bool shell,
    struct template_ref *ref) MUST_USE;

struct template_value {
	json_t *value; /* owned; NULL: stays as written */
	enum vars_class class;
	enum filters_form form;
};

/* Resolves a reference; one that cannot be goes into the report. */
bool template_resolve(const struct template_ref *ref, const struct vars *vars,
    bool shell, struct template_value *found, struct template_report *report,
    struct error *err) MUST_USE;

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
		size_t quoted; /* the same of the |sh or joined form */
		size_t first_word; /* the same of the first of its words */
	} * list;
	size_t n_list;
	size_t cap_list;
};
void template_script_release(struct template_script *script);

/* The value as text, made when first asked for. */
const struct str *template_entry_bytes(struct template_entry *entry);

/* Writes the script with each mark in the form that suits its place. */
bool template_render(struct template_script *script,
    const struct shell_scan *scan, struct str *out, struct strv *env,
    struct error *err) MUST_USE;

#endif
