/* SPDX-License-Identifier: MIT */
/* Words that are quoted as for a shell. */
#include "config.h"

#include "../tap.h"
#include "base/str.h"
#include "data/words.h"

/* Words in <>; NULL: an error. */
static const struct {
	const char *text;
	const char *words;
} cases[] = {
	{ "", "" },
	{ " \t\n", "" },
	{ "a", "<a>" },
	{ "  a  b\tc\n", "<a><b><c>" },
	{ "--prompt \"be brief\"", "<--prompt><be brief>" },
	{ "--prompt 'be brief'", "<--prompt><be brief>" },
	{ "--prompt be\\ brief", "<--prompt><be brief>" },
	{ "--prompt='be 'brief\"!\"", "<--prompt=be brief!>" },
	{ "'' \"\" a''b", "<><><ab>" },
	{ "'it'\\''s'", "<it's>" },
	{ "'a\\b' \"a\\b\" a\\b", "<a\\b><a\\b><ab>" },
	{ "\"\\$ \\` \\\" \\\\ \\a\"", "<$ ` \" \\ \\a>" },
	{ "\"a\\\nb\nc\" d\\\ne", "<ab\nc><de>" },
	{ "$HOME `id` $(id) * ~ # | > ;",
	    "<$HOME><`id`><$(id)><*><~><#><|><>><;>" },
	{ "{\"a\":1}", "<{a:1}>" },
	{ "'ä ö'", "<ä ö>" },
	{ "'a", NULL },
	{ "a\"b", NULL },
	{ "\"a\\", NULL },
	{ "a \\", NULL },
};

int
main(void)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autoerror struct error err = { 0 };
		autostrv struct strv words = { 0 };
		autostr struct str got = { 0 };
		bool ok = words_split(cases[i].text, &words, &err);
		for (size_t k = 0; k < words.n; k++)
			str_format(&got, "<%s>", words.items[k]);
		if (cases[i].words != NULL)
			tap_is_text(ok ? str_text(&got) : error_text(&err),
			    cases[i].words, "words of: %s", cases[i].text);
		else
			tap_ok(!ok && err.kind == ERROR_INPUT,
			    "an error in: %s: %s", cases[i].text,
			    error_text(&err));
	}
	return tap_done();
}
