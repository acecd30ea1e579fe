/* SPDX-License-Identifier: MIT */
/* A temporary folder for a test. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/defs.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "scratch.h"

static char *folder;

const char *
scratch_dir(void)
{
	autoerror struct error err = { 0 };
	if (folder != NULL)
		return folder;
	const char *tmp = getenv("TMPDIR");
	autofree char *made =
	    mem_format("%s/prodigy-XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(made) == NULL)
		BUG("no temporary folder");
	folder = path_real(made, &err);
	return folder;
}

char *
scratch_path(const char *name)
{
	return path_join(scratch_dir(), name);
}

void
scratch_write(const char *path, const void *bytes, size_t len)
{
	autoerror struct error err = { 0 };
	autofd int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || !file_write_all(fd, bytes, len, &err))
		BUG("cannot write %s", path);
}

void
scratch_read(const char *path, struct str *out)
{
	autoerror struct error err = { 0 };
	str_clear(out);
	if (!file_read(path, (size_t)256 * 1024 * 1024, out, &err))
		BUG("%s", error_text(&err));
}

size_t
scratch_count(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	size_t n = 0;
	while (d != NULL && (entry = readdir(d)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	if (d != NULL)
		closedir(d);
	return n;
}

json_t *
scratch_json(const char *text)
{
	autoerror struct error err = { 0 };
	json_t *json = json_load_text(text, strlen(text), "test", &err);
	if (json == NULL)
		BUG("%s", error_text(&err));
	return json;
}

void
scratch_done(void)
{
	autoerror struct error err = { 0 };
	if (folder != NULL && !file_remove_tree(folder, &err))
		BUG("%s", error_text(&err));
	free(folder);
	folder = NULL;
}
