/* SPDX-License-Identifier: MIT */
/* What is looked at before a run begins. */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"
#include "git/git.h"
#include "proc/spawn.h"
#include "run/preflight.h"

#define COMMANDS_DIR ".claude/commands"
#define SKILLS_DIR ".claude/skills"
#define MODULES_FILE ".gitmodules"

/* What was found: reasons why no item can succeed, and the rest. */
struct preflight_findings {
	struct strv fatal;
	struct strv *warnings; /* the caller's; NULL: they were told before */
};

static void
warn(struct preflight_findings *findings, const char *text)
{
	if (findings->warnings != NULL)
		strv_add(findings->warnings, text);
}

static void
note(struct preflight_findings *findings, bool is_fatal, const char *text)
{
	if (is_fatal)
		strv_add(&findings->fatal, text);
	else
		warn(findings, text);
}

static bool
conclude(struct preflight_findings *findings, struct error *err)
{
	autostr struct str text = { 0 };
	for (size_t i = 0; i < findings->fatal.n; i++)
		str_format(
		    &text, "%s%s", i > 0 ? "\n" : "", findings->fatal.items[i]);
	bool may_run = findings->fatal.n == 0;
	strv_release(&findings->fatal);
	return may_run || error_set(err, ERROR_STATE, "%s", str_text(&text));
}

/* --- what is sure to happen ------------------------------------------- */

/* A claude step that runs whatever is true, and whose failure is one. */
static bool
is_sure(const struct step *step)
{
	return step->kind == STEP_CLAUDE && step->when == NULL &&
	    step->on_failure == NULL && !step->continue_on_error;
}

static bool
sets(const struct step *step, const char *prefix)
{
	for (size_t i = 0; i < step->env.n; i++)
		if (text_starts_with(step->env.items[i], prefix))
			return true;
	return false;
}

static bool
needs_claude(const struct steps *steps)
{
	for (size_t i = 0; i < steps->n; i++)
		if (is_sure(&steps->items[i]) &&
		    !sets(&steps->items[i], "PATH="))
			return true;
	return false;
}

static bool
needs_commits(const struct steps *steps)
{
	for (size_t i = 0; i < steps->n; i++)
		if (is_sure(&steps->items[i]) &&
		    steps->items[i].commit_required &&
		    !sets(&steps->items[i], "GIT_"))
			return true;
	return false;
}

/* --- claude, and commits ---------------------------------------------- */

static void
look_at_claude(const struct preflight *preflight, bool is_last,
    struct preflight_findings *findings)
{
	const struct workflow *workflow = preflight->workflow;
	const char *program = preflight->claude->command.items[0];
	autoerror struct error why = { 0 };
	autostrv struct strv env = { 0 };
	/* A path that is relative to the work tree is not there yet. */
	if (!workflow_uses_claude(workflow) ||
	    (program[0] != '/' && strchr(program, '/') != NULL))
		return;
	strv_env_inherit(&env);
	strv_env_set_all(&env, preflight->env);
	autofree char *path =
	    program_find(program, strv_array(&env), NULL, &why);
	if (path != NULL)
		return;
	bool is_sure = needs_claude(&workflow->map.agent_template) ||
	    needs_claude(&workflow->reduce.steps);
	autofree char *text = mem_format(
	    "%s not found in PATH, which claude steps need", program);
	note(findings, is_last && is_sure, text);
}

static void
look_at_commits(const struct preflight *preflight, bool is_last,
    struct preflight_findings *findings)
{
	autoerror struct error why = { 0 };
	if (repo_can_commit(preflight->repo, preflight->env, &why))
		return;
	autofree char *text =
	    mem_format("%s; commits of agents fail", error_text(&why));
	note(findings,
	    is_last && needs_commits(&preflight->workflow->map.agent_template),
	    text);
}

/* --- what the commit holds -------------------------------------------- */

/* The file that map.input surely names; NULL when it may be something else. */
static const char *
input_file(const struct workflow *workflow)
{
	const char *input = workflow->map.input;
	if (!workflow->mapreduce || input == NULL ||
	    workflow_input_is_document(input) || input[0] == '/' ||
	    strpbrk(input, " \t\n$") != NULL || strstr(input, "..") != NULL)
		return NULL;
	return text_starts_with(input, "./") ? input + strlen("./") : input;
}

