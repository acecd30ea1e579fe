/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as YAML: they are read or refused with a place; what JSON can hold
 * is written as YAML and reads back the same.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "data/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static json_t *
read_json(const char *bytes, size_t len, struct error *err)
{
	struct yaml_doc doc = { 0 };
	json_t *json = NULL;
	if (yaml_load("f", bytes, len, &doc, err) && doc.root != NULL)
		json = yaml_to_json(&doc, doc.root, err);
	yaml_doc_release(&doc);
	return json;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	autojson json_t *json = read_json((const char *)bytes, len, &err);
	if (err.kind != ERROR_NONE && strncmp(error_text(&err), "f:", 2) != 0)
		abort();
	if (json == NULL || len > 65536)
		return 0;
	if (!yaml_emit(json, &text, &err))
		abort();
	autojson json_t *back = read_json(str_text(&text), text.len, &err);
	if (back == NULL || !json_equal(json, back))
		abort();
	return 0;
}
