/* SPDX-License-Identifier: MIT */
/* One git command as a child, and its environment. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "git/git.h"
#include "proc/child.h"
#include "proc/ladder.h"
#include "proc/run.h"

#define FSYNC_GIT 23600 /* core.fsync; it warns of the older setting */
#define OUTPUT_LIMIT ((size_t)64 * 1024 * 1024)
#define COMPLAINT_LIMIT 2000
#define COMPLAINT_LINES 12
#define CEILINGS "GIT_CEILING_DIRECTORIES"
#define NAMES_SHOWN 3

/* --- its version ------------------------------------------------------ */

/* Not by git_call(), whose environment tells the version. */
static unsigned
ask_version(void)
{
	unsigned major = 0, minor = 0, patch = 0;
	char name[] = "git";
	char what[] = "version";
	char *const argv[] = { name, what, NULL };
	autoerror struct error ignored = { 0 };
	autorun struct run_result run = { 0 };
	struct run_spec spec = {
		.argv = argv, .dir = "/", .timeout_ms = GIT_TIMEOUT_MS
	};
	if (!run_capture(&spec, &run, &ignored) || !run_succeeded(&run) ||
	    sscanf(str_text(&run.out), "git version %u.%u.%u", &major, &minor,
		&patch) < 2)
		return 0;
	return major * 10000 + minor * 100 + (patch < 100 ? patch : 99);
}

unsigned
git_version(void)
{
	static unsigned known;
	if (known != 0)
		return known;
	const char *told = getenv(GIT_ENV_VERSION);
	if (told != NULL)
		known = (unsigned)strtoul(told, NULL, 10);
	if (known == 0)
		known = ask_version();
	return known;
}

/* --- its environment -------------------------------------------------- */

struct git_setting {
	const char *key;
	const char *value;
};

/* For every git of a job: maintenance must not run beside agents. */
static const struct git_setting common[] = {
	{ "gc.auto", "0" },
	{ "maintenance.auto", "false" },
	{ "advice.detachedHead", "false" },
	/*
	 * Our trees are short-lived, and with index.skipHash (of
	 * feature.manyFiles) gits up to 2.47 at least lose all files of a
	 * split index.
	 */
	{ "core.splitIndex", "false" },
};

static const struct git_setting ours[] = {
	{ "core.hooksPath", "/dev/null" },
	{ "core.fsmonitor", "false" },
	{ "commit.gpgSign", "false" },
	{ "protocol.allow", "never" },
	{ "core.quotePath", "false" },
};

static const char *const removed[] = {
	"GIT_DIR",
	"GIT_INDEX_FILE",
	"GIT_WORK_TREE",
	"GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_COMMON_DIR",
	"GIT_PREFIX",
	"GIT_NAMESPACE",
	"GIT_QUARANTINE_PATH",
	"GIT_DISCOVERY_ACROSS_FILESYSTEM",
	"GIT_EXTERNAL_DIFF",
	"GIT_LITERAL_PATHSPECS",
	"GIT_GLOB_PATHSPECS",
	"GIT_NOGLOB_PATHSPECS",
	"GIT_ICASE_PATHSPECS",
	"GIT_DEFAULT_HASH",
	"GIT_IMPLICIT_WORK_TREE",
	"GIT_GRAFT_FILE",
	"GIT_NO_REPLACE_OBJECTS",
	"GIT_REPLACE_REF_BASE",
	"GIT_SHALLOW_FILE",
	"GIT_INTERNAL_SUPER_PREFIX",
	"GIT_ATTR_SOURCE",
	"GIT_INDEX_VERSION",
	"GIT_CONFIG",
	"GIT_PAGER_IN_USE",
};

static void
add_settings(struct strv *env, const struct git_setting *settings, size_t n,
    size_t *count)
{
	for (size_t i = 0; i < n; i++) {
		char name[40];
		snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%zu", *count);
		strv_env_set(env, name, settings[i].key);
		snprintf(name, sizeof(name), "GIT_CONFIG_VALUE_%zu", *count);
		strv_env_set(env, name, settings[i].value);
		(*count)++;
	}
}

/* How many settings the caller gave; false: only git can say what is wrong. */
static bool
count_inherited(const struct strv *env, size_t *count)
{
	const char *text = strv_env_get(env, "GIT_CONFIG_COUNT");
	const char *problem = NULL;
	*count = 0;
	if (text == NULL || *text == '\0')
		return true;
	*count = (size_t)strtonum(text, 0, INT_MAX / 2, &problem);
	return problem == NULL;
}

