/* SPDX-License-Identifier: MIT */
/* Output to readers that are slow, asleep or gone. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "proc/outlet.h"

#define NOBODY 65534

/* Both ends of something, and an outlet on one of them. */
struct ends {
	struct loop *loop;
	struct outlet *outlet;
	int from;
	int to;
	struct str sent;
	struct str got;
};

static void
open_ends(struct ends *ends, int from, int to)
{
	*ends = (struct ends){ .from = from, .to = to };
	if (from < 0 || to < 0 || fcntl(from, F_SETFL, O_NONBLOCK) != 0)
		BUG("no ends");
	ends->loop = loop_new();
	ends->outlet = outlet_new(ends->loop, to);
}

static void
open_pipe(struct ends *ends)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		BUG("no pipe");
	open_ends(ends, fds[0], fds[1]);
}

static void
close_ends(struct ends *ends)
{
	outlet_free(ends->outlet);
	loop_free(ends->loop);
	if (ends->from >= 0)
		close(ends->from);
	close(ends->to);
	str_release(&ends->sent);
	str_release(&ends->got);
}

/* Lines that differ, so that what is lost or twice is seen. */
static void
send_lines(struct ends *ends, size_t bytes)
{
	size_t before = ends->sent.len;
	while (ends->sent.len - before < bytes) {
		char line[64];
		int n = snprintf(
		    line, sizeof(line), "line %zu of some\n", ends->sent.len);
		str_add_n(&ends->sent, line, (size_t)n);
		outlet_write(ends->outlet, line, (size_t)n);
	}
}

/* Reads until everything has come. */
static void
read_all(struct ends *ends)
{
	autoerror struct error err = { 0 };
	char buffer[65536];
	for (;;) {
		ssize_t n = read(ends->from, buffer, sizeof(buffer));
		if (n > 0) {
			str_add_n(&ends->got, buffer, (size_t)n);
			continue;
		}
		if (outlet_is_idle(ends->outlet) || n == 0)
			return;
		if (!loop_turn(ends->loop, -1, &err))
			BUG("%s", error_text(&err));
	}
}

static bool
got_all(const struct ends *ends)
{
	return ends->got.len == ends->sent.len &&
	    memcmp(ends->got.data, ends->sent.data, ends->sent.len) == 0;
}

/* --- readers that sleep ----------------------------------------------- */

static void
sleeping(struct ends *ends, const char *what)
{
	send_lines(ends, 10);
	tap_ok(outlet_is_idle(ends->outlet), "%s: a line is written at once",
	    what);
	send_lines(ends, 3000000);
	tap_ok(!outlet_is_idle(ends->outlet),
	    "%s: much waits while nobody reads", what);
	tap_ok((fcntl(ends->to, F_GETFL) & O_NONBLOCK) == 0,
	    "%s: the flags that others share stay", what);
	read_all(ends);
	tap_ok(got_all(ends) && outlet_failure(ends->outlet) == 0,
	    "%s: at last all has come, in order", what);
	close_ends(ends);
}

static void
sleeping_pipe(void)
{
	struct ends ends;
	open_pipe(&ends);
	sleeping(&ends, "a pipe");
}

static void
sleeping_socket(void)
{
	struct ends ends;
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		BUG("no sockets");
	open_ends(&ends, fds[0], fds[1]);
	sleeping(&ends, "a socket");
}

static int
open_terminal(int *master)
{
	char name[64];
	struct termios mode;
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0 ||
	    ptsname_r(*master, name, sizeof(name)) != 0)
		BUG("no pseudo terminal");
	int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	tcgetattr(fd, &mode);
	mode.c_oflag &= ~(tcflag_t)OPOST;
	tcsetattr(fd, TCSANOW, &mode);
	return fd;
}

static void
stopped_terminal(void)
{
	struct ends ends;
	int master;
	int fd = open_terminal(&master);
	open_ends(&ends, master, fd);
	tcflow(fd, TCOOFF); /* as Ctrl-S does */
	send_lines(&ends, 10000);
	tap_ok(!outlet_is_idle(ends.outlet),
	    "a stopped terminal is not waited for");
	tcflow(fd, TCOON);
	read_all(&ends);
	tap_ok(got_all(&ends), "it gets all when it goes on");
	close_ends(&ends);
}

