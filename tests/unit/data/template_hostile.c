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
#include "shells.h"

#define LONG_VALUE 102400

static const char *const hostile[] = {
	"plain",
	"",
	" ",
	"  two  blanks  ",
	"\t",
	"\n",
	"a\nb",
	"\n\nlead",
	"trail\n\n",
	"\r",
	"a\r\nb",
	"'",
	"''",
	"a'b",
	"'; touch canary; '",
	"'\"'\"'",
	"'\"; touch canary; \"'",
	"\"",
	"\"\"",
	"a\"b",
	"\"; touch canary; \"",
	"\\",
	"\\\\",
	"a\\",
	"\\'; touch canary #",
	"\\\"; touch canary #",
	"\\$(touch canary)",
	"\\\\$(touch canary)",
	"\\n\\t\\0\\c",
	"$",
	"$$",
	"$HOME",
	"${HOME}",
	"${IFS}",
	"$IFS$9",
	"$(touch canary)",
	"`touch canary`",
	"\\`touch canary\\`",
	"\"`touch canary`\"",
	"'`touch canary`'",
	"\"$(touch canary)\"",
	"'$(touch canary)'",
	"$'\\x41'",
	"$((1+1))",
	"${x:=touch}",
	"${item}",
	"${PRODIGY_V1}",
	"${PRODIGY_V1}; touch canary",
	"a[$(touch canary)]",
	"; touch canary",
	"& touch canary &",
	"| touch canary",
	"|| touch canary",
	"&& touch canary",
	"> canary",
	">canary",
	"<(touch canary)",
	">&2",
	"2>&1",
	"(touch canary)",
	") touch canary (",
	"{ touch canary; }",
	"}; touch canary; {",
	"\ntouch canary\n",
	"x\ntouch canary",
	"EOF",
	"EOF\ntouch canary",
	"a\nEOF\ntouch canary\n",
	"\tEOF",
	"EOF ",
	"xEOF",
	"<<EOF\n$(touch canary)\nEOF\n",
	";; esac; touch canary; case a in a)",
	"esac",
	"in",
	"done; touch canary",
	"# comment",
	"#",
	"-",
	"--",
	"-n",
	"-rf",
	"--help",
	"=x",
	"PATH=/nowhere",
	"*",
	"?",
	"[a-z]*",
	"/etc/*",
	"{a,b}",
	"~",
	"~root",
	"!",
	"!!",
	"%s%n",
	"\033[31mred",
	"\001\002\177",
	"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
	"\xE2\x80\xAE"
	"evil",
	"\xEF\xBB\xBF"
	"bom",
	"() { :; }; touch canary",
};

/* The script prints each word it got and a NUL behind. */
#define P "p() { for w; do printf '%s\\0' \"$w\"; done; }\n"

struct place {
	const char *script;
	const char *before; /* of the value in what is printed */
	const char *after; /* NUL is written as \1 */
	bool here; /* quoted here-document with the delimiter EOF */
	bool strips; /* and <<- */
};

