/* SPDX-License-Identifier: MIT */
/*
 * Paths, claims of folder names, ids and sessions: whatever an id looks like,
 * nothing is made outside of the home.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "data/json.h"
#include "scratch.h"
#include "state/ids.h"
#include "state/layout.h"
#include "state/session.h"

#define STAMP_MS 1736596800000 /* 2025-01-11T12:00:00Z */

static void
set_home(const char *name)
{
	autofree char *home = scratch_path(name);
	if (setenv("PRODIGY_HOME", home, 1) != 0)
		BUG("setenv");
}

static void
open_or_die(const char *root, struct layout *layout)
{
	autoerror struct error err = { 0 };
	if (!layout_open(root, NULL, layout, &err))
		BUG("%s", error_text(&err));
}

static void
test_home(void)
{
	autoerror struct error err = { 0 };
	struct layout layout;
	struct stat st;
	set_home("home/deep");
	tap_ok(layout_look("/x/repo", NULL, &layout, &err),
	    "a command that looks needs no home");
	autofree char *home = scratch_path("home");
	tap_ok(!path_exists(home), "a command that looks makes no home");
	layout_release(&layout);
	umask(0);
	tap_ok(layout_open("/x/repo", NULL, &layout, &err),
	    "a home is made: %s", error_text(&err));
	tap_ok(stat(layout.home, &st) == 0 && (st.st_mode & 0777) == 0700,
	    "a home is made for its owner only");
	umask(022);
	layout_release(&layout);
	autofree char *inner = scratch_path("home/deep");
	chmod(inner, 0770);
	tap_ok(!layout_open("/x/repo", NULL, &layout, &err) &&
		err.kind == ERROR_STATE,
	    "a home that its group can write to is refused: %s",
	    error_text(&err));
	autofree char *remedy = mem_format("chmod go-w %s", inner);
	tap_ok(strstr(error_text(&err), remedy) != NULL,
	    "the command that mends such a home is told");
	error_release(&err);
	chmod(inner, 0700);
	chmod(home, 0777);
	tap_ok(!layout_open("/x/repo", NULL, &layout, &err),
	    "a home below a folder that all can write to is refused");
	error_release(&err);
	chmod(home, 01777);
	tap_ok(layout_open("/x/repo", NULL, &layout, &err),
	    "a home below a sticky folder is taken");
	layout_release(&layout);
	chmod(home, 0700);
}

/* Only root can give folders away; the check then runs as another user. */
static void
test_foreign_home(void)
{
	if (geteuid() != 0) {
		tap_skip("not root");
		return;
	}
	autofree char *home = scratch_path("foreign");
	mkdir(home, 0755);
	if (chown(home, 65533, 65533) != 0 || chmod(scratch_dir(), 0755) != 0)
		BUG("chown");
	set_home("foreign");
	pid_t pid = fork();
	if (pid == 0) {
		struct error err = { 0 };
		struct layout layout;
		bool refused = setuid(65534) == 0 &&
		    !layout_open("/x/repo", NULL, &layout, &err) &&
		    err.kind == ERROR_STATE;
		_exit(refused ? 0 : 1);
	}
	int status = 1;
	waitpid(pid, &status, 0);
	tap_ok(status == 0, "a home of another user is refused");
	chmod(scratch_dir(), 0700);
}

static void
test_claims(void)
{
	autoerror struct error err = { 0 };
	struct layout a, b, again, look;
	set_home("claims");
	open_or_die("/one/repo", &a);
	open_or_die("/two/repo", &b);
	open_or_die("/two/repo", &again);
	tap_is_text(a.repo, "repo",
	    "the first repository of a name has its plain name");
	tap_ok(text_starts_with(b.repo, "repo-") && strlen(b.repo) == 13,
	    "the second repository of a name has a longer one: %s", b.repo);
	tap_is_text(
	    again.repo, b.repo, "a repository keeps the name of its folder");
	tap_ok(layout_look("/two/repo", NULL, &look, &err),
	    "a command that looks finds the folder");
	tap_is_text(
	    look.repo, b.repo, "a command that looks finds the same name");
	layout_release(&look);
	/* A repository that is called like the second one's folder. */
	autofree char *odd_root = mem_format("/three/%s", b.repo);
	struct layout odd;
	open_or_die(odd_root, &odd);
	tap_ok(strcmp(odd.repo, b.repo) != 0,
	    "a repository called like a longer name shares none: %s", odd.repo);
	autofree char *claim =
	    mem_format("%s/state/repo/repository.json", a.home);
	scratch_write(claim, "{", 1);
	struct layout damaged;
	tap_ok(!layout_open("/one/repo", NULL, &damaged, &err) &&
		err.kind == ERROR_STATE,
	    "a damaged claim is an error of the state: %s", error_text(&err));
	layout_release(&a);
	layout_release(&b);
	layout_release(&again);
	layout_release(&odd);
}