/*
 * A pipe that may be written to but not opened: as somebody else, since root
 * may open everything. The exit status says what went wrong.
 */
static int
use_closed_fifo(const char *path)
{
	struct ends ends;
	int from = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CLOEXEC);
	if (from < 0 || to < 0 || chmod(path, 0) != 0 ||
	    (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0) ||
	    open(path, O_WRONLY | O_NONBLOCK) >= 0)
		return 2;
	open_ends(&ends, from, to);
	send_lines(&ends, 1000000);
	if (outlet_is_idle(ends.outlet) ||
	    (fcntl(to, F_GETFL) & O_NONBLOCK) != 0)
		return 3;
	read_all(&ends);
	return got_all(&ends) ? 0 : 4;
}

static void
closed_fifo(void)
{
	char dir[] = "/tmp/prodigy-outlet.XXXXXX";
	int status = 0;
	if (mkdtemp(dir) == NULL)
		BUG("no folder");
	autofree char *path = mem_format("%s/fifo", dir);
	if (mkfifo(path, 0600) != 0)
		BUG("no fifo");
	pid_t pid = fork();
	if (pid == 0)
		_exit(use_closed_fifo(path));
	waitpid(pid, &status, 0);
	tap_is_int(WEXITSTATUS(status), 0,
	    "a pipe that cannot be opened again is written in pieces");
	unlink(path);
	rmdir(dir);
}

/* --- readers that are gone -------------------------------------------- */

static void
gone(void)
{
	struct ends ends;
	open_pipe(&ends);
	send_lines(&ends, 300000);
	close(ends.from);
	ends.from = -1;
	send_lines(&ends, 10);
	tap_ok(outlet_is_idle(ends.outlet) && outlet_failure(ends.outlet) == 0,
	    "a reader that has closed is no failure");
	close_ends(&ends);

	open_ends(&ends, open("/dev/null", O_RDONLY),
	    open("/dev/full", O_WRONLY | O_CLOEXEC));
	send_lines(&ends, 10);
	tap_ok(outlet_is_idle(ends.outlet), "nothing waits for a full disk");
	tap_is_int(outlet_failure(ends.outlet), ENOSPC, "which is a failure");
	close_ends(&ends);
}

/* --- what may be left out --------------------------------------------- */

static void
offers(void)
{
	struct ends ends;
	size_t refused = 0;
	open_pipe(&ends);
	for (int i = 0; i < 200000; i++)
		refused += !outlet_offer(ends.outlet, "nothing new\n", 12);
	tap_ok(refused > 0 && outlet_is_full(ends.outlet),
	    "what is offered is left out when much waits");
	send_lines(&ends, 1000);
	read_all(&ends);
	tap_ok(ends.got.len > ends.sent.len &&
		memcmp(ends.got.data + ends.got.len - ends.sent.len,
		    ends.sent.data, ends.sent.len) == 0,
	    "what is not offered but written still comes");
	tap_is_int((long long)outlet_left_out(ends.outlet), (long long)refused,
	    "how often is counted");
	tap_is_int((long long)outlet_left_out(ends.outlet), 0, "once");
	tap_ok(outlet_offer(ends.outlet, "new\n", 4),
	    "afterwards offers are taken again");
	close_ends(&ends);
}

/* --- a source --------------------------------------------------------- */

static void
give(struct str *out, void *arg)
{
	size_t *left = arg;
	size_t n = *left < 5000 ? *left : 5000;
	memset(str_room(out, n), 'x', n);
	str_grown(out, n);
	*left -= n;
}

static void
source(void)
{
	struct ends ends;
	size_t left = 1000000;
	open_pipe(&ends);
	outlet_set_source(ends.outlet, give, &left);
	tap_ok(left > 900000 && !outlet_is_idle(ends.outlet),
	    "a source is asked for no more than can be written");
	read_all(&ends);
	tap_is_int((long long)ends.got.len, 1000000, "at last for everything");
	left = 10;
	tap_is_int((long long)ends.got.len, 1000000, "then it is left alone");
	outlet_wake(ends.outlet);
	read_all(&ends);
	tap_is_int(
	    (long long)ends.got.len, 1000010, "until there is said to be more");
	close_ends(&ends);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	sleeping_pipe();
	sleeping_socket();
	stopped_terminal();
	closed_fifo();
	gone();
	offers();
	source();
	return tap_done();
}
