/* SPDX-License-Identifier: MIT */
/* The refs of jobs. */
#include "config.h"

#include <stdlib.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/refs.h"
#include "support.h"

static void
test_refs(void)
{
	autoerror struct error err = { 0 };
	autofree char *main = make_repository("refs");
	struct repo repo;
	struct ref_list list;
	open_repository(main, &repo);
	sh(main,
	    "git update-ref refs/prodigy/j/map HEAD;"
	    "git update-ref refs/prodigy/j/i/3/1 HEAD;"
	    "git update-ref refs/prodigy/j2/map HEAD");
	tap_ok(
	    refs_list(&repo, "refs/prodigy/j", &list, &err), "refs are listed");
	tap_is_int((long long)list.n, 2,
	    "those of one job, not of one whose name begins the same");
	if (list.n == 2)
		tap_is_text(list.items[0].name, "refs/prodigy/j/i/3/1",
		    "they are sorted by name");
	refs_list_release(&list);
	repo_release(&repo);
}

int
main(void)
{
	sandbox_begin();
	test_refs();
	sandbox_end();
	return tap_done();
}
