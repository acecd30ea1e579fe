/* SPDX-License-Identifier: MIT */
/*
 * Whole runs in this process, with real agents (this program is their
 * executable, too): what is printed, what is merged, what the exit status is.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tap.h"
#include "agent/agent_main.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "proc/run.h"
#include "run/dry.h"
#include "run/phases.h"

#define OUTPUT_LIMIT ((size_t)1 << 24)

/* --- a repository, and a run in it ------------------------------------ */

struct fixture {
	char *root;
	char *repo;
	struct run_options options;
	char *workflow;
	/* After a run: */
	bool ok; /* what run_workflow() returned */
	int status;
	struct error err;
	struct str out; /* what it printed on standard output */
	struct str log; /* ... and on standard error */
};

static char *
sh(const struct fixture *fixture, const char *script)
{
	autoerror struct error err = { 0 };
	autorun struct run_result result = { 0 };
	char shell[] = "sh", errexit[] = "-ec";
	autofree char *text = mem_text(script);
	char *const argv[] = { shell, errexit, text, NULL };
	const struct run_spec spec = { .argv = argv, .dir = fixture->repo };
	if (!run_capture(&spec, &result, &err))
		BUG("%s", error_text(&err));
	if (result.end.status != 0)
		tap_ok(false, "%s: %s", script, str_text(&result.err));
	return mem_text(result.out.len == 0 ? "" : text_trim(result.out.data));
}

