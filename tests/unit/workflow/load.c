/* SPDX-License-Identifier: MIT */
/*
 * Workflow files and what the reader makes of them. tests/fixtures/workflows
 * holds bad/NAME.yml with the expected report in bad/NAME.txt, and
 * good/NAME.yml (or .json) with the expected content in good/NAME.txt. With
 * UPDATE_EXPECTED set the expectations are written anew, to be reviewed.
 */
#include "config.h"

#include <dirent.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../records.h"
#include "../tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "workflow/load.h"

#define LEAST_BAD_FILES 40
#define LEAST_GOOD_FILES 15

static char *
fixture_dir(const char *name)
{
	const char *top = getenv("top_srcdir");
	return mem_format(
	    "%s/tests/fixtures/workflows/%s", top != NULL ? top : ".", name);
}

static const char *const kind_names[ERROR_KINDS] = {
	[ERROR_NONE] = "none",
	[ERROR_USAGE] = "usage",
	[ERROR_INPUT] = "input",
	[ERROR_SYSTEM] = "system",
	[ERROR_NO_SPACE] = "no-space",
	[ERROR_STORAGE] = "storage",
	[ERROR_STATE] = "state",
	[ERROR_GIT] = "git",
	[ERROR_COMMAND] = "command",
	[ERROR_TIMEOUT] = "timeout",
	[ERROR_CANCELLED] = "cancelled",
	[ERROR_UNSUPPORTED] = "unsupported",
};

static void
add_findings(struct str *out, const struct workflow_findings *findings)
{
	for (size_t i = 0; i < findings->warnings.n; i++)
		str_format(out, "warning: %s\n", findings->warnings.items[i]);
	for (size_t i = 0; i < findings->errors.n; i++) {
		const struct error *err = &findings->errors.items[i];
		str_format(
		    out, "%s: %s\n", kind_names[err->kind], error_text(err));
	}
}

/* Its members but those that say no more than which file it is. */
static json_t *
workflow_json(const struct workflow *workflow)
{
	json_t *json = record_to_json(&workflow_table, workflow);
	json_object_del(json, "path");
	json_object_del(json, "sha256");
	json_object_del(json, "text");
	return json;
}

/* Everything that the reader says about a file. */
static void
describe(const char *path, bool *ok, struct str *out)
{
	struct workflow workflow = { 0 };
	struct workflow_findings findings = { 0 };
	autostr struct str text = { 0 };
	autoerror struct error err = { 0 };
	if (!file_read(path, WORKFLOW_FILE_LIMIT, &text, &err)) {
		tap_note("%s", error_text(&err));
		return;
	}
	*ok = workflow_load_text(
	    path_name(path), str_text(&text), text.len, &workflow, &findings);
	add_findings(out, &findings);
	if (*ok) {
		autojson json_t *json = workflow_json(&workflow);
		json_pretty(json, out);
		str_add_char(out, '\n');
	}
	workflow_release(&workflow);
	workflow_findings_release(&findings);
}

static void
check_file(const char *dir, const char *name, bool good)
{
	autofree char *path = path_join(dir, name);
	autofree char *stem = mem_text_n(path, strrchr(path, '.') - path);
	autofree char *expected = mem_format("%s.txt", stem);
	autostr struct str got = { 0 };
	autostr struct str want = { 0 };
	autoerror struct error err = { 0 };
	bool ok = false;
	describe(path, &ok, &got);
	if (getenv("UPDATE_EXPECTED") != NULL &&
	    !file_replace(expected, str_text(&got), got.len, &err))
		tap_note("%s", error_text(&err));
	if (!file_read(expected, SIZE_MAX / 2, &want, &err))
		tap_note("%s", error_text(&err));
	tap_ok(ok == good, "%s is %s", name, good ? "read" : "refused");
	tap_is_text(
	    str_text(&got), str_text(&want), "%s gives what is expected", name);
}

static void
check_dir(const char *kind, bool good, size_t least)
{
	autofree char *dir = fixture_dir(kind);
	DIR *entries = opendir(dir);
	size_t n = 0;
	if (!tap_ok(entries != NULL, "the folder %s is there", dir))
		return;
	for (const struct dirent *entry = readdir(entries); entry != NULL;
	     entry = readdir(entries)) {
		if (entry->d_name[0] == '.' ||
		    text_ends_with(entry->d_name, ".txt"))
			continue;
		check_file(dir, entry->d_name, good);
		n++;
	}
	closedir(entries);
	tap_ok(n >= least, "%s: there are %zu files", kind, n);
}

static void
test_many_findings(void)
{
	autostr struct str text = { 0 };
	struct workflow workflow;
	struct workflow_findings findings = { 0 };
	for (int i = 0; i < 20000; i++)
		str_format(&text, "- shell: [a]\n  k%d: x\n", i);
	tap_ok(!workflow_load_text(
		   "f", str_text(&text), text.len, &workflow, &findings),
	    "a file with 20000 errors is refused");
	tap_is_int((long long)findings.errors.n, 101,
	    "a hundred errors are told, and how many more");
	tap_is_text(error_text(&findings.errors.items[100]),
	    "f: and 19900 more errors", "the last one counts the rest");
	tap_is_int((long long)findings.warnings.n, 101,
	    "a hundred warnings are told, and how many more");
	workflow_findings_release(&findings);
}

static void
test_missing_file(void)
{
	struct workflow workflow;
	struct workflow_findings findings = { 0 };
	tap_ok(!workflow_load("/nonexistent/w.yml", &workflow, &findings),
	    "a file that is not there is refused");
	tap_is_int((long long)findings.errors.n, 1, "this is one error");
	tap_ok(strstr(error_text(&findings.errors.items[0]),
		   "/nonexistent/w.yml") != NULL,
	    "the error names the file");
	workflow_release(&workflow);
	workflow_findings_release(&findings);
}

static void
test_names(void)
{
	static const char *const cases[][2] = {
		{ "a/b/deploy.yml", "deploy" },
		{ "deploy", "deploy" },
		{ "x/.hidden", ".hidden" },
		{ "a.b.json", "a.b" },
	};
	static const char text[] = "[]";
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct workflow workflow;
		struct workflow_findings findings = { 0 };
		if (tap_ok(workflow_load_text(
			       cases[i][0], text, 2, &workflow, &findings),
			"an empty list is a workflow"))
			tap_is_text(workflow.name, cases[i][1],
			    "a workflow has the name of its file %s",
			    cases[i][0]);
		tap_is_text(workflow.sha256,
		    "4f53cda18c2baa0c0354bb5f9a3ecbe5"
		    "ed12ab4d8e11ba873c2f11161202b945",
		    "the digest is that of its bytes");
		workflow_release(&workflow);
		workflow_findings_release(&findings);
	}
}

int
main(void)
{
	setlocale(LC_CTYPE, "");
	json_init();
	RECORDS_CHECK_ROWS(struct output_capture, &output_capture_table);
	RECORDS_CHECK_ROWS(struct phase_block, &phase_block_table);
	RECORDS_CHECK_ROWS(struct map_block, &map_block_table);
	RECORDS_CHECK_ROWS(struct workflow, &workflow_table);
	records_check_journey("a workflow", &workflow_table, 100);
	check_dir("bad", false, LEAST_BAD_FILES);
	check_dir("good", true, LEAST_GOOD_FILES);
	test_many_findings();
	test_missing_file();
	test_names();
	return tap_done();
}