/*
 * What "git -c" hands down stands above GIT_CONFIG_COUNT: where there is some,
 * ours must stand there, too. (The form 'key=value' is read by every git.)
 */
static void
add_parameters(struct strv *env, size_t first, size_t count)
{
	const char *theirs = strv_env_get(env, "GIT_CONFIG_PARAMETERS");
	autostr struct str all = { 0 };
	if (theirs == NULL || *theirs == '\0')
		return;
	str_add(&all, theirs);
	for (size_t i = first; i < count; i++) {
		char name[40];
		snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%zu", i);
		str_format(&all, " '%s=", strv_env_get(env, name));
		snprintf(name, sizeof(name), "GIT_CONFIG_VALUE_%zu", i);
		str_format(&all, "%s'", strv_env_get(env, name));
	}
	strv_env_set(env, "GIT_CONFIG_PARAMETERS", str_text(&all));
}

/*
 * Packs are synced in any case: objects_harden() does not look at them. "none"
 * would have to stand alone; beside others git warns of it, within the output
 * of steps.
 */
static struct git_setting
sync_setting(enum git_sync sync)
{
	bool now = sync == GIT_SYNCED;
	if (git_version() < FSYNC_GIT)
		return (struct git_setting){ "core.fsyncObjectFiles",
			now ? "true" : "false" };
	return (struct git_setting){ "core.fsync",
		now ? "committed,loose-object" : "-all,pack,derived-metadata" };
}

/* What git prints for our eyes or asks of a person. */
static void
set_manners(struct strv *env)
{
	strv_env_set(env, "GIT_EDITOR", ":");
	strv_env_set(env, "LC_ALL", "C");
	for (size_t i = env->n; i-- > 0;)
		if (text_starts_with(env->items[i], "GIT_TRACE"))
			strv_remove(env, i);
}

void
git_env_version(struct strv *env)
{
	char number[24];
	snprintf(number, sizeof(number), "%u", git_version());
	strv_env_set(env, GIT_ENV_VERSION, number);
}

void
git_env(struct strv *env, enum git_purpose purpose, enum git_sync sync)
{
	size_t count;
	char number[24];
	struct git_setting setting = sync_setting(sync);
	bool can_add = count_inherited(env, &count);
	const size_t first = count;
	for (size_t i = 0; i < COUNT_OF(removed); i++)
		strv_env_unset(env, removed[i]);
	strv_env_set(env, "GIT_TERMINAL_PROMPT", "0");
	git_env_version(env);
	add_settings(env, common, COUNT_OF(common), &count);
	add_settings(env, &setting, 1, &count);
	if (purpose == GIT_FOR_US) {
		add_settings(env, ours, COUNT_OF(ours), &count);
		strv_env_set(env, "GIT_OPTIONAL_LOCKS", "0");
	}
	if (purpose != GIT_FOR_AGENT)
		set_manners(env);
	snprintf(number, sizeof(number), "%zu", count);
	if (can_add)
		strv_env_set(env, "GIT_CONFIG_COUNT", number);
	add_parameters(env, first, count);
}

bool
git_confine(const char *folder)
{
	const char *theirs = getenv(CEILINGS);
	/* First: entries behind an empty one may not be links. */
	autofree char *all = theirs == NULL || *theirs == '\0'
	    ? mem_text(folder)
	    : mem_format("%s:%s", folder, theirs);
	if (strchr(folder, ':') != NULL)
		return false;
	if (setenv(CEILINGS, all, 1) != 0)
		BUG("no room for %s", CEILINGS);
	return true;
}

/* A ".git" that git cannot read is the end of its search. */
bool
git_bar(const char *folder, struct error *err)
{
	static const char text[] =
	    "not a repository: a work tree in here has lost its .git\n";
	autofree char *path = path_join(folder, ".git");
	return path_exists(path) || file_replace(path, text, strlen(text), err);
}

static void
make_argv(struct strv *argv, const char *const *args)
{
	strv_add(argv, "git");
	strv_add_all(argv, args);
}

static void
make_env(struct strv *env, const struct git_options *options)
{
	strv_env_inherit(env);
	git_env(env, options->purpose, options->sync);
	if (options->extra_env != NULL)
		strv_env_set_all(env, options->extra_env);
}

/* --- what it said ----------------------------------------------------- */

void
git_result_release(struct git_result *result)
{
	str_release(&result->out);
	str_release(&result->err);
	*result = (struct git_result){ 0 };
}

/*
 * What to do next is our own to say: these are about a merge that has been
 * taken back by then.
 */
