/* SPDX-License-Identifier: MIT */
/* Colours: who gets them, and what they are. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../tap.h"
#include "base/color.h"
#include "base/file.h"

static void
check_text(int fd, enum color color, const char *want, const char *name)
{
	autostr struct str text = { 0 };
	color_add(&text, fd, color, "word");
	tap_is_text(str_text(&text), want, "%s", name);
}

int
main(void)
{
	autofd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	autofd int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	check_text(file, COLOR_BAD, "word", "a file gets no colours");
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) {
		tap_skip("there are no pseudo terminals");
		return tap_done();
	}
	autofd int fd = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	check_text(fd, COLOR_BAD, "\033[31mword\033[0m",
	    "a terminal gets colours, which end with the text");
	check_text(fd, COLOR_PLAIN, "word", "plain text has none");
	setenv("NO_COLOR", "", 1);
	tap_ok(color_has(fd), "an empty NO_COLOR forbids nothing");
	setenv("NO_COLOR", "1", 1);
	tap_ok(!color_has(fd), "NO_COLOR forbids colours");
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	tap_ok(!color_has(fd), "a dumb terminal has none");
	unsetenv("TERM");
	tap_ok(!color_has(fd), "nor has one without a name");
	setenv("TERM", "xterm", 1);
	color_forbid();
	check_text(fd, COLOR_BAD, "word", "--no-color forbids them");
	return tap_done();
}
