/* SPDX-License-Identifier: MIT */
/* Tests of the growing byte string. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/str.h"

static void
empty(void)
{
	struct str s = { 0 };
	tap_is_text(str_text(&s), "", "all zero reads as the empty text");
	tap_ok(str_is(&s, ""), "and is the empty text");
	str_cut(&s, 0);
	str_drop(&s, 5);
	str_clear(&s);
	tap_ok(s.data == NULL, "shortening it allocates nothing");
	autofree char *taken = str_take(&s);
	tap_is_text(taken, "", "taking it gives an empty text");
	str_room(&s, 100);
	tap_is_text(str_text(&s), "", "room alone leaves it empty");
	str_release(&s);
	str_release(&s);
	tap_ok(s.data == NULL && s.cap == 0, "release may be repeated");
}

static void
adding(void)
{
	autostr struct str s = { 0 };
	autostr struct str more = { 0 };
	str_add(&s, "ab");
	str_add_char(&s, 'c');
	str_add_n(&s, "def!", 3);
	str_add_n(&s, NULL, 0);
	str_format(&s, "-%d-%s", 7, "x");
	str_add(&more, "!");
	str_add_str(&s, &more);
	tap_is_text(
	    str_text(&s), "abcdef-7-x!", "pieces are added in their order");
	tap_is_int((long long)s.len, 11, "and the length is theirs");
	str_clear(&more);
	str_add_str(&s, &more);
	tap_ok(str_is(&s, "abcdef-7-x!"), "an empty piece adds nothing");
	memcpy(str_room(&s, 3), "xyz", 3);
	str_grown(&s, 2);
	tap_is_text(str_text(&s), "abcdef-7-x!xy", "room is grown into");
}

static void
shortening(void)
{
	autostr struct str s = { 0 };
	str_add(&s, "0123456789");
	str_cut(&s, 20);
	tap_is_text(str_text(&s), "0123456789", "a cut never lengthens");
	str_cut(&s, 8);
	tap_is_text(str_text(&s), "01234567", "a cut shortens to its length");
	str_drop(&s, 3);
	tap_is_text(str_text(&s), "34567", "drop takes from the front");
	str_drop(&s, 99);
	tap_is_text(str_text(&s), "", "drop more than there is");
	tap_is_int(
	    (long long)s.len, 0, "a drop of more than there is leaves nothing");
}

static void
bytes(void)
{
	autostr struct str s = { 0 };
	str_add_n(&s, "a\0b", 3);
	tap_is_int((long long)s.len, 3, "NUL is a byte like others");
	tap_ok(!str_is(&s, "a"), "and counts when comparing");
	autofree char *taken = str_take(&s);
	tap_ok(memcmp(taken, "a\0b", 4) == 0, "taken with a NUL behind");
	tap_ok(
	    s.len == 0 && s.data == NULL, "a taken string leaves an empty one");
}

static void
growth(void)
{
	autostr struct str s = { 0 };
	for (int i = 0; i < 100000; i++)
		str_add_char(&s, (char)('a' + i % 26));
	bool right = s.len == 100000;
	for (size_t i = 0; right && i < s.len; i++)
		right = s.data[i] == (char)('a' + i % 26);
	tap_ok(right, "a hundred thousand bytes one by one");
	str_clear(&s);
	str_format(&s, "%0*d", 5000, 1);
	tap_is_int((long long)s.len, 5000, "a long format is written whole");
}

int
main(void)
{
	empty();
	adding();
	shortening();
	bytes();
	growth();
	return tap_done();
}
