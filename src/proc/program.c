/* SPDX-License-Identifier: MIT */
/* Looking up executables without starting them. */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "proc/program.h"

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
