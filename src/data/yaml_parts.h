/* SPDX-License-Identifier: MIT */
/* What the parts of the YAML reader share; not for others. */
#ifndef DATA_YAML_PARTS_H
#define DATA_YAML_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "base/error.h"
#include "data/yaml.h"

/*
 * Bytes of the character at text (of len > 0 bytes), its code point in *code;
 * 0 when the bytes are no UTF-8.
 */
size_t yaml_character(const char *text, size_t len, unsigned *code);

/*
 * Takes the source into doc, fills in the table of lines and refuses what the
 * parser should not see: other encodings, control characters, and the few
 * inputs on which libyaml takes quadratic time.
 */
bool yaml_scan(struct yaml_doc *doc, const void *bytes, size_t len,
    struct error *err) MUST_USE;

/* Sets err to what stopped the parser. Returns false. */
bool yaml_problem(
    const struct yaml_doc *doc, const yaml_parser_t *parser, struct error *err);

/*
 * Ends a map: duplicate keys are refused, merge keys replaced by what they
 * bring in. New nodes are not made; entries are rearranged.
 */
bool yaml_finish_map(const struct yaml_doc *doc, struct yaml_node *map,
    struct error *err) MUST_USE;

#endif
