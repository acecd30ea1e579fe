/* SPDX-License-Identifier: MIT */
/* Whether somebody has been at a work tree. */
#include "config.h"

#include <stdlib.h>

#include "../tap.h"
#include "base/clock.h"
#include "base/mem.h"
#include "git/worktree_touch.h"
#include "support.h"

#define TRIES 10000

/* A clock of files may go by ticks: the deed is done until it shows. */
static bool
shows(const char *path, const char *deed)
{
	int64_t since = clock_wall();
	for (int i = 0; i < TRIES; i++) {
		sh(path, deed);
		if (!worktree_is_untouched(path, since))
			return true;
	}
	return false;
}

int
main(void)
{
	static const char *const deeds[] = { "echo more >>a", "touch new",
		"echo x >d/ignored", "chmod u+x b; chmod u-x b",
		"touch -d 2001-01-01 a", "ln -sf nowhere link",
		"mv c e; mv e c", "rm -f b; touch b" };
	sandbox_begin();
	autofree char *path = make_repository("touch");
	tap_ok(worktree_is_untouched(path, clock_wall()),
	    "nothing changes in the future");
	sh(path, "cat a b d/c; git status; ls -R");
	tap_ok(
	    worktree_is_untouched(path, clock_wall()), "reading is no change");
	sh(path, "touch c");
	for (size_t i = 0; i < COUNT_OF(deeds); i++)
		tap_ok(shows(path, deeds[i]), "'%s' shows", deeds[i]);
	autofree char *none = in_sandbox("none");
	tap_ok(!worktree_is_untouched(none, clock_wall()),
	    "what is not there was touched");
	sandbox_end();
	return tap_done();
}
