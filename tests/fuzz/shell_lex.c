/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a shell script: each mark gets a place once, in order, and the
 * scan ends. "$@'" stands for a mark.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/shell_lex.h"

#define MARK "$@'"
#define MARK_LEN 3

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	autofree char *text = mem_text_n((const char *)bytes, len);
	autoerror struct error err = { 0 };
	struct shell_scan scan = { 0 };
	struct shell_mark *marks = mem_array(len, sizeof(*marks));
	size_t n = 0;
	for (size_t i = 0; i + MARK_LEN <= len; i++) {
		if (memcmp(text + i, MARK, MARK_LEN) != 0)
			continue;
		marks[n++] = (struct shell_mark){
			.at = i, .len = MARK_LEN, .place = SHELL_ARITHMETIC + 1
		};
		i += MARK_LEN - 1;
	}
	if (shell_scan(text, len, marks, n, &scan, &err)) {
		for (size_t i = 0; i < n; i++) {
			if (marks[i].place > SHELL_ARITHMETIC)
				abort();
			if (marks[i].place == SHELL_HERE_QUOTED &&
			    (marks[i].before == NULL ||
				!scan.heres[marks[i].here].quoted))
				abort();
		}
	} else if (err.kind != ERROR_INPUT) {
		abort();
	}
	shell_marks_release(marks, n);
	free(marks);
	shell_scan_release(&scan);
	return 0;
}
