/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the input of a map: they are refused with a place, or become a
 * document that prints and reads back the same.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "plan/items.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
print_and_read(const json_t *document, bool sorted)
{
	struct error err = { 0 };
	autostr struct str text = { 0 };
	json_compact(document, &text, sorted);
	autojson json_t *back =
	    json_load_record(str_text(&text), text.len, "back", &err);
	if (back == NULL || !json_equal(json_mutable(document), back))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct error err = { 0 };
	autojson json_t *document = items_parse(bytes, len, "f", NULL, &err);
	if (document != NULL) {
		print_and_read(document, false);
		print_and_read(document, true);
	} else if (strncmp(error_text(&err), "f:", 2) != 0) {
		abort();
	}
	error_release(&err);
	return 0;
}
