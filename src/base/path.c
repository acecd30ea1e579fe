/* SPDX-License-Identifier: MIT */
/* Paths as text. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#define NAME_LIMIT 255
#define ENCODED_LIMIT 200
#define HASH_DIGITS 16

char *
path_join(const char *dir, const char *name)
{
	if (*name == '/' || *dir == '\0')
		return mem_text(name);
	size_t len = strlen(dir);
	return mem_format("%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

char *
path_parent(const char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	return len == 0 ? mem_text(".") : mem_text_n(path, len);
}

const char *
path_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

char *
path_expand_home(const char *path)
{
	const char *home = getenv("HOME");
	if (path[0] != '~' || (path[1] != '\0' && path[1] != '/') ||
	    home == NULL || *home == '\0')
		return mem_text(path);
	return mem_format("%s%s", home, path + 1);
}

char *
path_real(const char *path, struct error *err)
{
	char *real = realpath(path, NULL);
	if (real == NULL)
		error_system(err, "%s", path);
	return real;
}

char *
path_absolute(const char *path, struct error *err)
{
	char *cwd = NULL;
	if (*path == '/')
		return mem_text(path);
	cwd = getcwd(NULL, 0);
	if (cwd == NULL) {
		error_system(err, "reading the current directory");
		return NULL;
	}
	char *joined = path_join(cwd, path);
	free(cwd);
	return joined;
}

bool
path_is_beneath(const char *path)
{
	if (*path == '\0' || *path == '/')
		return false;
	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
		if (*path == '/' && *++path == '\0')
			return false;
	}
	return true;
}

static bool
is_safe_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool
path_is_safe_name(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > NAME_LIMIT || *name == '.' || *name == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_safe_byte((unsigned char)name[i]))
			return false;
	return true;
}

char *
path_encode_name(const char *name)
{
	struct str out = { 0 };
	char digest[DIGEST_SHA256_HEX];
	if (path_is_safe_name(name) && strlen(name) <= ENCODED_LIMIT)
		return mem_text(name);
	for (const char *c = name; *c != '\0'; c++) {
		bool leads = c == name && (*c == '.' || *c == '-');
		if (is_safe_byte((unsigned char)*c) && !leads)
			str_add_char(&out, *c);
		else
			str_format(&out, "%%%02x", (unsigned char)*c);
	}
	if (out.len == 0)
		str_add(&out, "%");
	if (out.len > ENCODED_LIMIT) {
		digest_sha256(name, strlen(name), digest);
		str_cut(&out, ENCODED_LIMIT - HASH_DIGITS - 1);
		/* no other name has '~', so none can be made to look so */
		str_format(&out, "~%.*s", HASH_DIGITS, digest);
	}
	return str_take(&out);
}

bool
path_exists(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0;
}

bool
path_is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
make_dir(const char *path, struct error *err)
{
	if (mkdir(path, 0700) == 0 || (errno == EEXIST && path_is_dir(path)))
		return true;
	if (errno == EEXIST)
		errno = ENOTDIR;
	return error_system(err, "creating directory %s", path);
}

bool
path_make_dirs(const char *path, struct error *err)
{
	if (path_is_dir(path))
		return true;
	autofree char *parent = path_parent(path);
	if (strcmp(parent, path) != 0 && strcmp(parent, ".") != 0 &&
	    !path_make_dirs(parent, err))
		return false;
	return make_dir(path, err);
}

bool
path_list(const char *dir, struct strv *names, struct error *err)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	if (d == NULL && errno == ENOENT)
		return true;
	if (d == NULL)
		return error_system(err, "reading %s", dir);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			strv_add(names, entry->d_name);
	closedir(d);
	return true;
}