static bool
is_advice(const char *line)
{
	static const char *const advice[] = {
		"Automatic merge failed; fix conflicts and then commit ",
		"Automatic merge went well; stopped before committing ",
		"Not committing merge; use 'git commit' to complete ",
	};
	for (size_t i = 0; i < COUNT_OF(advice); i++)
		if (text_starts_with(line, advice[i]))
			return true;
	return false;
}

/* Lines joined by "; ", git's own prefixes off. */
static void
join_lines(struct str *text, char *rest)
{
	unsigned n = 0;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (text_starts_with(line, "fatal: ") ||
		    text_starts_with(line, "error: "))
			line += strlen("fatal: ");
		line = text_trim(line);
		if (*line == '\0' || n == COMPLAINT_LINES || is_advice(line))
			continue;
		str_add(text, n++ == 0 ? "" : "; ");
		text_visible(text, line, strlen(line), true);
	}
}

static void
add_complaint(struct str *text, const struct git_result *result)
{
	const struct str *said =
	    result->err.len > 0 ? &result->err : &result->out;
	size_t len = text_cut(str_text(said), said->len, COMPLAINT_LIMIT);
	autofree char *copy = mem_text_n(str_text(said), len);
	if (result->code == GIT_CODE_TIMEOUT)
		str_add(text, "git did not end in time");
	else if (result->code == GIT_CODE_TOO_MUCH)
		str_format(text, "more than %zu bytes of output", OUTPUT_LIMIT);
	else
		join_lines(text, copy);
	if (text->len == 0)
		str_format(text, "exit status %d", result->code);
}

bool
git_complain(
    const char *what, const struct git_result *result, struct error *err)
{
	autostr struct str said = { 0 };
	add_complaint(&said, result);
	bool full =
	    strstr(str_text(&said), "No space left on device") != NULL ||
	    strstr(str_text(&said), "Disk quota exceeded") != NULL;
	return error_set(err, full ? ERROR_NO_SPACE : ERROR_GIT, "%s: %s", what,
	    str_text(&said));
}

/* A line in front of the names of files that git will not write over. */
static bool
is_about_files(const char *line)
{
	return strstr(line, "would be overwritten by ") != NULL ||
	    strstr(line, "would be removed by ") != NULL ||
	    strstr(line, "would lose untracked files") != NULL;
}

bool
git_found_in_way(const struct git_result *result, struct error *err)
{
	autostr struct str names = { 0 };
	autofree char *copy = mem_text(str_text(&result->err));
	const char *what = NULL;
	bool listed = false;
	size_t n = 0;
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		bool is_name = text_starts_with(line, "\t") ||
		    text_starts_with(line, "  ");
		if (!is_name)
			listed = is_about_files(line);
		if (listed && !is_name && what == NULL)
			what = strstr(line, "untracked") != NULL
			    ? "untracked files are in the way"
			    : "uncommitted changes are in the way";
		if (!listed || !is_name || n++ >= NAMES_SHOWN)
			continue;
		str_add(&names, n == 1 ? ": " : ", ");
		line = text_trim(line);
		text_visible(&names, line, strlen(line), true);
	}
	if (what == NULL)
		return false;
	if (n > NAMES_SHOWN)
		str_format(&names, " and %zu more", n - NAMES_SHOWN);
	error_set(err, ERROR_GIT, "%s%s", what, str_text(&names));
	return true;
}

bool
git_is_oid(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");
	return text[len] == '\0' && (len == 40 || len == 64);
}

/* --- waited for ------------------------------------------------------- */

static struct loop *waits_in;

void
git_wait_in(struct loop *loop)
{
	waits_in = loop;
}

static int64_t
time_limit(const struct git_options *options)
{
	return options->timeout_ms > 0 ? options->timeout_ms : GIT_TIMEOUT_MS;
}

static bool
run_it(const struct run_spec *spec, const struct git_wait *wait,
    struct run_result *run, struct error *err)
{
	if (wait == NULL)
		return run_capture(spec, run, err);
	if (!run_capture_on(wait->loop, spec, wait->stop, run, err))
		return false;
	return !run->cancelled ||
	    error_set(err, ERROR_CANCELLED, "interrupted");
}

