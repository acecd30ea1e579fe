/* SPDX-License-Identifier: MIT */
/* The tree of commands. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "agent/agent_main.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/entry.h"
#include "data/json.h"

static const struct command *const commands[] = {
	&cmd_run,
	&cmd_items,
	&cmd_validate,
	&cmd_events,
	&cmd_dlq,
	&cmd_sessions,
	&cmd_checkpoints,
	&cmd_worktree,
	&cmd_resume,
	&cmd_resume_job,
	&cmd_exec,
	&cmd_batch,
	&cmd_progress,
	&cmd_logs,
	&cmd_clean,
	&cmd_init,
	&cmd_template,
	&cmd_config,
	&cmd_completions,
	&cmd_migrate_yaml,
	&cmd_analytics,
	NULL,
};

static const struct command root = {
	.name = "prodigy",
	.summary = "Runs coding agents over a git repository, many at once, "
		   "and merges what they do",
	.synopsis = "COMMAND [ARGUMENT...]",
	.notes = "See prodigy(1), and prodigy-workflow(5) for the files it "
		 "runs.\n",
	.max_args = (size_t)-1,
	.children = commands,
};

/* Descriptors 0 to 2 may be closed: what is opened next must not be them. */
static void
open_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int
program_main(int argc, char **argv)
{
	open_standard_descriptors();
	if (getauxval(AT_SECURE) != 0) {
		log_error("refusing to run with the rights of another user");
		return 1;
	}
	/* A closed pipe is seen by the write that fails. */
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigaction(SIGPIPE, &ignore, NULL);
	json_init();
	if (argc == 2 && strcmp(argv[1], "agent-run") == 0)
		return agent_main();
	return command_main(&root, argc, argv);
}
