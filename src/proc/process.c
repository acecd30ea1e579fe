/* SPDX-License-Identifier: MIT */
/* The only calls of kill(2), and what /proc tells. */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "proc/process.h"

#define READ_CHUNK 4096
/* Argument and environment space of a process is limited to this. */
#define PROCESS_FILE_MAX ((size_t)8 * 1024 * 1024)

bool
process_signal(pid_t pid, int signo)
{
	return pid > 1 && kill(pid, signo) == 0;
}

bool
process_signal_group(pid_t pgid, int signo)
{
	return pgid > 1 && kill(-pgid, signo) == 0;
}

/* --- what /proc tells ------------------------------------------------- */

void
pids_release(struct pids *pids)
{
	free(pids->items);
	*pids = (struct pids){ 0 };
}

static void
pids_add(struct pids *pids, pid_t pid)
{
	pids->items = mem_grow(
	    pids->items, &pids->cap, pids->n + 1, sizeof(*pids->items));
	pids->items[pids->n++] = pid;
}

/* A positive decimal number at *text, moved behind it; 0 if there is none. */
static pid_t
parse_pid(const char **text)
{
	char *end = NULL;
	if (**text < '0' || **text > '9')
		return 0;
	errno = 0;
	long value = strtol(*text, &end, 10);
	*text = end;
	return errno == 0 && value > 0 && value <= INT32_MAX ? (pid_t)value : 0;
}

/* These files have no size to go by. */
static bool
read_whole(const char *path, struct str *out)
{
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	while (out->len < PROCESS_FILE_MAX) {
		ssize_t n = read(fd, str_room(out, READ_CHUNK), READ_CHUNK);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0;
		str_grown(out, (size_t)n);
	}
	return true;
}

static bool
add_processes(uid_t uid, bool any_user, struct pids *pids)
{
	DIR *dir = opendir("/proc");
	if (dir == NULL)
		return false;
	const struct dirent *entry = NULL;
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		pid_t pid = parse_pid(&name);
		struct stat st;
		if (pid == 0 || *name != '\0')
			continue;
		if (any_user ||
		    (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
			st.st_uid == uid))
			pids_add(pids, pid);
	}
	closedir(dir);
	return pids->n > 0;
}

bool
process_of_user(uid_t uid, struct pids *pids)
{
	return add_processes(uid, false, pids);
}

static void
add_numbers(const char *text, struct pids *pids)
{
	while (*text != '\0') {
		pid_t pid = parse_pid(&text);
		if (pid > 0)
			pids_add(pids, pid);
		else if (*text != '\0')
			text++;
	}
}

/* False where the kernel was built without these lists. */
static bool
children_by_list(pid_t parent, struct pids *pids)
{
	autofree char *tasks = mem_format("/proc/%ld/task", (long)parent);
	DIR *dir = opendir(tasks);
	if (dir == NULL)
		return false;
	bool any = false;
	const struct dirent *entry = NULL;
	while ((entry = readdir(dir)) != NULL) {
		autofree char *path =
		    mem_format("%s/%s/children", tasks, entry->d_name);
		autostr struct str list = { 0 };
		if (entry->d_name[0] == '.' || !read_whole(path, &list))
			continue;
		any = true;
		add_numbers(str_text(&list), pids);
	}
	closedir(dir);
	return any;
}

/* "PID (NAME) STATE PPID ...", where NAME may hold anything. */
static pid_t
parent_of(pid_t pid)
{
	autofree char *path = mem_format("/proc/%ld/stat", (long)pid);
	autostr struct str stat = { 0 };
	if (!read_whole(path, &stat))
		return 0;
	const char *text = strrchr(str_text(&stat), ')');
	if (text == NULL || strlen(text) < 4)
		return 0;
	text += 4;
	return parse_pid(&text);
}

bool
process_children_by_scan(pid_t parent, struct pids *pids)
{
	autopids struct pids all = { 0 };
	if (!add_processes(0, true, &all))
		return false;
	for (size_t i = 0; i < all.n; i++) {
		if (parent_of(all.items[i]) == parent)
			pids_add(pids, all.items[i]);
	}
	return true;
}

bool
process_children(pid_t parent, struct pids *pids)
{
	return children_by_list(parent, pids) ||
	    process_children_by_scan(parent, pids);
}

bool
process_descendants(pid_t parent, struct pids *pids)
{
	size_t next = pids->n;
	bool has_lists = children_by_list(parent, pids);
	if (!has_lists && !process_children_by_scan(parent, pids))
		return false;
	/* The list is its own queue; who died meanwhile adds nothing. */
	for (; next < pids->n; next++) {
		if (has_lists)
			children_by_list(pids->items[next], pids);
		else
			process_children_by_scan(pids->items[next], pids);
	}
	return true;
}

bool
process_is_below(pid_t pid, pid_t ancestor)
{
	while (pid > 1 && pid != ancestor)
		pid = parent_of(pid);
	return pid == ancestor;
}

bool
process_environ(pid_t pid, struct str *out)
{
	autofree char *path = mem_format("/proc/%ld/environ", (long)pid);
	return read_whole(path, out);
}
