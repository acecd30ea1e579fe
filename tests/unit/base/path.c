/* SPDX-License-Identifier: MIT */
/* Tests of paths as text and of making directories. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"
#include "base/path.h"
#include "base/str.h"
#include "scratch.h"

static void
is(char *got, const char *want, const char *what)
{
	autofree char *owned = got;
	tap_is_text(owned, want, "%s", what);
}

static void
parts(void)
{
	is(path_join("a", "b"), "a/b", "names are joined by a slash");
	is(path_join("a/", "b"), "a/b", "a slash is not doubled");
	is(path_join("/", "b"), "/b", "a name is joined to the root");
	is(path_join("a", "/b"), "/b", "an absolute name wins");
	is(path_join("", "b"), "b", "a name joined to nothing is itself");
	is(path_parent("/a/b"), "/a",
	    "the parent of a path is what is before its name");
	is(path_parent("/a/b//"), "/a", "slashes at the end do not count");
	is(path_parent("/a"), "/",
	    "the parent of a folder of the root is the root");
	is(path_parent("/"), "/", "the parent of the root is the root");
	is(path_parent("//a"), "/", "slashes in front are the root");
	is(path_parent("a"), ".", "the parent of a name is the current folder");
	is(path_parent(""), ".", "so is the parent of nothing");
	tap_is_text(
	    path_name("/a/b"), "b", "the name of a path is its last part");
	tap_is_text(path_name("b"), "b", "the name of a name is itself");
	tap_is_text(
	    path_name("a/"), "", "a path that ends in a slash has no name");
}

static void
home(void)
{
	setenv("HOME", "/home/x", 1);
	is(path_expand_home("~"), "/home/x", "a tilde is the home");
	is(path_expand_home("~/a"), "/home/x/a",
	    "a path below the tilde is below the home");
	is(path_expand_home("~y/a"), "~y/a", "another's home stays");
	is(path_expand_home("a/~"), "a/~", "a tilde counts in front only");
	unsetenv("HOME");
	is(path_expand_home("~/a"), "~/a",
	    "a tilde stays when no home is known");
}

static void
beneath(void)
{
	static const char *const good[] = { "a", "a/b", "..a", "a..", "...",
		".a/.b", "a b" };
	static const char *const bad[] = { "", "/", "/a", ".", "..", "a/..",
		"../a", "a/../b", "a/./b", "a//b", "a/", "./a", "a/." };
	for (size_t i = 0; i < COUNT_OF(good); i++)
		tap_ok(path_is_beneath(good[i]),
		    "'%s' stays beneath its folder", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		tap_ok(!path_is_beneath(bad[i]),
		    "'%s' may not stay beneath its folder", bad[i]);
}

static void
safe_names(void)
{
	static const char *const bad[] = { "", ".", "..", ".a", "-a", "a/b",
		"a b", "a%b", "a\nb", "\xc3\xa4", "a:b" };
	char name[257];
	tap_ok(path_is_safe_name("aZ0._-"),
	    "a name of letters, digits, dot and dash is safe");
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		tap_ok(!path_is_safe_name(bad[i]), "unsafe name %zu is refused",
		    i);
	memset(name, 'a', 256);
	name[256] = '\0';
	tap_ok(!path_is_safe_name(name), "256 bytes are too many");
	name[255] = '\0';
	tap_ok(path_is_safe_name(name), "255 bytes are not too many");
}

static void
encoded(void)
{
	static const char *const pairs[] = { "abc", "abc", "a/b", "a%2fb",
		"a%2fb", "a%252fb", ".", "%2e", "..", "%2e.", "-x", "%2dx",
		".git", "%2egit", "", "%", "%", "%25", "a b", "a%20b",
		"\xc3\xa4", "%c3%a4", "a~b", "a%7eb", "x\n", "x%0a" };
	for (size_t i = 0; i < COUNT_OF(pairs); i += 2)
		is(path_encode_name(pairs[i]), pairs[i + 1], pairs[i + 1]);
}

static void
encoded_long(void)
{
	char a[1001], b[1001];
	memset(a, 'a', 1000);
	a[1000] = '\0';
	memcpy(b, a, sizeof(b));
	b[999] = 'b';
	autofree char *one = path_encode_name(a);
	autofree char *two = path_encode_name(b);
	tap_is_int((long long)strlen(one), 200, "a long name is cut");
	tap_ok(strcmp(one, two) != 0, "and long names stay apart");
	tap_ok(one[183] == '~' && one[182] == 'a', "the digest stands apart");
	autofree char *again = path_encode_name(one);
	tap_ok(strcmp(again, one) != 0, "no name imitates a cut one");
	a[200] = '\0';
	is(path_encode_name(a), a, "200 safe bytes stay");
	a[70] = '/';
	autofree char *over = path_encode_name(a);
	tap_is_int((long long)strlen(over), 200, "202 encoded are cut");
}

/* All names of one and two bytes: as many results, none with a slash. */
static void
encoded_apart(void)
{
	autofree char *seen = calloc(1, (size_t)256 * 256 * 8);
	size_t n = 0, clashes = 0;
	for (int first = 1; first < 256; first++) {
		for (int second = 0; second < 256; second += 5) {
			char name[] = { (char)first, (char)second, '\0' };
			autofree char *got = path_encode_name(name);
			if (strlen(got) > 7 || strchr(got, '/') != NULL ||
			    *got == '.')
				clashes++;
			memcpy(seen + 8 * n++, got, strlen(got) + 1);
		}
	}
	qsort(seen, n, 8, (int (*)(const void *, const void *))strcmp);
	for (size_t i = 1; i < n; i++)
		clashes += strcmp(seen + 8 * (i - 1), seen + 8 * i) == 0;
	tap_is_int((long long)clashes, 0, "%zu names stay apart", n);
}

