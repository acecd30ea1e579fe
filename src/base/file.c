/* SPDX-License-Identifier: MIT */
/* Whole-file reading, durable replacement and durable appending. */
#include "config.h"

#include <dirent.h>
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
#define RANDOM_DIGITS 8 /* in the name of a temporary file */
#define CHUNK 65536
#define LINE_BLOCK 4096
#define REFUSED_WAIT_MS 1000
#define REFUSALS_MAX 64
/* Directories below each other that are open at once while a tree goes. */
#define DEPTH_MAX 64
#define PASSES_MAX 4 /* over a directory that others are filling */
#define MOVED_DIGITS 16
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

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

/* Not blocking: the name may be that of a FIFO. */
int
file_open_regular(const char *path, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0)
		error_system(err, "reading %s", path);
	else if (S_ISREG(st.st_mode))
		return fd;
	else
		error_set(err, ERROR_INPUT, "%s is not a regular file", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

uint64_t
file_read_line(FILE *file, size_t limit, struct str *line)
{
	char block[LINE_BLOCK];
	uint64_t n = 0;
	int c = 0;
	str_clear(line);
	while (c != '\n' && c != EOF) {
		size_t held = 0;
		while (held < sizeof(block) && c != '\n' &&
		    (c = getc_unlocked(file)) != EOF)
			block[held++] = (char)c;
		n += held;
		if (held > limit - line->len)
			held = limit - line->len;
		str_add_n(line, block, held);
	}
	return n;
}

bool
file_read(const char *path, size_t limit, struct str *out, struct error *err)
{
	struct stat st;
	autofd int fd = file_open_regular(path, err);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0)
		return error_system(err, "reading %s", path);
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
	char random[RANDOM_DIGITS + 1];
	autofree char *dir = path_parent(path);
	autofree char *name = mem_format(
	    ".%.200s.%s.tmp", path_name(path), id_hex(random, RANDOM_DIGITS));
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

/* What the disk holds is not known any more, unless it only was full. */
static bool
sync_failed(const char *what, const char *path, struct error *err)
{
	error_system(err, "syncing %s%s", what, path);
	if (err->kind != ERROR_NO_SPACE)
		err->kind = ERROR_STORAGE;
	return false;
}

static bool
sync_and_close(struct file_new *f, struct error *err)
{
	int synced, closed;
	do
		synced = fsync(f->fd);
	while (synced != 0 && errno == EINTR);
	if (synced != 0)
		return sync_failed("", f->path, err);
	closed = close(f->fd);
	f->fd = -1;
	/* interrupted, it is closed all the same */
	if (closed != 0 && errno != EINTR)
		return error_system(err, "closing %s", f->path);
	return true;
}

/* Puts the file, which is closed, in its place. */
static bool
put_in_place(struct file_new *f, struct error *err)
{
	if (rename(f->temporary, f->path) != 0) {
		error_system(err, "replacing %s", f->path);
		file_new_abandon(f);
		return false;
	}
	free(f->temporary);
	free(f->path);
	*f = (struct file_new){ .fd = -1 };
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
	return put_in_place(f, err) && file_sync_dir(dir, err);
}

static bool
write_new(struct file_new *f, const char *path, const void *bytes, size_t len,
    struct error *err)
{
	if (!file_new_open(f, path, err))
		return false;
	if (file_write_all(f->fd, bytes, len, err))
		return true;
	file_new_abandon(f);
	return error_wrap(err, "%s", path);
}

bool
file_replace(const char *path, const void *bytes, size_t len, struct error *err)
{
	struct file_new f;
	return write_new(&f, path, bytes, len, err) && file_new_commit(&f, err);
}

bool
file_replace_derived(
    const char *path, const void *bytes, size_t len, struct error *err)
{
	struct file_new f;
	if (!write_new(&f, path, bytes, len, err))
		return false;
	close(f.fd);
	f.fd = -1;
	return put_in_place(&f, err);
}

bool
file_replace_whole(
    const char *path, const void *bytes, size_t len, struct error *err)
{
	struct file_new f;
	if (!write_new(&f, path, bytes, len, err))
		return false;
	if (sync_and_close(&f, err))
		return put_in_place(&f, err);
	file_new_abandon(&f);
	return false;
}

bool
file_replace_link(const char *path, const char *target, struct error *err)
{
	autofree char *temporary = NULL;
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
	return true;
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
	int synced;
	if (fd < 0)
		return error_system(err, "syncing directory %s", dir);
	do
		synced = fsync(fd);
	while (synced != 0 && errno == EINTR);
	return synced == 0 || sync_failed("directory ", dir, err);
}

/* --- removing --------------------------------------------------------- */

bool
file_remove(const char *path, struct error *err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	return error_system(err, "removing %s", path);
}

/*
 * Trees that others built, and may still be building. Descriptors and the stack
 * are bounded whatever the depth: a directory that is too deep is moved up to
 * the top of its tree and met again there.
 */
struct file_removal {
	const char *path; /* borrowed; for messages */
	int top; /* the tree's own directory */
	size_t moved; /* directories moved up in this pass */
	int depth;
};

static bool empty_dir(struct file_removal *r, int fd, struct error *err);

static bool
removal_failed(
    const struct file_removal *r, const char *name, struct error *err)
{
	return error_system(err, "removing %s (at %s)", r->path, name);
}

/* A directory may lack the permissions that emptying it needs. */
static int
open_dir(int at, const char *name)
{
	struct stat st;
	int fd = openat(at, name, DIR_FLAGS);
	if (fd < 0 && errno == EACCES) {
		if (fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW) != 0)
			return -1;
		fd = openat(at, name, DIR_FLAGS);
	}
	/* A failed chmod shows in what follows. */
	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)!fchmod(fd, 0700);
	return fd;
}

