/* SPDX-License-Identifier: MIT */
/* Tests of the string vector and of its environment form. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

static char *
joined(struct strv *v)
{
	struct str s = { 0 };
	for (char **item = strv_array(v); *item != NULL; item++)
		str_format(&s, "%s|", *item);
	return str_take(&s);
}

static void
is(struct strv *v, const char *want, const char *what)
{
	autofree char *got = joined(v);
	tap_is_text(got, want, "%s", what);
}

static void
building(void)
{
	const char *const texts[] = { "c", "d", NULL };
	autostrv struct strv v = { 0 };
	is(&v, "", "all zero is an empty, terminated vector");
	strv_add(&v, "a");
	strv_give(&v, mem_text("b"));
	strv_add_all(&v, texts);
	strv_add_all(&v, NULL);
	strv_format(&v, "%d%s", 5, "e");
	is(&v, "a|b|c|d|5e|", "every way of adding adds at the end");
	strv_copy(&v, &v);
	is(&v, "a|b|c|d|5e|a|b|c|d|5e|", "a vector is copied into itself");
	tap_ok(strv_has(&v, "5e") && !strv_has(&v, "5"),
	    "a vector has its entries, and no part of one");
	strv_remove(&v, 9);
	strv_remove(&v, 0);
	is(&v, "b|c|d|5e|a|b|c|d|", "entries are removed at both ends");
	strv_clear(&v);
	is(&v, "", "a cleared vector is empty");
	strv_add(&v, "again");
	is(&v, "again|", "a cleared vector can be used again");
}

static void
many(void)
{
	autostrv struct strv v = { 0 };
	for (int i = 0; i < 1000; i++)
		strv_format(&v, "%d", i);
	tap_ok(
	    v.n == 1000 && v.items[1000] == NULL, "a long vector ends in NULL");
	tap_is_text(v.items[999], "999", "entries keep their order");
}

static void
environment(void)
{
	autostrv struct strv v = { 0 };
	strv_env_set(&v, "A", "1");
	strv_env_set(&v, "AB", "2");
	strv_env_set(&v, "C", "x=y");
	is(&v, "A=1|AB=2|C=x=y|", "setting a new name appends");
	tap_is_text(strv_env_get(&v, "A"), "1", "a value is got by its name");
	tap_is_text(strv_env_get(&v, "C"), "x=y", "only the first = parts");
	tap_is_text(strv_env_get(&v, "B"), NULL,
	    "a name that is not there has no value");
	strv_env_set(&v, "A", "");
	is(&v, "A=|AB=2|C=x=y|", "set replaces in place");
	strv_add(&v, "A=again");
	strv_add(&v, "A=and again");
	strv_env_set(&v, "A", "3");
	is(&v, "A=3|AB=2|C=x=y|", "set removes what is there twice");
	strv_add(&v, "A=last");
	strv_env_unset(&v, "A");
	strv_env_unset(&v, "ZZ");
	is(&v, "AB=2|C=x=y|", "unset removes every one");
}

static void
entries(void)
{
	static const char *const texts[] = { "A=1", "none", "B=x=y", "A=2",
		"=z", NULL };
	autostrv struct strv v = { 0 };
	autostrv struct strv from = { 0 };
	autofree char *name = NULL;
	strv_add_all(&from, texts);
	strv_env_set(&v, "A", "0");
	strv_env_set_all(&v, &from);
	is(&v, "A=2|B=x=y|=z|", "the last entry of a name is the one set");
	tap_is_text(strv_env_split("none", &name), NULL,
	    "an entry without = has no value");
	tap_is_text(name, NULL, "an entry without = has no name");
	tap_is_text(strv_env_split("AB=x=y", &name), "x=y",
	    "the value is all behind the first =");
	tap_is_text(name, "AB", "the name is all before it");
}

static void
inherited(void)
{
	autostrv struct strv v = { 0 };
	strv_add(&v, "old=1");
	setenv("STRV_TEST", "inherited", 1);
	strv_env_inherit(&v);
	tap_is_text(strv_env_get(&v, "STRV_TEST"), "inherited",
	    "the environment is inherited");
	tap_is_text(strv_env_get(&v, "old"), NULL, "the old entries are gone");
}

int
main(void)
{
	building();
	many();
	environment();
	entries();
	inherited();
	return tap_done();
}