/* Many repositories of one name at once: each gets its own. */
static void
test_claim_race(void)
{
	enum {
		RACERS = 12
	};
	pid_t pids[RACERS];
	set_home("race");
	autofree char *home = scratch_path("race");
	mkdir(home, 0700);
	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct layout layout;
			autofree char *root = mem_format("/r%d/same", i);
			open_or_die(root, &layout);
			_exit(0);
		}
	}
	for (int i = 0; i < RACERS; i++)
		waitpid(pids[i], NULL, 0);
	autostrv struct strv names = { 0 };
	size_t doubles = 0;
	for (int i = 0; i < RACERS; i++) {
		struct layout layout;
		autofree char *root = mem_format("/r%d/same", i);
		open_or_die(root, &layout);
		doubles += strv_has(&names, layout.repo);
		strv_add(&names, layout.repo);
		layout_release(&layout);
	}
	autofree char *state = path_join(home, "state");
	tap_is_int((long long)doubles, 0,
	    "%d repositories that claim a name at once share none", RACERS);
	tap_is_int((long long)scratch_count(state), RACERS,
	    "no folder is made twice by claims at once");
}

static const char *const hostile[] = { "../x", "..", ".", "", "a/b", "-rf",
	"a b", "a\nb", "/etc/passwd", "%2e%2e", ".git", "con", "\xff\xfe",
	"a\x1b[31m" };

typedef char *path_fn(const struct layout *layout, const char *name);

static void
test_hostile_names(void)
{
	static path_fn *const fns[] = { layout_session, layout_job,
		layout_events, layout_dlq, layout_mapping, layout_worktree,
		layout_metadata, layout_orphans, layout_logs, layout_lock };
	struct layout layout;
	size_t wrong = 0;
	char long_name[301];
	set_home("hostile");
	open_or_die("/x/repo", &layout);
	memset(long_name, 'a', 300);
	long_name[300] = '\0';
	for (size_t f = 0; f < COUNT_OF(fns); f++) {
		for (size_t i = 0; i <= COUNT_OF(hostile); i++) {
			autofree char *good = fns[f](&layout, "good");
			autofree char *path = fns[f](&layout,
			    i < COUNT_OF(hostile) ? hostile[i] : long_name);
			autofree char *want = path_parent(good);
			autofree char *dir = path_parent(path);
			wrong += strcmp(dir, want) != 0 ||
			    strlen(path_name(path)) > 220 ||
			    path_name(path)[0] == '\0' ||
			    strcmp(path_name(path), "..") == 0 ||
			    strcmp(path_name(path), ".") == 0;
		}
	}
	tap_is_int((long long)wrong, 0, "hostile names stay in their folder");
	layout_release(&layout);
}

