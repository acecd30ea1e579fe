/* SPDX-License-Identifier: MIT */
/* Bounded output of children. */
#include "config.h"

#include <stdlib.h>

#include "agent/printed.h"
#include "base/mem.h"
#include "base/text.h"
#include "proc/capture.h"

struct printed {
	struct capture capture;
};

struct printed *
printed_new(size_t head, size_t tail)
{
	struct printed *printed = mem_zalloc(sizeof(*printed));
	printed->capture.head_limit = head;
	printed->capture.tail_limit = tail;
	return printed;
}

void
printed_add(struct printed *printed, const void *bytes, size_t len)
{
	capture_add(&printed->capture, bytes, len);
}

void
printed_text(const struct printed *printed, struct str *out)
{
	autostr struct str bytes = { 0 };
	capture_text(&printed->capture, &bytes);
	text_repair(out, str_text(&bytes), bytes.len);
}

bool
printed_is_cut(const struct printed *printed)
{
	return capture_dropped(&printed->capture) > 0;
}

void
printed_free(struct printed *printed)
{
	if (printed == NULL)
		return;
	capture_release(&printed->capture);
	free(printed);
}