static void
fixture_open(struct fixture *fixture, const char *workflow)
{
	autoerror struct error err = { 0 };
	char name[] = "/tmp/prodigy run.XXXXXX";
	*fixture = (struct fixture){ 0 };
	if (mkdtemp(name) == NULL)
		BUG("no temporary directory");
	fixture->root = path_real(name, &err);
	fixture->repo = path_join(fixture->root, "repo");
	autofree char *home = path_join(fixture->root, "prodigy-home");
	setenv("HOME", fixture->root, 1);
	setenv("PRODIGY_HOME", home, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	if (!path_make_dirs(fixture->repo, &err))
		BUG("%s", error_text(&err));
	free(sh(fixture,
	    "git config --global user.name Tester;"
	    "git config --global user.email tester@example.org;"
	    "git config --global init.defaultBranch main;"
	    "git init -q; seq 20 >file; git add .;"
	    "git commit -q -m 'first commit'"));
	fixture->workflow = path_join(fixture->root, "workflow.yml");
	if (!file_replace(fixture->workflow, workflow, strlen(workflow), &err))
		BUG("%s", error_text(&err));
	fixture->options.workflow = fixture->workflow;
	fixture->options.directory = fixture->repo;
}

static void
fixture_close(struct fixture *fixture)
{
	autoerror struct error err = { 0 };
	if (!file_remove_tree(fixture->root, &err))
		tap_note("%s", error_text(&err));
	free(fixture->root);
	free(fixture->repo);
	free(fixture->workflow);
	error_release(&fixture->err);
	str_release(&fixture->out);
	str_release(&fixture->log);
}

static int
redirect(const struct fixture *fixture, int fd, const char *name)
{
	autofree char *path = path_join(fixture->root, name);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (to < 0 || saved < 0 || dup2(to, fd) < 0)
		BUG("cannot redirect %d", fd);
	close(to);
	return saved;
}

static void
restore(const struct fixture *fixture, int fd, int saved, const char *name,
    struct str *output)
{
	autofree char *path = path_join(fixture->root, name);
	autoerror struct error err = { 0 };
	dup2(saved, fd);
	close(saved);
	if (!file_read(path, OUTPUT_LIMIT, output, &err))
		BUG("%s", error_text(&err));
}

static void
run(struct fixture *fixture)
{
	fflush(stdout);
	int out = redirect(fixture, STDOUT_FILENO, "out");
	int log = redirect(fixture, STDERR_FILENO, "log");
	fixture->status = 0;
	fixture->ok =
	    run_workflow(&fixture->options, &fixture->status, &fixture->err);
	if (!fixture->ok)
		fixture->status = -1; /* no run has begun */
	restore(fixture, STDERR_FILENO, log, "log", &fixture->log);
	restore(fixture, STDOUT_FILENO, out, "out", &fixture->out);
}

static bool
has(const struct str *text, const char *part)
{
	return strstr(str_text(text), part) != NULL;
}

static void
expect_out(const struct fixture *fixture, const char *part, const char *what)
{
	if (!tap_ok(has(&fixture->out, part), "%s", what))
		tap_note("%s", str_text(&fixture->out));
}

static void
expect_log(const struct fixture *fixture, const char *part, const char *what)
{
	if (!tap_ok(has(&fixture->log, part), "%s", what))
		tap_note("%s", str_text(&fixture->log));
}

/* --- workflows -------------------------------------------------------- */

#define COMMIT_STEP(file)                                                      \
	"shell: echo x >> " file " && git add . && git commit -qm 'add " file  \
	"'"

/* A signal to the supervisor, which is two processes up. */
#define KILL(name) "kill -" name " $(ps -o ppid= -p $PPID)"

static const char standard[] =
    "name: standard\n"
    "commands:\n"
    "  - " COMMIT_STEP("one") "\n"
			      "  - shell: \"true\"\n"
			      "    when: \"false\"\n"
			      "  - " COMMIT_STEP("two") "\n";

static const char mapreduce[] =
    "name: both\n"
    "mode: mapreduce\n"
    "setup:\n"
    "  - shell: printf '[\"a\", \"b\", \"c\"]' > items.json\n"
    "  - shell: git add . && git commit -qm 'the items'\n"
    "map:\n"
    "  input: items.json\n"
    "  json_path: \"$[*]\"\n"
    "  max_parallel: 2\n"
    "  agent_template:\n"
    "    - shell: test ${item} != c\n"
    "    - shell: echo x > ${item} && git add . && git commit -qm ${item}\n"
    "reduce:\n"
    "  - shell: echo ${map.successful} of ${map.total} > report\n"
    "  - shell: git add . && git commit -qm 'the report'\n";

/* --- standard workflows ----------------------------------------------- */

static void
test_standard(void)
{
	struct fixture fixture;
	fixture_open(&fixture, standard);
	fixture.options.yes = true;
	fixture.options.verbose = 1;
	run(&fixture);
	tap_ok(
	    fixture.ok && fixture.status == 0, "a good workflow exits with 0");
	expect_out(&fixture, "Merged 2 commits into main.",
	    "with -y its commits are merged");
	expect_out(&fixture, "supervisor: ", "-v tells what it cost");
	tap_ok(!has(&fixture.out, "-1 bytes") && !has(&fixture.out, "-0.0"),
	    "the cost is known");
	expect_log(&fixture, "Step [1/3]: ", "each step is announced");
	expect_log(&fixture, "Step [1/3] ended with 0 (",
	    "-v tells its end, its status and its time");
	expect_log(&fixture, "Step [2/3] skipped: ", "a skipped step is, too");
	autofree char *tree = sh(&fixture, "git ls-files; git status --short");
	tap_is_text(tree, "file\none\ntwo", "the user's tree has the result");
	autofree char *left =
	    sh(&fixture, "git worktree list | wc -l; git branch --list 'p*'");
	tap_is_text(left, "1", "no work tree and no branch is left");
	fixture_close(&fixture);
}

static void
test_no_merge(void)
{
	struct fixture fixture;
	fixture_open(&fixture, standard);
	fixture.options.no_merge = true;
	run(&fixture);
	tap_is_int(fixture.status, 0, "--no-merge exits with 0");
	expect_out(&fixture, "Merge it with: prodigy worktree merge session-",
	    "--no-merge says how to merge later");
	autofree char *commits = sh(&fixture, "git rev-list --count main");
	tap_is_text(commits, "1", "--no-merge leaves the branch alone");
	fixture_close(&fixture);
}

static void
test_detached(void)
{
	struct fixture fixture;
	fixture_open(&fixture, standard);
	fixture.options.yes = true;
	free(sh(&fixture, "git checkout -q --detach"));
	run(&fixture);
	tap_is_int(fixture.status, 0, "a detached HEAD is no failure");
	expect_out(&fixture, "HEAD was detached",
	    "a detached HEAD has no branch to merge into");
	fixture_close(&fixture);
}

static void
test_no_commits(void)
{
	struct fixture fixture;
	fixture_open(
	    &fixture, "name: none\ncommands:\n  - shell: echo x > report\n");
	fixture.options.yes = true;
	run(&fixture);
	expect_out(&fixture, "No new commits: nothing to merge.",
	    "without commits there is nothing to merge");
	autofree char *patch =
	    sh(&fixture, "cat \"$PRODIGY_HOME\"/logs/*/*/uncommitted.patch");
	tap_ok(strstr(patch, "report") != NULL,
	    "uncommitted files are kept as a patch");
	fixture_close(&fixture);
}

static void
test_failing_step(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: bad\ncommands:\n  - " COMMIT_STEP(
		"one") "\n  - shell: echo oh; exit 3\n  - shell: \"true\"\n");
	fixture.options.yes = true;
	run(&fixture);
	tap_is_int(fixture.status, 1, "a failing step exits with 1");
	expect_log(&fixture, "Session failed: Step: ",
	    "a failing step is told as the failure of the session");
	tap_ok(!has(&fixture.log, "[3/3]"), "the step after it is not run");
	autofree char *commits = sh(&fixture, "git rev-list --count main");
	tap_is_text(commits, "1", "nothing of it is merged");
	fixture_close(&fixture);
}

