/* SPDX-License-Identifier: MIT */
/*
 * What a child printed on one stream, in bounded memory, as text that is fit
 * for JSON.
 */
#ifndef AGENT_PRINTED_H
#define AGENT_PRINTED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/defs.h"
#include "base/str.h"

struct printed;

/* Keeps head bytes from the beginning and tail bytes from the end. */
struct printed *printed_new(size_t head, size_t tail) MUST_USE;
void printed_add(struct printed *printed, const void *bytes, size_t len);
/* Appends the text, invalid UTF-8 repaired, with a line where bytes miss. */
void printed_text(const struct printed *printed, struct str *out);
bool printed_is_cut(const struct printed *printed);
void printed_free(struct printed *printed); /* NULL is ignored */

#endif
