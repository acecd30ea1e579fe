/* SPDX-License-Identifier: MIT */
/* Head and tail of a long output. */
#include "config.h"

#include "base/text.h"
#include "proc/excerpt.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Old bytes go when as many have gathered as are kept: one move per byte. */
static void
add_tail(struct excerpt *excerpt, const char *bytes, size_t len)
{
	size_t limit = excerpt->tail_limit;
	if (len >= limit) {
		str_clear(&excerpt->tail);
		str_add_n(&excerpt->tail, bytes + (len - limit), limit);
		return;
	}
	if (excerpt->tail.len + len > 2 * limit)
		str_drop(&excerpt->tail, excerpt->tail.len + len - limit);
	str_add_n(&excerpt->tail, bytes, len);
}

void
excerpt_add(struct excerpt *excerpt, const void *bytes, size_t len)
{
	excerpt->total += len;
	size_t room = excerpt->head_limit - excerpt->head.len;
	size_t first = least(room, len);
	if (first > 0)
		str_add_n(&excerpt->head, bytes, first);
	if (len > first)
		add_tail(excerpt, (const char *)bytes + first, len - first);
}

uint64_t
excerpt_dropped(const struct excerpt *excerpt)
{
	return excerpt->total - excerpt->head.len -
	    least(excerpt->tail.len, excerpt->tail_limit);
}

void
excerpt_text(const struct excerpt *excerpt, struct str *out)
{
	str_add_str(out, &excerpt->head);
	uint64_t dropped = excerpt_dropped(excerpt);
	if (dropped > 0)
		str_format(out, "\n[... %ju bytes left out ...]\n",
		    (uintmax_t)dropped);
	size_t len = least(excerpt->tail.len, excerpt->tail_limit);
	if (len > 0)
		str_add_n(
		    out, excerpt->tail.data + excerpt->tail.len - len, len);
}

void
excerpt_repaired(const struct excerpt *excerpt, struct str *out)
{
	autostr struct str bytes = { 0 };
	excerpt_text(excerpt, &bytes);
	text_repair(out, str_text(&bytes), bytes.len);
}

void
excerpt_release(struct excerpt *excerpt)
{
	str_release(&excerpt->head);
	str_release(&excerpt->tail);
	excerpt->total = 0;
}
