/* SPDX-License-Identifier: MIT */
/* Tests of reading, replacing and appending to files. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "scratch.h"

/* The errno of the sync that fails, and which one it is; 0: none does. */
static struct {
	int code;
	int nth;
} sync_fault;

int
fsync(int fd)
{
	if (sync_fault.nth > 0 && --sync_fault.nth == 0) {
		errno = sync_fault.code;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

static void
holds(const char *path, const char *want, const char *what)
{
	autoerror struct error err = { 0 };
	autostr struct str got = { 0 };
	if (!file_read(path, 1000000, &got, &err))
		tap_note("%s", error_text(&err));
	tap_is_text(str_text(&got), want, "%s", what);
}

static void
reading(void)
{
	autoerror struct error err = { 0 };
	autostr struct str out = { 0 };
	scratch_write("f", "12345");
	str_add(&out, "0");
	tap_ok(file_read("f", 5, &out, &err),
	    "a file of as many bytes as allowed is read");
	tap_is_text(str_text(&out), "012345", "its bytes are appended");
	tap_ok(!file_read("f", 4, &out, &err),
	    "a file that is a byte too long is refused");
	tap_is_int(err.kind, ERROR_INPUT, "%s", error_text(&err));
	tap_is_text(str_text(&out), "012345", "nothing is appended then");
	error_release(&err);
	tap_ok(!file_read("none", 4, &out, &err) && err.code == ENOENT,
	    "none: %s", error_text(&err));
	error_release(&err);
	tap_ok(!file_read(".", 4, &out, &err) && err.kind == ERROR_INPUT,
	    "a directory: %s", error_text(&err));
	error_release(&err);
	tap_ok(mkfifo("fifo", 0600) == 0 && !file_read("fifo", 9, &out, &err),
	    "a FIFO does not block: %s", error_text(&err));
	error_release(&err);
	str_clear(&out);
	tap_ok(
	    file_read("/proc/self/status", 100000, &out, &err) && out.len > 100,
	    "a file that hides its size is read");
	size_t before = out.len;
	tap_ok(!file_read("/proc/self/status", 50, &out, &err),
	    "the limit counts for a file that hides its size");
	tap_is_int((long long)out.len, (long long)before,
	    "what was there before stays");
	scratch_write("empty", "");
	holds("empty", "", "an empty file reads as nothing");
}

static void
opening(void)
{
	autoerror struct error err = { 0 };
	scratch_write("f", "1");
	int fd = file_open_regular("f", &err);
	tap_ok(fd >= 0, "a regular file is opened to be read");
	close(fd);
	tap_ok(file_open_regular("fifo", &err) == -1 && err.kind == ERROR_INPUT,
	    "a FIFO is refused at once: %s", error_text(&err));
	error_release(&err);
	tap_ok(file_open_regular("/dev/zero", &err) == -1 &&
		err.kind == ERROR_INPUT,
	    "a device is refused: %s", error_text(&err));
	error_release(&err);
	tap_ok(file_open_regular("none", &err) == -1 && err.code == ENOENT,
	    "a file that is missing is told by its errno");
}

/* The lengths of the lines of a file, those cut to 4 bytes beside their own. */
static void
lines_are(const char *bytes, size_t len, const char *want, const char *name)
{
	autostr struct str line = { 0 };
	autostr struct str got = { 0 };
	uint64_t n;
	FILE *file = fopen("lines", "w+e");
	if (file == NULL || fwrite(bytes, 1, len, file) != len)
		BUG("no file of lines");
	rewind(file);
	while ((n = file_read_line(file, 4, &line)) > 0) {
		str_format(&got, "%d", (int)n);
		if (line.len < n)
			str_format(&got, ">%zu", line.len);
		str_add_char(&got, ' ');
	}
	fclose(file);
	tap_is_text(str_text(&got), want, "%s", name);
}

static void
reading_lines(void)
{
	autofree char *endless = mem_zalloc(10000);
	lines_are("", 0, "", "an empty file has no line");
	lines_are("\n\nab\n", 5, "1 1 3 ", "empty lines are lines");
	lines_are("abc\nd", 5, "4 1 ", "a last line may have no newline");
	lines_are("abcd\nabcdefgh\nx\n", 16, "5>4 9>4 2 ",
	    "a line that is too long is cut, and the next one is whole");
	lines_are("a\0b\n", 4, "4 ", "a NUL is a byte of its line");
	lines_are(endless, 10000, "10000>4 ", "what has no end takes no room");
}

static void
reading_at(void)
{
	autoerror struct error err = { 0 };
	autostr struct str out = { 0 };
	scratch_write("f", "0123456789");
	autofd int fd = open("f", O_RDONLY | O_CLOEXEC);
	tap_ok(file_read_at(fd, 3, 4, &out, &err), "a part of a file is read");
	tap_is_text(str_text(&out), "3456", "it is the right part");
	tap_ok(!file_read_at(fd, 8, 4, &out, &err),
	    "a part behind the end is refused");
	tap_is_int(err.kind, ERROR_STATE, "%s", error_text(&err));
	tap_is_text(str_text(&out), "3456", "nothing is appended for it");
	error_release(&err);
	tap_ok(!file_read_at(fd, UINT64_MAX, 4, &out, &err),
	    "a place that no file has is refused");
	error_release(&err);
	tap_ok(!file_read_at(fd, 4, SIZE_MAX, &out, &err),
	    "a length that no file has is refused");
	tap_ok(file_read_at(fd, 10, 0, &out, &err),
	    "no bytes can be read at the end");
}

static void
replacing(void)
{
	autoerror struct error err = { 0 };
	struct stat st;
	tap_ok(path_make_dirs("dir", &err), "a directory is made");
	tap_ok(file_replace("dir/f", "one", 3, &err), "a new file: %s",
	    error_text(&err));
	holds("dir/f", "one", "the new file has its text");
	tap_ok(stat("dir/f", &st) == 0 && (st.st_mode & 07777) == 0600,
	    "the new file is for the owner only");
	tap_ok(file_replace("dir/f", "2", 1, &err), "an old file is replaced");
	holds("dir/f", "2", "the old text is gone");
	tap_is_int(
	    scratch_entries("dir"), 1, "replacing leaves no temporary file");
	tap_ok(file_replace("bare", "x", 1, &err),
	    "a name without a directory is replaced");
	scratch_write("victim", "keep");
	tap_ok(symlink("../victim", "dir/link") == 0 &&
		file_replace("dir/link", "new", 3, &err),
	    "a link is replaced");
	holds("victim", "keep", "a link is not followed");
	holds("dir/link", "new", "a file stands in its place");
	tap_ok(!file_replace("none/f", "x", 1, &err), "no directory: %s",
	    error_text(&err));
	error_release(&err);
	tap_ok(!file_replace("dir", "x", 1, &err), "a directory stays: %s",
	    error_text(&err));
	tap_is_int(scratch_entries("dir"), 2, "and nothing is left");
}

static void
replacing_unsynced(int code, int nth, enum error_kind kind, const char *left)
{
	autoerror struct error err = { 0 };
	scratch_write("synced/f", "old");
	sync_fault.code = code;
	sync_fault.nth = nth;
	tap_ok(!file_replace("synced/f", "new", 3, &err) && err.kind == kind,
	    "sync %d fails with '%s', which is the kind of the error", nth,
	    strerror(code));
	holds("synced/f", left, "the old file stays until it is replaced");
	tap_is_int(scratch_entries("synced"), 1,
	    "a sync that fails leaves no temporary file");
}

static void
replacing_with_failing_syncs(void)
{
	autoerror struct error err = { 0 };
	if (!path_make_dirs("synced", &err))
		BUG("%s", error_text(&err));
	replacing_unsynced(EIO, 1, ERROR_STORAGE, "old");
	replacing_unsynced(ENOSPC, 1, ERROR_NO_SPACE, "old");
	replacing_unsynced(EIO, 2, ERROR_STORAGE, "new");
	sync_fault.code = EINTR;
	sync_fault.nth = 2;
	tap_ok(file_replace("synced/f", "all", 3, &err),
	    "a sync that a signal ended is made again");
}

static void
replacing_long_name(void)
{
	autoerror struct error err = { 0 };
	char name[256];
	memset(name, 'n', 255);
	name[255] = '\0';
	tap_ok(file_replace(name, "x", 1, &err), "a name of 255 bytes: %s",
	    error_text(&err));
	holds(name, "x", "is written");
}

/* A full disk, played by a limit on the size of files. */
static void
full(void)
{
	autoerror struct error err = { 0 };
	autofree char *big = mem_zalloc(100000);
	scratch_write("dir/f", "old");
	int before = scratch_entries("dir");
	signal(SIGXFSZ, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		const struct rlimit small = { 4096, 4096 };
		setrlimit(RLIMIT_FSIZE, &small);
		bool replaced = file_replace("dir/f", big, 100000, &err);
		_exit(!replaced && err.code == EFBIG ? 0 : 1);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	tap_is_int(status, 0, "what does not fit fails");
	holds("dir/f", "old", "the old file stays");
	tap_is_int(scratch_entries("dir"), before, "nothing is left behind");
}

static void
in_pieces(void)
{
	autoerror struct error err = { 0 };
	struct file_new f;
	int before = scratch_entries("dir");
	tap_ok(file_new_open(&f, "dir/f", &err), "a file is begun");
	tap_ok((fcntl(f.fd, F_GETFD) & FD_CLOEXEC) != 0,
	    "its descriptor is not inherited");
	tap_ok(file_write_all(f.fd, "a", 1, &err) &&
		file_write_all(f.fd, "b", 1, &err),
	    "it is written in pieces");
	holds("dir/f", "old", "nothing is seen before the end");
	tap_ok(file_new_commit(&f, &err), "it is committed");
	holds("dir/f", "ab", "all is seen after it");
	tap_ok(file_new_open(&f, "dir/f", &err), "it is begun again");
	file_new_abandon(&f);
	file_new_abandon(&f);
	holds("dir/f", "ab", "abandoned: nothing changes");
	tap_is_int(scratch_entries("dir"), before, "nothing is left behind");
	tap_ok(!file_new_open(&f, "none/f", &err) && f.fd == -1,
	    "nothing is begun without a directory");
	file_new_abandon(&f);
	tap_ok(true, "a failed open may be abandoned");
}

static void
links(void)
{
	autoerror struct error err = { 0 };
	char target[64];
	tap_ok(file_replace_link("dir/latest", "v1", &err), "a link is made");
	tap_ok(
	    file_replace_link("dir/latest", "v2", &err), "a link is replaced");
	ssize_t n = readlink("dir/latest", target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	tap_is_text(target, "v2", "the link points to the new place");
	int before = scratch_entries("dir");
	tap_ok(!file_replace_link("dir", "v3", &err), "not a directory: %s",
	    error_text(&err));
	tap_is_int(scratch_entries("dir"), before, "nothing is left behind");
}

static void
appending(void)
{
	autoerror struct error err = { 0 };
	int fd = file_open_append("log", &err);
	tap_ok(fd >= 0 && file_write_all(fd, "one\n", 4, &err),
	    "a log is created");
	close(fd);
	fd = file_open_append("log", &err);
	tap_ok(file_write_all(fd, "two\n", 4, &err) && file_sync(fd, &err),
	    "a log is opened again and synced");
	close(fd);
	holds("log", "one\ntwo\n", "what is written later stands behind");
	tap_ok(symlink("victim", "log2") == 0, "a link to a file is made");
	tap_is_int(
	    file_open_append("log2", &err), -1, "a link is not appended to");
	error_release(&err);
	int fds[2];
	if (pipe(fds) != 0)
		return;
	tap_ok(!file_sync(fds[0], &err) && err.kind == ERROR_STORAGE,
	    "what cannot be synced is a storage failure");
	error_release(&err);
	tap_ok(!file_sync_dir("none", &err),
	    "a directory that is not there cannot be synced");
	close(fds[0]);
	close(fds[1]);
}

/* A pipe that refuses while it is full, and a slow reader. */
static void
refusing_pipe(void)
{
	autoerror struct error err = { 0 };
	size_t len = 1 << 20;
	autofree char *bytes = mem_zalloc(len);
	int fds[2];
	if (pipe(fds) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		char buffer[8192];
		size_t total = 0;
		ssize_t n;
		close(fds[1]);
		usleep(50000);
		while ((n = read(fds[0], buffer, sizeof(buffer))) > 0)
			total += (size_t)n;
		_exit(total == len ? 0 : 1);
	}
	close(fds[0]);
	tap_ok(file_set_nonblocking(fds[1], true) && file_set_cloexec(fds[1]),
	    "flags of a descriptor are set");
	tap_ok(file_write_all(fds[1], bytes, len, &err), "all is written: %s",
	    error_text(&err));
	close(fds[1]);
	int status = -1;
	waitpid(pid, &status, 0);
	tap_is_int(status, 0, "the reader gets every byte");
	tap_ok(!file_set_cloexec(-1) && !file_set_nonblocking(-1, true),
	    "a wrong descriptor cannot be given flags");
	tap_ok(!file_write_all(-1, "x", 1, &err) && err.code == EBADF,
	    "nothing can be written to a wrong descriptor");
}

int
main(void)
{
	scratch_enter();
	reading();
	opening();
	reading_lines();
	reading_at();
	replacing();
	replacing_with_failing_syncs();
	replacing_long_name();
	full();
	in_pieces();
	links();
	appending();
	refusing_pipe();
	scratch_leave();
	return tap_done();
}
