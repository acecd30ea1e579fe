/* SPDX-License-Identifier: MIT */
/*
 * Any text as a template: what it becomes has nothing of a data value in it
 * but in quoted here-documents, and expanding ends.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "data/template.h"
#include "data/template_shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct vars *
make_vars(void)
{
	struct vars *vars = vars_new(NULL);
	json_t *item = json_loads("{\"a\":\"@x'\\\"`$(\",\"n\":-7,"
				  "\"l\":[\"@a b\",\"\",\"@c\"],"
				  "\"e\":\"\"}",
	    0, NULL);
	vars_set_new(vars, "i", item, VARS_DATA);
	vars_set_text(vars, "c", "@x\ny", VARS_CAPTURE);
	vars_set_text(vars, "t", "job-1", VARS_TRUSTED);
	vars_set_text(vars, "N", "it's 5", VARS_AUTHOR);
	return vars;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct vars *vars = make_vars();
	struct template_report report = { 0 };
	autofree char *text = mem_text_n((const char *)bytes, len);
	autostr struct str out = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	for (char *c = text; *c != '\0'; c++)
		if (*c == '@')
			*c = 'a';
	bool done =
	    template_shell(text, vars, false, &out, &env, &report, &err);
	if (!done && err.kind != ERROR_INPUT)
		abort();
	/* Only these may put a value into the text. */
	if (done && strstr(text, "<<") == NULL && strstr(text, "raw") == NULL &&
	    strchr(str_text(&out), '@') != NULL)
		abort();
	str_clear(&out);
	error_release(&err);
	if (!template_text(text, vars, &out, &report, &err) &&
	    err.kind != ERROR_INPUT)
		abort();
	template_report_release(&report);
	vars_free(vars);
	return 0;
}
