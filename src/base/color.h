/* SPDX-License-Identifier: MIT */
/*
 * Colours, for people at a terminal only. What they say is said by words as
 * well, so that nothing is lost without them.
 */
#ifndef BASE_COLOR_H
#define BASE_COLOR_H

#include <stdbool.h>

#include "base/str.h"

enum color {
	COLOR_PLAIN,
	COLOR_HEAD, /* headers of tables */
	COLOR_GOOD,
	COLOR_WARNING,
	COLOR_BAD,
	COLORS
};

/* From now on no descriptor takes colours. */
void color_forbid(void);
/*
 * Whether the environment lets a program use more than plain lines on a
 * terminal: NO_COLOR is unset or empty, and TERM is set and not "dumb".
 */
bool color_is_allowed(void);
/* Whether a descriptor takes colours: a terminal, and nobody forbids them. */
bool color_has(int fd);

/*
 * Appends text as it stands, in a colour if fd takes them. The text must be
 * fit for a terminal already, and in one line.
 */
void color_add(struct str *out, int fd, enum color color, const char *text);

#endif
