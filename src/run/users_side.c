/* SPDX-License-Identifier: MIT */
/* What agents did to the user's side is seen, told, and partly undone. */
#include "config.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/strv.h"
#include "base/text.h"
#include "data/json.h"
#include "git/git.h"
#include "git/shared.h"
#include "git/stash_log.h"
#include "run/users_side.h"

#define COPY_LIMIT ((size_t)1024 * 1024) /* of a file that is copied */
#define LINES_SHOWN 10 /* of a look */
#define LINES_LIMIT 50 /* of a run */
#define NAMES_SHOWN 5
#define REST 20 /* a look waits so many times as long as the last one took */
#define NET_LIMIT 1000 /* commits that are held for the user */

/* One that runs. */
struct users_side_guest {
	LIST_ENTRY(users_side_guest) link;
	char *who;
	json_t *told; /* what was changed while it ran; NULL: nothing */
};

struct users_side {
	struct supervisor *sup;
	struct shared before; /* as it was at the last look */
	struct str stash; /* its log before the run */
	char *copies; /* the folder of the copies */
	char *net; /* the ref that holds the user's commits; NULL: none */
	LIST_HEAD(, users_side_guest) guests;
	struct strv since; /* who ran at some time since the last look */
	int64_t rest_until; /* clock_now() */
	size_t changes; /* of the run */
	bool needs_net; /* something points at nothing else any more */
};

/* One look that found changes. */
struct users_side_look {
	struct users_side *side;
	struct shared now;
	struct str who; /* "item_3, item_5" */
	const char *stash; /* what became of the stash; NULL: untouched */
	bool index_changed;
	size_t shown;
	size_t n;
};

/* --- before the run --------------------------------------------------- */

