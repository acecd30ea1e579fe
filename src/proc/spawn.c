/* SPDX-License-Identifier: MIT */
/* posix_spawn(3) with everything said that a child must not inherit. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "proc/fds.h"
#include "proc/spawn.h"

/* --- finding a program ------------------------------------------------ */

#define DEFAULT_PATH "/usr/bin:/bin"

/* 0 or an errno. */
static int
why_not_executable(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return access(path, X_OK) == 0 ? 0 : errno;
}

static const char *
path_of_env(char *const *env)
{
	if (env == NULL)
		return getenv("PATH");
	for (; *env != NULL; env++) {
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	}
	return NULL;
}

static char *
by_path(const char *name, const char *dir, struct error *err)
{
	autofree char *path =
	    dir == NULL ? mem_text(name) : path_join(dir, name);
	errno = why_not_executable(path);
	if (errno != 0) {
		error_system(err, "program %s", path);
		return NULL;
	}
	char *found = path;
	path = NULL;
	return found;
}

/* NULL: not found, *why is raised from ENOENT to a better reason. */
static char *
in_directory(const char *dir, size_t len, const char *name, int *why)
{
	autofree char *entry = mem_text_n(dir, len);
	char *path = path_join(entry, name);
	int reason = why_not_executable(path);
	if (reason == 0)
		return path;
	free(path);
	if (reason == EACCES)
		*why = EACCES;
	return NULL;
}

static char *
by_search(const char *name, const char *search, struct error *err)
{
	int why = ENOENT;
	const char *entry = search;
	for (;;) {
		size_t len = strcspn(entry, ":");
		char *path = NULL;
		if (entry[0] == '/')
			path = in_directory(entry, len, name, &why);
		if (path != NULL)
			return path;
		if (entry[len] == '\0')
			break;
		entry += len + 1;
	}
	errno = why;
	error_system(err, "program %s in PATH", name);
	return NULL;
}

char *
program_find(
    const char *name, char *const *env, const char *dir, struct error *err)
{
	if (name[0] == '\0') {
		errno = ENOENT;
		error_system(err, "program with an empty name");
		return NULL;
	}
	if (strchr(name, '/') != NULL)
		return by_path(name, dir, err);
	const char *search = path_of_env(env);
	return by_search(name, search == NULL ? DEFAULT_PATH : search, err);
}

extern char **environ;

/* posix_spawn gives the same errno for a missing directory and program. */
static bool
check_dir(const char *dir, struct error *err)
{
	struct stat st;
	if (stat(dir, &st) != 0)
		return error_system(err, "directory %s", dir);
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return error_system(err, "directory %s", dir);
	}
	if (access(dir, X_OK) != 0)
		return error_system(err, "directory %s", dir);
	return true;
}

static int
add_fd(posix_spawn_file_actions_t *actions, int fd, int target)
{
	if (fd >= 0)
		return posix_spawn_file_actions_adddup2(actions, fd, target);
	return posix_spawn_file_actions_addopen(actions, target, "/dev/null",
	    target == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
}

/* 0 or an errno. */
static int
fill_actions(posix_spawn_file_actions_t *actions, const struct spawn *spawn)
{
	int code = 0;
	for (int i = 0; i < 3 && code == 0; i++)
		code = add_fd(actions, spawn->fds[i], i);
	if (code == 0 && spawn->dir != NULL)
		code =
		    posix_spawn_file_actions_addchdir_np(actions, spawn->dir);
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
	if (code == 0)
		code = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
	return code;
}

static int
fill_attributes(posix_spawnattr_t *attributes, bool own_group)
{
	int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	if (own_group) {
#ifdef POSIX_SPAWN_SETSID
		flags |= POSIX_SPAWN_SETSID;
#else
		flags |= POSIX_SPAWN_SETPGROUP;
#endif
	}
	sigset_t none;
	sigset_t defaults;
	sigemptyset(&none);
	sigfillset(&defaults);
	int code = posix_spawnattr_setflags(attributes, (short)flags);
	if (code == 0)
		code = posix_spawnattr_setsigmask(attributes, &none);
	if (code == 0)
		code = posix_spawnattr_setsigdefault(attributes, &defaults);
	if (code == 0)
		code = posix_spawnattr_setpgroup(attributes, 0);
	return code;
}

static int
spawn_at(const char *program, const struct spawn *spawn,
    const posix_spawn_file_actions_t *actions, pid_t *pid)
{
	posix_spawnattr_t attributes;
	int code = posix_spawnattr_init(&attributes);
	if (code != 0)
		return code;
	code = fill_attributes(&attributes, spawn->own_group);
	if (code == 0) {
		fds_spawn_begin();
		code = posix_spawn(pid, program, actions, &attributes,
		    spawn->argv, spawn->env == NULL ? environ : spawn->env);
		fds_spawn_end();
	}
	posix_spawnattr_destroy(&attributes);
	return code;
}

static int
spawn_program(const char *program, const struct spawn *spawn, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int code = posix_spawn_file_actions_init(&actions);
	if (code != 0)
		return code;
	code = fill_actions(&actions, spawn);
	if (code == 0)
		code = spawn_at(program, spawn, &actions, pid);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

pid_t
spawn_process(const struct spawn *spawn, struct error *err)
{
	const char *name = spawn->argv[0];
	if (spawn->dir != NULL && !check_dir(spawn->dir, err)) {
		error_wrap(err, "starting %s", name);
		return 0;
	}
	autofree char *program =
	    program_find(name, spawn->env, spawn->dir, err);
	if (program == NULL) {
		error_wrap(err, "starting %s", name);
		return 0;
	}
	pid_t pid = 0;
	errno = spawn_program(program, spawn, &pid);
	if (errno == 0)
		return pid;
	/* The file is there, so what is missing is what runs it. */
	if (errno == ENOENT)
		error_system(err, "starting %s: interpreter", program);
	else
		error_system(err, "starting %s", program);
	return 0;
}
