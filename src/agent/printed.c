/* SPDX-License-Identifier: MIT */
/* Bounded output of children. */
#include "config.h"

#include <stdlib.h>

#include "agent/printed.h"
#include "base/mem.h"
#include "base/text.h"
#include "proc/excerpt.h"

struct printed {
	struct excerpt excerpt;
};

struct printed *
printed_new(size_t head, size_t tail)
{
	struct printed *printed = mem_zalloc(sizeof(*printed));
	printed->excerpt.head_limit = head;
	printed->excerpt.tail_limit = tail;
	return printed;
}

void
printed_add(struct printed *printed, const void *bytes, size_t len)
{
	excerpt_add(&printed->excerpt, bytes, len);
}

void
printed_text(const struct printed *printed, struct str *out)
{
	autostr struct str bytes = { 0 };
	excerpt_text(&printed->excerpt, &bytes);
	text_repair(out, str_text(&bytes), bytes.len);
}

bool
printed_is_cut(const struct printed *printed)
{
	return excerpt_dropped(&printed->excerpt) > 0;
}

void
printed_free(struct printed *printed)
{
	if (printed == NULL)
		return;
	excerpt_release(&printed->excerpt);
	free(printed);
}
