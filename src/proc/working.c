/* SPDX-License-Identifier: MIT */
/* Who works in a folder. */
#include "config.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "proc/working.h"

#define NAME_LIMIT 64

/* A folder that was removed reads "PATH (deleted)": nobody works there. */
static bool
works_in(const char *pid, const char *folder)
{
	char cwd[PATH_MAX];
	autofree char *link = mem_format("/proc/%s/cwd", pid);
	ssize_t len = readlink(link, cwd, sizeof(cwd) - 1);
	size_t n = strlen(folder);
	if (len <= 0)
		return false;
	cwd[len] = '\0';
	return strncmp(cwd, folder, n) == 0 &&
	    (cwd[n] == '\0' || cwd[n] == '/');
}

static void
describe(const char *pid, struct str *who)
{
	autoerror struct error ignored = { 0 };
	autostr struct str name = { 0 };
	autofree char *file = mem_format("/proc/%s/comm", pid);
	str_clear(who);
	if (file_read(file, NAME_LIMIT, &name, &ignored)) {
		str_cut(&name, strcspn(str_text(&name), "\n"));
		text_visible(who, str_text(&name), name.len, true);
		str_format(who, " (process %s)", pid);
	} else {
		str_format(who, "process %s", pid);
	}
}

bool
working_in(const char *folder, struct str *who)
{
	autoerror struct error ignored = { 0 };
	autofree char *real = path_real(folder, &ignored);
	DIR *dir = real == NULL ? NULL : opendir("/proc");
	const struct dirent *entry;
	bool found = false;
	if (dir == NULL)
		return false;
	while (!found && (entry = readdir(dir)) != NULL) {
		found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    works_in(entry->d_name, real);
		if (found)
			describe(entry->d_name, who);
	}
	closedir(dir);
	return found;
}
