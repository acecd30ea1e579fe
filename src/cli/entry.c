/* SPDX-License-Identifier: MIT */
/* What comes before the commands: the state of the process. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "agent/agent_main.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/dispatch.h"
#include "cli/entry.h"
#include "data/json.h"

/* Where 0 to 2 are closed, what is opened later must not become them. */
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
	return dispatch_line(&commands_root, argc, argv);
}