static void
test_job_ids(void)
{
	autoerror struct error err = { 0 };
	struct layout layout;
	autostrv struct strv jobs = { 0 };
	set_home("jobs");
	open_or_die("/x/repo", &layout);
	static const char *const want[] = { "mapreduce-20250111_120000",
		"mapreduce-20250111_120000-2", "mapreduce-20250111_120000-3" };
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		autofree char *id = ids_claim_job(&layout, STAMP_MS, &err);
		tap_is_text(id, want[i],
		    "job %zu of one second has an id of its own", i + 1);
	}
	for (int i = 4; i <= 11; i++) {
		autofree char *id = ids_claim_job(&layout, STAMP_MS, &err);
	}
	autofree char *later = ids_claim_job(&layout, STAMP_MS + 90000, &err);
	tap_ok(ids_jobs(&layout, &jobs, &err) && jobs.n == 12,
	    "all jobs are listed");
	tap_is_text(jobs.items[10], "mapreduce-20250111_120000-11",
	    "jobs are listed in the order they were made");
	layout_release(&layout);
	open_or_die("/x/other", &layout);
	autofree char *other = ids_claim_job(&layout, STAMP_MS, &err);
	tap_is_text(other, "mapreduce-20250111_120000-12",
	    "another repository of the home gets none that is taken");
	layout_release(&layout);
	set_home("jobs-elsewhere");
	open_or_die("/x/repo", &layout);
	autofree char *elsewhere = ids_claim_job(&layout, STAMP_MS, &err);
	autofree char *run = ids_name_run(elsewhere);
	autofree char *again = ids_name_run(elsewhere);
	tap_is_text(elsewhere, want[0], "another home has ids of its own");
	tap_ok(strncmp(run, want[0], strlen(want[0])) == 0 &&
		strlen(run) == strlen(want[0]) + 9 && strcmp(run, again) != 0,
	    "so a run has a name that no other has: %s", run);
	layout_release(&layout);
}

struct find_case {
	const char *text;
	const char *job; /* NULL: refused */
};

static const struct find_case job_cases[] = {
	{ "mapreduce-20250111_120000", "mapreduce-20250111_120000" },
	{ "mapreduce-20250111-120000", "mapreduce-20250111_120000" },
	{ "mapreduce_20250111_120000", "mapreduce-20250111_120000" },
	{ "mapreduce-20250111_120000-2", "mapreduce-20250111_120000-2" },
	{ "mapreduce-20250111_1201", "mapreduce-20250111_120130" },
	{ "session-mapreduce-20250111_120130", "mapreduce-20250111_120130" },
	{ "session-mapreduce-20250111_1201", "mapreduce-20250111_120130" },
	{ "session-abc", "mapreduce-20250111_120000-2" },
	{ "mapreduce-2025", NULL },
	{ "mapreduce-2024", NULL },
	{ "session-", NULL },
	{ "../mapreduce-20250111_120130", NULL },
	{ "", NULL },
	{ "a b", NULL },
};

static void
test_find_job(void)
{
	autoerror struct error err = { 0 };
	struct layout layout;
	set_home("jobs");
	open_or_die("/x/repo", &layout);
	if (!session_map(&layout, "session-abc", "mapreduce-20250111_120000-2",
		"wf", &err))
		BUG("%s", error_text(&err));
	for (size_t i = 0; i < COUNT_OF(job_cases); i++) {
		autoerror struct error why = { 0 };
		autofree char *job =
		    ids_find_job(&layout, job_cases[i].text, &why);
		tap_is_text(job, job_cases[i].job,
		    "'%s' names the job it should", job_cases[i].text);
		if (job == NULL)
			tap_ok(why.kind == ERROR_STATE,
			    "what names no job is an error of the state: %s",
			    error_text(&why));
	}
	autofree char *many = ids_find_job(&layout, "mapreduce-2025", &err);
	tap_ok(many == NULL &&
		strstr(error_text(&err), "mapreduce-20250111_120130") != NULL &&
		strstr(error_text(&err), "and 2 more") != NULL,
	    "jobs that may be meant are named, but not too many");
	char long_id[301];
	memset(long_id, 'x', 300);
	long_id[300] = '\0';
	autoerror struct error why = { 0 };
	tap_ok(ids_find_job(&layout, long_id, &why) == NULL,
	    "an id of 300 bytes names no job");
	layout_release(&layout);
}

static void
save_session(const struct layout *layout, const char *id, const char *type)
{
	autoerror struct error err = { 0 };
	struct session session;
	session_new(&session, layout, id, type);
	if (!session_save(&session, SESSION_RUNNING, &err))
		BUG("%s", error_text(&err));
	session_release(&session);
}