static const struct place places[] = {
	{ P "p ${item.v}", "", "\1", false, false },
	{ P "p -${item.v}-", "-", "-\1", false, false },
	{ P "p \"${item.v}\"", "", "\1", false, false },
	{ P "p \"a ${item.v} b\"", "a ", " b\1", false, false },
	{ P "p '${item.v}'", "", "\1", false, false },
	{ P "p 'a ${item.v} b'", "a ", " b\1", false, false },
	{ P "p \"$(printf '%s.' ${item.v})\"", "", ".\1", false, false },
	{ P "p \"$(printf '%s.' \"${item.v}\")\"", "", ".\1", false, false },
	{ P "p \"$(printf '%s.' '${item.v}')\"", "", ".\1", false, false },
	{ P "p \"`printf '%s.' ${item.v}`\"", "", ".\1", false, false },
	{ P "x=`printf '%s.' \"${item.v}\"`; p \"$x\"", "", ".\1", false,
	    false },
	{ P "x=`printf '%s.' '${item.v}'`; p \"$x\"", "", ".\1", false, false },
	{ P "x=`printf '%s.' \"\\`printf '%s.' ${item.v}\\`\"`; p \"$x\"", "",
	    "..\1", false, false },
	{ P "p \"`printf '%s.' \\\"${item.v}\\\"`\"", "", ".\1", false, false },
	{ P "p \"$(printf '%s.' \"$(printf '%s.' \"${item.v}\")\")\"", "",
	    "..\1", false, false },
	{ P "cat <<EOF\n<${item.v}>\nEOF\np x", "<", ">\nx\1", false, false },
	{ P "cat <<EOF\n${item.v}\nEOF\np x", "", "\nx\1", false, false },
	{ P "cat <<-EOF\n\t${item.v}\n\tEOF\np x", "", "\nx\1", false, false },
	{ P "cat <<EOF\n$(printf '%s.' ${item.v})\nEOF\n", "", ".\n", false,
	    false },
	{ P "cat <<EOF\n`printf '%s.' \"${item.v}\"`\nEOF\n", "", ".\n", false,
	    false },
	{ P "cat <<'EOF'\n<${item.v}>\nEOF\np x", "<", ">\nx\1", true, false },
	{ P "cat <<'EOF'\n${item.v}\nEOF\np x", "", "\nx\1", true, false },
	{ P "cat <<\\EOF\n${item.v}\nEOF\np x", "", "\nx\1", true, false },
	{ P "cat <<\"EOF\"\n${item.v}\nEOF\np x", "", "\nx\1", true, false },
	{ P "cat <<-'EOF'\n\t${item.v}\n\tEOF\np x", "", "\nx\1", true, true },
	{ P "x=$(cat <<'EOF'\n${item.v}.\nEOF\n); p \"$x\"", "", ".\1", true,
	    false },
	{ P "x=`cat <<'EOF'\n${item.v}.\nEOF\n`; p \"$x\"", "", ".\1", true,
	    false },
	{ P "p \"`cat <<'EOF'\n${item.v}.\nEOF\n`\"", "", ".\1", true, false },
	{ P "cat <<A - <<'B'\nx\nA\n'\nB\np ${item.v}", "'\n", "\1", false,
	    false },
	{ P "A=${item.v}; p \"$A\"", "", "\1", false, false },
	{ P "A=x${item.v}y B=2; p \"$A\"", "x", "y\1", false, false },
	{ P "export A=${item.v}; sh -c 'printf %s \"$A\"'", "", "", false,
	    false },
	{ P "A=${item.v} sh -c 'printf %s \"$A\"'", "", "", false, false },
	{ P "for i in ${item.v} ; do p \"$i\"; done", "", "\1", false, false },
	{ P "for i in ${item.v}; do p \"$i\"; done", "", "\1", false, false },
	{ P "case ${item.v} in ${item.v}) p ${item.v};; *) p no;; esac", "",
	    "\1", false, false },
	{ P "case x in ${item.v}.) p no;; x) p ${item.v} ;; esac", "", "\1",
	    false, false },
	{ P "x=$(case x in x) printf %s. ${item.v};; (y) p no;; esac); p \"$x\"",
	    "", ".\1", false, false },
	{ P "# it's ${item.v} \"`\np ${item.v}", "", "\1", false, false },
	{ P "p a # ${item.v}\np ${item.v}", "a\1", "\1", false, false },
	{ P "x=$(printf a # ')' ${item.v}\n); p \"$x\" ${item.v}", "a\1", "\1",
	    false, false },
	{ P "f() { p \"$1\" ; }; f ${item.v}", "", "\1", false, false },
	{ P "f() {\n\tp ${item.v}\n}\nf", "", "\1", false, false },
	{ P "printf %s ${item.v} | cat | cat; p x", "", "x\1", false, false },
	{ P "printf '%s\\n' a |\n while read -r l; do p ${item.v}; done", "",
	    "\1", false, false },
	{ P "if [ x = x ] && test ${item.v} = ${item.v}; then p ${item.v}; fi",
	    "", "\1", false, false },
	{ P "(p ${item.v})", "", "\1", false, false },
	{ P "{ p ${item.v}; }", "", "\1", false, false },
	{ P "p ${none:-${item.v}}", "", "\1", false, false },
	{ P "p \"${none:-${item.v}}\"", "", "\1", false, false },
	{ P "p \"${none:-\"${item.v}\"}\"", "", "\1", false, false },
	{ P "p ${none:-'${item.v}'}", "", "\1", false, false },
	{ P "x=@; p \"${x+${item.v}}\"", "", "\1", false, false },
	{ P "x=${item.v}Z; p \"${x#${item.v}}\" ${item.v}", "Z\1", "\1", false,
	    false },
	{ P "x=Z${item.v}; p \"${x%\"${item.v}\"}\" ${item.v}", "Z\1", "\1",
	    false, false },
	{ P "p a\\\n${item.v}", "a", "\1", false, false },
	{ P "p \\'${item.v}\\' \"\\\"${item.v}\\\"\" >/dev/null; p ${item.v}",
	    "", "\1", false, false },
	{ P "set -- ${item.v}; p \"$@\"", "", "\1", false, false },
	{ P "awk 'BEGIN { printf \"%s\", ARGV[1] }' ${item.v}", "", "", false,
	    false },
	{ P "sh -c 'printf %s \"$1\"' sh ${item.v}", "", "", false, false },
	{ P "sh -c \"printf %s ${item.v|sh}\"", "", "", false, false },
	{ P "p ${item.v|sh}", "", "\1", false, false },
	{ P "eval \"p ${item.v|sh}\"", "", "\1", false, false },
	{ P "p $item_v", "", "\1", false, false },
};

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

