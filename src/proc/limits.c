/* SPDX-License-Identifier: MIT */
/* Resource limits and the number of agents that follows from them. */
#include "config.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "proc/limits.h"

/* Process-wide like the limit itself. */
static struct {
	bool raised;
	struct rlimit original;
	struct rlimit own;
} nofile;

void
limits_raise_nofile(void)
{
	struct rlimit limit;
	if (nofile.raised || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	nofile.original = limit;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	nofile.own = limit;
	nofile.raised = nofile.original.rlim_cur != limit.rlim_cur;
}

void
limits_spawn_begin(void)
{
	if (nofile.raised)
		setrlimit(RLIMIT_NOFILE, &nofile.original);
}

void
limits_spawn_end(void)
{
	if (nofile.raised)
		setrlimit(RLIMIT_NOFILE, &nofile.own);
}

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
	if (now.rlim_cur <= LIMITS_FDS_RESERVED)
		return 0;
	return (now.rlim_cur - LIMITS_FDS_RESERVED) / LIMITS_FDS_PER_SLOT;
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
	return (now.rlim_cur - used) / LIMITS_PROCESSES_PER_SLOT;
}

static void
explain(struct str *why, unsigned slots, unsigned wanted, const char *what,
    uint64_t limit)
{
	if (why == NULL)
		return;
	str_clear(why);
	str_format(why,
	    "%u instead of %u agents at once: the limit of %s is %ju", slots,
	    wanted, what, (uintmax_t)limit);
}

unsigned
limits_slots(unsigned wanted, struct str *why)
{
	unsigned slots = wanted;
	uint64_t limit = 0;
	uint64_t allowed = slots_by_nofile(&limit);
	if (allowed < slots) {
		slots = allowed == 0 ? 1 : (unsigned)allowed;
		explain(why, slots, wanted, "open files", limit);
	}
	allowed = slots_by_nproc(&limit);
	if (allowed < slots) {
		slots = allowed == 0 ? 1 : (unsigned)allowed;
		explain(why, slots, wanted, "processes", limit);
	}
	return slots == 0 ? 1 : slots;
}