/* Which of the files that matter the commit holds, by their paths. */
static bool
list_commit(const struct preflight *preflight, struct strv *files)
{
	autoerror struct error ignored = { 0 };
	autostr struct str out = { 0 };
	const char *input = input_file(preflight->workflow);
	const char *const args[] = { "ls-tree", "-r", "-z", "--name-only",
		"--full-tree", preflight->repo->head, "--", COMMANDS_DIR,
		SKILLS_DIR, MODULES_FILE, input, NULL };
	if (!git_run(preflight->repo->root, args, &out, &ignored))
		return false;
	for (size_t at = 0; at < out.len; at += strlen(out.data + at) + 1)
		strv_add(files, out.data + at);
	return true;
}

static bool
has(const struct strv *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->items[i], path) == 0)
			return true;
	return false;
}

static bool
is_in_checkout(const struct repo *repo, const char *path)
{
	autofree char *full = path_join(repo->root, path);
	return path_exists(full) && !path_is_dir(full);
}

static bool
is_changed(const struct repo *repo, const char *path)
{
	autoerror struct error ignored = { 0 };
	autostr struct str out = { 0 };
	const char *const args[] = { "diff", "--name-only", "-z", repo->head,
		"--", path, NULL };
	return git_run(repo->root, args, &out, &ignored) && out.len > 0;
}

static void
look_at_input(const struct preflight *preflight, const struct strv *files,
    struct preflight_findings *findings)
{
	const char *input = input_file(preflight->workflow);
	bool can_be_made = preflight->workflow->setup.steps.n > 0;
	autofree char *text = NULL;
	if (input == NULL)
		return;
	if (!has(files, input) && !is_in_checkout(preflight->repo, input)) {
		/* Without such a name it may be a command. */
		text = mem_format("map.input: input file not found: %s", input);
		if (!can_be_made && text_ends_with(input, ".json"))
			strv_add(&findings->fatal, text);
		return;
	}
	if (has(files, input)) {
		text = mem_format("map.input: the changes of %s are not "
				  "committed, so that the run does without "
				  "them",
		    input);
		if (is_changed(preflight->repo, input))
			warn(findings, text);
		return;
	}
	text = mem_format("map.input: %s is in the checkout, but not "
			  "committed, so that the run does not have it: "
			  "git add it and commit",
	    input);
	if (!can_be_made)
		strv_add(&findings->fatal, text);
}

/* --- slash commands --------------------------------------------------- */

/* Those that claude brings along and can do without a terminal. */
static bool
is_built_in(const char *name)
{
	static const char *const names[] = { "compact", "context", "cost",
		"init", "pr-comments", "release-notes", "review",
		"security-review" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* A command is called as its file is, whatever folder that is in. */
static bool
is_committed(const struct strv *files, const char *name)
{
	autofree char *command = mem_format("/%s.md", name);
	autofree char *skill = mem_format(SKILLS_DIR "/%s/SKILL.md", name);
	for (size_t i = 0; i < files->n; i++)
		if ((text_starts_with(files->items[i], COMMANDS_DIR "/") &&
			text_ends_with(files->items[i], command)) ||
		    strcmp(files->items[i], skill) == 0)
			return true;
	return false;
}

/* The user's own commands are there in every repository. */
static bool
is_of_user(const char *name)
{
	const char *config = getenv("CLAUDE_CONFIG_DIR");
	const char *home = getenv("HOME");
	if (config == NULL && home == NULL)
		return false;
	autofree char *dir =
	    config != NULL ? mem_text(config) : path_join(home, ".claude");
	autofree char *command = mem_format("%s/commands/%s.md", dir, name);
	autofree char *skill = mem_format("%s/skills/%s/SKILL.md", dir, name);
	return path_exists(command) || path_exists(skill);
}

/* "name" of "/name words"; NULL for what is no plain name of a file. */
static char *
command_name(const struct step *step)
{
	const char *text = step->command;
	if (step->kind != STEP_CLAUDE || text == NULL || text[0] != '/')
		return NULL;
	size_t len = 0;
	while (isalnum((unsigned char)text[1 + len]) || text[1 + len] == '-' ||
	    text[1 + len] == '_')
		len++;
	const char end = text[1 + len];
	return len > 0 && (end == '\0' || text_is_blank(end))
	    ? mem_text_n(text + 1, len)
	    : NULL;
}

static void
add_names(const struct steps *steps, struct strv *names)
{
	for (size_t i = 0; i < steps->n; i++) {
		const struct step *step = &steps->items[i];
		char *name = command_name(step);
		if (name != NULL && !has(names, name))
			strv_give(names, name);
		else
			free(name);
		if (step->on_failure != NULL)
			add_names(&step->on_failure->commands, names);
	}
}

static void
look_at_names(const struct preflight *preflight, const struct strv *files,
    const struct strv *names, struct preflight_findings *findings)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->items[i];
		autofree char *path = mem_format(COMMANDS_DIR "/%s.md", name);
		if (is_built_in(name) || is_committed(files, name) ||
		    is_of_user(name))
			continue;
		bool is_there = is_in_checkout(preflight->repo, path);
		autofree char *text = mem_format(is_there
			? "/%s: %s is in the checkout, but not committed, so "
			  "that agents do not have it"
			: "/%s: there is no %s; claude takes the words for a "
			  "prompt, or does nothing",
		    name, path);
		warn(findings, text);
	}
}

