/* SPDX-License-Identifier: MIT */
/* Output that waits in memory, not in write(2). */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "proc/outlet.h"

#define TURN_BYTES ((size_t)1024 * 1024) /* written in one turn, at most */

enum outlet_way {
	OUTLET_AT_ONCE, /* a write does not wait for anybody */
	OUTLET_NONBLOCKING, /* a description of our own */
	OUTLET_SOCKET,
	OUTLET_PIECEWISE, /* after a look whether a piece fits */
};

struct outlet {
	int fd;
	bool owns_fd;
	enum outlet_way way;
	struct watch *watch;
	struct str queue;
	size_t written; /* bytes at the front of the queue */
	outlet_source_fn *source; /* NULL: none */
	void *source_arg;
	bool source_is_empty; /* nothing came when it was asked */
	bool is_full; /* offers are left out */
	size_t left_out; /* how often */
	bool closed; /* by its reader, or by a failure */
	int failure;
};

/* --- how to write ----------------------------------------------------- */

static bool
may_wait(int fd, mode_t mode)
{
	return S_ISFIFO(mode) || S_ISSOCK(mode) || isatty(fd);
}

/* The same pipe or terminal once more, with flags of its own. */
static int
open_again(int fd)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void
choose_way(struct outlet *outlet)
{
	struct stat st;
	outlet->way = OUTLET_AT_ONCE;
	if (fstat(outlet->fd, &st) != 0 || !may_wait(outlet->fd, st.st_mode))
		return;
	if (S_ISSOCK(st.st_mode)) {
		outlet->way = OUTLET_SOCKET;
		return;
	}
	int fd = open_again(outlet->fd);
	outlet->way = fd >= 0 ? OUTLET_NONBLOCKING : OUTLET_PIECEWISE;
	if (fd < 0)
		return;
	outlet->fd = fd;
	outlet->owns_fd = true;
}

/* As write(2); EAGAIN when it would have to wait. */
static ssize_t
write_some(const struct outlet *outlet, const void *bytes, size_t len)
{
	struct pollfd room = { .fd = outlet->fd, .events = POLLOUT };
	switch (outlet->way) {
	case OUTLET_AT_ONCE:
	case OUTLET_NONBLOCKING:
		return write(outlet->fd, bytes, len);
	case OUTLET_SOCKET:
		return send(
		    outlet->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	case OUTLET_PIECEWISE:
		break;
	}
	if (poll(&room, 1, 0) == 1)
		return write(
		    outlet->fd, bytes, len < PIPE_BUF ? len : PIPE_BUF);
	errno = EAGAIN;
	return -1;
}

/* --- writing ---------------------------------------------------------- */

static size_t
waiting(const struct outlet *outlet)
{
	return outlet->queue.len - outlet->written;
}

static void
end_output(struct outlet *outlet, int why)
{
	/* A terminal that is gone says EIO. */
	bool is_gone = why == EPIPE || why == ECONNRESET ||
	    (why == EIO && outlet->way != OUTLET_AT_ONCE);
	outlet->closed = true;
	outlet->failure = is_gone ? 0 : why;
	outlet->written = 0;
	str_release(&outlet->queue);
	watch_set_events(outlet->watch, 0);
}

/* Makes sure that something waits, if there is anything at all. */
static bool
has_more(struct outlet *outlet)
{
	if (waiting(outlet) > 0)
		return true;
	outlet->written = 0;
	str_clear(&outlet->queue);
	if (outlet->source == NULL)
		return false;
	outlet->source(&outlet->queue, outlet->source_arg);
	outlet->source_is_empty = outlet->queue.len == 0;
	return !outlet->source_is_empty;
}

/* One write; false when it would have to wait, or output has ended. */
static bool
advance(struct outlet *outlet, size_t *left)
{
	size_t len = waiting(outlet) < *left ? waiting(outlet) : *left;
	ssize_t n =
	    write_some(outlet, outlet->queue.data + outlet->written, len);
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0) {
		if (errno != EAGAIN)
			end_output(outlet, errno);
		return false;
	}
	outlet->written += (size_t)n;
	*left -= (size_t)n;
	/* Each byte is moved once, however the pieces fall. */
	if (outlet->written > outlet->queue.len / 2) {
		str_drop(&outlet->queue, outlet->written);
		outlet->written = 0;
	}
	return true;
}

static void
flush(struct outlet *outlet)
{
	size_t left = TURN_BYTES;
	while (!outlet->closed && left > 0 && has_more(outlet) &&
	    advance(outlet, &left))
		continue;
	if (waiting(outlet) <= OUTLET_OFFER_LIMIT / 2)
		outlet->is_full = false;
	watch_set_events(outlet->watch, outlet_is_idle(outlet) ? 0 : POLLOUT);
}

static void
is_ready(int fd, short revents, void *arg)
{
	(void)fd;
	(void)revents; /* what an error or hang-up means a write tells */
	flush(arg);
}

/* --- the module ------------------------------------------------------- */

struct outlet *
outlet_new(struct loop *loop, int fd)
{
	struct outlet *outlet = mem_zalloc(sizeof(*outlet));
	outlet->fd = fd;
	choose_way(outlet);
	outlet->watch = loop_watch(loop, outlet->fd, 0, is_ready, outlet);
	return outlet;
}

void
outlet_free(struct outlet *outlet)
{
	if (outlet == NULL)
		return;
	watch_remove(outlet->watch);
	if (outlet->owns_fd)
		close(outlet->fd);
	str_release(&outlet->queue);
	free(outlet);
}

void
outlet_write(struct outlet *outlet, const void *bytes, size_t len)
{
	if (outlet->closed || len == 0)
		return;
	if (len > OUTLET_LIMIT - waiting(outlet)) {
		outlet->left_out++;
		return;
	}
	str_add_n(&outlet->queue, bytes, len);
	flush(outlet);
}

bool
outlet_offer(struct outlet *outlet, const void *bytes, size_t len)
{
	if (waiting(outlet) > 0 && waiting(outlet) + len > OUTLET_OFFER_LIMIT)
		outlet->is_full = true;
	if (outlet->is_full) {
		outlet->left_out++;
		return false;
	}
	outlet_write(outlet, bytes, len);
	return true;
}

bool
outlet_is_full(const struct outlet *outlet)
{
	return outlet->is_full;
}

size_t
outlet_left_out(struct outlet *outlet)
{
	size_t n = outlet->left_out;
	outlet->left_out = 0;
	return n;
}

void
outlet_set_source(struct outlet *outlet, outlet_source_fn *fn, void *arg)
{
	outlet->source = fn;
	outlet->source_arg = arg;
	outlet_wake(outlet);
}

void
outlet_wake(struct outlet *outlet)
{
	outlet->source_is_empty = false;
	flush(outlet);
}

bool
outlet_is_idle(const struct outlet *outlet)
{
	return outlet->closed ||
	    (waiting(outlet) == 0 &&
		(outlet->source == NULL || outlet->source_is_empty));
}

int
outlet_failure(const struct outlet *outlet)
{
	return outlet->failure;
}

bool
outlet_is_same(int a, int b)
{
	struct stat one;
	struct stat other;
	return fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
	    one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}
