/* SPDX-License-Identifier: MIT */
/* Runs scripts in the shells of this host, for the tests of templates. */
#include "config.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "shells.h"

static char directory[64];
static char complaints[80];

const char *const *
shells_found(void)
{
	static const char *found[3];
	size_t n = 0;
	if (access("/bin/dash", X_OK) == 0)
		found[n++] = "/bin/dash";
	if (access("/bin/bash", X_OK) == 0)
		found[n++] = "/bin/bash";
	return found;
}

static void
read_all(int fd, struct str *out)
{
	for (;;) {
		ssize_t n = read(fd, str_room(out, 65536), 65536);
		if (n <= 0)
			return;
		str_grown(out, (size_t)n);
	}
}

int
shells_run(const char *shell, const char *script, const struct strv *env,
    struct str *printed)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	autostrv struct strv argv = { 0 };
	strv_add(&argv, shell);
	strv_add(&argv, "-c");
	strv_add(&argv, script);
	autostrv struct strv full = { 0 };
	strv_add(&full, "PATH=/usr/local/bin:/usr/bin:/bin");
	strv_add(&full, "LC_ALL=C.UTF-8");
	strv_copy(&full, env);
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2,
	    directory[0] == '\0' ? "/dev/null" : complaints,
	    O_WRONLY | O_CREAT | O_TRUNC, 0600);
	pid_t pid;
	int failed = posix_spawn(
	    &pid, shell, &actions, NULL, strv_array(&argv), strv_array(&full));
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	int status = -1;
	if (failed == 0) {
		read_all(ends[0], printed);
		if (waitpid(pid, &status, 0) != pid)
			status = -1;
	}
	close(ends[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
leave(void)
{
	autoerror struct error err = { 0 };
	unlink(complaints);
	if (chdir("/") != 0 || !file_remove_tree(directory, &err))
		printf("# %s stays: %s\n", directory, error_text(&err));
}

bool
shells_complained(void)
{
	struct stat st;
	return stat(complaints, &st) == 0 && st.st_size > 0;
}

void
shells_enter_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/prodigy-shells-XXXXXX");
	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		abort();
	snprintf(complaints, sizeof(complaints), "%s.stderr", directory);
	atexit(leave);
}