bool
git_call(const char *dir, const char *const *args,
    const struct git_options *options, struct git_result *result,
    struct error *err)
{
	autostrv struct strv argv = { 0 };
	autostrv struct strv env = { 0 };
	autorun struct run_result run = { 0 };
	make_argv(&argv, args);
	make_env(&env, options);
	struct run_spec spec = {
		.argv = strv_array(&argv),
		.env = strv_array(&env),
		.dir = dir,
		.input = options->input,
		.input_len = options->input_len,
		.timeout_ms = time_limit(options),
		.head_limit = OUTPUT_LIMIT,
	};
	const struct git_wait here = { .loop = waits_in };
	const struct git_wait *wait = options->wait;
	if (wait == NULL && waits_in != NULL)
		wait = &here;
	if (!run_it(&spec, wait, &run, err))
		return error_wrap(err, "git %s", args[0]);
	result->code = child_end_code(&run.end);
	if (run.timed_out)
		result->code = GIT_CODE_TIMEOUT;
	else if (run.dropped > 0)
		result->code = GIT_CODE_TOO_MUCH;
	result->out = run.out;
	result->err = run.err;
	run.out = (struct str){ 0 };
	run.err = (struct str){ 0 };
	return true;
}

bool
git_run_on(const struct git_wait *wait, const char *dir,
    const char *const *args, struct str *out, struct error *err)
{
	struct git_options options = { .purpose = GIT_FOR_US, .wait = wait };
	struct git_result result = { 0 };
	if (!git_call(dir, args, &options, &result, err))
		return false;
	bool ok = result.code == 0;
	if (!ok) {
		autofree char *what = mem_format("git %s", args[0]);
		git_complain(what, &result, err);
	} else if (out != NULL) {
		str_add_str(out, &result.out);
		if (out->len > 0 && out->data[out->len - 1] == '\n')
			str_cut(out, out->len - 1);
	}
	git_result_release(&result);
	return ok;
}

bool
git_run(const char *dir, const char *const *args, struct str *out,
    struct error *err)
{
	return git_run_on(NULL, dir, args, out, err);
}

/* --- with a callback -------------------------------------------------- */

struct git_call {
	struct git_result result;
	git_done_fn *fn;
	void *arg;
	struct child *child;
	struct timer *limit; /* pending while it runs */
	int stopped; /* why we ended it: a code, or 0 */
};

static void
end_call(struct git_call *call, int code)
{
	if (call->stopped != 0)
		return;
	call->stopped = code;
	child_stop(call->child, LADDER_GIT_GRACE_MS);
}

static void
call_out(const void *bytes, size_t len, void *arg)
{
	struct git_call *call = arg;
	if (call->result.out.len + len > OUTPUT_LIMIT)
		end_call(call, GIT_CODE_TOO_MUCH);
	else
		str_add_n(&call->result.out, bytes, len);
}

static void
call_err(const void *bytes, size_t len, void *arg)
{
	struct git_call *call = arg;
	if (call->result.err.len < COMPLAINT_LIMIT)
		str_add_n(&call->result.err, bytes, len);
}

static void
call_done(const struct child_end *end, void *arg)
{
	struct git_call *call = arg;
	timer_remove(call->limit);
	call->result.code =
	    call->stopped != 0 ? call->stopped : child_end_code(end);
	call->fn(&call->result, call->arg);
	git_result_release(&call->result);
	free(call);
}

static void
call_too_long(void *arg)
{
	struct git_call *call = arg;
	call->limit = NULL;
	end_call(call, GIT_CODE_TIMEOUT);
}

bool
git_start_with(struct loop *loop, const char *dir, const char *const *args,
    const struct git_options *options, git_done_fn *fn, void *arg,
    struct error *err)
{
	autostrv struct strv argv = { 0 };
	autostrv struct strv env = { 0 };
	make_argv(&argv, args);
	make_env(&env, options);
	struct git_call *call = mem_zalloc(sizeof(*call));
	call->fn = fn;
	call->arg = arg;
	struct child_spec spec = {
		.argv = strv_array(&argv),
		.env = strv_array(&env),
		.dir = dir,
		.input = options->input == NULL ? CHILD_INPUT_NULL
						: CHILD_INPUT_PIPE,
		.on_out = call_out,
		.on_err = call_err,
		.own_group = true,
		.on_done = call_done,
		.arg = call,
	};
	call->child = child_start(loop, &spec, err);
	if (call->child == NULL) {
		free(call);
		return error_wrap(err, "git %s", args[0]);
	}
	if (options->input != NULL) {
		child_feed(call->child, options->input, options->input_len);
		child_feed_end(call->child);
	}
	call->limit =
	    loop_after(loop, time_limit(options), call_too_long, call);
	return true;
}

bool
git_start(struct loop *loop, const char *dir, const char *const *args,
    git_done_fn *fn, void *arg, struct error *err)
{
	const struct git_options options = { .purpose = GIT_FOR_US };
	return git_start_with(loop, dir, args, &options, fn, arg, err);
}
