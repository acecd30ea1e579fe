/* SPDX-License-Identifier: MIT */
/* Conversion of output into values, and the variables of a step. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "agent/captures.h"

struct captures_conversion {
	enum capture_format format;
	const char *text;
	bool ok;
	const char *want; /* compact JSON; NULL: it does not convert */
};

static const struct captures_conversion conversions[] = {
	{ CAPTURE_STRING, "a\nb\n\n", true, "\"a\\nb\"" },
	{ CAPTURE_STRING, "", true, "\"\"" },
	{ CAPTURE_STRING, "\n", true, "\"\"" },
	{ CAPTURE_STRING, " x ", true, "\" x \"" },
	{ CAPTURE_LINES, "a\r\n\nb", true, "[\"a\",\"\",\"b\"]" },
	{ CAPTURE_LINES, "a\n", true, "[\"a\"]" },
	{ CAPTURE_LINES, "", true, "[]" },
	{ CAPTURE_NUMBER, " 5\n", true, "5" },
	{ CAPTURE_NUMBER, "-7", true, "-7" },
	{ CAPTURE_NUMBER, "1.5", true, "1.5" },
	{ CAPTURE_NUMBER, "1e2", true, "100.0" },
	{ CAPTURE_NUMBER, "9223372036854775807", true, "9223372036854775807" },
	{ CAPTURE_NUMBER, "9223372036854775808", true, NULL },
	{ CAPTURE_NUMBER, "0x10", true, NULL },
	{ CAPTURE_NUMBER, "inf", true, NULL },
	{ CAPTURE_NUMBER, "1e999", true, NULL },
	{ CAPTURE_NUMBER, "5 6", true, NULL },
	{ CAPTURE_NUMBER, "", true, NULL },
	{ CAPTURE_BOOLEAN, "TRUE\n", false, "true" },
	{ CAPTURE_BOOLEAN, "no", true, "false" },
	{ CAPTURE_BOOLEAN, "on", false, "true" },
	{ CAPTURE_BOOLEAN, "0", true, "false" },
	{ CAPTURE_BOOLEAN, "perhaps", true, "true" },
	{ CAPTURE_BOOLEAN, "perhaps", false, "false" },
	{ CAPTURE_JSON, " {\"a\":[1]}\n", true, "{\"a\":[1]}" },
	{ CAPTURE_JSON, "3", true, "3" },
	{ CAPTURE_JSON, "{", true, NULL },
	{ CAPTURE_JSON, "{} {}", true, NULL },
	{ CAPTURE_JSON, "{\"a\":1,\"a\":2}", true, NULL },
};

