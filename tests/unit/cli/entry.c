/* SPDX-License-Identifier: MIT */
/* What comes before the commands: descriptors, signals, the agent process. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/defs.h"
#include "cli/dispatch.h"
#include "program.h"

static void
commands_are_reached(struct program *p)
{
	char *argv[] = { (char[]){ "prodigy" }, (char[]){ "--version" }, NULL };
	program_begin(p);
	p->status = program_main(2, argv);
	program_end(p);
	program_ended(p, 0, "the program runs what its command line says");
	tap_is_text(str_text(&p->out), PACKAGE_NAME " " PACKAGE_VERSION "\n",
	    "and prints what was asked for");
	struct sigaction action;
	sigaction(SIGPIPE, NULL, &action);
	tap_ok(action.sa_handler == SIG_IGN,
	    "a closed pipe is seen by the write that fails");
}

/* The agent process gets its orders on standard input: here there are none. */
static void
the_agent_process_is_reached(struct program *p)
{
	char *argv[] = { (char[]){ "prodigy" }, (char[]){ "agent-run" }, NULL };
	fflush(stdout);
	program_begin(p);
	pid_t pid = fork();
	if (pid == 0)
		_exit(program_main(2, argv));
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		BUG("no exit status of a child");
	program_end(p);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) != 0,
	    "an agent process without orders fails");
}

/* In a process of its own: gives a bit for each of 0 to 2 that is open. */
static int
open_after_start(int first_closed)
{
	char *argv[] = { (char[]){ "prodigy" }, (char[]){ "-V" }, NULL };
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		int nowhere = open("/dev/null", O_WRONLY);
		dup2(nowhere, STDOUT_FILENO);
		for (int fd = first_closed; fd < 16; fd++)
			close(fd);
		program_main(2, argv);
		int open_ones = 0;
		for (int fd = 0; fd < 4; fd++)
			if (fcntl(fd, F_GETFD) >= 0)
				open_ones |= 1 << fd;
		_exit(open_ones);
	}
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		BUG("no exit status of a child");
	return WEXITSTATUS(status);
}

static void
standard_descriptors_are_open(void)
{
	for (int first = 0; first <= 3; first++)
		tap_is_int(open_after_start(first), 7,
		    "0, 1 and 2 are open, and nothing else, when those from "
		    "%d on were closed",
		    first);
}

int
main(void)
{
	autoprogram struct program p = { 0 };
	standard_descriptors_are_open();
	the_agent_process_is_reached(&p);
	commands_are_reached(&p);
	return tap_done();
}
