/* SPDX-License-Identifier: MIT */
/* The write_file step. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/step_write_file.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "data/yaml.h"

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define FILE_FLAGS                                                             \
	(O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

static bool
refuse(struct error *err, const char *path, const char *why)
{
	return error_set(err, ERROR_INPUT, "write_file: %s: %s", path, why);
}

/*
 * Whether a name leads into the repository's own files, on file systems that
 * ignore case, or blanks and dots at the end of a name, as well.
 */
static bool
is_git_name(const char *name, size_t len)
{
	return len >= 4 && strncasecmp(name, ".git", 4) == 0 &&
	    (len == 4 || name[4] == ' ' || name[4] == '.' || name[4] == ':');
}

static bool
has_git_name(const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		if (is_git_name(path, len))
			return true;
		path += len;
		path += strspn(path, "/");
	}
	return false;
}

/* Replaces the descriptor of a directory by that of one beneath it. */
static bool
step_into(int *dir, const char *name, bool create, struct error *err)
{
	if (create && mkdirat(*dir, name, 0777) == -1 && errno != EEXIST)
		return error_system(
		    err, "write_file: making directory %s", name);
	int next = openat(*dir, name, DIR_FLAGS);
	if (next == -1) {
		if (errno == ELOOP || errno == ENOTDIR)
			return refuse(err, name, "is no directory");
		return error_system(err, "write_file: directory %s", name);
	}
	close(*dir);
	*dir = next;
	return true;
}

static int
open_last(int dir, const char *name, unsigned mode, struct error *err)
{
	struct stat status;
	int fd = openat(dir, name, FILE_FLAGS, (mode_t)mode);
	if (fd == -1) {
		if (errno == ELOOP)
			refuse(err, name, "is a symbolic link");
		else
			error_system(err, "write_file: %s", name);
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    fchmod(fd, (mode_t)mode) == 0 && ftruncate(fd, 0) == 0)
		return fd;
	refuse(err, name, "is no regular file of ours");
	close(fd);
	return -1;
}

/*
 * Opens path for writing beneath the directory dir, emptied, with mode. Gives a
 * descriptor, or -1.
 */
static int
open_beneath(const char *dir, const char *path, bool create_dirs, unsigned mode,
    struct error *err)
{
	autofd int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *rest = mem_text(path);
	char *name = rest;
	if (at == -1) {
		error_system(err, "write_file: directory %s", dir);
		return -1;
	}
	if (!path_is_beneath(path)) {
		refuse(err, path, "leads out of the work tree");
		return -1;
	}
	if (has_git_name(path)) {
		refuse(err, path, "leads into .git");
		return -1;
	}
	for (char *slash = strchr(name, '/'); slash != NULL;
	     slash = strchr(name, '/')) {
		*slash = '\0';
		if (!step_into(&at, name, create_dirs, err))
			return -1;
		name = slash + 1;
	}
	return open_last(at, name, mode & 0777, err);
}

static bool
format_json(const struct str *content, struct str *out, struct error *err)
{
	json_t *value =
	    json_load_text(str_text(content), content->len, "content", err);
	if (value == NULL)
		return error_wrap(err, "write_file: not JSON");
	json_pretty(value, out);
	json_decref(value);
	return true;
}

static bool
format_yaml(const struct str *content, struct str *out, struct error *err)
{
	struct yaml_doc doc = { 0 };
	if (!yaml_load("content", str_text(content), content->len, &doc, err))
		return error_wrap(err, "write_file");
	json_t *value =
	    doc.root == NULL ? json_null() : yaml_to_json(&doc, doc.root, err);
	bool ok = value != NULL && yaml_emit(value, out, err);
	json_decref(value);
	yaml_doc_release(&doc);
	return ok;
}

/* The bytes that content becomes in a format. */
static bool
format_content(enum write_format format, const struct str *content,
    struct str *out, struct error *err)
{
	switch (format) {
	case WRITE_TEXT:
		str_add_str(out, content);
		return true;
	case WRITE_JSON:
		return format_json(content, out, err);
	case WRITE_YAML:
		return format_yaml(content, out, err);
	case WRITE_FORMATS:
		break;
	}
	BUG("write format %d", (int)format);
}

/* Where path goes on beneath dir, or NULL when it is somewhere else. */
static const char *
beneath(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (strncmp(path, dir, len) != 0 || path[len] != '/')
		return NULL;
	return path + len + strspn(path + len, "/");
}

/* Splits an absolute path into a directory that is allowed and the rest. */
static bool
choose_root(
    const char *path, const char **dir, const char **rest, struct error *err)
{
	const char *temporary = getenv("TMPDIR");
	if (temporary == NULL || temporary[0] != '/')
		temporary = "/tmp";
	*rest = path;
	if (path[0] != '/')
		return true;
	const char *below = beneath(path, *dir);
	if (below == NULL) {
		below = beneath(path, temporary);
		*dir = below == NULL ? *dir : temporary;
	}
	if (below == NULL)
		return refuse(err, path, "leads out of the work tree");
	*rest = below;
	return true;
}

static bool
write_file(const struct chain *chain, const struct step *step, const char *dir,
    struct str *said, struct error *err)
{
	const struct write_file *file = &step->file;
	autostr struct str path = { 0 };
	autostr struct str content = { 0 };
	autostr struct str bytes = { 0 };
	const char *rest;
	if (!chain_text(chain, file->path, &path, NULL, err) ||
	    !template_text(file->content, chain->scope, &content, NULL, err) ||
	    !format_content(file->format, &content, &bytes, err) ||
	    !choose_root(str_text(&path), &dir, &rest, err))
		return false;
	autofd int fd =
	    open_beneath(dir, rest, file->create_dirs, file->mode, err);
	if (fd == -1)
		return false;
	if (!file_write_all(fd, str_text(&bytes), bytes.len, err))
		return error_wrap(err, "write_file: %s", str_text(&path));
	str_format(said, "Wrote %zu bytes to %s", bytes.len, str_text(&path));
	return true;
}

void
step_write_file_run(
    struct chain *chain, const struct step *step, struct outcome *outcome)
{
	autoerror struct error err = { 0 };
	autofree char *dir = chain_directory(chain, step, &err);
	if (dir == NULL || !write_file(chain, step, dir, &outcome->out, &err)) {
		failure_take_error(&outcome->failure, CAUSE_COMMAND, &err);
		str_add(&outcome->err, outcome->failure.message);
		return;
	}
	chain_show(chain, false, str_text(&outcome->out), outcome->out.len);
	chain_show(chain, false, "\n", 1);
}