static char *
look_up(const struct vars *vars, const char *name)
{
	autoerror struct error err = { 0 };
	struct vars_value found = { 0 };
	if (!vars_find(vars, name, &found, &err) || found.value == NULL)
		return NULL;
	return json_dumps(found.value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void
check_conversion(const struct captures_conversion *want)
{
	autoerror struct error err = { 0 };
	char name[] = "v";
	struct vars *vars = vars_new(NULL);
	struct step step = { .kind = STEP_SHELL };
	struct outcome outcome = { 0 };
	step.capture.name = name;
	step.capture.format = want->format;
	step.capture.out = true;
	str_add(&outcome.out, want->text);
	if (!want->ok)
		failure_set(&outcome.failure, CAUSE_COMMAND, 1, "it failed");
	bool ok = captures_publish(&step, &outcome, vars, vars, &err);
	char *got = look_up(vars, "v");
	if (want->want == NULL)
		tap_ok(!ok && err.kind == ERROR_INPUT,
		    "'%s' is refused as format %d", want->text,
		    (int)want->format);
	else
		tap_is_text(got, want->want, "'%s' converts to format %d",
		    want->text, (int)want->format);
	free(got);
	outcome_release(&outcome);
	vars_free(vars);
}

static void
is_value(const struct vars *vars, const char *name, const char *want)
{
	char *got = look_up(vars, name);
	if (want == NULL)
		tap_ok(got == NULL, "%s is not set", name);
	else
		tap_is_text(got, want, "%s is set", name);
	free(got);
}

static enum vars_class
class_of(const struct vars *vars, const char *name)
{
	autoerror struct error err = { 0 };
	struct vars_value found = { 0 };
	if (!vars_find(vars, name, &found, &err))
		return VARS_CLASSES;
	return found.class;
}

struct captures_fixture {
	struct vars *kept;
	struct vars *recent;
	struct step step; /* captures JSON as "version", its id is "build" */
	struct outcome outcome;
};

static void
open_fixture(struct captures_fixture *fixture, enum step_kind kind)
{
	static char id[] = "build";
	static char name[] = "version";
	*fixture = (struct captures_fixture){
		.kept = vars_new(NULL),
		.step = { .kind = kind, .id = id },
		.outcome = { .ms = 1500 },
	};
	fixture->recent = vars_new(fixture->kept);
	fixture->step.capture = (struct capture){ .name = name,
		.format = CAPTURE_JSON,
		.out = true,
		.exit_code = true,
		.success = true,
		.duration = true };
	str_add(&fixture->outcome.err, "careful\n");
}

static bool
publish(struct captures_fixture *fixture, const char *printed)
{
	autoerror struct error err = { 0 };
	str_clear(&fixture->outcome.out);
	str_add(&fixture->outcome.out, printed);
	bool ok = captures_publish(&fixture->step, &fixture->outcome,
	    fixture->recent, fixture->kept, &err);
	if (!ok)
		tap_ok(strstr(error_text(&err), "as json") != NULL,
		    "the error names the format: %s", error_text(&err));
	return ok;
}

static void
close_fixture(struct captures_fixture *fixture)
{
	outcome_release(&fixture->outcome);
	vars_free(fixture->recent);
	vars_free(fixture->kept);
}

static void
check_variables(void)
{
	struct captures_fixture fixture;
	open_fixture(&fixture, STEP_SHELL);
	const struct vars *vars = fixture.recent;
	tap_ok(publish(&fixture, "{\"major\":3,\"success\":\"maybe\"}\n"),
	    "the variables of a step are set");
	is_value(vars, "version.major", "3");
	is_value(vars, "version.success", "\"maybe\"");
	is_value(vars, "version.exit_code", "0");
	is_value(vars, "version.duration", "1.5");
	is_value(vars, "version.stderr", NULL);
	is_value(vars, "build.success", "true");
	is_value(vars, "build.stderr", "\"careful\"");
	is_value(vars, "shell.exit_code", "0");
	is_value(vars, "shell.stderr", "\"careful\"");
	is_value(vars, "last.exit_code", "0");
	close_fixture(&fixture);
}

static void
check_classes(void)
{
	struct captures_fixture fixture;
	open_fixture(&fixture, STEP_SHELL);
	tap_ok(publish(&fixture, "1"), "a shell step is captured");
	tap_is_int(class_of(fixture.recent, "version"), VARS_CAPTURE,
	    "what a shell step prints is split into words by a script");
	close_fixture(&fixture);
	open_fixture(&fixture, STEP_CLAUDE);
	tap_ok(publish(&fixture, "1"), "a claude step is captured");
	tap_is_int(class_of(fixture.recent, "version"), VARS_DATA,
	    "what claude says is data");
	tap_is_int(class_of(fixture.recent, "claude.output"), VARS_DATA,
	    "claude.output is data");
	tap_is_int(class_of(fixture.recent, "build.exit_code"), VARS_TRUSTED,
	    "a number of ours is inserted as text");
	close_fixture(&fixture);
}

static void
check_failure(void)
{
	struct captures_fixture fixture;
	open_fixture(&fixture, STEP_SHELL);
	tap_ok(!publish(&fixture, "no json"),
	    "output that is no JSON fails the step");
	failure_set(&fixture.outcome.failure, CAUSE_COMMAND, 4, "it failed");
	tap_ok(publish(&fixture, "no json"),
	    "a step that failed anyway keeps its failure");
	is_value(fixture.recent, "version", "\"no json\"");
	is_value(fixture.recent, "version.exit_code", "4");
	close_fixture(&fixture);
}

int
main(void)
{
	for (size_t i = 0; i < COUNT_OF(conversions); i++)
		check_conversion(&conversions[i]);
	check_variables();
	check_classes();
	check_failure();
	return tap_done();
}
