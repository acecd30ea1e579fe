/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over files of the test suite, without a fuzzer: each file
 * as a whole, each of its lines, and its beginnings. CORPUS names a file or a
 * folder below the source folder.
 */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/tap.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"

#define FILE_LIMIT ((size_t)4 * 1024 * 1024)
#define BEGINNINGS 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static size_t inputs;

static void
try_bytes(const char *bytes, size_t len)
{
	/* A copy of its own, so that a sanitizer sees what is read behind. */
	autofree char *copy = mem_text_n(bytes, len);
	LLVMFuzzerTestOneInput((const uint8_t *)copy, len);
	inputs++;
}

static void
try_file(const char *path)
{
	autostr struct str text = { 0 };
	autoerror struct error err = { 0 };
	if (!file_read(path, FILE_LIMIT, &text, &err))
		return;
	try_bytes(str_text(&text), text.len);
	for (size_t i = 1; i < BEGINNINGS; i++)
		try_bytes(str_text(&text), text.len * i / BEGINNINGS);
	const char *end = str_text(&text) + text.len;
	for (const char *at = str_text(&text); at < end;) {
		size_t n = strcspn(at, "\n");
		try_bytes(at, n);
		at += n + 1;
	}
}

static void
try_folder(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		autofree char *file = path_join(path, entry->d_name);
		if (entry->d_name[0] != '.')
			try_file(file);
	}
	if (dir != NULL)
		closedir(dir);
}

int
main(void)
{
	autofree char *path = path_join(getenv("top_srcdir"), CORPUS);
	json_init();
	if (path_is_dir(path))
		try_folder(path);
	else
		try_file(path);
	tap_ok(inputs > BEGINNINGS, "%zu inputs of %s", inputs, CORPUS);
	return tap_done();
}
