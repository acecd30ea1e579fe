/* SPDX-License-Identifier: MIT */
/* A question at the terminal, while the event loop goes on. */
#include "config.h"

#include <poll.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "run/ask.h"

struct answer {
	bool done;
	bool yes;
};

/* The terminal gives whole lines: one read is one answer. */
static void
input_came(int fd, short revents, void *arg)
{
	struct answer *answer = arg;
	char line[256];
	ssize_t n = read(fd, line, sizeof(line) - 1);
	(void)revents;
	answer->done = true;
	if (n <= 0)
		return;
	line[n] = '\0';
	const char *word = text_trim(line);
	answer->yes = *word == '\0' || strcasecmp(word, "y") == 0 ||
	    strcasecmp(word, "yes") == 0;
}

static void
say(const char *text)
{
	autoerror struct error closed = { 0 };
	/* A question that cannot be shown is not answered with yes. */
	if (!file_write_all(STDERR_FILENO, text, strlen(text), &closed))
		return;
}

bool
ask_user(struct supervisor *sup, const char *question)
{
	autoerror struct error err = { 0 };
	struct answer answer = { 0 };
	autofree char *text = mem_format("%s [Y/n] ", question);
	struct watch *watch =
	    loop_watch(sup->loop, STDIN_FILENO, POLLIN, input_came, &answer);
	say(text);
	while (!answer.done && !supervisor_is_stopping(sup))
		if (!loop_turn(sup->loop, -1, &err))
			break;
	watch_remove(watch);
	if (!answer.done)
		say("\n");
	return answer.yes;
}
