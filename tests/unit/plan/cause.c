/* SPDX-License-Identifier: MIT */
/* The line that says why something failed, and its signature. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "data/json.h"
#include "plan/cause.h"

/*
 * Of tests/cases/cause.txt: "2 " before a line of standard error, "1 " before
 * one of the output, "= " the line that is found, "~ " its signature, and a
 * blank line at the end of each. Lines with "#" are comments.
 */
struct output {
	struct str out, err;
	char *line;
	char *signature;
	unsigned number;
};

static void
release(struct output *output)
{
	str_release(&output->out);
	str_release(&output->err);
	free(output->line);
	free(output->signature);
	*output = (struct output){ 0 };
}

static void
check(struct output *output)
{
	if (output->line == NULL)
		return;
	autojson json_t *item = json_pack(
	    "{s:s, s:[s]}", "file", "src/price.c", "tags", "round-up");
	autofree char *found = cause_find(&output->err, &output->out);
	tap_is_text(found, output->line, "line %u: the cause", output->number);
	struct failure failure = { .cause = CAUSE_COMMAND, .exit_code = 1 };
	failure.said = found;
	autofree char *signature = cause_signature(&failure, item);
	if (output->signature != NULL)
		tap_is_text(signature + strlen("CommandFailed::"),
		    output->signature, "line %u: its signature",
		    output->number);
}

static void
take(struct output *output, const char *line, size_t len)
{
	const char *text = line + 2;
	const size_t n = len - 2;
	if (*line == '2' || *line == '1') {
		struct str *to = *line == '2' ? &output->err : &output->out;
		str_add_n(to, text, n);
		str_add_char(to, '\n');
	} else if (*line == '=') {
		output->line = mem_text_n(text, n);
	} else if (*line == '~') {
		output->signature = mem_text_n(text, n);
	}
}

static void
test_cases(void)
{
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	autofree char *path =
	    path_join(getenv("top_srcdir"), "tests/cases/cause.txt");
	struct output output = { 0 };
	unsigned number = 0;
	if (!file_read(path, 1 << 20, &text, &err))
		BUG("%s", error_text(&err));
	for (const char *line = str_text(&text); *line != '\0';) {
		const size_t len = strcspn(line, "\n");
		number++;
		if (len < 2 && output.number > 0) {
			check(&output);
			release(&output);
		} else if (len >= 2 && *line != '#') {
			if (output.number == 0)
				output.number = number;
			take(&output, line, len);
		}
		line += len + (line[len] == '\n');
	}
	check(&output);
	release(&output);
}

static void
test_nothing(void)
{
	static const struct str none = { 0 };
	autofree char *found = cause_find(&none, &none);
	tap_ok(found == NULL, "who prints nothing has no cause");
	const struct failure no_failure = { 0 };
	autofree char *line = cause_line(&no_failure);
	tap_ok(line == NULL, "a success has none either");
}

static void
test_lines(void)
{
	struct failure failure = { 0 };
	failure_set(&failure, CAUSE_COMMAND, 3, "shell: a failed");
	failure.step = mem_text("shell: a");
	autofree char *silent = cause_line(&failure);
	tap_is_text(silent, "exit 3", "a silent command has its status");
	failure.said = mem_text("it broke");
	autofree char *said = cause_line(&failure);
	tap_is_text(said, "exit 3: it broke", "and what it said");
	failure_set(&failure, CAUSE_COMMIT_REQUIRED, 1, "Agent\nfailed: a b");
	autofree char *commit = cause_line(&failure);
	tap_is_text(commit, "no commit, though one is required",
	    "a missing commit is told in short");
	failure_set(&failure, CAUSE_CLAUDE, 1, "claude: rate limit: \033[1m");
	autofree char *claude = cause_line(&failure);
	tap_is_text(claude, "claude: rate limit: \\e[1m",
	    "other causes are the message in one visible line");
	failure_release(&failure);
}

/* Whatever is printed, the line and the signature are short. */
static void
test_long(void)
{
	static const struct str none = { 0 };
	struct str err = { 0 };
	for (int i = 0; i < 200000; i++)
		str_add(&err, "word ");
	struct failure failure = { .cause = CAUSE_COMMAND };
	failure.said = cause_find(&err, &none);
	autofree char *signature = cause_signature(&failure, NULL);
	tap_ok(
	    text_count(failure.said, strlen(failure.said)) == CAUSE_CHARACTERS,
	    "a long line is cut");
	tap_ok(strlen(signature) < 200, "and so is its signature");
	free(failure.said);
	str_release(&err);
}

int
main(void)
{
	json_init();
	test_cases();
	test_nothing();
	test_lines();
	test_long();
	return tap_done();
}