static void
test_find_session(void)
{
	autoerror struct error err = { 0 };
	struct layout layout;
	set_home("sessions");
	open_or_die("/x/repo", &layout);
	save_session(&layout, "session-mapreduce-20250111_120000", "MapReduce");
	save_session(&layout, "session-0a1b", "Workflow");
	save_session(&layout, "session-0a2c", "Workflow");
	static const char *const cases[][2] = {
		{ "session-0a1b", "session-0a1b" },
		{ "session-0a2", "session-0a2c" },
		{ "session_0a2c", "session-0a2c" },
		{ "mapreduce-20250111_120000",
		    "session-mapreduce-20250111_120000" },
		{ "mapreduce-20250111-12",
		    "session-mapreduce-20250111_120000" },
		{ "session-0a", NULL },
		{ "other", NULL },
		{ "", NULL },
		{ "../session-0a1b", NULL },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		autoerror struct error why = { 0 };
		autofree char *id =
		    ids_find_session(&layout, cases[i][0], &why);
		tap_is_text(id, cases[i][1], "'%s' names the session it should",
		    cases[i][0]);
	}
	struct layout other;
	open_or_die("/y/other", &other);
	save_session(&other, "session-ffff", "Workflow");
	autostrv struct strv unread = { 0 };
	autojson json_t *ours = session_list(&layout, false, &unread, &err);
	autojson json_t *all = session_list(&layout, true, &unread, &err);
	tap_is_int((long long)json_array_size(ours), 3,
	    "sessions of the repository are listed");
	tap_is_int((long long)json_array_size(all), 4,
	    "sessions of all repositories are listed");
	layout_release(&other);
	layout_release(&layout);
}

static void
test_session(void)
{
	autoerror struct error err = { 0 };
	struct layout layout;
	struct session session;
	set_home("session");
	open_or_die("/x/repo", &layout);
	session_new(&session, &layout, "session-1", "MapReduce");
	tap_ok(session_save(&session, SESSION_RUNNING, &err) &&
		session_save(&session, SESSION_FAILED, &err),
	    "a session that runs can fail");
	autojson json_t *failed = session_load(&layout, "session-1", &err);
	tap_ok(json_get_text(failed, "completed_at") != NULL &&
		strcmp(json_get_text(failed, "status"), "Failed") == 0,
	    "a session that failed has an end");
	tap_ok(session_save(&session, SESSION_RUNNING, &err),
	    "a session that failed can run again");
	autojson json_t *running = session_load(&layout, "session-1", &err);
	tap_ok(json_is_null(json_get(running, "completed_at")),
	    "a session that runs again has no end");
	tap_ok(session_save(&session, SESSION_COMPLETED, &err),
	    "a session that runs can complete");
	tap_ok(!session_save(&session, SESSION_RUNNING, &err) &&
		err.kind == ERROR_STATE,
	    "a session that completed stays so: %s", error_text(&err));
	session_release(&session);
	static const char moves[SESSION_STATUSES][7] = { "yyyyyn", "nyyyyy",
		"nyyyyy", "nnnynn", "nynnyn", "nnnnny" };
	size_t wrong = 0;
	for (int from = 0; from < SESSION_STATUSES; from++)
		for (int to = 0; to < SESSION_STATUSES; to++)
			wrong += session_may_become((enum session_status)from,
				     (enum session_status)to) !=
			    (moves[from][to] == 'y');
	tap_is_int((long long)wrong, 0,
	    "a session moves between statuses as the table says");
	autofree char *lock = layout_lock(&layout, "session-1");
	autofree char *locks = path_parent(lock);
	tap_ok(!session_is_alive(&layout, "session-1"),
	    "a session without a lock is not alive");
	mkdir(locks, 0700);
	int fd = lock_take(lock, "me\n", &err);
	tap_ok(fd >= 0 && session_is_alive(&layout, "session-1"),
	    "a session whose lock is held is alive");
	close(fd);
	tap_ok(!session_is_alive(&layout, "session-1"),
	    "a session whose lock was dropped is not alive");
	layout_release(&layout);
}

int
main(void)
{
	json_init();
	test_home();
	test_foreign_home();
	test_claims();
	test_claim_race();
	test_hostile_names();
	test_job_ids();
	test_find_job();
	test_find_session();
	test_session();
	scratch_done();
	return tap_done();
}
