/* SPDX-License-Identifier: MIT */
/* Command lines run within the test. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../tap.h"
#include "base/defs.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/dispatch.h"
#include "data/json.h"
#include "program.h"

#define WORDS_MAX 32
#define OUTPUT_LIMIT ((size_t)16 * 1024 * 1024)

/* The standard descriptors of the test, and the files in their place. */
static int kept[3];
static int files[3];

static int
temporary_file(void)
{
	int fd = memfd_create("prodigy-test", MFD_CLOEXEC);
	if (fd < 0)
		BUG("no temporary file");
	return fd;
}

static void
give_input(int fd, const char *text)
{
	autoerror struct error err = { 0 };
	if (text != NULL && !file_write_all(fd, text, strlen(text), &err))
		BUG("%s", error_text(&err));
	lseek(fd, 0, SEEK_SET);
}

void
program_begin(struct program *program)
{
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 3; i++) {
		kept[i] = dup(i);
		files[i] = temporary_file();
		if (i == STDIN_FILENO)
			give_input(files[i], program->input);
		int wanted =
		    program->pty == NULL ? files[i] : program->pty->slave;
		if (kept[i] < 0 || dup2(wanted, i) < 0)
			BUG("descriptor %d cannot be replaced", i);
	}
	clearerr(stdin);
	str_clear(&program->out);
	str_clear(&program->err);
	log_set_level(LOG_NORMAL);
}

static void
read_back(int fd, struct str *out)
{
	ssize_t n;
	lseek(fd, 0, SEEK_SET);
	do {
		n = read(fd, str_room(out, 65536), 65536);
		if (n > 0)
			str_grown(out, (size_t)n);
	} while (n > 0);
}

void
program_end(struct program *program)
{
	fflush(stdout);
	fflush(stderr);
	if (program->pty != NULL)
		pty_take(program->pty, &program->out);
	else
		read_back(files[STDOUT_FILENO], &program->out);
	read_back(files[STDERR_FILENO], &program->err);
	for (int i = 0; i < 3; i++) {
		dup2(kept[i], i);
		close(kept[i]);
		close(files[i]);
	}
	log_set_level(LOG_NORMAL);
}

void
program_run(struct program *program, ...)
{
	char *argv[WORDS_MAX] = { (char[]){ "prodigy" } };
	int argc = 1;
	va_list args;
	va_start(args, program);
	for (char *word; (word = va_arg(args, char *)) != NULL;) {
		if (argc == WORDS_MAX - 1)
			BUG("too many words");
		argv[argc++] = word;
	}
	va_end(args);
	program_begin(program);
	program->status = dispatch_line(
	    program->root == NULL ? &commands_root : program->root, argc, argv);
	program_end(program);
}

void
program_release(struct program *program)
{
	str_release(&program->out);
	str_release(&program->err);
}

/* Each line is a note of its own, so that none passes for a line of TAP. */
static void
note_lines(const char *label, const char *text)
{
	tap_note("  %s:", label);
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		tap_note("    %.*s", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

bool
program_ended(const struct program *program, int status, const char *name)
{
	bool held = tap_is_int(program->status, status, "%s", name);
	if (!held)
		tap_note(
		    "%s%s", str_text(&program->out), str_text(&program->err));
	return held;
}

bool
program_has(const char *text, const char *part, const char *name)
{
	bool held = tap_ok(strstr(text, part) != NULL, "%s", name);
	if (!held) {
		note_lines("wanted", part);
		note_lines("in", text);
	}
	return held;
}

bool
program_printed(
    const struct program *program, const char *text, const char *name)
{
	return program_has(str_text(&program->out), text, name);
}

bool
program_said(const struct program *program, const char *text, const char *name)
{
	return program_has(str_text(&program->err), text, name);
}

json_t *
program_json(const struct program *program)
{
	autoerror struct error err = { 0 };
	json_t *json = json_load_text(
	    str_text(&program->out), program->out.len, "output", &err);
	tap_ok(json != NULL, "standard output is one JSON document %s",
	    error_text(&err));
	return json;
}
