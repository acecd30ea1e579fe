/* SPDX-License-Identifier: MIT */
/* Head and tail of a long output. */
#include "config.h"

#include "proc/capture.h"

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Old bytes go when as many have gathered as are kept: one move per byte. */
static void
add_tail(struct capture *capture, const char *bytes, size_t len)
{
	size_t limit = capture->tail_limit;
	if (len >= limit) {
		str_clear(&capture->tail);
		str_add_n(&capture->tail, bytes + (len - limit), limit);
		return;
	}
	if (capture->tail.len + len > 2 * limit)
		str_drop(&capture->tail, capture->tail.len + len - limit);
	str_add_n(&capture->tail, bytes, len);
}

void
capture_add(struct capture *capture, const void *bytes, size_t len)
{
	capture->total += len;
	size_t room = capture->head_limit - capture->head.len;
	size_t first = least(room, len);
	if (first > 0)
		str_add_n(&capture->head, bytes, first);
	if (len > first)
		add_tail(capture, (const char *)bytes + first, len - first);
}

uint64_t
capture_dropped(const struct capture *capture)
{
	return capture->total - capture->head.len -
	    least(capture->tail.len, capture->tail_limit);
}

void
capture_text(const struct capture *capture, struct str *out)
{
	str_add_str(out, &capture->head);
	uint64_t dropped = capture_dropped(capture);
	if (dropped > 0)
		str_format(out, "\n[... %ju bytes left out ...]\n",
		    (uintmax_t)dropped);
	size_t len = least(capture->tail.len, capture->tail_limit);
	if (len > 0)
		str_add_n(
		    out, capture->tail.data + capture->tail.len - len, len);
}

void
capture_release(struct capture *capture)
{
	str_release(&capture->head);
	str_release(&capture->tail);
	capture->total = 0;
}
