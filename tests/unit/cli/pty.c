/* SPDX-License-Identifier: MIT */
/* A pseudo terminal within a test. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/file.h"
#include "pty.h"

/* Lines of input as usual, but no echo and no carriage returns. */
static void
set_modes(int fd)
{
	struct termios modes;
	if (tcgetattr(fd, &modes) != 0)
		BUG("tcgetattr failed");
	modes.c_oflag &= ~(tcflag_t)OPOST;
	modes.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	modes.c_lflag |= ICANON;
	if (tcsetattr(fd, TCSANOW, &modes) != 0)
		BUG("tcsetattr failed");
}

bool
pty_open(struct pty *pty, unsigned short columns)
{
	const struct winsize size = { .ws_row = 24, .ws_col = columns };
	char name[64];
	*pty = (struct pty){ .master = -1, .slave = -1 };
	pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->master < 0)
		return false;
	if (grantpt(pty->master) != 0 || unlockpt(pty->master) != 0 ||
	    ptsname_r(pty->master, name, sizeof(name)) != 0)
		BUG("a pseudo terminal cannot be prepared");
	pty->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->slave < 0 || ioctl(pty->slave, TIOCSWINSZ, &size) != 0)
		BUG("%s cannot be used", name);
	set_modes(pty->slave);
	if (fcntl(pty->master, F_SETFL, O_NONBLOCK) != 0)
		BUG("fcntl failed");
	return true;
}

void
pty_close(struct pty *pty)
{
	close(pty->slave);
	close(pty->master);
}

void
pty_type(const struct pty *pty, const char *keys)
{
	autoerror struct error err = { 0 };
	if (!file_write_all(pty->master, keys, strlen(keys), &err))
		BUG("%s", error_text(&err));
}

void
pty_take(const struct pty *pty, struct str *out)
{
	char bytes[4096];
	ssize_t n;
	while ((n = read(pty->master, bytes, sizeof(bytes))) > 0)
		str_add_n(out, bytes, (size_t)n);
}
