/* SPDX-License-Identifier: MIT */
/* Who works in a folder. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/path.h"
#include "proc/working.h"

int
main(void)
{
	char dir[] = "/tmp/prodigy-working.XXXXXX";
	autostr struct str who = { 0 };
	if (mkdtemp(dir) == NULL)
		return 1;
	autofree char *below = path_join(dir, "below");
	autofree char *beside = path_join(dir, "bel");
	tap_ok(mkdir(below, 0700) == 0 && mkdir(beside, 0700) == 0,
	    "folders are made");
	tap_ok(!working_in(dir, &who), "nobody works in a new folder");
	tap_ok(chdir(below) == 0, "we go there");
	if (access("/proc/self/cwd", F_OK) != 0) {
		tap_skip("there is no /proc");
	} else {
		autofree char *want =
		    mem_format("working (process %ld)", (long)getpid());
		tap_ok(working_in(below, &who), "we are seen there");
		tap_is_text(str_text(&who), want, "by name");
		tap_ok(working_in(dir, &who), "and from above");
	}
	tap_ok(!working_in(beside, &who),
	    "a folder whose name begins alike is another");
	tap_ok(!working_in("/nonexistent", &who), "nor where nothing is");
	tap_ok(chdir("/") == 0 && rmdir(below) == 0 && rmdir(beside) == 0 &&
		rmdir(dir) == 0,
	    "all is removed");
	return tap_done();
}
