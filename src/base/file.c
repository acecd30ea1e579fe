/* SPDX-License-Identifier: MIT */
/* Whole-file reading, durable replacement and durable appending. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"

#define NAME_TRIES 16
#define CHUNK 65536
#define REFUSED_WAIT_MS 1000
#define REFUSALS_MAX 64

static bool
too_large(const char *path, size_t limit, struct error *err)
{
	return error_set(
	    err, ERROR_INPUT, "%s is larger than %zu bytes", path, limit);
}

/* chunk is the size of the first read; the file may grow while it is read. */
static bool
read_rest(int fd, const char *path, size_t chunk, size_t limit, struct str *out,
    struct error *err)
{
	size_t start = out->len;
	for (;;) {
		char *room = str_room(out, chunk);
		ssize_t n = read(fd, room, chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return true;
		if (n > 0) {
			str_grown(out, (size_t)n);
			chunk = CHUNK;
		}
		bool failed = n < 0;
		if (!failed && out->len - start <= limit)
			continue;
		str_cut(out, start);
		return failed ? error_system(err, "reading %s", path)
			      : too_large(path, limit, err);
	}
}

bool
file_read(const char *path, size_t limit, struct str *out, struct error *err)
{
	struct stat st;
	/* Not blocking: the name may be that of a FIFO. */
	autofd int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_system(err, "reading %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(
		    err, ERROR_INPUT, "%s is not a regular file", path);
	if (st.st_size > 0 && (size_t)st.st_size > limit)
		return too_large(path, limit, err);
	return read_rest(fd, path, (size_t)st.st_size + 1, limit, out, err);
}

bool
file_read_at(
    int fd, uint64_t offset, size_t len, struct str *out, struct error *err)
{
	size_t start = out->len;
	unsigned long long at = offset;
	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return error_set(err, ERROR_STATE, "no file has %llu", at);
	while (len > 0) {
		char *room = str_room(out, len);
		ssize_t n = pread(fd, room, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			str_cut(out, start);
			return n < 0 ? error_system(err, "reading at %llu", at)
				     : error_set(err, ERROR_STATE,
					   "a file ends before %llu", at + len);
		}
		str_grown(out, (size_t)n);
		at += (size_t)n;
		len -= (size_t)n;
	}
	return true;
}

/*
 * After a refused write: true when the descriptor may take bytes now. One that
 * says so and refuses again and again is broken.
 */
static bool
wait_writable(int fd, int *refusals)
{
	struct pollfd refused = { .fd = fd, .events = POLLOUT };
	if (poll(&refused, 1, REFUSED_WAIT_MS) != 0)
		++*refusals;
	errno = EAGAIN;
	return *refusals < REFUSALS_MAX;
}

bool
file_write_all(int fd, const void *bytes, size_t len, struct error *err)
{
	const char *at = bytes;
	int refusals = 0;
	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && wait_writable(fd, &refusals))
			continue;
		if (n < 0)
			return error_system(err, "writing");
		refusals = 0;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static char *
temporary_name(const char *path)
{
	char random[FILE_RANDOM_DIGITS + 1];
	autofree char *dir = path_parent(path);
	autofree char *name = mem_format(".%.200s.%s" FILE_TEMPORARY_END,
	    path_name(path), id_hex(random, FILE_RANDOM_DIGITS));
	return path_join(dir, name);
}

bool
file_new_open(struct file_new *f, const char *path, struct error *err)
{
	*f = (struct file_new){ .fd = -1 };
	for (int i = 0; i < NAME_TRIES && f->fd < 0; i++) {
		free(f->temporary);
		f->temporary = temporary_name(path);
		f->fd = open(f->temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (f->fd < 0 && errno != EEXIST)
			break;
	}
	if (f->fd < 0) {
		error_system(err, "creating %s", f->temporary);
		free(f->temporary);
		*f = (struct file_new){ .fd = -1 };
		return false;
	}
	f->path = mem_text(path);
	return true;
}

void
file_new_abandon(struct file_new *f)
{
	if (f->temporary == NULL)
		return;
	if (f->fd >= 0)
		close(f->fd);
	unlink(f->temporary);
	free(f->temporary);
	free(f->path);
	*f = (struct file_new){ .fd = -1 };
}

static bool
sync_and_close(struct file_new *f, struct error *err)
{
	int synced, closed;
	do
		synced = fsync(f->fd);
	while (synced != 0 && errno == EINTR);
	if (synced != 0)
		return error_system(err, "syncing %s", f->path);
	closed = close(f->fd);
	f->fd = -1;
	/* interrupted, it is closed all the same */
	if (closed != 0 && errno != EINTR)
		return error_system(err, "closing %s", f->path);
	return true;
}

bool
file_new_commit(struct file_new *f, struct error *err)
{
	autofree char *dir = path_parent(f->path);
	if (!sync_and_close(f, err)) {
		file_new_abandon(f);
		return false;
	}
	if (rename(f->temporary, f->path) != 0) {
		error_system(err, "replacing %s", f->path);
		file_new_abandon(f);
		return false;
	}
	free(f->temporary);
	free(f->path);
	*f = (struct file_new){ .fd = -1 };
	return file_sync_dir(dir, err);
}

bool
file_replace(const char *path, const void *bytes, size_t len, struct error *err)
{
	struct file_new f;
	if (!file_new_open(&f, path, err))
		return false;
	if (!file_write_all(f.fd, bytes, len, err)) {
		file_new_abandon(&f);
		return error_wrap(err, "%s", path);
	}
	return file_new_commit(&f, err);
}

bool
file_replace_link(const char *path, const char *target, struct error *err)
{
	autofree char *temporary = NULL;
	autofree char *dir = path_parent(path);
	int made = -1;
	errno = EEXIST;
	for (int i = 0; i < NAME_TRIES && made != 0 && errno == EEXIST; i++) {
		free(temporary);
		temporary = temporary_name(path);
		made = symlink(target, temporary);
	}
	if (made != 0)
		return error_system(err, "linking %s", path);
	if (rename(temporary, path) != 0) {
		error_system(err, "replacing %s", path);
		unlink(temporary);
		return false;
	}
	return file_sync_dir(dir, err);
}

int
file_open_append(const char *path, struct error *err)
{
	int fd = open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		error_system(err, "opening %s", path);
	return fd;
}

bool
file_sync(int fd, struct error *err)
{
	int synced;
	do
		synced = fdatasync(fd);
	while (synced != 0 && errno == EINTR);
	if (synced == 0)
		return true;
	error_system(err, "syncing");
	err->kind = ERROR_STORAGE;
	return false;
}

bool
file_sync_dir(const char *dir, struct error *err)
{
	autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		return error_system(err, "syncing directory %s", dir);
	return true;
}

bool
file_set_cloexec(int fd)
{
	int flags = fcntl(fd, F_GETFD);
	return flags >= 0 && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == 0;
}

bool
file_set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return false;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) == 0;
}
