/* SPDX-License-Identifier: MIT */
/* Head and tail of a long output. */
#include "config.h"

#include <string.h>

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

/* --- the two ends ----------------------------------------------------- */

/* What is shown: the ends are moved to where a line or a character ends. */
struct excerpt_ends {
	size_t head; /* bytes at the front of the head */
	size_t tail; /* bytes at the end of the tail */
	uint64_t dropped; /* between them */
};

/* A part of a line that is at most a quarter of an end is left out as well. */
static size_t
head_end(const struct excerpt *excerpt)
{
	size_t len = excerpt->head.len;
	size_t part = len / 4;
	const char *text = str_text(&excerpt->head);
	const char *newline = memrchr(text + len - part, '\n', part);
	return newline != NULL ? (size_t)(newline - text) + 1
			       : text_whole(text, len);
}

static size_t
tail_len(const struct excerpt *excerpt)
{
	size_t len = least(excerpt->tail.len, excerpt->tail_limit);
	const char *text = str_text(&excerpt->tail) + excerpt->tail.len - len;
	const char *newline = memchr(text, '\n', len / 4);
	if (newline != NULL)
		return len - ((size_t)(newline - text) + 1);
	return len - text_rest(text, len);
}

static struct excerpt_ends
ends_of(const struct excerpt *excerpt)
{
	struct excerpt_ends ends = {
		.head = excerpt->head.len,
		.tail = least(excerpt->tail.len, excerpt->tail_limit),
	};
	if (excerpt->total == ends.head + ends.tail)
		return ends;
	ends.head = head_end(excerpt);
	ends.tail = tail_len(excerpt);
	ends.dropped = excerpt->total - ends.head - ends.tail;
	return ends;
}

uint64_t
excerpt_dropped(const struct excerpt *excerpt)
{
	return ends_of(excerpt).dropped;
}

void
excerpt_text(const struct excerpt *excerpt, struct str *out)
{
	const struct excerpt_ends ends = ends_of(excerpt);
	const char *head = str_text(&excerpt->head);
	const char *tail = str_text(&excerpt->tail) + excerpt->tail.len;
	str_add_n(out, head, ends.head);
	if (ends.dropped > 0)
		str_format(out, "%s[... %ju bytes left out ...]\n",
		    ends.head > 0 && head[ends.head - 1] == '\n' ? "" : "\n",
		    (uintmax_t)ends.dropped);
	str_add_n(out, tail - ends.tail, ends.tail);
}

bool
excerpt_repaired(const struct excerpt *excerpt, struct str *out)
{
	autostr struct str bytes = { 0 };
	excerpt_text(excerpt, &bytes);
	text_repair(out, str_text(&bytes), bytes.len);
	return !text_is_utf8(str_text(&bytes), bytes.len);
}

void
excerpt_release(struct excerpt *excerpt)
{
	str_release(&excerpt->head);
	str_release(&excerpt->tail);
	excerpt->total = 0;
}
