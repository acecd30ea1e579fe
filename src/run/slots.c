/* SPDX-License-Identifier: MIT */
/* The number of agents at once that the limits of the system allow. */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/slots.h"

#define FDS_RESERVED 64 /* kept for our own files */
#define FDS_PER_SLOT 6 /* pipes of an agent and of git for it */
#define PROCESSES_PER_SLOT 4 /* agent, shell, program, git */

/* Threads of one process, 0 if it is another user's or gone. */
static unsigned
threads_of(int proc, const char *pid, uid_t uid)
{
	char path[64];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s/task", pid);
	if (len < 0 || (size_t)len >= sizeof(path))
		return 0;
	if (fstatat(proc, path, &st, 0) != 0 || st.st_uid != uid)
		return 0;
	/* A link for each subdirectory, and two more. */
	return st.st_nlink > 2 ? (unsigned)st.st_nlink - 2 : 1;
}

/* What RLIMIT_NPROC counts; 0 where /proc does not tell. */
static uint64_t
tasks_of_user(uid_t uid)
{
	DIR *dir = opendir("/proc");
	if (dir == NULL)
		return 0;
	uint64_t n = 0;
	const struct dirent *entry = NULL;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			n += threads_of(dirfd(dir), entry->d_name, uid);
	}
	closedir(dir);
	return n;
}

static uint64_t
slots_by_nofile(uint64_t *limit)
{
	struct rlimit now;
	if (getrlimit(RLIMIT_NOFILE, &now) != 0 ||
	    now.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	*limit = now.rlim_cur;
	if (now.rlim_cur <= FDS_RESERVED)
		return 0;
	return (now.rlim_cur - FDS_RESERVED) / FDS_PER_SLOT;
}

static uint64_t
slots_by_nproc(uint64_t *limit)
{
	struct rlimit now;
	/* The superuser is exempt. */
	if (geteuid() == 0 || getrlimit(RLIMIT_NPROC, &now) != 0 ||
	    now.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	*limit = now.rlim_cur;
	uint64_t used = tasks_of_user(getuid());
	if (now.rlim_cur <= used)
		return 0;
	return (now.rlim_cur - used) / PROCESSES_PER_SLOT;
}

static void
explain(struct str *why, const char *what, uint64_t limit)
{
	str_clear(why);
	str_format(why, "the limit of %s is %ju", what, (uintmax_t)limit);
}

unsigned
slots_allowed(unsigned wanted, struct str *why)
{
	unsigned slots = wanted;
	uint64_t limit = 0;
	uint64_t allowed = slots_by_nofile(&limit);
	if (allowed < slots) {
		slots = allowed == 0 ? 1 : (unsigned)allowed;
		explain(why, "open files", limit);
	}
	allowed = slots_by_nproc(&limit);
	if (allowed < slots) {
		slots = allowed == 0 ? 1 : (unsigned)allowed;
		explain(why, "processes", limit);
	}
	return slots == 0 ? 1 : slots;
}
