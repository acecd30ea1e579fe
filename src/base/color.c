/* SPDX-License-Identifier: MIT */
/* Colours, for people at a terminal only. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/color.h"

static bool forbidden;

void
color_forbid(void)
{
	forbidden = true;
}

bool
color_is_allowed(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	return (no_color == NULL || *no_color == '\0') && term != NULL &&
	    strcmp(term, "dumb") != 0;
}

bool
color_has(int fd)
{
	return !forbidden && color_is_allowed() && isatty(fd);
}

void
color_add(struct str *out, int fd, enum color color, const char *text)
{
	static const char *const codes[COLORS] = {
		[COLOR_PLAIN] = NULL,
		[COLOR_HEAD] = "1",
		[COLOR_GOOD] = "32",
		[COLOR_WARNING] = "33",
		[COLOR_BAD] = "31",
	};
	if (codes[color] != NULL && color_has(fd))
		str_format(out, "\033[%sm%s\033[0m", codes[color], text);
	else
		str_add(out, text);
}
