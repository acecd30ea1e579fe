/* SPDX-License-Identifier: MIT */
/* Shell scripts and their values, of any size. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/script.h"
#include "base/mem.h"
#include "base/text.h"
#include "data/template_shell.h"

/* Linux: one string of an environment (MAX_ARG_STRLEN), or all of them. */
#define ENTRY_LIMIT (128u * 1024)
#define ARGUMENTS_LIMIT (128L * 1024)

bool
script_expand(struct script *script, const struct chain *chain,
    const char *text, struct error *err)
{
	return template_shell(text, chain->scope, chain->spec->raw,
	    &script->text, &script->values, NULL, err);
}

/* --- values ----------------------------------------------------------- */

/* What an entry takes of the room for arguments and environment. */
static size_t
cost_of(const char *entry)
{
	return strlen(entry) + 1 + sizeof(char *);
}

/*
 * How many bytes of values may be added to the environment. Half of what there
 * is stays for what the script itself exports and gives to its commands.
 */
static size_t
room_for_values(const struct strv *env)
{
	long limit = sysconf(_SC_ARG_MAX);
	size_t room = (size_t)(limit > 0 ? limit : ARGUMENTS_LIMIT) / 2;
	size_t used = 0;
	for (size_t i = 0; i < env->n; i++)
		used += cost_of(env->items[i]);
	return used < room ? room - used : 0;
}

/* One that a run further out has exported would be exported here as well. */
static void
drop_foreign_values(struct strv *env)
{
	for (size_t i = env->n; i-- > 0;)
		if (text_starts_with(env->items[i], TEMPLATE_ENV_PREFIX))
			strv_remove(env, i);
}

static void
add_assignment(struct str *assignments, const char *entry)
{
	const char *value = strchr(entry, '=') + 1;
	str_add_n(assignments, entry, (size_t)(value - entry));
	text_shell_quote(assignments, value);
	str_add_char(assignments, '\n');
}

/* An entry of env: that no program could be started with. */
static void
take_large_entries(
    struct script *script, const struct chain *chain, struct str *assignments)
{
	for (size_t i = script->env.n; i-- > 0;) {
		const char *entry = script->env.items[i];
		size_t name = strcspn(entry, "=");
		if (strlen(entry) < ENTRY_LIMIT || !text_is_name(entry, name))
			continue;
		chain_note(chain,
		    "%.*s is too large for the environment: the script has it, "
		    "but not the commands that it starts",
		    (int)name, entry);
		add_assignment(assignments, entry);
		strv_remove(&script->env, i);
	}
}

/* Values that fit go into the environment, the others become assignments. */
static void
sort_values(struct script *script, struct str *assignments)
{
	size_t room = room_for_values(&script->env);
	for (size_t i = 0; i < script->values.n; i++) {
		const char *entry = script->values.items[i];
		size_t cost = cost_of(entry);
		if (cost <= CHAIN_ARGUMENT_LIMIT && cost <= room) {
			strv_add(&script->env, entry);
			room -= cost;
		} else {
			add_assignment(assignments, entry);
		}
	}
	strv_release(&script->values);
}

/*
 * The script reads its assignments on its own first line, so that the lines
 * which a shell counts in its complaints are those of the workflow. A shell
 * ends when it cannot read such a file.
 */
static bool
place_values(
    struct script *script, const struct chain *chain, struct error *err)
{
	autostr struct str assignments = { 0 };
	struct str text = { 0 };
	drop_foreign_values(&script->env);
	take_large_entries(script, chain, &assignments);
	sort_values(script, &assignments);
	if (assignments.len == 0)
		return true;
	script->values_file =
	    chain_write(chain, "values", "sh", &assignments, err);
	if (script->values_file == NULL)
		return error_wrap(err, "writing the step's values");
	str_add(&text, ". ");
	text_shell_quote(&text, script->values_file);
	str_add(&text, "; ");
	str_add_str(&text, &script->text);
	str_release(&script->text);
	script->text = text;
	return true;
}

/* --- the text --------------------------------------------------------- */

static bool
place_text(struct script *script, const struct chain *chain, struct error *err)
{
	strv_add(&script->argv, "sh");
	if (script->text.len <= CHAIN_ARGUMENT_LIMIT) {
		strv_add(&script->argv, "-c");
		strv_add(&script->argv, str_text(&script->text));
		return true;
	}
	script->text_file =
	    chain_write(chain, "script", "sh", &script->text, err);
	if (script->text_file == NULL)
		return error_wrap(err, "writing the step's script");
	strv_add(&script->argv, script->text_file);
	return true;
}

bool
script_place(
    struct script *script, const struct chain *chain, struct error *err)
{
	return place_values(script, chain, err) &&
	    place_text(script, chain, err);
}

static void
remove_file(char *path)
{
	if (path != NULL)
		(void)unlink(path);
	free(path);
}

void
script_release(struct script *script)
{
	remove_file(script->values_file);
	remove_file(script->text_file);
	strv_release(&script->argv);
	strv_release(&script->values);
	strv_release(&script->env);
	str_release(&script->text);
	*script = (struct script){ 0 };
}