static void
test_failing_first_step(void)
{
	struct fixture fixture;
	fixture_open(&fixture, "name: bad\ncommands:\n  - shell: \"false\"\n");
	run(&fixture);
	tap_is_int(fixture.status, 1, "a first step that fails exits with 1");
	autofree char *left =
	    sh(&fixture, "git worktree list | wc -l; git branch --list 'p*'");
	tap_is_text(left, "1", "a run that did nothing leaves no trace");
	fixture_close(&fixture);
}

static void
test_timeout(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: slow\ncommands:\n  - shell: sleep 60\n    timeout: 1\n");
	run(&fixture);
	tap_is_int(
	    fixture.status, 1, "a step that takes too long exits with 1");
	expect_log(&fixture, "timed out", "and says so");
	fixture_close(&fixture);
}

static void
test_interrupt(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: slow\ncommands:\n  - " COMMIT_STEP(
		"one") "\n"
		       "  - shell: " KILL("INT") "; sleep 60\n");
	run(&fixture);
	tap_is_int(fixture.status, 130, "a Ctrl-C exits with 130");
	expect_log(&fixture, "Stopping: agents get 5 seconds to end",
	    "a Ctrl-C is answered at once");
	expect_log(&fixture, "Session interrupted.", "and the session told");
	autofree char *status =
	    sh(&fixture, "jq -r .status \"$PRODIGY_HOME\"/sessions/*.json");
	tap_is_text(status, "Paused", "an interrupted session is paused");
	fixture_close(&fixture);
}

static void
test_output(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: loud\ncommands:\n  - shell: printf 'one\\ntwo\\n'\n");
	fixture.options.verbose = 2;
	run(&fixture);
	expect_log(&fixture, "\n  one\n  two\n",
	    "-vv shows what steps print, line by line");
	fixture_close(&fixture);
}

static void
test_moved_branch(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: conflict\ncommands:\n"
	    "  - shell: echo ours > file && git commit -qam ours\n"
	    "  - shell: cd ${PROJECT_ROOT} && echo theirs > file &&"
	    " git commit -qam theirs\n");
	fixture.options.yes = true;
	run(&fixture);
	tap_is_int(fixture.status, 1, "a conflict at the end exits with 1");
	expect_log(&fixture, "into main: conflict in file\n",
	    "a conflict at the end is named");
	expect_log(&fixture, "main is checked out: git merge prodigy-session-",
	    "and how to go on");
	expect_log(&fixture, "clear away: prodigy worktree merge session-",
	    "and what comes after that");
	autofree char *tree = sh(&fixture, "git status --short; cat file");
	tap_is_text(tree, "theirs", "the user's tree is as it was");
	fixture_close(&fixture);
}

