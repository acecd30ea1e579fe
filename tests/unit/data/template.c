/* SPDX-License-Identifier: MIT */
/* Templates: the cases of tests/cases/template.txt, reports and limits. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "data/json.h"
#include "data/template.h"
#include "data/template_shell.h"
#include "shells.h"

static const char item_json[] =
    "{\"id\":7,\"f\":1.50,\"path\":\"a b.c\",\"tags\":[\"x\",\"y\"],"
    "\"o\":{\"k\":true,\"a\":null},\"neg\":-3,\"s\":\"12\",\"e\":\"\","
    "\"l\":[],\"odd\":[\"a b\",\"c;d\"],\"up\":\"MiXed\","
    "\"nl\":\"one\\ntwo\\n\"}";

static struct vars *
make_vars(void)
{
	struct vars *vars = vars_new(NULL);
	vars_set_new(vars, "item", json_loads(item_json, 0, NULL), VARS_DATA);
	vars_set_text(vars, "N", "5", VARS_AUTHOR);
	vars_set_text(vars, "E", "", VARS_AUTHOR);
	vars_set_text(vars, "AUTH", "it's", VARS_AUTHOR);
	vars_set_text(vars, "shell.output", "w1  w2\n", VARS_CAPTURE);
	vars_set_new(vars, "count", json_integer(42), VARS_CAPTURE);
	vars_set_text(vars, "job", "job-1", VARS_TRUSTED);
	vars_set_text(vars, "root", "/a b", VARS_TRUSTED);
	vars_set_text(
	    vars, "step.files_changed", "a.c b/c.h d.md", VARS_CAPTURE);
	return vars;
}

static void
unescape(char *text)
{
	char *to = text;
	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && strchr("nt\\", text[1]) != NULL) {
			text++;
			*to++ = *text == 'n' ? '\n'
			    : *text == 't'   ? '\t'
					     : '\\';
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

static void
check_case(const struct vars *vars, const char *how, const char *template,
    const char *want)
{
	autostr struct str out = { 0 };
	autostr struct str printed = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	const char *got = NULL;
	if (strcmp(how, "text") == 0) {
		if (template_text(template, vars, &out, NULL, &err))
			got = str_text(&out);
	} else if (template_shell(
		       template, vars, false, &out, &env, NULL, &err)) {
		got = str_text(&out);
	} else if (strcmp(how, "error") == 0) {
		got = err.kind == ERROR_INPUT ? error_text(&err) : NULL;
	}
	if (got != NULL && strcmp(how, "out") == 0) {
		shells_run("/bin/sh", got, &env, &printed);
		got = str_text(&printed);
	}
	tap_is_text(got, want, "%s %s", how, template);
}

static void
test_cases(const struct vars *vars)
{
	autofree char *path =
	    path_join(getenv("top_srcdir"), "tests/cases/template.txt");
	autostr struct str file = { 0 };
	autoerror struct error err = { 0 };
	if (!tap_ok(file_read(path, 1 << 20, &file, &err),
		"the file of cases is read: %s", error_text(&err)))
		return;
	char *rest = file.data;
	char *line;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == '#' || line[0] == '\0')
			continue;
		const char *how = strsep(&line, "\t");
		char *template = strsep(&line, "\t");
		if (!tap_ok(line != NULL, "a case has three columns: %s", how))
			continue;
		unescape(template);
		unescape(line);
		check_case(vars, how, template, line);
	}
}

static void
test_report(const struct vars *vars)
{
	struct template_report report = { 0 };
	autostr struct str out = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	const char *text = "${item.none} ${other.x} ${item.none:-d} ${shell.x} "
			   "$item ${item.id|zz}";
	tap_ok(template_text(text, vars, &out, &report, &err),
	    "a template of text is filled in");
	tap_is_int((long long)report.unresolved.n, 3,
	    "text reports three unresolved references");
	tap_is_text(report.unresolved.items[0], "item.none",
	    "the first unresolved reference is item.none");
	tap_is_text(report.unresolved.items[1], "shell.x",
	    "the second unresolved reference is shell.x");
	tap_is_text(report.unresolved.items[2], "item.id",
	    "the third unresolved reference is item.id");
	template_report_release(&report);
	str_clear(&out);
	tap_ok(template_shell(text, vars, false, &out, &env, &report, &err),
	    "a template of a script is filled in");
	tap_is_int((long long)report.unresolved.n, 3,
	    "a script reports three unresolved references");
	template_report_release(&report);
}

static void
test_raw(const struct vars *vars)
{
	autostr struct str out = { 0 };
	autostrv struct strv env = { 0 };
	autoerror struct error err = { 0 };
	tap_ok(template_shell("a '${item.path}' \\${N} ${U} $((${item.path}))",
		   vars, true, &out, &env, NULL, &err),
	    "a raw template of a script is filled in");
	tap_is_text(str_text(&out), "a 'a b.c' \\${N} ${U} $((a b.c))",
	    "a raw template has its values pasted");
	tap_is_int((long long)env.n, 0, "a raw template needs no environment");
}

static const char *
shell_error(const struct vars *vars, const char *script, struct error *err)
{
	autostr struct str out = { 0 };
	autostrv struct strv env = { 0 };
	error_release(err);
	if (template_shell(script, vars, false, &out, &env, NULL, err))
		return NULL;
	return err->kind == ERROR_INPUT ? error_text(err) : "not INPUT";
}

static json_t *
fail_to_load(void *arg, struct error *err)
{
	error_set(err, ERROR_SYSTEM, "reading %s", (const char *)arg);
	return NULL;
}

static void
test_limits(void)
{
	struct vars *vars = vars_new(NULL);
	autoerror struct error err = { 0 };
	autofree char *big = mem_zalloc(1024 * 1024 + 1);
	char what[] = "f";
	memset(big, 'x', 1024 * 1024);
	vars_set_text(vars, "item", big, VARS_DATA);
	vars_set_new(vars, "nul", json_stringn("a\0b", 3), VARS_DATA);
	vars_set_new(vars, "own", json_stringn("a\0b", 3), VARS_AUTHOR);
	vars_set_lazy(vars, "lazy", fail_to_load, what, VARS_DATA);
	tap_is_text(shell_error(vars, "'${item}'", &err), NULL,
	    "a value of any size is carried");
	tap_is_text(shell_error(vars, "# ${item}\n", &err), NULL,
	    "a comment carries nothing");
	const char *nul = "${nul}: the value has a NUL byte, which no shell "
			  "takes";
	tap_is_text(shell_error(vars, "${nul}", &err), nul,
	    "a value with NUL is refused");
	tap_is_text(shell_error(vars, "cat <<'E'\n${nul}\nE", &err), nul,
	    "a here-document refuses a value with NUL");
	tap_ok(shell_error(vars, "${own}", &err) != NULL,
	    "NUL is refused even from the author");
	autostr struct str out = { 0 };
	error_release(&err);
	tap_ok(!template_text("${lazy}", vars, &out, NULL, &err),
	    "a value that cannot be loaded is an error");
	tap_is_text(error_text(&err), "${lazy}: loading lazy: reading f",
	    "the error says why it is not loaded");
	vars_free(vars);
}

static void
repeat(struct str *script, const char *text, size_t n)
{
	str_clear(script);
	for (size_t i = 0; i < n; i++)
		str_add(script, text);
}

/* Each in well under a second; with sanitizers a few times that. */
static void
test_speed(const struct vars *vars)
{
	static const char *const pieces[] = { "${item.path} ", "\"${item.o}\"",
		"${U:-", "${E:-", "$(", "((", "`", "\\`", "cat <<E\n",
		"cat <<'E'\n${item.path}", "$N", "$x${N}", "x${N}", "case ",
		"${item.a.b.c.d.e.f.g.h.i.j.k.l}", "[[ ", "a[", "${a[", "$((",
		"'${item.path}", "\\", "{", "#", "${item.tags|words} ",
		"`echo ${item.path}` ", "A=${item.path}", "<<-E ", "((a) ",
		"${x#", "cat <<E\n`a ${item.path}`\nE\n", "a" };
	for (size_t i = 0; i < COUNT_OF(pieces); i++) {
		autostr struct str script = { 0 };
		autostr struct str out = { 0 };
		autostrv struct strv env = { 0 };
		autoerror struct error err = { 0 };
		repeat(&script, pieces[i], (1 << 20) / strlen(pieces[i]));
		clock_t start = clock();
		bool done = template_shell(
		    str_text(&script), vars, false, &out, &env, NULL, &err);
		if (!done && err.kind != ERROR_INPUT)
			tap_ok(false, "%s", error_text(&err));
		str_clear(&out);
		error_release(&err);
		done = template_text(str_text(&script), vars, &out, NULL, &err);
		long long ms =
		    (long long)(clock() - start) * 1000 / CLOCKS_PER_SEC;
		tap_ok(ms < 5000, "1 MiB of %s: %lld ms, %zu bytes%s",
		    pieces[i][0] == '#' ? "hash" : pieces[i], ms, out.len,
		    done ? "" : ", refused");
	}
}

int
main(void)
{
	json_init();
	struct vars *vars = make_vars();
	test_cases(vars);
	test_report(vars);
	test_raw(vars);
	test_limits();
	test_speed(vars);
	vars_free(vars);
	return tap_done();
}
