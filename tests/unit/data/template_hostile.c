/* SPDX-License-Identifier: MIT */
/*
 * Hostile values in every kind of place of a script, run by the shells there
 * are: each value arrives as one word with its bytes, and nothing in it is
 * ever executed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/json.h"
#include "data/template.h"
#include "data/template_shell.h"
#include "hostile.h"
#include "shells.h"

#define LONG_VALUE 102400

static bool
has_canary(void)
{
	if (access("canary", F_OK) != 0)
		return false;
	unlink("canary");
	return true;
}

static bool
has_line(const char *value, const char *line)
{
	autofree char *copy = mem_text(value);
	char *rest = copy;
	char *one;
	while ((one = strsep(&rest, "\n")) != NULL)
		if (strcmp(one, line) == 0)
			return true;
	return false;
}

/* The value cannot stand in the here-document of this place. */
static bool
is_refused(const struct place *place, const char *value)
{
	if (!place->here)
		return false;
	bool alone = strstr(place->script, "\n${item.v}\n") != NULL ||
	    strstr(place->script, "\n\t${item.v}\n") != NULL;
	if (strchr(place->script, '`') != NULL &&
	    strpbrk(value, "'\"\\`$<>(){}[]&|;#!*?~^") != NULL)
		return true;
	if (place->strips)
		return value[0] == '\t' || strstr(value, "\n\t") != NULL ||
		    has_line(value, "EOF");
	if (strcmp(value, "EOF\ntouch canary") == 0)
		return alone || strstr(place->script, "\n${item.v}.") != NULL;
	if (strcmp(value, "a\nEOF\ntouch canary\n") == 0)
		return true;
	if (strcmp(value, "<<EOF\n$(touch canary)\nEOF\n") == 0)
		return true;
	return alone && has_line(value, "EOF");
}

static struct vars *
vars_with(const char *value, enum vars_class class)
{
	struct vars *vars = vars_new(NULL);
	json_t *item = json_object();
	json_object_set_new(item, "v", json_string(value));
	vars_set_new(vars, "item", item, class);
	vars_set_text(vars, "item_v", value, class);
	return vars;
}

static void
expected(const struct place *place, const char *value, struct str *want)
{
	str_add(want, place->before);
	str_add(want, value);
	str_add(want, place->after);
	for (const char *c = place->before; *c != '\0'; c++)
		if (*c == '\1')
			want->data[c - place->before] = '\0';
	size_t from = want->len - strlen(place->after);
	for (size_t i = from; i < want->len; i++)
		if (want->data[i] == '\1')
			want->data[i] = '\0';
}

/* One value in one place in one shell; false with a note when it fails. */
static bool
check(const struct place *place, const char *shell, const char *value)
{
	struct vars *vars = vars_with(value, VARS_DATA);
	autostr struct str script = { 0 };
	autostr struct str printed = { 0 };
	autostr struct str want = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	str_add(&script, P);
	bool rendered = template_shell(
	    place->script, vars, false, &script, &env, NULL, &err);
	vars_free(vars);
	if (!rendered) {
		bool right = is_refused(place, value) &&
		    err.kind == ERROR_INPUT &&
		    strstr(error_text(&err), "${item.v}") != NULL;
		if (!right)
			tap_note("%.60s: %s", value, error_text(&err));
		return right;
	}
	int status = shells_run(shell, str_text(&script), &env, &printed);
	expected(place, value, &want);
	bool canary = has_canary();
	if (!canary && status == 0 && !is_refused(place, value) &&
	    printed.len == want.len &&
	    memcmp(printed.data, str_text(&want), want.len) == 0)
		return true;
	tap_note("value <%.60s> status %d%s, printed %.80s", value, status,
	    canary ? ", CANARY" : "", str_text(&printed));
	tap_note("script %.300s", str_text(&script));
	return false;
}

/* Appends text with each "item.v" and "item_v" named after its number. */
static void
number_names(const char *text, size_t number, struct str *out)
{
	const char *at;
	while ((at = strstr(text, "item")) != NULL && at[4] != '\0') {
		size_t len = (size_t)(at - text) + strlen("item.v");
		str_add_n(out, text, len);
		str_format(out, "%zu", number);
		text += len;
	}
	str_add(out, text);
}