static void
test_places(const char *shell)
{
	autofree char *big = mem_zalloc(LONG_VALUE + 1);
	for (size_t i = 0; i < LONG_VALUE; i++)
		big[i] = " a'\"$`\\;\nb"[i % 10];
	for (size_t p = 0; p < COUNT_OF(places); p++) {
		size_t good = 0;
		for (size_t i = 0; i < COUNT_OF(hostile); i++)
			good += check(&places[p], shell, hostile[i]);
		/* Twice quoted or as one argument it would be too long. */
		if (strstr(places[p].script, "|sh}") == NULL &&
		    strstr(places[p].script, "<<'EOF'\n${item.v}.") == NULL)
			good += check(&places[p], shell, big);
		else
			good++;
		tap_is_int((long long)good, COUNT_OF(hostile) + 1, "%s %s",
		    shell, places[p].script + strlen(P));
	}
}

/* A capture may be split, but it is never executed either. */
static void
test_captures(const char *shell)
{
	size_t canaries = 0;
	for (size_t p = 0; p < COUNT_OF(places); p++) {
		for (size_t i = 0; i < COUNT_OF(hostile); i++) {
			struct vars *vars = vars_with(hostile[i], VARS_CAPTURE);
			autostr struct str script = { 0 };
			autostr struct str printed = { 0 };
			autostrv struct strv env = { 0 };
			autoerror struct error err = { 0 };
			if (template_shell(places[p].script, vars, false,
				&script, &env, NULL, &err))
				shells_run(
				    shell, str_text(&script), &env, &printed);
			canaries += has_canary();
			vars_free(vars);
		}
	}
	tap_is_int((long long)canaries, 0, "%s: captures", shell);
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
	tap_is_int((long long)good, (long long)n, "%s: names of files", shell);
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
	    "words: %s", error_text(&err));
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
	    "one word");
	shells_run(shell, str_text(&script), &env, &printed);
	tap_ok(!has_canary(), "%s: no canary", shell);
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
