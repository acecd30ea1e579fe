/* SPDX-License-Identifier: MIT */
/* What the refs of kept work say, and their work brought back. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/bring.h"
#include "git/salvaged.h"
#include "support.h"

#define OID "0123456789012345678901234567890123456789"
#define RUN "mapreduce-20260101_000000-0123abcd"

static void
names(void)
{
	struct salvaged item;
	tap_ok(salvaged_name(
		   &item, "refs/prodigy/salvage/" RUN "/item_3/12", OID) &&
		strcmp(item.run, RUN) == 0 &&
		strcmp(item.item, "item_3") == 0 && item.number == 12,
	    "a ref has run, item and number");
	salvaged_release(&item);
	tap_ok(
	    salvaged_name(&item, "refs/prodigy/salvage/" RUN "/parent", OID) &&
		strcmp(item.item, "parent") == 0 && item.number == 1,
	    "an older one has no number");
	salvaged_release(&item);
	tap_ok(!salvaged_name(&item, "refs/prodigy/salvage/" RUN, OID),
	    "one without an item is none of ours");
	salvaged_release(&item);
	tap_ok(!salvaged_name(&item, "refs/heads/salvage/a/b", OID),
	    "nor is one elsewhere");
	salvaged_release(&item);
}

static void
read_text(struct salvaged *item, const char *text)
{
	*item = (struct salvaged){ 0 };
	salvaged_read(item, text, strlen(text));
}

static void
commits(void)
{
	struct salvaged item;
	read_text(&item,
	    "tree " OID "\nparent " OID "\nparent none\n"
	    "author x <x> 1 +0000\n"
	    "committer prodigy <prodigy@localhost> 1767225600 +0000\n\n"
	    "Kept\n\nProdigy-Salvage: hidden\nProdigy-Item: item_3\n"
	    "Prodigy-Attempt: 2\nProdigy-Path: a b\n");
	tap_is_text(item.kind, "hidden", "the kind is in a trailer");
	tap_is_text(item.base, OID, "the first parent is what it stands on");
	tap_is_text(item.subject, "Kept", "the subject says what it is");
	tap_is_text(item.attempt, "2", "the attempt is told");
	tap_is_text(item.path, "a b", "and the folder");
	tap_ok(item.when == 1767225600, "and when it was made");
	salvaged_release(&item);
	read_text(&item,
	    "tree " OID "\n"
	    "committer prodigy <prodigy@localhost> 1 +0000\n\nold\n");
	tap_is_text(item.kind, "uncommitted", "older ones have no trailer");
	tap_ok(item.base == NULL, "a first commit stands on nothing");
	salvaged_release(&item);
	read_text(&item,
	    "tree " OID "\ncommitter Eve <e@example.invalid> 1 +0000\n\n"
	    "x\n\nProdigy-Salvage: hidden\nProdigy-Path: /etc\n");
	tap_is_text(item.kind, "commit", "an agent's own is a commit");
	tap_ok(item.path == NULL, "whatever its trailers say");
	salvaged_release(&item);
	read_text(&item, "");
	tap_is_text(item.kind, "commit", "no text is no commit of ours");
	salvaged_release(&item);
}

static void
list(const struct repo *repo)
{
	autoerror struct error err = { 0 };
	autostr struct str base = { 0 };
	struct salvaged_list all;
	sh(repo->root,
	    "top=refs/prodigy/salvage/" RUN "\n"
	    "git checkout -q --detach; echo 1 >>a; git commit -qam one\n"
	    "echo 2 >>b; git commit -qam two; git checkout -q -\n"
	    "git update-ref $top/item_10/1 HEAD@{1}\n"
	    "git update-ref $top/item_9/10 HEAD@{1}\n"
	    "git update-ref $top/item_9/2 $(git hash-object -w a)\n"
	    "mkdir -p .git/$top/item_8; echo " OID " >.git/$top/item_8/1\n");
	held(&err, salvaged_list(repo, &all, &err), "they are listed");
	if (!tap_ok(all.n == 4, "all of them, missing ones included"))
		return;
	tap_is_text(all.items[0].kind, "missing", "which is told");
	tap_is_text(all.items[1].kind, "blob", "or what else it is");
	tap_ok(all.items[2].number == 10 &&
		strcmp(all.items[3].item, "item_10") == 0,
	    "by number");
	tap_ok(all.items[2].files == 1, "with the files of the last commit");
	held(&err, salvaged_base(repo, &all.items[2], &base, &err),
	    "several commits stand on where they left the user's branch");
	tap_is_text(str_text(&base), repo->head, "which is found");
	tap_ok(!salvaged_base(repo, &all.items[1], &base, &err),
	    "what is no commit stands on nothing");
	salvaged_list_release(&all);
}

static void
drop(const struct repo *repo)
{
	autoerror struct error err = { 0 };
	struct salvaged_list all;
	held(&err, salvaged_list(repo, &all, &err), "they are listed");
	struct salvaged *last = &all.items[all.n - 1];
	autofree char *move = mem_format("git update-ref %s HEAD", last->ref);
	sh(repo->root, move);
	tap_ok(!salvaged_drop(repo, last, &err),
	    "a ref that has moved meanwhile stays");
	error_release(&err);
	snprintf(last->oid, sizeof(last->oid), "%s", repo->head);
	held(&err, salvaged_drop(repo, last, &err), "one that has not goes");
	salvaged_list_release(&all);
}

static void
bring(const struct repo *repo)
{
	autoerror struct error err = { 0 };
	autostrv struct strv changed = { 0 };
	autofree char *tip = sh_out(repo->root,
	    "git checkout -q --detach; echo z >z; sed -i 1d b; git add .\n"
	    "git commit -qm three; git rev-parse HEAD; git checkout -q -");
	struct bring what = {
		.dir = repo->root,
		.base = repo->head,
		.commit = tip,
	};
	held(&err, bring_changes(&what, &changed, &err), "changes come");
	tap_ok(changed.n == 2, "and are named");
	autofree char *status = sh_out(repo->root, "git status --porcelain");
	tap_is_text(status, " M b\n?? z", "uncommitted, the index as it was");
	tap_ok(!bring_changes(&what, &changed, &err), "files in the way stay");
	error_release(&err);
	strv_clear(&changed);
	what.base = NULL;
	what.below = "deep/er";
	held(&err, bring_changes(&what, &changed, &err),
	    "a whole tree comes below a folder");
	sh(repo->root, "test -f deep/er/z && test -f deep/er/d/c");
	what.below = "../out";
	tap_ok(!bring_changes(&what, &changed, &err),
	    "which lies in the work tree");
}

int
main(void)
{
	struct repo repo;
	sandbox_begin();
	names();
	commits();
	autofree char *path = make_repository("r");
	open_repository(path, &repo);
	list(&repo);
	drop(&repo);
	bring(&repo);
	repo_release(&repo);
	sandbox_end();
	return tap_done();
}
