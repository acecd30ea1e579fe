/* SPDX-License-Identifier: MIT */
/* Packs for what a long job has merged. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "git/packer.h"
#include "support.h"

static struct loop *loop;
static struct repo repo;

static void
finish(const struct packer *packer)
{
	autoerror struct error err = { 0 };
	while (packer_is_busy(packer))
		if (!loop_turn(loop, 60000, &err))
			break;
	held(&err, !packer_is_busy(packer), "it ends");
}

static void
commit(const char *name)
{
	autofree char *script = mem_format(
	    "echo %s >>a; mkdir -p d/%s; echo %s >d/%s/f; git add . &&"
	    "git commit -qm %s",
	    name, name, name, name, name);
	sh(repo.root, script);
}

/* Objects of the job that lie in files of their own, and packs. */
static char *
count(void)
{
	return sh_out(repo.root,
	    "git rev-list --objects start..HEAD | cut -d' ' -f1 | sort >x.all;"
	    "find .git/objects/?? -type f | sed 's,.*/\\(..\\)/,\\1,' | sort "
	    "| comm -12 - x.all | wc -l; ls .git/objects/pack/*.pack | wc -l;"
	    "git fsck --full --no-progress --no-dangling 2>&1");
}

static void
merged(struct packer *packer, size_t n, const char *want, const char *what)
{
	autofree char *head = rev(repo.root, "HEAD");
	packer_merged(packer, head, n);
	finish(packer);
	autofree char *got = count();
	tap_is_text(got, want, "%s", what);
}

static void
test_packs(void)
{
	autofree char *start = rev(repo.root, "start");
	struct packer *packer = packer_new(loop, repo.root, start, 3);
	sh(repo.root, "echo unreachable | git hash-object -w --stdin >x.oid");
	commit("one");
	merged(packer, 2, "6\n1", "a few merges stay as they are");
	commit("two");
	merged(packer, 1, "0\n2", "then they are packed, and no longer loose");
	autofree char *kept = sh_out(repo.root,
	    "oid=$(cat x.oid); git cat-file -p $oid;"
	    "test -e .git/objects/$(echo $oid | cut -c1-2)/$(echo $oid | "
	    "cut -c3-) && echo loose");
	tap_is_text(kept, "unreachable\nloose", "what nobody reaches stays");
	commit("three");
	merged(packer, 2, "6\n2", "the next ones begin anew");
	merged(packer, 1, "0\n3", "and have a pack of their own");
	packer_free(packer);
}

/* What cannot be packed stays as it is, and comes with the next ones. */
static void
test_failures(void)
{
	static const char missing[] =
	    "0123456789012345678901234567890123456789";
	autofree char *start = rev(repo.root, "HEAD");
	struct packer *packer = packer_new(loop, repo.root, start, 1);
	commit("four");
	packer_merged(packer, missing, 1);
	finish(packer);
	autofree char *before = count();
	tap_is_text(before, "6\n3", "a pack that cannot be written");
	merged(packer, 1, "0\n4", "is written later");
	commit("five");
	autofree char *head = rev(repo.root, "HEAD");
	packer_merged(packer, head, 1);
	packer_free(packer);
	sh(repo.root, "git fsck --full --no-progress");

	packer = packer_new(loop, "/", start, 1);
	packer_merged(packer, head, 1);
	tap_ok(!packer_is_busy(packer), "without a repository nothing happens");
	packer_free(packer);
}

int
main(void)
{
	sandbox_begin();
	loop = loop_new();
	autofree char *path = make_repository("main");
	open_repository(path, &repo);
	sh(repo.root,
	    "git tag start; git repack -adq; echo 'x.*' "
	    ">>.git/info/exclude");
	test_packs();
	test_failures();
	repo_release(&repo);
	loop_free(loop);
	sandbox_end();
	return tap_done();
}
