/* SPDX-License-Identifier: MIT */
/* Descriptors above the three standard ones, and their limit. */
#include "config.h"

#include <sys/resource.h>

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/file.h"
#include "proc/fds.h"

#define FIRST_FREE 3

int
fds_copy(int fd, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
	if (copy == -1)
		error_system(err, "duplicating a descriptor");
	return copy;
}

void
fds_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static bool
raw_pipe(int ends[2])
{
#ifdef HAVE_PIPE2
	return pipe2(ends, O_CLOEXEC) == 0;
#else
	if (pipe(ends) != 0)
		return false;
	file_set_cloexec(ends[0]);
	file_set_cloexec(ends[1]);
	return true;
#endif
}

static bool
lift(int *fd, struct error *err)
{
	if (*fd >= FIRST_FREE)
		return true;
	int copy = fds_copy(*fd, err);
	if (copy == -1)
		return false;
	close(*fd);
	*fd = copy;
	return true;
}

bool
fds_pipe(int ends[2], struct error *err)
{
	if (!raw_pipe(ends)) {
		ends[0] = ends[1] = -1;
		return error_system(err, "opening a pipe");
	}
	if (lift(&ends[0], err) && lift(&ends[1], err))
		return true;
	fds_close(&ends[0]);
	fds_close(&ends[1]);
	return false;
}

/* --- how many there may be -------------------------------------------- */

/* Process-wide like the limit itself. */
static struct {
	bool raised;
	struct rlimit original;
	struct rlimit own;
} nofile;

bool
fds_raise_limit(struct error *err)
{
	struct rlimit limit;
	if (nofile.raised || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return true;
	if (limit.rlim_max < FDS_NEEDED)
		return error_set(err, ERROR_SYSTEM,
		    "%ju files may be open at once, and %d are needed: see "
		    "ulimit -n",
		    (uintmax_t)limit.rlim_max, FDS_NEEDED);
	nofile.original = limit;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return true;
	nofile.own = limit;
	nofile.raised = nofile.original.rlim_cur != limit.rlim_cur;
	return true;
}

void
fds_spawn_begin(void)
{
	if (nofile.raised)
		setrlimit(RLIMIT_NOFILE, &nofile.original);
}

void
fds_spawn_end(void)
{
	if (nofile.raised)
		setrlimit(RLIMIT_NOFILE, &nofile.own);
}
