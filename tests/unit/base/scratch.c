/* SPDX-License-Identifier: MIT */
/* A directory of its own for a test that touches files. */
#include "config.h"

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#include "scratch.h"

static char *scratch;

void
scratch_enter(void)
{
	const char *tmp = getenv("TMPDIR");
	scratch = mem_format("%s/base.XXXXXX", tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(scratch) == NULL || chdir(scratch) != 0)
		err(99, "%s", scratch);
}

void
scratch_leave(void)
{
	struct error error = { 0 };
	if (chdir("/") != 0 || !file_remove_tree(scratch, &error))
		errx(99, "%s: %s", scratch, error_text(&error));
	free(scratch);
}

void
scratch_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0)
		err(99, "%s", path);
}

int
scratch_entries(const char *path)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		return -1;
	int n = 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}
