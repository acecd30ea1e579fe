/* SPDX-License-Identifier: MIT */
/*
 * Runs a command at a pseudo terminal and types what a person would, each time
 * when the text the person waits for was shown: nothing depends on time.
 *
 *	terminal [COLUMNS] [WAIT TYPE]... -- COMMAND [ARGUMENT...]
 *
 * What the command prints goes to standard output as it comes. \n, \e, \C and
 * \D in TYPE are Enter, Escape, Ctrl-C and Ctrl-D. The exit status is that of
 * the command, 128 and the signal when one has ended it, 99 when a text never
 * came.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000
#define FAILED 99

struct terminal {
	int master;
	pid_t pid;
	char **script; /* pairs of WAIT and TYPE, up to "--" */
	char *shown; /* since the last text that was waited for */
	size_t len;
};

static void
die(const char *what)
{
	fprintf(stderr, "terminal: %s: %s\n", what, strerror(errno));
	exit(FAILED);
}

static void
become_command(const char *name, unsigned short columns, char **command)
{
	const struct winsize size = { .ws_row = 24, .ws_col = columns };
	setsid();
	int fd = open(name, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0 ||
	    ioctl(fd, TIOCSWINSZ, &size) != 0)
		die(name);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	execvp(command[0], command);
	die(command[0]);
}

static void
start(struct terminal *terminal, unsigned short columns, char **command)
{
	char name[64];
	terminal->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->master < 0 || grantpt(terminal->master) != 0 ||
	    unlockpt(terminal->master) != 0 ||
	    ptsname_r(terminal->master, name, sizeof(name)) != 0)
		die("no pseudo terminal");
	terminal->pid = fork();
	if (terminal->pid < 0)
		die("fork");
	if (terminal->pid == 0)
		become_command(name, columns, command);
}

static void
type(const struct terminal *terminal, const char *text)
{
	for (; *text != '\0'; text++) {
		char key = *text;
		if (key == '\\' && text[1] != '\0') {
			text++;
			key = *text == 'n' ? '\n'
			    : *text == 'e' ? '\033'
			    : *text == 'C' ? '\003'
			    : *text == 'D' ? '\004'
					   : *text;
		}
		if (write(terminal->master, &key, 1) != 1)
			die("write");
	}
}

/* Types what is due now that this is shown, too. */
static void
show(struct terminal *terminal, const char *bytes, size_t n)
{
	if (fwrite(bytes, 1, n, stdout) < n || fflush(stdout) != 0)
		die("standard output");
	terminal->shown = realloc(terminal->shown, terminal->len + n + 1);
	if (terminal->shown == NULL)
		die("memory");
	memcpy(terminal->shown + terminal->len, bytes, n);
	terminal->len += n;
	while (strcmp(terminal->script[0], "--") != 0) {
		const char *wanted = terminal->script[0];
		char *at = memmem(
		    terminal->shown, terminal->len, wanted, strlen(wanted));
		if (at == NULL)
			return;
		at += strlen(wanted);
		terminal->len -= (size_t)(at - terminal->shown);
		memmove(terminal->shown, at, terminal->len);
		type(terminal, terminal->script[1]);
		terminal->script += 2;
	}
}

/* Until all that had the terminal open are gone: read() says EIO then. */
static void
follow(struct terminal *terminal)
{
	struct pollfd fd = { .fd = terminal->master, .events = POLLIN };
	char bytes[4096];
	for (;;) {
		int ready = poll(&fd, 1, PATIENCE_MS);
		if (ready < 0 && errno == EINTR)
			continue;
		ssize_t n = ready > 0 ? read(fd.fd, bytes, sizeof(bytes)) : -2;
		if (n == -2) {
			fprintf(stderr, "terminal: waited in vain for '%s'\n",
			    terminal->script[0]);
			kill(terminal->pid, SIGKILL);
			exit(FAILED);
		}
		if (n <= 0)
			return;
		show(terminal, bytes, (size_t)n);
	}
}

/* The words of the script, or the command behind "--". */
static char **
command_of(char **words)
{
	while (*words != NULL && strcmp(*words, "--") != 0) {
		if (words[1] == NULL)
			return NULL;
		words += 2;
	}
	return *words == NULL || words[1] == NULL ? NULL : words + 1;
}

int
main(int argc, char **argv)
{
	struct terminal terminal = { .script = argv + 1 };
	unsigned short columns = 80;
	int status = 0;
	if (argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9') {
		columns = (unsigned short)strtoul(argv[1], NULL, 10);
		terminal.script++;
	}
	char **command = command_of(terminal.script);
	if (command == NULL) {
		fputs("usage: terminal [COLUMNS] [WAIT TYPE]... -- COMMAND "
		      "[ARGUMENT...]\n",
		    stderr);
		return 2;
	}
	start(&terminal, columns, command);
	follow(&terminal);
	if (waitpid(terminal.pid, &status, 0) != terminal.pid)
		die("waitpid");
	free(terminal.shown);
	if (strcmp(terminal.script[0], "--") != 0) {
		fprintf(stderr, "terminal: it ended without '%s'\n",
		    terminal.script[0]);
		return FAILED;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