static void
test_merge_block(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: own merge\nmode: mapreduce\nmap:\n  input: seq 1\n"
	    "  agent_template:\n    - " COMMIT_STEP(
		"one") "\n"
		       "merge:\n  commands:\n"
		       "    - shell: cd ${PROJECT_ROOT} &&"
		       " git merge -q --no-ff -m 'by hand,"
		       " ${merge.commit_count}"
		       " ${merge.file_list}' ${merge.source_branch}\n");
	fixture.options.yes = true;
	run(&fixture);
	tap_is_int(fixture.status, 0, "a merge block exits with 0");
	autofree char *subject = sh(&fixture, "git log -1 --format=%s");
	tap_is_text(subject, "by hand, 2 one", "a merge block does the merge");
	fixture_close(&fixture);

	fixture_open(&fixture,
	    "name: no merge\nmode: mapreduce\nmap:\n  input: seq 1\n"
	    "  agent_template:\n    - " COMMIT_STEP(
		"one") "\n"
		       "merge:\n  commands:\n    - shell: \"true\"\n");
	fixture.options.yes = true;
	run(&fixture);
	tap_is_int(fixture.status, 1,
	    "a merge block that merges nothing exits with 1");
	expect_log(&fixture, "the merge steps succeeded, but main does not",
	    "and says so");
	fixture_close(&fixture);
}

/* --- MapReduce -------------------------------------------------------- */

static void
test_mapreduce(void)
{
	struct fixture fixture;
	fixture_open(&fixture, mapreduce);
	fixture.options.yes = true;
	run(&fixture);
	tap_is_int(fixture.status, 0, "failed items are tolerated");
	expect_log(&fixture, "Setup [1/2]: ", "setup steps are announced");
	expect_log(&fixture, "Processing 3 items with 2 parallel agents...",
	    "the map phase is announced");
	expect_log(&fixture,
	    "Map phase completed: 2 successful, 1 failed (total: 3)",
	    "the end of the map phase is told");
	expect_log(&fixture, "item_2 (c) failed: ", "a failed item is told");
	expect_log(&fixture, "Reduce [1/2]: ", "reduce steps are announced");
	expect_out(&fixture, "Items:    3 total, 2 successful, 1 failed",
	    "the summary counts the items");
	expect_out(&fixture, "Failed:   prodigy dlq show ",
	    "the summary names the command for failed items");
	autofree char *report = sh(&fixture, "cat report; git ls-files");
	tap_is_text(report, "2 of 3\na\nb\nfile\nitems.json\nreport",
	    "setup, items and reduce are merged");
	fixture_close(&fixture);
}

static void
test_fail_on_dlq(void)
{
	struct fixture fixture;
	fixture_open(&fixture, mapreduce);
	fixture.options.no_merge = true;
	fixture.options.fail_on_dlq = true;
	run(&fixture);
	tap_is_int(fixture.status, 1, "--fail-on-dlq exits with 1");
	fixture_close(&fixture);
}

static void
test_options(void)
{
	struct fixture fixture;
	fixture_open(&fixture, mapreduce);
	fixture.options.no_merge = true;
	fixture.options.has_max_items = true;
	fixture.options.max_items = 1;
	fixture.options.has_offset = true;
	fixture.options.offset = 1;
	fixture.options.max_parallel = 1;
	fixture.options.events_on_stdout = true;
	run(&fixture);
	expect_log(&fixture, "Processing 1 items with 1 parallel agents...",
	    "--max-items, --offset and --max-parallel count");
	tap_ok(str_text(&fixture.out)[0] == '{' &&
		has(&fixture.out, "\"event_type\":\"job_completed\""),
	    "--output jsonl prints events on standard output");
	tap_ok(!has(&fixture.out, "Session:") && has(&fixture.log, "Session:"),
	    "and the summary on standard error");
	fixture_close(&fixture);
}

static void
test_no_items(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: none\nmode: mapreduce\nmap:\n  input: 'true'\n"
	    "  agent_template:\n    - shell: \"true\"\n"
	    "reduce:\n  - shell: \"false\"\n");
	run(&fixture);
	tap_is_int(fixture.status, 0, "no items are no failure");
	expect_out(&fixture,
	    "No work items to process (input 0): reduce is skipped.",
	    "no items are told");
	fixture_close(&fixture);
}

