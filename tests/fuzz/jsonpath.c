/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a JSON path: it is refused with a reason, or it selects values
 * of the document, at most one if it says so.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/json.h"
#include "data/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char document_text[] =
    "{\"a\":[0,1,2,{\"a\":[3,4]},\"x\"],\"b\":{\"a\":5,\"c d\":null},"
    "\"items\":[{\"n\":1,\"s\":\"x\"},{\"n\":2.5},[[],{}]]}";

static void
select_nodes(const struct jsonpath *path, const json_t *document)
{
	struct error err = { 0 };
	autojson json_t *found = jsonpath_select(path, document, &err);
	if ((found == NULL) != (err.kind == ERROR_INPUT))
		abort();
	if (jsonpath_is_singular(path) && json_array_size(found) > 1)
		abort();
	error_release(&err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct error err = { 0 };
	autofree char *text = mem_text_n((const char *)bytes, len);
	autojson json_t *document = json_load_text(
	    document_text, strlen(document_text), "document", &err);
	struct jsonpath *path = jsonpath_parse(text, &err);
	if (document == NULL || (path == NULL) != (err.kind == ERROR_INPUT))
		abort();
	if (path != NULL)
		select_nodes(path, document);
	jsonpath_free(path);
	error_release(&err);
	return 0;
}
