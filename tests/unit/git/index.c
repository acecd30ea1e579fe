/* SPDX-License-Identifier: MIT */
/* The index of git, as it writes it and as it never would. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/file.h"
#include "base/id.h"
#include "base/mem.h"
#include "git/worktree_use.h"
#include "support.h"

static void
load(const char *dir, struct str *bytes)
{
	autoerror struct error err = { 0 };
	autofree char *path = mem_format("%s/.git/index", dir);
	if (!file_read(path, 1 << 24, bytes, &err))
		held(&err, false, "refused");
}

static void
expect(const char *dir, const char *script, bool plain, const char *what)
{
	autostr struct str bytes = { 0 };
	sh(dir, script);
	load(dir, &bytes);
	tap_is_int(
	    index_is_plain(bytes.data, bytes.len, 20), plain, "%s", what);
}

/* Copies of exact size, so that a sanitizer sees every step too far. */
static bool
scan_copy(const void *bytes, size_t len)
{
	autofree char *copy = mem_array(len > 0 ? len : 1, 1);
	if (len > 0)
		memcpy(copy, bytes, len);
	return index_is_plain(copy, len, 20);
}

static void
test_damage(const char *dir)
{
	autostr struct str bytes = { 0 };
	load(dir, &bytes);
	size_t entries = 12 + 197 + 20; /* of version 4, and checksum */
	size_t accepted = 0;
	for (size_t len = 0; len < bytes.len && len < entries; len++)
		accepted += scan_copy(bytes.data, len);
	tap_is_int((long long)accepted, 0, "no index that is cut off is plain");
	for (size_t i = 0; i < bytes.len; i++) {
		char kept = bytes.data[i];
		for (int value = 0; value < 256; value += 51) {
			bytes.data[i] = (char)value;
			(void)scan_copy(bytes.data, bytes.len);
		}
		bytes.data[i] = kept;
	}
	tap_ok(scan_copy(bytes.data, bytes.len),
	    "a byte that is changed and changed back changes nothing");
	memset(bytes.data + 8, 0xff, 4);
	tap_ok(!scan_copy(bytes.data, bytes.len),
	    "entries that are promised and missing are not plain");
	tap_ok(!scan_copy("DIRC", 4), "a signature alone is no index");
	tap_ok(!scan_copy("", 0), "nothing is no index");
}

static void
test_versions(const char *dir)
{
	for (int version = 2; version <= 4; version++) {
		autofree char *set =
		    mem_format("git update-index --index-version %d", version);
		autofree char *what =
		    mem_format("an index of version %d is plain", version);
		expect(dir, set, true, what);
		expect(dir, "git update-index --assume-unchanged a", false,
		    "one with an entry that is assumed to be unchanged is not");
		expect(dir, "git update-index --no-assume-unchanged a", true,
		    "it is again when the entry is as others");
		expect(dir, "git update-index --skip-worktree d/c", false,
		    "one with an entry that is skipped is not");
		expect(dir, "git update-index --no-skip-worktree d/c", true,
		    "it is again when nothing is skipped");
		expect(dir, "touch new; git add -N new", true,
		    "one with an extended entry (intent to add) is");
		expect(dir, "git rm -q --cached new; rm new", true,
		    "it is without it");
	}
}

int
main(void)
{
	sandbox_begin();
	autofree char *dir = make_repository("index");
	autofree char *sub = make_repository("sub");
	expect(dir, "true", true, "an index as git made it is plain");
	test_damage(dir);
	test_versions(dir);
	expect(dir, "git update-index --index-version 4", true,
	    "so is one of version 4");
	test_damage(dir);
	expect(
	    dir, "git update-index --split-index", false, "a split one is not");
	expect(dir, "git update-index --no-split-index", true,
	    "it is when it is whole again");
	expect(dir, "git update-index --untracked-cache", true,
	    "one with a cache of untracked files is plain");
	expect(dir,
	    "git sparse-checkout init --cone --sparse-index;"
	    "git sparse-checkout set nothing",
	    false, "a sparse one is not");
	expect(dir, "git sparse-checkout disable", true,
	    "it is when it is full again");
	expect(dir,
	    "git -c protocol.file.allow=always submodule --quiet add "
	    "../sub sub",
	    false, "one with a submodule is not");
	sandbox_end();
	return tap_done();
}