static void
test_failing_phases(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: bad\nmode: mapreduce\nsetup:\n  - shell: exit 3\n"
	    "map:\n  input: seq 1\n  agent_template:\n    - shell: \"true\"\n");
	run(&fixture);
	tap_is_int(fixture.status, 1, "a failing setup exits with 1");
	expect_log(&fixture, "Session failed: Setup: ", "and says so");
	fixture_close(&fixture);

	fixture_open(&fixture,
	    "name: bad\nmode: mapreduce\nsetup:\n  - shell: \"true\"\n"
	    "map:\n  input: nothing.json\n"
	    "  agent_template:\n    - shell: \"true\"\n");
	run(&fixture);
	tap_is_int(
	    fixture.status, 1, "an input that setup did not make exits with 1");
	expect_log(&fixture, "nothing.json", "and is named");
	fixture_close(&fixture);

	fixture_open(&fixture,
	    "name: bad\nmode: mapreduce\n"
	    "map:\n  input: seq 1\n  agent_template:\n    - " COMMIT_STEP(
		"one") "\n"
		       "reduce:\n  - shell: exit 3\n");
	run(&fixture);
	tap_is_int(fixture.status, 1, "a failing reduce exits with 1");
	expect_log(&fixture, "Session failed: Reduce: ", "and says so");
	expect_log(&fixture, "1 of 1 items done", "and how far the job was");
	fixture_close(&fixture);
}

/* The chain goes on behind it, and so must a resume. */
static void
test_tolerated_steps(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: tolerant\nmode: mapreduce\n"
	    "map:\n  input: seq 1\n  agent_template:\n    - " COMMIT_STEP(
		"one") "\n"
		       "reduce:\n  - shell: exit 3\n"
		       "    continue_on_error: true\n"
		       "  - shell: \"true\"\n    when: \"false\"\n"
		       "  - shell: exit 4\n");
	run(&fixture);
	tap_is_int(fixture.status, 1, "the step after a tolerated one fails");
	autofree char *done = sh(&fixture,
	    "jq -r 'select(.op == \"reduce_step\").index'"
	    " \"$PRODIGY_HOME\"/state/*/mapreduce/jobs/*/journal-v0.jsonl");
	tap_is_text(done, "0\n1",
	    "a tolerated and a skipped step are recorded as done, a failed "
	    "one is not");
	fixture_close(&fixture);

	fixture_open(&fixture,
	    "name: tolerant\ncommands:\n  - " COMMIT_STEP(
		"one") "\n"
		       "  - shell: exit 3\n    continue_on_error: true\n");
	run(&fixture);
	tap_is_int(fixture.status, 0, "a tolerated step is no failure");
	autofree char *steps = sh(&fixture,
	    "jq -c .workflow_data.completed_steps"
	    " \"$PRODIGY_HOME\"/sessions/*.json");
	tap_is_text(
	    steps, "[0,1]", "a workflow's tolerated step is recorded as done");
	fixture_close(&fixture);
}

static void
test_interrupted_map(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: slow\nmode: mapreduce\nmap:\n  input: seq 2\n"
	    "  max_parallel: 2\n  agent_template:\n"
	    "    - shell: test ${item} = 1 && kill -TERM "
	    "$(ps -o ppid= -p $PPID); sleep 60\n");
	run(&fixture);
	tap_is_int(fixture.status, 143, "a SIGTERM exits with 143");
	expect_log(&fixture, "0 of 2 items done, 0 failed, 2 remain",
	    "a SIGTERM says how far the job was");
	fixture_close(&fixture);
}

/* Edits of setup steps that are not committed stay in the parent tree. */
static void
test_uncommitted_setup(void)
{
	struct fixture fixture;
	fixture_open(&fixture,
	    "name: edits\nmode: mapreduce\n"
	    "setup:\n  - shell: echo setup >> file; echo new > other\n"
	    "map:\n  input: printf 'a\\nb\\n'\n  max_parallel: 1\n"
	    "  agent_template:\n"
	    "    - shell: echo agent > ${item} && git add . &&"
	    " git commit -qm ${item}\n"
	    "reduce:\n  - shell: tail -n 1 file > report;"
	    " cat other a >> report;"
	    " git add report; git commit -qm report\n");
	fixture.options.yes = true;
	run(&fixture);
	tap_is_int(fixture.status, 0, "uncommitted edits of setup do no harm");
	autofree char *report = sh(&fixture, "cat report");
	tap_is_text(report, "setup\nnew\nagent",
	    "reduce sees the edits of setup beside what agents made");
	fixture_close(&fixture);

	fixture_open(&fixture,
	    "name: in the way\nmode: mapreduce\n"
	    "setup:\n  - shell: echo setup > a; echo setup >> file\n"
	    "map:\n  input: echo a\n  agent_template:\n"
	    "    - shell: echo agent > ${item} && echo agent >> file &&"
	    " git add . && git commit -qm ${item}\n"
	    "reduce:\n  - shell: cat a > report; git add report;"
	    " git commit -qm report\n");
	fixture.options.yes = true;
	run(&fixture);
	tap_is_int(fixture.status, 0, "files of setup in the way do no harm");
	expect_log(&fixture, "were in the way of what the agents did: kept as ",
	    "files of setup in the way are kept, and named");
	fixture_close(&fixture);
}

