/* SPDX-License-Identifier: MIT */
/* What is accepted of a conflict that somebody was asked to resolve. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/merge.h"
#include "support.h"

static const char *dir;

/* Runs script in a tree at "ours" and expects words, or NULL: acceptance. */
static void
expect(const char *script, const char *words, const char *what)
{
	autoerror struct error err = { 0 };
	char tree[GIT_OID_SIZE] = "";
	autofree char *ours = rev(dir, "ours");
	autofree char *theirs = rev(dir, "theirs");
	sh(dir, "git checkout -q -f --detach ours; rm -rf .git/MERGE_*");
	sh(dir, script);
	bool ok = merge_verify(dir, ours, theirs, tree, &err);
	if (words == NULL) {
		autofree char *want = rev(dir, "HEAD^{tree}");
		held(&err, ok, "%s", what);
		tap_is_text(tree, want, "%s: its tree is given", what);
	} else {
		held(&err, !ok && strstr(error_text(&err), words) != NULL, "%s",
		    what);
	}
}

int
main(void)
{
	sandbox_begin();
	autofree char *path = make_repository("verify");
	dir = path;
	sh(dir,
	    "git checkout -q -b ours; sed -i 's/^1$/ours/' a;"
	    "git commit -qam ours; git checkout -q -b theirs main;"
	    "sed -i 's/^1$/theirs/' a; printf 'Title\\n=======\\n' > t;"
	    "printf '<<<<<<< how\\n>>>>>>> to\\n' > manual;"
	    "git add -A; git commit -qam theirs");
	expect("git merge -q theirs >&2 || sed -i '/^[<=>]\\{7\\}/d' a;"
	       "git commit -qam merged",
	    NULL, "a resolution is taken, with a manual about conflicts");
	expect("git merge -q theirs >&2 || git commit -qam merged",
	    "conflict markers in a",
	    "a conflict that was committed with its markers is refused");
	expect("git merge -q theirs >&2 || true", "not finished",
	    "a merge that was left open is refused");
	expect("true", "does not contain",
	    "a tree in which nothing was done is refused");
	expect("git checkout -q --detach theirs", "does not contain",
	    "a resolution that throws our side away is refused");
	expect("git merge -q -s ours theirs; echo x >> a", "uncommitted",
	    "one that leaves changes is refused");
	expect("git merge -q -s ours theirs; echo '<<<<<<< x' >> b;"
	       "git commit -qam more",
	    "markers in b",
	    "one that puts a marker into another file is refused");
	sandbox_end();
	return tap_done();
}
