/* SPDX-License-Identifier: MIT */
/* Conversion of output into values, and the variables of a step. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "agent/captures.h"

struct conversion {
	enum capture_format format;
	const char *text;
	bool ok;
	const char *want; /* compact JSON; NULL: it does not convert */
};

static const struct conversion conversions[] = {
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

static void
check_conversion(const struct conversion *want)
{
	autoerror struct error err = { 0 };
	autostr struct str text = { 0 };
	str_add(&text, want->text);
	json_t *value = capture_convert(want->format, &text, want->ok, &err);
	char *got = value == NULL
	    ? NULL
	    : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	if (want->want == NULL)
		tap_ok(got == NULL && err.kind == ERROR_INPUT,
		    "'%s' is refused", want->text);
	else
		tap_is_text(got, want->want, "'%s' converts", want->text);
	free(got);
	json_decref(value);
}

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
is_value(const struct vars *vars, const char *name, const char *want)
{
	char *got = look_up(vars, name);
	if (want == NULL)
		tap_ok(got == NULL, "%s is not set", name);
	else
		tap_is_text(got, want, "%s", name);
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

static void
check_variables(void)
{
	autoerror struct error err = { 0 };
	struct vars *kept = vars_new(NULL);
	struct vars *recent = vars_new(kept);
	char id[] = "build";
	char name[] = "version";
	struct step step = { .kind = STEP_SHELL, .id = id };
	struct outcome outcome = { .ms = 1500 };
	step.capture = (struct capture){ .name = name,
		.format = CAPTURE_JSON,
		.out = true,
		.exit_code = true,
		.success = true,
		.duration = true };
	str_add(&outcome.out, "{\"major\":3,\"success\":\"maybe\"}\n");
	str_add(&outcome.err, "careful\n");
	tap_ok(captures_publish(&step, &outcome, recent, kept, &err),
	    "published: %s", error_text(&err));
	is_value(recent, "version.major", "3");
	is_value(recent, "version.success", "\"maybe\"");
	is_value(recent, "version.exit_code", "0");
	is_value(recent, "version.duration", "1.5");
	is_value(recent, "version.stderr", NULL);
	is_value(recent, "build.success", "true");
	is_value(recent, "build.stderr", "\"careful\"");
	is_value(recent, "shell.exit_code", "0");
	is_value(recent, "shell.stderr", "\"careful\"");
	is_value(recent, "last.exit_code", "0");
	tap_is_int(class_of(recent, "version"), VARS_CAPTURE, "class of shell");

	step.kind = STEP_CLAUDE;
	tap_ok(captures_publish(&step, &outcome, recent, kept, &err),
	    "published again");
	tap_is_int(class_of(recent, "version"), VARS_DATA, "class of claude");
	tap_is_int(class_of(recent, "claude.output"), VARS_DATA,
	    "class of claude.output");
	tap_is_int(class_of(recent, "build.exit_code"), VARS_TRUSTED,
	    "class of a number of ours");

	str_clear(&outcome.out);
	str_add(&outcome.out, "no json");
	tap_ok(!captures_publish(&step, &outcome, recent, kept, &err),
	    "output that is no JSON fails the step");
	tap_ok(strstr(error_text(&err), "as json") != NULL, "told: %s",
	    error_text(&err));
	error_release(&err);
	failure_set(&outcome.failure, CAUSE_COMMAND, 4, "it failed");
	tap_ok(captures_publish(&step, &outcome, recent, kept, &err),
	    "but not a step that failed anyway");
	is_value(recent, "version", "\"no json\"");
	is_value(recent, "version.exit_code", "4");
	outcome_release(&outcome);
	vars_free(recent);
	vars_free(kept);
}

int
main(void)
{
	for (size_t i = 0; i < COUNT_OF(conversions); i++)
		check_conversion(&conversions[i]);
	check_variables();
	return tap_done();
}