/* --- what stops a run before it begins -------------------------------- */

static void
test_no_start(void)
{
	struct fixture fixture;
	fixture_open(&fixture, "name: x\ncommands: 7\n");
	run(&fixture);
	tap_ok(!fixture.ok && fixture.err.kind == ERROR_INPUT &&
		strstr(error_text(&fixture.err), "workflow.yml:2:") != NULL,
	    "an error of the file is told with its place");
	fixture_close(&fixture);

	fixture_open(&fixture, standard);
	fixture.options.directory = fixture.root;
	run(&fixture);
	tap_ok(!fixture.ok, "a folder that is no repository is refused");
	fixture_close(&fixture);

	fixture_open(&fixture, standard);
	autofree char *blocked = path_join(fixture.root, "workflow.yml/home");
	setenv("PRODIGY_HOME", blocked, 1);
	run(&fixture);
	tap_ok(!fixture.ok, "a home that cannot be made is refused");
	fixture_close(&fixture);
}

static void
test_dry(void)
{
	struct fixture fixture;
	fixture_open(&fixture, mapreduce);
	free(sh(&fixture,
	    "printf '[1, \"\\302\\233\\342\\200\\256\"]'"
	    " > items.json"));
	fflush(stdout);
	int out = redirect(&fixture, STDOUT_FILENO, "out");
	bool text = run_dry(&fixture.options, false, &fixture.err);
	fflush(stdout);
	restore(&fixture, STDOUT_FILENO, out, "out", &fixture.out);
	tap_ok(text, "a dry run succeeds");
	expect_out(&fixture, "[DRY RUN] setup: Would execute: shell: printf",
	    "a dry run prints the steps");
	expect_out(&fixture, "[DRY RUN] map: 2 items",
	    "a dry run counts items that are there");
	str_clear(&fixture.out);
	out = redirect(&fixture, STDOUT_FILENO, "out");
	bool json = run_dry(&fixture.options, true, &fixture.err);
	fflush(stdout);
	restore(&fixture, STDOUT_FILENO, out, "out", &fixture.out);
	autojson json_t *document = json_loads(str_text(&fixture.out), 0, NULL);
	tap_ok(json && json_get_int(document, "items", 0) == 2,
	    "a dry run prints one JSON document");
	expect_out(&fixture, "\\u009b\\u202e",
	    "a dry run's JSON has the controls of items escaped");
	autofree char *left = sh(&fixture, "ls -a \"$PRODIGY_HOME\" 2>&1 || :");
	tap_ok(strstr(left, "No such file") != NULL, "and touches nothing");
	fixture_close(&fixture);

	fixture_open(&fixture, standard);
	out = redirect(&fixture, STDOUT_FILENO, "out");
	text = run_dry(&fixture.options, false, &fixture.err);
	fflush(stdout);
	restore(&fixture, STDOUT_FILENO, out, "out", &fixture.out);
	expect_out(
	    &fixture, "            when: false", "a dry run prints conditions");
	fixture_close(&fixture);
}

int
main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "agent-run") == 0)
		return agent_main();
	test_standard();
	test_no_merge();
	test_detached();
	test_no_commits();
	test_failing_step();
	test_failing_first_step();
	test_timeout();
	test_interrupt();
	test_output();
	test_moved_branch();
	test_merge_block();
	test_mapreduce();
	test_fail_on_dlq();
	test_options();
	test_no_items();
	test_failing_phases();
	test_tolerated_steps();
	test_interrupted_map();
	test_uncommitted_setup();
	test_no_start();
	test_dry();
	return tap_done();
}
