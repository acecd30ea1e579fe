/* SPDX-License-Identifier: MIT */
/* Tests of diagnostics on standard error. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/log.h"

#define TAKEN_SIZE 64

static int pipe_in = -1;
static char given_line[64];
static bool given_detail;

/* Standard error goes to a packet pipe: one read gives one write. */
static void
redirect(void)
{
	int fds[2];
	if (pipe2(fds, O_DIRECT | O_NONBLOCK) != 0 ||
	    dup2(fds[1], STDERR_FILENO) < 0)
		tap_ok(false, "a pipe");
	pipe_in = fds[0];
	close(fds[1]);
}

static void
wrote(const char *want, const char *what)
{
	char got[1024];
	ssize_t n = read(pipe_in, got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	tap_is_text(got, want, "%s", what);
}

static void
line_came(const char *line, size_t len, bool is_detail, void *arg)
{
	(void)arg;
	snprintf(given_line, sizeof(given_line), "%.*s", (int)len, line);
	given_detail = is_detail;
}

static void
lines(void)
{
	log_error("%s: %d", "file", 3);
	wrote("prodigy: file: 3\n", "an error is one line, in one write");
	log_warn("w");
	wrote("prodigy: warning: w\n", "a warning is called one");
	log_note("n");
	wrote("n\n", "a note stands as it is");
	log_note("%s", "");
	wrote("\n", "an empty note is an empty line");
	log_info("i");
	wrote("", "no info at the normal level");
	log_error("%s", "\033]0;title\a\xff");
	wrote("prodigy: \\e]0;title\\x07\\xff\n",
	    "control characters are made visible");
	log_error("a\nprodigy: b\n\n");
	wrote("prodigy: a\n    prodigy: b\n", "further lines are set in");
	errno = ENOENT;
	log_error("x");
	tap_is_int(errno, ENOENT, "errno is kept by a message");
	wrote("prodigy: x\n", "an error follows it on its own line");
}

static void
take(const char *text, void *arg)
{
	(void)strlcpy(arg, text, TAKEN_SIZE);
}

static void
sink(void)
{
	char taken[TAKEN_SIZE] = "";
	log_set_sink(take, taken);
	log_warn("%s", "w\033");
	wrote("", "with a sink a warning is not written");
	tap_is_text(taken, "w\033", "the sink gets it as it is");
	log_note("n");
	tap_is_text(taken, "n", "and notes as well");
	log_error("e");
	wrote("prodigy: e\n", "an error is written all the same");
	log_set_sink(NULL, NULL);
	log_warn("w");
	wrote("prodigy: warning: w\n", "without the sink it is as before");
}

static void
levels(void)
{
	log_set_level(LOG_QUIET);
	log_warn("w");
	log_note("n");
	wrote("", "the quiet level shows no warning and no note");
	log_error("e");
	wrote("prodigy: e\n", "the quiet level shows errors");
	log_set_level(LOG_VERBOSE);
	log_info("i");
	wrote("i\n", "the verbose level shows what is going on");
	log_debug("d");
	wrote("", "the verbose level shows nothing for debugging");
	log_set_level(LOG_TRACE);
	log_debug("d");
	wrote("debug: d\n", "the trace level shows what helps debugging");
	log_set_level(LOG_NORMAL);
}

static void
given(void)
{
	log_set_writer(line_came, NULL);
	log_note("n");
	tap_is_text(given_line, "n\n", "a writer gets the whole line");
	tap_ok(!given_detail, "a note is no detail");
	log_info("not shown");
	tap_is_text(given_line, "n\n", "but none that would not be written");
	log_set_level(LOG_VERBOSE);
	log_info("i");
	tap_ok(given_detail, "what is said on request is a detail");
	log_set_level(LOG_NORMAL);
	wrote("", "what a writer gets is not written");
	log_set_writer(NULL, NULL);
	log_note("n");
	wrote("n\n", "without a writer it is");
}

static void
closed(void)
{
	close(STDERR_FILENO);
	log_error("nobody hears");
	tap_ok(true, "standard error may be closed");
}

int
main(void)
{
	redirect();
	lines();
	sink();
	levels();
	given();
	closed();
	return tap_done();
}
