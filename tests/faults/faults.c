/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail: a library for LD_PRELOAD that lets one call of
 * prodigy end with an error without being made. scripts/sweep builds and uses
 * it. What it does is told by the environment:
 *
 *	FAULT_CALL	write, print, sync, open, create, rename, mkdir, unlink,
 *			spawn, pipe, allocate or truncate
 *	FAULT_AT	which call of that kind, from 1; 0 for none
 *	FAULT_ERRNO	the error, a number
 *	FAULT_LASTS	if not empty: all calls from then on
 *	FAULT_WHO	"supervisor", or "agent": each agent process
 *	FAULT_LOG	a file to which each call of each kind is appended
 *
 * Other programs, git for one, are left alone. Writes count only if they go to
 * files and devices, because a pipe has neither a size nor a disk; "print" is a
 * write to standard output or standard error.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	bool ready;
	bool active; /* this process is the one that is asked for */
	bool lasts;
	const char *call;
	const char *log;
	long at;
	int code;
	long seen; /* calls of the kind that is to fail */
} fault;

static bool
is_wanted_process(void)
{
	char path[4096];
	char line[4096] = "";
	const char *who = getenv("FAULT_WHO");
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (who == NULL || len < 0)
		return false;
	path[len] = '\0';
	const char *name = strrchr(path, '/');
	if (name == NULL || strcmp(name, "/prodigy") != 0)
		return false;
	int fd =
	    (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY);
	len = syscall(SYS_read, fd, line, sizeof(line) - 1);
	syscall(SYS_close, fd);
	const char *command = line + strlen(line) + 1;
	bool is_agent = len > 0 && command < line + len &&
	    strcmp(command, "agent-run") == 0;
	return is_agent == (strcmp(who, "agent") == 0);
}

static void
prepare(void)
{
	const char *at = getenv("FAULT_AT");
	const char *code = getenv("FAULT_ERRNO");
	const char *lasts = getenv("FAULT_LASTS");
	fault.ready = true;
	fault.call = getenv("FAULT_CALL");
	fault.log = getenv("FAULT_LOG");
	fault.at = at == NULL ? 0 : strtol(at, NULL, 10);
	fault.code = code == NULL ? EIO : (int)strtol(code, NULL, 10);
	fault.lasts = lasts != NULL && lasts[0] != '\0';
	fault.active = is_wanted_process();
}

static void
note(const char *call, const char *what)
{
	char line[4400];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, fault.log,
	    O_WRONLY | O_CREAT | O_APPEND, 0600);
	int len = snprintf(line, sizeof(line), "%s %.4096s\n", call, what);
	syscall(SYS_write, fd, line, (size_t)len);
	syscall(SYS_close, fd);
}

/* Whether this call is the one, with errno set then. */
static bool
fails(const char *call, const char *what)
{
	int saved = errno;
	if (!fault.ready)
		prepare();
	if (fault.active && fault.log != NULL)
		note(call, what);
	errno = saved;
	if (!fault.active || fault.call == NULL ||
	    strcmp(call, fault.call) != 0)
		return false;
	fault.seen++;
	if (fault.at == 0 || fault.seen < fault.at ||
	    (fault.seen > fault.at && !fault.lasts))
		return false;
	errno = fault.code;
	return true;
}

static bool
fd_fails(const char *call, int fd)
{
	char link[40];
	char path[4096];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	path[len < 0 ? 0 : len] = '\0';
	return fails(call, path);
}

/* Where the address of the function stands that would be called without us. */
static void *
next_of(const char *name)
{
	static void *address;
	address = dlsym(RTLD_NEXT, name);
	return &address;
}

#define REAL(name) (*(__typeof__(&name) *)next_of(#name))

/* --- writing ---------------------------------------------------------- */

ssize_t
write(int fd, const void *bytes, size_t n)
{
	struct stat st;
	if (fstat(fd, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode)) &&
	    fd_fails(fd <= STDERR_FILENO ? "print" : "write", fd))
		return -1;
	return REAL(write)(fd, bytes, n);
}

int
fsync(int fd)
{
	return fd_fails("sync", fd) ? -1 : REAL(fsync)(fd);
}

int
fdatasync(int fd)
{
	return fd_fails("sync", fd) ? -1 : REAL(fdatasync)(fd);
}

int
syncfs(int fd)
{
	return fd_fails("sync", fd) ? -1 : REAL(syncfs)(fd);
}

int
ftruncate(int fd, off_t len)
{
	return fd_fails("truncate", fd) ? -1 : REAL(ftruncate)(fd, len);
}

/* It returns the error. */
int
posix_fallocate(int fd, off_t start, off_t len)
{
	return fd_fails("allocate", fd) ? fault.code
					: REAL(posix_fallocate)(fd, start, len);
}

/* --- names ------------------------------------------------------------ */

static bool
open_fails(const char *path, int flags)
{
	return fails((flags & O_CREAT) != 0 ? "create" : "open", path);
}

static mode_t
mode_of(int flags, va_list list)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0
	    ? (mode_t)va_arg(list, unsigned)
	    : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	mode_t mode = mode_of(flags, list);
	va_end(list);
	return open_fails(path, flags) ? -1 : REAL(open)(path, flags, mode);
}

int
openat(int dir, const char *path, int flags, ...)
{
	va_list list;
	va_start(list, flags);
	mode_t mode = mode_of(flags, list);
	va_end(list);
	return open_fails(path, flags) ? -1
				       : REAL(openat)(dir, path, flags, mode);
}

int
rename(const char *from, const char *to)
{
	return fails("rename", to) ? -1 : REAL(rename)(from, to);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails("rename", to) ? -1
				   : REAL(renameat)(from_dir, from, to_dir, to);
}

int
mkdir(const char *path, mode_t mode)
{
	return fails("mkdir", path) ? -1 : REAL(mkdir)(path, mode);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	return fails("mkdir", path) ? -1 : REAL(mkdirat)(dir, path, mode);
}

int
unlink(const char *path)
{
	return fails("unlink", path) ? -1 : REAL(unlink)(path);
}

int
unlinkat(int dir, const char *path, int flags)
{
	return fails("unlink", path) ? -1 : REAL(unlinkat)(dir, path, flags);
}

/* --- processes -------------------------------------------------------- */

int
posix_spawn(pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const envp[])
{
	/* It returns the error. */
	return fails("spawn", argv[1] == NULL ? path : argv[1])
	    ? fault.code
	    : REAL(posix_spawn)(pid, path, actions, attr, argv, envp);
}

int
pipe2(int ends[2], int flags)
{
	return fails("pipe", "") ? -1 : REAL(pipe2)(ends, flags);
}
