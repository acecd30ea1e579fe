/* SPDX-License-Identifier: MIT */
/* What an index hides, in every form in which git writes one. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/index_file.h"
#include "support.h"

static bool
hides(const char *dir)
{
	autoerror struct error err = { 0 };
	bool yes = false;
	if (!index_hides(dir, &yes, &err))
		held(&err, false, "the index is read");
	return yes;
}

/* What differs from HEAD once nothing is hidden. */
static char *
uncovered(const char *dir)
{
	autoerror struct error err = { 0 };
	autofree char *copy = mem_format("%s/.git/copy", dir);
	sh(dir, "cp .git/index .git/copy");
	held(&err, index_uncover(dir, copy, &err), "the copy is uncovered");
	return sh_out(dir,
	    "GIT_INDEX_FILE=.git/copy git -c core.sparseCheckout=false "
	    "add -A -- .; GIT_INDEX_FILE=.git/copy "
	    "git diff --cached --name-only HEAD | paste -sd' '");
}

static void
test_marks(const char *dir, const char *version)
{
	autofree char *all = mem_format("git reset -q --hard; rm .git/index;"
					"git reset -q --hard;"
					"git update-index --index-version %s",
	    version);
	sh(dir, all);
	tap_ok(!hides(dir), "version %s: a fresh index hides nothing", version);
	sh(dir,
	    "git update-index --skip-worktree src/f1 d/c;"
	    "git update-index --assume-unchanged src/f2; rm d/c;"
	    "echo 1 >>src/f1; echo 2 >>src/f2");
	autofree char *status = sh_out(dir, "git status --porcelain");
	tap_is_text(status, "", "version %s: git sees no edit", version);
	tap_ok(hides(dir), "version %s: both marks hide files", version);
	autofree char *files = uncovered(dir);
	tap_is_text(files, "src/f1 src/f2",
	    "version %s: the edits are seen, what is not there is no deletion",
	    version);
	sh(dir,
	    "git update-index --no-skip-worktree src/f1 d/c;"
	    "git update-index --no-assume-unchanged src/f2");
}

static void
test_sparse(const char *dir)
{
	sh(dir, "git reset -q --hard; git sparse-checkout set --cone src");
	tap_ok(!hides(dir), "files outside of a cone are not there");
	sh(dir, "mkdir -p d; echo new >d/c");
	tap_ok(hides(dir), "one that is there is hidden");
	autofree char *files = uncovered(dir);
	tap_is_text(files, "d/c", "it is seen");
	sh(dir,
	    "rm -rf d; git reset -q --hard;"
	    "git sparse-checkout set --cone --sparse-index src");
	sh(dir, "mkdir -p d; echo new >d/c");
	tap_ok(hides(dir), "a folder that is not listed hides files, too");
	autofree char *sparse = uncovered(dir);
	tap_is_text(sparse, "d/c", "they are seen");
	sh(dir, "rm -rf d; git sparse-checkout disable");
}

static void
test_split(const char *dir)
{
	sh(dir,
	    "git reset -q --hard; git config core.splitIndex true;"
	    "git update-index --split-index;"
	    "git update-index --skip-worktree src/f1; echo 1 >>src/f1");
	tap_ok(hides(dir), "a split index may hide anything");
	autofree char *files = uncovered(dir);
	tap_is_text(files, "src/f1", "what it hides is seen");
	sh(dir,
	    "git config --unset core.splitIndex;"
	    "git update-index --no-split-index --no-skip-worktree src/f1;"
	    "git reset -q --hard");
}

/* Copies of exact size, so that a sanitizer sees every step too far. */
static size_t
count_entries(const struct str *bytes, size_t len)
{
	struct index_reader reader;
	struct index_entry entry;
	size_t n = 0;
	autofree char *copy = mem_array(len > 0 ? len : 1, 1);
	if (len > 0)
		memcpy(copy, bytes->data, len);
	bool ok = index_open(&reader, copy, len, 20);
	while (ok && index_next(&reader, &entry))
		n += *entry.name != '\0';
	if (ok && reader.at != NULL)
		n += index_is_split(&reader);
	index_close(&reader);
	return n;
}

static void
test_damage(const char *dir)
{
	autostr struct str bytes = { 0 };
	autoerror struct error err = { 0 };
	autofree char *file = mem_format("%s/.git/index", dir);
	sh(dir, "git reset -q --hard; git update-index --index-version 4");
	if (!file_read(file, 1 << 24, &bytes, &err))
		held(&err, false, "it is read");
	size_t all = count_entries(&bytes, bytes.len);
	for (size_t len = 0; len < bytes.len; len++)
		if (count_entries(&bytes, len) > all)
			tap_ok(false, "a part of %zu bytes has no more", len);
	for (size_t i = 0; i < bytes.len; i++) {
		char kept = bytes.data[i];
		for (int value = 0; value < 256; value += 51) {
			bytes.data[i] = (char)value;
			(void)count_entries(&bytes, bytes.len);
		}
		bytes.data[i] = kept;
	}
	sh(dir, "echo none >.git/index");
	bool yes = false;
	tap_ok(!index_hides(dir, &yes, &err), "what is no index tells nothing");
	sh(dir, "rm .git/index");
	tap_ok(!hides(dir), "without an index nothing is hidden");
}

int
main(void)
{
	sandbox_begin();
	autofree char *dir = make_repository("main");
	sh(dir,
	    "mkdir src; echo 1 >src/f1; echo 2 >src/f2; git add src;"
	    "git commit -q -m more");
	test_marks(dir, "2");
	test_marks(dir, "4");
	test_sparse(dir);
	test_split(dir);
	test_damage(dir);
	sandbox_end();
	return tap_done();
}
