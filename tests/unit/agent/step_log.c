/* SPDX-License-Identifier: MIT */
/* Logs of steps: made late, and never larger than their limit. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "agent/step_log.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

static void
check(const char *dir)
{
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	struct step_log log = { 0 };
	autofree char *path = path_join(dir, "a.log");
	step_log_begin(&log, mem_text(path));
	tap_ok(step_log_end(&log) == NULL, "a silent step has no log");
	tap_ok(!path_exists(path), "a silent step leaves no file");

	step_log_begin(&log, mem_text(path));
	log.limit = 10;
	step_log_add(&log, "12345", 5);
	tap_ok(
	    path_exists(path), "the log can be followed from its first byte");
	step_log_add(&log, "67890", 5);
	step_log_add(&log, "x", 1);
	step_log_add(&log, "yyy", 3);
	char *written = step_log_end(&log);
	tap_is_text(written, path, "the end gives the path of the log");
	free(written);
	tap_ok(file_read(path, 1000, &text, &err), "the log can be read back");
	tap_is_text(str_text(&text),
	    "1234567890\n[log cut here: it reached its limit]\n",
	    "a log is cut at its limit, with one line that says so");

	step_log_begin(&log, mem_format("%s/missing/b.log", dir));
	step_log_add(&log, "x", 1);
	step_log_add(&log, "y", 1);
	tap_ok(log.err.kind != ERROR_NONE,
	    "why a log could not be written is kept: %s", error_text(&log.err));
	tap_ok(step_log_end(&log) == NULL,
	    "a log that could not be written has no path");
}

int
main(void)
{
	char dir[] = "/tmp/prodigy-log-XXXXXX";
	autoerror struct error err = { 0 };
	if (mkdtemp(dir) == NULL)
		return 1;
	check(dir);
	if (!file_remove_tree(dir, &err))
		return 1;
	return tap_done();
}