/* All values in one place, in one run of the shell. */
static bool
check_together(const struct place *place, const char *shell)
{
	struct vars *vars = vars_new(NULL);
	autostr struct str template = { 0 };
	autostr struct str want = { 0 };
	str_add(&template, P);
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		if (is_refused(place, hostile[i]))
			continue;
		number_names(place->script, i, &template);
		str_add(&template, "\nprintf ';;'\n");
		for (const char *c = ".\0_\0"; *c != '\0'; c += 2) {
			autofree char *name = mem_format("item%sv%zu", c, i);
			vars_set_text(vars, name, hostile[i], VARS_DATA);
		}
		autostr struct str one = { 0 };
		expected(place, hostile[i], &one);
		str_add_str(&want, &one);
		str_add(&want, ";;");
	}
	autostr struct str script = { 0 };
	autostr struct str printed = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	bool done = template_shell(
	    str_text(&template), vars, false, &script, &env, NULL, &err);
	vars_free(vars);
	if (done)
		shells_run(shell, str_text(&script), &env, &printed);
	return done && !has_canary() && printed.len == want.len &&
	    memcmp(printed.data, want.data, want.len) == 0;
}

/*
 * Whether a long value can stand there: twice quoted it would not be short
 * enough, and some shells take minutes to remove such a prefix.
 */
static bool
takes_long(const char *script)
{
	static const char *const not [] = { "sh -c \"", "eval", "x#", "x%",
		"<<'EOF'\n${item.v}." };
	for (size_t i = 0; i < COUNT_OF(not ); i++)
		if (strstr(script, not [i]) != NULL)
			return false;
	return true;
}

static void
test_places(const char *shell)
{
	autofree char *big = mem_zalloc(LONG_VALUE + 1);
	for (size_t i = 0; i < LONG_VALUE; i++)
		big[i] = " a'\"$`\\;\nb"[i % 10];
	for (size_t p = 0; p < COUNT_OF(places); p++) {
		bool together = check_together(&places[p], shell);
		bool good = together;
		/* One by one, to see which, and the ones to be refused. */
		for (size_t i = 0; i < COUNT_OF(hostile); i++)
			if (!together || is_refused(&places[p], hostile[i]))
				good = check(&places[p], shell, hostile[i]) &&
				    good;
		tap_ok(good, "%s %s", shell, places[p].script);
		if (takes_long(places[p].script))
			tap_ok(check(&places[p], shell, big),
			    "a long value is kept whole, too");
	}
}

/* A capture may be split, but it is never executed either. */
static void
test_captures(const char *shell)
{
	size_t canaries = 0;
	for (size_t p = 0; p < COUNT_OF(places); p++) {
		for (size_t i = p % 4; i < COUNT_OF(hostile); i += 4) {
			if (strstr(hostile[i], "canary") == NULL)
				continue;
			struct vars *vars = vars_with(hostile[i], VARS_CAPTURE);
			autostr struct str script = { 0 };
			autostr struct str printed = { 0 };
			autostrv struct strv env = { 0 };
			autoerror struct error err = { 0 };
			str_add(&script, P);
			str_add(&script, P);
			if (template_shell(places[p].script, vars, false,
				&script, &env, NULL, &err))
				shells_run(
				    shell, str_text(&script), &env, &printed);
			canaries += has_canary();
			vars_free(vars);
		}
	}
	tap_is_int(
	    (long long)canaries, 0, "%s: captures run no commands", shell);
}