static bool
move_up(struct file_removal *r, int at, const char *name, struct error *err)
{
	char random[MOVED_DIGITS + 1];
	autofree char *moved =
	    mem_format(".moved.%s", id_hex(random, MOVED_DIGITS));
	/* A directory that changes its parent must be writable itself. */
	(void)!fchmodat(at, name, 0700, AT_SYMLINK_NOFOLLOW);
	if (renameat(at, name, r->top, moved) != 0)
		return errno == ENOENT || removal_failed(r, name, err);
	r->moved++;
	return true;
}

/* why: the errno by which unlink refused. */
static bool
remove_dir(struct file_removal *r, int at, const char *name, int why,
    struct error *err)
{
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		int fd = open_dir(at, name);
		if (fd < 0 && errno == ENOENT)
			return true;
		if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
			errno = why;
		if (fd < 0)
			return removal_failed(r, name, err);
		if (!empty_dir(r, fd, err))
			return false;
		if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return true;
		if (errno != ENOTEMPTY && errno != EEXIST)
			break;
	}
	return removal_failed(r, name, err);
}

static bool
remove_entry(
    struct file_removal *r, int at, const char *name, struct error *err)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return true;
	int why = errno;
	if (why != EISDIR && why != EPERM && why != EACCES)
		return removal_failed(r, name, err);
	if (r->depth == DEPTH_MAX)
		return move_up(r, at, name, err);
	r->depth++;
	bool removed = remove_dir(r, at, name, why, err);
	r->depth--;
	return removed;
}

/* Takes fd. */
static bool
empty_dir(struct file_removal *r, int fd, struct error *err)
{
	DIR *dir = fdopendir(fd);
	if (dir == NULL) {
		removal_failed(r, ".", err);
		close(fd);
		return false;
	}
	bool emptied = true;
	const struct dirent *entry;
	while (emptied && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			emptied = remove_entry(r, fd, name, err);
	}
	closedir(dir);
	return emptied;
}

/* Empties the tree from its top and removes it; *done unless it filled up. */
static bool
remove_pass(struct file_removal *r, bool *done, struct error *err)
{
	r->moved = 0;
	int fd = openat(r->top, ".", DIR_FLAGS);
	if (fd < 0)
		return removal_failed(r, ".", err);
	if (!empty_dir(r, fd, err))
		return false;
	*done = rmdir(r->path) == 0 || errno == ENOENT;
	if (!*done && errno != ENOTEMPTY && errno != EEXIST)
		return removal_failed(r, ".", err);
	return true;
}

bool
file_remove_tree(const char *path, struct error *err)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	int why = errno;
	autofd int top = open_dir(AT_FDCWD, path);
	struct file_removal r = { .path = path, .top = top };
	if (top < 0) {
		if (errno == ENOENT)
			return true;
		errno = errno == ENOTDIR || errno == ELOOP ? why : errno;
		return error_system(err, "removing %s", path);
	}
	bool done = false;
	for (int vain = 0; !done && vain < PASSES_MAX;) {
		if (!remove_pass(&r, &done, err))
			return false;
		vain += r.moved == 0;
	}
	if (done)
		return true;
	errno = ENOTEMPTY;
	return error_system(err, "removing %s", path);
}

/* --- flags of descriptors --------------------------------------------- */

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
