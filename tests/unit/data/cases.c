/* SPDX-License-Identifier: MIT */
/* Cases from a file. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "cases.h"
#include "data/json.h"

struct cases {
	const char *name;
	char *rest;
	size_t line;
	json_t *input;
	cases_fn *fn;
};

static char *
next_line(struct cases *cases)
{
	cases->line++;
	return strsep(&cases->rest, "\n");
}

static void
run_case(
    struct cases *cases, const char *text, const char *input, const char *want)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	if (strcmp(input, "=") != 0) {
		json_decref(cases->input);
		cases->input =
		    json_load_text(input, strlen(input), "input", &err);
	}
	if (err.kind == ERROR_NONE)
		cases->fn(text, cases->input, &got, &err);
	if (err.kind != ERROR_NONE) {
		str_clear(&got);
		str_format(&got, "error: %s", error_text(&err));
	}
	tap_is_text(
	    str_text(&got), want, "%s:%zu: %s", cases->name, cases->line, text);
}

static void
run_all(struct cases *cases)
{
	size_t n = 0;
	for (char *text; (text = next_line(cases)) != NULL;) {
		if (text[0] == '\0' || strncmp(text, "# ", 2) == 0)
			continue;
		const char *input = next_line(cases);
		const char *want = next_line(cases);
		const char *end = next_line(cases);
		if (!tap_ok(want != NULL && (end == NULL || *end == '\0'),
			"%s:%zu: three lines a case", cases->name, cases->line))
			break;
		run_case(cases, text, input, want);
		n++;
	}
	tap_ok(n > 0, "%s: there are cases", cases->name);
}

void
cases_run(const char *name, cases_fn *fn)
{
	const char *top = getenv("top_srcdir");
	autofree char *path =
	    mem_format("%s/tests/cases/%s", top == NULL ? "." : top, name);
	autostr struct str text = { 0 };
	autoerror struct error err = { 0 };
	if (!tap_ok(file_read(path, 1 << 20, &text, &err), "%s: read: %s", name,
		error_text(&err)))
		return;
	struct cases cases = { .name = name, .rest = text.data, .fn = fn };
	run_all(&cases);
	json_decref(cases.input);
}