static void
look_at_commands(const struct preflight *preflight, const struct strv *files,
    struct preflight_findings *findings)
{
	const struct workflow *workflow = preflight->workflow;
	autostrv struct strv names = { 0 };
	if (preflight->claude->plain)
		return;
	add_names(&workflow->commands, &names);
	add_names(&workflow->setup.steps, &names);
	add_names(&workflow->map.agent_template, &names);
	add_names(&workflow->reduce.steps, &names);
	add_names(&workflow->merge.steps, &names);
	look_at_names(preflight, files, &names, findings);
}

/* --- submodules ------------------------------------------------------- */

/* Whether some step is about them: then they are not forgotten. */
static bool
mention_submodules(const struct steps *steps)
{
	for (size_t i = 0; i < steps->n; i++)
		if (steps->items[i].command != NULL &&
		    strstr(steps->items[i].command, "submodule") != NULL)
			return true;
	return false;
}

static void
look_at_submodules(const struct preflight *preflight, const struct strv *files,
    struct preflight_findings *findings)
{
	const struct workflow *workflow = preflight->workflow;
	autoerror struct error ignored = { 0 };
	autostr struct str out = { 0 };
	autofree char *blob =
	    mem_format("%s:" MODULES_FILE, preflight->repo->head);
	const char *const args[] = { "config", "--blob", blob, "--get-regexp",
		"^submodule\\..*\\.path$", NULL };
	if (!has(files, MODULES_FILE) ||
	    mention_submodules(&workflow->commands) ||
	    mention_submodules(&workflow->map.agent_template) ||
	    !git_run(preflight->repo->root, args, &out, &ignored) ||
	    out.len == 0)
		return;
	const char *path = strchr(str_text(&out), ' ');
	autofree char *text = mem_format("submodules (%.*s%s) are empty in "
					 "work trees; a step can fill them: "
					 "git submodule update --init",
	    path == NULL ? 0 : (int)strcspn(path + 1, "\n"),
	    path == NULL ? "" : path + 1,
	    strchr(str_text(&out), '\n') == NULL ? "" : ", ...");
	warn(findings, text);
}

/* --- all of it -------------------------------------------------------- */

bool
preflight_look(
    const struct preflight *preflight, struct strv *warnings, struct error *err)
{
	struct preflight_findings findings = { .warnings = warnings };
	autostrv struct strv files = { 0 };
	const bool is_last = preflight->workflow->setup.steps.n == 0;
	look_at_claude(preflight, is_last, &findings);
	look_at_commits(preflight, is_last, &findings);
	if (list_commit(preflight, &files)) {
		look_at_input(preflight, &files, &findings);
		look_at_commands(preflight, &files, &findings);
		look_at_submodules(preflight, &files, &findings);
	}
	return conclude(&findings, err);
}

bool
preflight_look_again(const struct preflight *preflight, struct error *err)
{
	struct preflight_findings findings = { .warnings = NULL };
	if (preflight->workflow->setup.steps.n > 0) {
		look_at_claude(preflight, true, &findings);
		look_at_commits(preflight, true, &findings);
	}
	return conclude(&findings, err);
}