static void
directories(void)
{
	autoerror struct error err = { 0 };
	struct stat st;
	tap_ok(path_make_dirs("a/b//c/", &err), "makes parents: %s",
	    error_text(&err));
	tap_ok(path_is_dir("a/b/c") && path_exists("a/b/c"),
	    "all parents are made");
	tap_ok(stat("a/b", &st) == 0 && (st.st_mode & 07777) == 0700,
	    "a new directory is for the owner only");
	tap_ok(path_make_dirs("a/b/c", &err),
	    "a directory that is there is no failure");
	scratch_write("a/file", "");
	tap_ok(path_exists("a/file") && !path_is_dir("a/file"),
	    "a file exists and is no directory");
	tap_ok(!path_make_dirs("a/file/d", &err),
	    "no directory is made below a file");
	tap_ok(err.kind == ERROR_SYSTEM, "that is a failure of the system: %s",
	    error_text(&err));
	tap_ok(symlink("nowhere", "dangling") == 0 && path_exists("dangling") &&
		!path_is_dir("dangling"),
	    "a dangling link exists");
}

static void
real(void)
{
	autoerror struct error err = { 0 };
	autofree char *here = path_real(".", &err);
	autofree char *made = path_absolute("a/../x", &err);
	autofree char *want = path_join(here, "a/../x");
	tap_is_text(made, want, "an absolute path is not resolved");
	is(path_absolute("/x", &err), "/x", "a path that is absolute stays");
	autofree char *link = path_real("a/b/../b", &err);
	autofree char *there = path_join(here, "a/b");
	tap_is_text(link, there, "the real path is resolved");
	tap_ok(path_real("none", &err) == NULL,
	    "what is not there has no real path");
	tap_is_text(error_text(&err), "none: No such file or directory",
	    "the message says what is not there");
}

int
main(void)
{
	parts();
	home();
	beneath();
	safe_names();
	encoded();
	encoded_long();
	encoded_apart();
	scratch_enter();
	directories();
	real();
	scratch_leave();
	return tap_done();
}
