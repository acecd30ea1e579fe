/* SPDX-License-Identifier: MIT */
/* Kernel locks on files that are never unlinked. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"

#define RETRY_MS 5
#define LOOK_MS 1
#define LOOK_TRIES 3
#define HOLDER_LIMIT 4096

static bool
held_by_other(int fd, const char *path, struct error *err)
{
	char holder[HOLDER_LIMIT];
	ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);
	holder[n > 0 ? n : 0] = '\0';
	holder[strcspn(holder, "\n")] = '\0';
	error_set(err, ERROR_STATE, "%s is locked%s%s", path,
	    holder[0] == '\0' ? "" : " by ", holder);
	return false;
}

static bool
write_holder(int fd, const char *holder, struct error *err)
{
	if (holder == NULL)
		return true;
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
		return error_system(err, "writing");
	return file_write_all(fd, holder, strlen(holder), err);
}

/* Tries more than once: whoever only looks holds the lock for a moment. */
static bool
try_lock(int fd)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	for (int tries = 1;; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || tries >= LOOK_TRIES)
			return false;
		nanosleep(&pause, NULL);
		errno = EWOULDBLOCK;
	}
}

int
lock_take(const char *path, const char *holder, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EISDIR && holder == NULL)
		fd =
		    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		error_system(err, "opening lock %s", path);
		return -1;
	}
	bool taken = try_lock(fd);
	if (!taken && errno == EWOULDBLOCK)
		held_by_other(fd, path, err);
	else if (!taken)
		error_system(err, "locking %s", path);
	else
		taken = write_holder(fd, holder, err) ||
		    error_wrap(err, "lock %s", path);
	if (!taken) {
		close(fd);
		return -1;
	}
	return fd;
}

int
lock_wait(const char *path, int64_t deadline, struct error *err)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };
	for (;;) {
		autoerror struct error why = { 0 };
		int fd = lock_take(path, NULL, &why);
		if (fd >= 0)
			return fd;
		if (why.kind != ERROR_STATE || clock_now() >= deadline) {
			error_move(err, &why);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
}

bool
lock_is_held(const char *path)
{
	autofd int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 &&
	    errno == EWOULDBLOCK;
}