static void
copy_file(const struct users_side *side, const char *name)
{
	struct stat st;
	autostr struct str text = { 0 };
	autoerror struct error err = { 0 };
	autofree char *from = path_join(side->sup->repo.common_dir, name);
	autofree char *to = path_join(side->copies, name);
	autofree char *folder = path_parent(to);
	if (stat(from, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	if (!file_read(from, COPY_LIMIT, &text, &err) ||
	    !path_make_dirs(folder, &err) ||
	    !file_replace_derived(to, str_text(&text), text.len, &err)) {
		log_warn("%s", error_text(&err));
		return;
	}
	(void)chmod(to, (st.st_mode & 0700) | 0600);
}

static void
copy_hooks(const struct users_side *side)
{
	autostrv struct strv names = { 0 };
	autoerror struct error ignored = { 0 };
	autofree char *folder = path_join(side->sup->repo.common_dir, "hooks");
	if (!path_list(folder, &names, &ignored))
		return;
	for (size_t i = 0; i < names.n; i++) {
		autofree char *name = mem_format("hooks/%s", names.items[i]);
		if (!text_ends_with(name, ".sample"))
			copy_file(side, name);
	}
}

static void
copy_all(const struct users_side *side)
{
	static const char *const names[] = { "HEAD", "config",
		"config.worktree", "info/attributes", "info/exclude",
		"info/grafts", "objects/info/alternates", "packed-refs",
		"logs/refs/stash" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		copy_file(side, names[i]);
	copy_hooks(side);
}

static void
list_commits(const struct users_side *side, struct strv *commits)
{
	stash_log_commits(&side->before.stash, commits);
	for (size_t i = 0; i < side->before.n; i++) {
		const struct shared_fact *fact = &side->before.facts[i];
		if (text_starts_with(fact->name, "refs/heads/") &&
		    git_is_oid(fact->value) &&
		    strcmp(fact->value, side->sup->repo.head) != 0 &&
		    commits->n < NET_LIMIT)
			strv_add(commits, fact->value);
	}
}

static bool
make_net(const struct users_side *side, const struct strv *commits,
    const char *ref, struct error *err)
{
	static const char *const start[] = { "-c", "user.name=prodigy", "-c",
		"user.email=prodigy@localhost", "commit-tree", "-m",
		"Branches and stash of the user before the run", NULL };
	const struct supervisor *sup = side->sup;
	autostrv struct strv args = { 0 };
	autostr struct str oid = { 0 };
	autofree char *tree = mem_format("%s^{tree}", sup->repo.head);
	strv_add_all(&args, start);
	for (size_t i = 0; i < commits->n; i++) {
		strv_add(&args, "-p");
		strv_add(&args, commits->items[i]);
	}
	strv_add(&args, tree);
	const char *const *array = (const char *const *)strv_array(&args);
	if (!git_run(sup->repo.common_dir, array, &oid, err))
		return false;
	const char *const hold[] = { "update-ref", ref, str_text(&oid), NULL };
	return git_run(sup->repo.common_dir, hold, NULL, err);
}

/*
 * Holds the entries of the stash and the tips of branches by a commit whose
 * parents they are, so that no "git gc --prune=now" takes what an agent has
 * deleted.
 */
static void
hold_commits(struct users_side *side)
{
	autostrv struct strv commits = { 0 };
	autoerror struct error err = { 0 };
	list_commits(side, &commits);
	if (commits.n == 0)
		return;
	side->net = mem_format("refs/prodigy/%s/user", side->sup->run);
	if (make_net(side, &commits, side->net, &err))
		return;
	log_debug("%s", error_text(&err));
	free(side->net);
	side->net = NULL;
}

struct users_side *
users_side_open(struct supervisor *sup)
{
	struct users_side *side = mem_zalloc(sizeof(*side));
	const char *folder = sup->recorder.job_dir != NULL
	    ? sup->recorder.job_dir
	    : sup->log_dir;
	side->sup = sup;
	side->copies = path_join(folder, "before");
	LIST_INIT(&side->guests);
	copy_all(side);
	shared_read(&sup->repo, &side->before);
	str_add_str(&side->stash, &side->before.stash);
	hold_commits(side);
	return side;
}

/* --- what became of the stash ----------------------------------------- */

/*
 * What was there before the run is put back. An entry that came meanwhile may
 * be an agent's, which its end keeps elsewhere and takes off the stash. A user
 * who pops an entry in the main work tree changes its index; then it is theirs
 * to say where it belongs.
 */
static const char *
mend_stash(struct users_side_look *look)
{
	struct users_side *side = look->side;
	autostr struct str joined = { 0 };
	autoerror struct error err = { 0 };
	if (!stash_log_join(&side->stash, &look->now.stash, &joined))
		return "";
	if (look->index_changed) {
		side->needs_net = true;
		return ", entries are gone";
	}
	if (!stash_log_restore(
		&side->sup->repo, &look->now.stash, &joined, &err)) {
		log_debug("%s", error_text(&err));
		side->needs_net = true;
		return ", entries are gone and could not be put back";
	}
	return ", entries were put back";
}

static void
note_change(const struct shared_change *change, void *arg)
{
	struct users_side_look *look = arg;
	if (strcmp(change->name, "index") == 0)
		look->index_changed = true;
	if (strcmp(change->name, "logs/refs/stash") == 0)
		look->stash = "";
	if (text_starts_with(change->name, "refs/heads/") &&
	    change->before != NULL)
		look->side->needs_net = true;
}

/* --- telling ---------------------------------------------------------- */

static void
tell_guests(const struct users_side *side, const char *text)
{
	struct users_side_guest *guest;
	LIST_FOREACH(guest, &side->guests, link) {
		if (guest->told == NULL)
			guest->told = json_array();
		if (json_array_size(guest->told) < LINES_LIMIT)
			json_array_append_new(guest->told, json_text(text));
	}
}

static void
record(const struct users_side_look *look, const struct shared_change *change,
    const char *text)
{
	const struct users_side *side = look->side;
	json_t *who = json_array();
	for (size_t i = 0; i < side->since.n; i++)
		json_array_append_new(who, json_text(side->since.items[i]));
	recorder_event(&side->sup->recorder, "users_side_changed",
	    json_pack("{s:o, s:o, s:o, s:o, s:o}", "while", who, "what",
		json_text(change->name), "before", json_text(change->before),
		"after", json_text(change->after), "change", json_text(text)));
}

static void
tell(const struct shared_change *change, void *arg)
{
	struct users_side_look *look = arg;
	struct users_side *side = look->side;
	autostr struct str text = { 0 };
	autofree char *copy = path_join(side->copies, change->name);
	shared_describe(change, &text);
	if (strcmp(change->name, "logs/refs/stash") == 0)
		str_add(&text, look->stash);
	tell_guests(side, str_text(&text));
	record(look, change, str_text(&text));
	look->n++;
	if (look->shown == LINES_SHOWN || side->changes + look->n > LINES_LIMIT)
		return;
	look->shown++;
	if (change->before != NULL && path_exists(copy))
		str_format(&text, " (as it was before: %s)", copy);
	log_warn("while %s ran: %s", str_text(&look->who), str_text(&text));
}

static void
name_guests(const struct users_side *side, struct str *who)
{
	for (size_t i = 0; i < side->since.n && i < NAMES_SHOWN; i++)
		str_format(
		    who, "%s%s", i > 0 ? ", " : "", side->since.items[i]);
	if (side->since.n > NAMES_SHOWN)
		str_format(who, " and %zu more", side->since.n - NAMES_SHOWN);
	if (side->since.n == 0)
		str_add(who, "nobody of ours");
}

static void
tell_all(struct users_side_look *look)
{
	struct users_side *side = look->side;
	name_guests(side, &look->who);
	shared_compare(&side->before, &look->now, note_change, look);
	if (look->stash != NULL)
		look->stash = mend_stash(look);
	shared_compare(&side->before, &look->now, tell, look);
	if (look->n > look->shown)
		log_warn("while %s ran: %zu more changes to what is yours: "
			 "prodigy events show %s",
		    str_text(&look->who), look->n - look->shown, side->sup->id);
	side->changes += look->n;
}

/* --- looking ---------------------------------------------------------- */

static void
look(struct users_side *side)
{
	struct users_side_look look = { .side = side };
	const struct repo *repo = &side->sup->repo;
	int64_t start = clock_now();
	if (!shared_is_same(repo, &side->before)) {
		shared_read(repo, &look.now);
		tell_all(&look);
		if (look.stash != NULL) {
			shared_release(&look.now);
			shared_read(repo, &look.now);
		}
		shared_release(&side->before);
		side->before = look.now;
		str_release(&look.who);
	}
	side->rest_until = clock_now() + (clock_now() - start) * REST;
	strv_clear(&side->since);
	struct users_side_guest *guest;
	LIST_FOREACH(guest, &side->guests, link)
		strv_add(&side->since, guest->who);
}

void
users_side_enter(struct users_side *side, const char *who)
{
	if (side == NULL)
		return;
	struct users_side_guest *guest = mem_zalloc(sizeof(*guest));
	guest->who = mem_text(who);
	LIST_INSERT_HEAD(&side->guests, guest, link);
	if (!strv_has(&side->since, who))
		strv_add(&side->since, who);
}

static void
forget(struct users_side_guest *guest)
{
	LIST_REMOVE(guest, link);
	json_decref(guest->told);
	free(guest->who);
	free(guest);
}

void
users_side_leave(struct users_side *side, const char *who, json_t **told)
{
	struct users_side_guest *guest = NULL;
	if (side != NULL)
		LIST_FOREACH(guest, &side->guests, link)
			if (strcmp(guest->who, who) == 0)
				break;
	if (guest == NULL)
		return;
	if (clock_now() >= side->rest_until) {
		look(side);
		for (size_t i = 0; i < side->since.n; i++)
			if (strcmp(side->since.items[i], who) == 0) {
				strv_remove(&side->since, i);
				break;
			}
	}
	if (guest->told != NULL && *told == NULL)
		*told = json_array();
	if (guest->told != NULL)
		json_array_extend(*told, guest->told);
	forget(guest);
}

/* Whether the ref alone has some commit of those that it holds. */
static bool
holds_alone(const struct users_side *side)
{
	autostr struct str out = { 0 };
	autoerror struct error ignored = { 0 };
	autofree char *held = mem_format("%s^@", side->net);
	autofree char *exclude = mem_format("--exclude=%s", side->net);
	const char *const args[] = { "rev-list", "-n", "1", held, "--not",
		exclude, "--all", "--reflog", NULL };
	return !git_run(side->sup->repo.common_dir, args, &out, &ignored) ||
	    out.len > 0;
}

static void
let_go(struct users_side *side)
{
	autoerror struct error err = { 0 };
	const char *const drop[] = { "update-ref", "-d", side->net, NULL };
	if (side->net == NULL)
		return;
	if (side->needs_net && holds_alone(side))
		log_warn("commits of yours that nothing else has any more are "
			 "held by %s",
		    side->net);
	else if (!git_run(side->sup->repo.common_dir, drop, NULL, &err))
		log_debug("%s", error_text(&err));
}

size_t
users_side_close(struct users_side *side)
{
	if (side == NULL)
		return 0;
	if (!shared_is_same(&side->sup->repo, &side->before) &&
	    side->since.n > 0)
		look(side);
	let_go(side);
	size_t changes = side->changes;
	while (!LIST_EMPTY(&side->guests))
		forget(LIST_FIRST(&side->guests));
	shared_release(&side->before);
	str_release(&side->stash);
	strv_release(&side->since);
	free(side->copies);
	free(side->net);
	free(side);
	return changes;
}
