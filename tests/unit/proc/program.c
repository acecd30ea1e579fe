/* SPDX-License-Identifier: MIT */
/* Looking up programs. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "proc/spawn.h"

struct test {
	const char *name;
	const char *path; /* of the environment; NULL: none */
	const char *dir;
	const char *want; /* NULL: failure */
	int code;
};

static const struct test tests[] = {
	{ "sh", "PATH=/nowhere:/bin", NULL, "/bin/sh", 0 },
	{ "sh", "PATH=/bin/:/usr/bin", NULL, "/bin/sh", 0 },
	{ "env", NULL, NULL, "/usr/bin/env", 0 },
	{ "sh", "PATH=", "/bin", NULL, ENOENT },
	{ "sh", "PATH=:.:bin", "/", NULL, ENOENT },
	{ "passwd", "PATH=/etc", NULL, NULL, EACCES },
	{ "bin", "PATH=/usr", NULL, NULL, EACCES },
	{ "/bin/sh", "PATH=", NULL, "/bin/sh", 0 },
	{ "bin/sh", "PATH=", "/usr", "/usr/bin/sh", 0 },
	{ "/etc/passwd/x", "PATH=", NULL, NULL, ENOTDIR },
	{ "", "PATH=/bin", NULL, NULL, ENOENT },
};

int
main(void)
{
	for (size_t i = 0; i < COUNT_OF(tests); i++) {
		const struct test *t = &tests[i];
		char entry[64] = "X=1";
		autoerror struct error why = { 0 };
		if (t->path != NULL)
			strncpy(entry, t->path, sizeof(entry) - 1);
		char *const env[] = { entry, NULL };
		autofree char *got = program_find(t->name, env, t->dir, &why);
		if (t->want != NULL)
			tap_is_text(got == NULL ? error_text(&why) : got,
			    t->want, "%s with %s", t->name, entry);
		else
			tap_ok(got == NULL && why.code == t->code,
			    "%s with %s: %s", t->name, entry, error_text(&why));
	}
	return tap_done();
}
