/* SPDX-License-Identifier: MIT */
/* What items are called. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/label.h"

static const struct {
	const char *template;
	const char *data;
	const char *label;
} cases[] = {
	{ NULL, "{\"file\":\"src/a.c\",\"n\":1}", "src/a.c" },
	{ NULL, "{\"id\":7,\"line\":3}", "7" },
	{ NULL, "{\"url\":\"u\",\"key\":\"k\",\"path\":\"p\"}", "p" },
	{ NULL, "{\"name\":\"\",\"title\":\"t\"}", "t" },
	{ NULL, "{\"name\":[1],\"title\":null,\"file\":\"f\"}", "f" },
	{ NULL, "{\"b\":2,\"a\":{\"name\":\"x\"}}",
	    "{\"a\":{\"name\":\"x\"},\"b\":2}" },
	{ NULL, "[1,\"two\"]", "[1,\"two\"]" },
	{ NULL, "\"  two\\n words \"", "two words" },
	{ NULL, "12", "12" },
	{ NULL, "true", "true" },
	{ NULL, "null", "item_3" },
	{ NULL, "\"\"", "item_3" },
	{ NULL, "\" \\n \"", "item_3" },
	{ NULL, "\"\\u001b[2J red \\u202e\"", "\\e[2J red \\u202e" },
	{ "${item.name} in ${item.at.file}",
	    "{\"name\":\"f\",\"at\":{\"file\":\"a.c\"}}", "f in a.c" },
	{ "${item}", "\"plain\"", "plain" },
	{ "no. ${item_index}: ${item.n}", "{\"n\":5}", "no. 3: 5" },
	{ "${item.gone}", "{\"file\":\"b.c\"}", "b.c" },
	{ "${item.n}", "{\"n\":\"\",\"file\":\"c.c\"}", "c.c" },
};

static void
test_cases(void)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autojson json_t *data =
		    json_loads(cases[i].data, JSON_DECODE_ANY, NULL);
		autofree char *got =
		    label_make(cases[i].template, NULL, data, 3);
		tap_is_text(got, cases[i].label, "%s with %s", cases[i].data,
		    cases[i].template == NULL ? "nothing" : cases[i].template);
	}
}

/* However long a value is, its label is short and no character is cut. */
static void
test_long(void)
{
	struct str text = { 0 };
	for (int i = 0; i < 100000; i++)
		str_add(&text, "\xc3\xa4");
	autojson json_t *data = json_stringn(text.data, text.len);
	autofree char *label = label_make(NULL, NULL, data, 0);
	str_release(&text);
	tap_is_int((long long)text_count(label, strlen(label)),
	    LABEL_CHARACTERS, "a long label is cut");
	tap_ok(text_is_utf8(label, strlen(label)), "between characters");
}

static void
test_beside(void)
{
	autofree char *both = label_beside("item_6", "src/a.c");
	autofree char *same = label_beside("item_6", "item_6");
	autofree char *none = label_beside("item_6", NULL);
	tap_is_text(both, "item_6 (src/a.c)", "a label stands beside the id");
	tap_is_text(same, "item_6", "one that says no more does not");
	tap_is_text(none, "item_6", "without one there is the id");
}

int
main(void)
{
	json_init();
	test_cases();
	test_long();
	test_beside();
	return tap_done();
}