/* Values as names of files: created under exactly that name. */
static void
test_redirection(const char *shell)
{
	size_t good = 0;
	size_t n = 0;
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		const char *value = hostile[i];
		if (value[0] == '\0' || strchr(value, '/') != NULL)
			continue;
		struct vars *vars = vars_with(value, VARS_DATA);
		autostr struct str script = { 0 };
		autostr struct str printed = { 0 };
		autostrv struct strv env = { 0 };
		autoerror struct error err = { 0 };
		bool done = template_shell("mkdir d && cd d && "
					   "printf a > ${item.v} && "
					   "printf b >>./${item.v} && "
					   "cat < ${item.v} && cd .. && "
					   "rm d/${item.v|words} && rmdir d",
		    vars, false, &script, &env, NULL, &err);
		vars_free(vars);
		/* With |words one name is one word only without blanks. */
		bool one = strpbrk(value, " \t\r\n") == NULL;
		int status = done
		    ? shells_run(shell, str_text(&script), &env, &printed)
		    : -1;
		bool same = strcmp(str_text(&printed), "ab") == 0;
		n++;
		if (!has_canary() && same && (status == 0 || !one))
			good++;
		else
			tap_note(
			    "%s: %d %s", value, status, str_text(&printed));
		shells_run(shell, "rm -rf d", &env, &printed);
	}
	tap_is_int((long long)good, (long long)n,
	    "%s: all names of files come back the same", shell);
}

static void
test_words(const char *shell)
{
	struct vars *vars = vars_new(NULL);
	json_t *list = json_array();
	autostr struct str want = { 0 };
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		json_array_append_new(list, json_string(hostile[i]));
		str_add_n(&want, hostile[i], strlen(hostile[i]) + 1);
	}
	vars_set_new(vars, "item", list, VARS_DATA);
	autostr struct str script = { 0 };
	autostr struct str printed = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	tap_ok(template_shell(
		   P "p ${item|words}", vars, false, &script, &env, NULL, &err),
	    "a script of words is filled in: %s", error_text(&err));
	shells_run(shell, str_text(&script), &env, &printed);
	tap_ok(printed.len == want.len &&
		memcmp(printed.data, want.data, want.len) == 0,
	    "%s: each element is one word", shell);
	/* Where a second word would be a command. */
	str_clear(&script);
	strv_clear(&env);
	tap_ok(template_shell("A=${item|words}\n>x${item[0]|words}\n"
			      "case ${item|words} in a) ;; esac",
		   vars, false, &script, &env, NULL, &err),
	    "words are one word where only one may be");
	shells_run(shell, str_text(&script), &env, &printed);
	tap_ok(!has_canary(), "%s: no value has run a command", shell);
	vars_free(vars);
}

/* What bash computes must not be able to run anything. */
static void
test_bash(void)
{
	static const char *const scripts[] = { "[[ ${item.v} -eq 1 ]]",
		"[[ 1 -lt \"${item.v}\" ]]", "(( ${item.v} ))",
		"(( x = ${item.v} + 1 ))", "echo $(( ${item.v} ))",
		"x=abc; echo ${x:${item.v}}", "a[${item.v}]=1",
		"echo ${a[${item.v}]}",
		"for ((i=${item.v};i<1;i++)); do :; done",
		"echo $((${none:-${item.v}}))", "[[ ${item.v} == x ]]",
		"[[ x =~ ${item.v} ]]", "a=(${item.v}); echo \"${a[0]}\"",
		"cat <<<${item.v}", "echo $'a${item.v}b'",
		"echo $\"${item.v}\"", "cat <(printf %s ${item.v})" };
	if (access("/bin/bash", X_OK) != 0) {
		tap_skip("no bash");
		return;
	}
	for (size_t s = 0; s < COUNT_OF(scripts); s++) {
		size_t canaries = 0;
		for (size_t i = 0; i < COUNT_OF(hostile); i++) {
			if (strstr(hostile[i], "canary") == NULL)
				continue;
			struct vars *vars = vars_with(hostile[i], VARS_DATA);
			autostr struct str script = { 0 };
			autostr struct str printed = { 0 };
			autostrv struct strv env = { 0 };
			autoerror struct error err = { 0 };
			if (template_shell(scripts[s], vars, false, &script,
				&env, NULL, &err))
				shells_run("/bin/bash", str_text(&script), &env,
				    &printed);
			canaries += has_canary();
			vars_free(vars);
		}
		tap_is_int((long long)canaries, 0, "bash %s", scripts[s]);
	}
}

int
main(void)
{
	json_init();
	shells_enter_directory();
	const char *const *shells = shells_found();
	if (*shells == NULL)
		tap_skip("neither dash nor bash");
	for (; *shells != NULL; shells++) {
		test_places(*shells);
		test_captures(*shells);
		test_redirection(*shells);
		test_words(*shells);
	}
	test_bash();
	return tap_done();
}
