/* SPDX-License-Identifier: MIT */
/* Making loose objects and refs durable. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_SYNC_FILE_RANGE
#include <linux/magic.h>
#include <sys/vfs.h>
#endif

#include "base/clock.h"
#include "base/id.h"
#include "base/mem.h"
#include "base/path.h"
#include "git/harden.h"

#define SLICE_MS 10 /* of a round, until the loop turns again */
#define RANDOM_DIGITS 16

struct harden_request {
	STAILQ_ENTRY(harden_request) link;
	struct strv files; /* below the common directory */
	bool commits; /* the journal, after the files are written out */
	bool everything;
	harden_fn *fn;
	void *arg;
};
STAILQ_HEAD(harden_requests, harden_request);

/* Of a round, in this order. */
enum harden_pass {
	HARDEN_WRITE_OUT, /* of all files is begun, so that the disk can sort */
	HARDEN_WAIT, /* until each is written */
};

/* What the file system of the objects needs. */
enum harden_method {
	HARDEN_BY_JOURNAL, /* one commit has all metadata */
	HARDEN_FILES, /* the sync of a file has its name */
	HARDEN_FILES_AND_DIRS,
};

struct harden {
	struct loop *loop;
	char *dir; /* common git directory */
	struct harden_requests waiting; /* for the next round */
	struct harden_requests round; /* those that are being served */
	struct timer *timer; /* pending: the next slice, or round */
	struct error err; /* of the round */
	/* The position in the round: */
	enum harden_pass pass;
	struct harden_request *request;
	size_t file; /* of the request */
	enum harden_method method;
	dev_t device; /* for whose files it is */
	bool written_out; /* files were, since the last commit */
	struct strv dirs; /* to be synced for files that were synced alone */
};

struct harden *
harden_new(struct loop *loop, const char *common_dir)
{
	struct harden *harden = mem_zalloc(sizeof(*harden));
	harden->loop = loop;
	harden->dir = mem_text(common_dir);
	STAILQ_INIT(&harden->waiting);
	STAILQ_INIT(&harden->round);
	return harden;
}

static void
free_request(struct harden_request *request)
{
	strv_release(&request->files);
	free(request);
}

static void
forget_requests(struct harden_requests *requests, void (*forget)(void *arg))
{
	struct harden_request *request;
	while ((request = STAILQ_FIRST(requests)) != NULL) {
		STAILQ_REMOVE_HEAD(requests, link);
		if (forget != NULL)
			forget(request->arg);
		free_request(request);
	}
}

void
harden_free(struct harden *harden, void (*forget)(void *arg))
{
	if (harden == NULL)
		return;
	timer_remove(harden->timer);
	forget_requests(&harden->waiting, forget);
	forget_requests(&harden->round, forget);
	strv_release(&harden->dirs);
	error_release(&harden->err);
	free(harden->dir);
	free(harden);
}

static bool
fail(struct harden *harden, const char *what, const char *path)
{
	error_system(&harden->err, "%s %s", what, path);
	harden->err.kind = ERROR_STORAGE;
	return false;
}

/* --- one file --------------------------------------------------------- */

static int
sync_fully(int fd)
{
	int result;
	do
		result = fsync(fd);
	while (result != 0 && errno == EINTR);
	return result;
}

/* Begins to write out the data of a file, or waits until that is done. */
static int
write_out(int fd, enum harden_pass pass)
{
#ifdef HAVE_SYNC_FILE_RANGE
	unsigned flags = SYNC_FILE_RANGE_WRITE;
	if (pass == HARDEN_WAIT)
		flags |=
		    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER;
	return sync_file_range(fd, 0, 0, flags);
#else
	(void)fd;
	(void)pass;
	errno = ENOSYS;
	return -1;
#endif
}

static enum harden_method
find_method(const char *dir)
{
#ifdef HAVE_SYNC_FILE_RANGE
	struct statfs fs;
	if (statfs(dir, &fs) != 0)
		return HARDEN_FILES_AND_DIRS;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case TMPFS_MAGIC:
		return HARDEN_BY_JOURNAL;
	case BTRFS_SUPER_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
		return HARDEN_FILES;
	default:
		break;
	}
#else
	(void)dir;
#endif
	return HARDEN_FILES_AND_DIRS;
}

/* The directories that lead to a file: its name may be new in each. */
static void
add_dirs(struct harden *harden, const char *file)
{
	for (const char *slash = strchr(file, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		autofree char *dir = mem_text_n(file, (size_t)(slash - file));
		if (!strv_has(&harden->dirs, dir))
			strv_add(&harden->dirs, dir);
	}
}

static bool
sync_alone(struct harden *harden, int fd, const char *file)
{
	if (harden->pass == HARDEN_WRITE_OUT)
		return true;
	if (sync_fully(fd) != 0)
		return fail(harden, "syncing", file);
	if (harden->method != HARDEN_FILES)
		add_dirs(harden, file);
	return true;
}

/* A file that is not there was packed, or its ref was deleted meanwhile. */
static bool
harden_file(struct harden *harden, const char *file)
{
	struct stat st;
	autofree char *path = path_join(harden->dir, file);
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ||
		    fail(harden, "opening", path);
	if (fstat(fd, &st) != 0)
		return fail(harden, "looking at", path);
	if (harden->method != HARDEN_BY_JOURNAL || st.st_dev != harden->device)
		return sync_alone(harden, fd, file);
	if (write_out(fd, harden->pass) == 0) {
		harden->written_out = true;
		return true;
	}
	if (errno == EIO || errno == ENOSPC || errno == EDQUOT)
		return fail(harden, "writing out", path);
	harden->method = HARDEN_FILES_AND_DIRS;
	return sync_alone(harden, fd, file);
}

/* --- the file system -------------------------------------------------- */

/*
 * The file is new, so that its sync must commit the journal. git prune removes
 * it from the objects, by its name, should we die before we do.
 */
static bool
commit_journal(struct harden *harden)
{
	char digits[RANDOM_DIGITS + 1];
	autofree char *path = mem_format("%s/objects/tmp_obj_prodigy_%s",
	    harden->dir, id_hex(digits, RANDOM_DIGITS));
	autofd int fd =
	    open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(harden, "creating", path);
	bool ok = sync_fully(fd) == 0 || fail(harden, "syncing", path);
	(void)unlink(path);
	harden->written_out = false;
	return ok;
}

/* Some file systems have no sync of directories: EINVAL. */
static bool
sync_dir(struct harden *harden, const char *dir)
{
	autofree char *path = path_join(harden->dir, dir);
	autofd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || fail(harden, "opening", path);
	return sync_fully(fd) == 0 || errno == EINVAL ||
	    fail(harden, "syncing", path);
}

static bool
sync_dirs(struct harden *harden)
{
	bool ok = true;
	for (size_t i = 0; ok && i < harden->dirs.n; i++)
		ok = sync_dir(harden, harden->dirs.items[i]);
	strv_clear(&harden->dirs);
	return ok;
}

static bool
sync_everything(struct harden *harden)
{
	autofree char *path = path_join(harden->dir, "objects");
#ifdef HAVE_SYNCFS
	autofd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(harden, "opening", path);
	return syncfs(fd) == 0 || fail(harden, "syncing", path);
#else
	sync();
	return true;
#endif
}

/* --- rounds ----------------------------------------------------------- */

static void begin_round(void *arg);

/* A callback may ask for more: that is the next round's. */
static void
end_round(struct harden *harden)
{
	struct harden_request *request;
	while ((request = STAILQ_FIRST(&harden->round)) != NULL) {
		STAILQ_REMOVE_HEAD(&harden->round, link);
		request->fn(
		    harden->err.kind == ERROR_NONE ? NULL : &harden->err,
		    request->arg);
		free_request(request);
	}
	error_release(&harden->err);
	strv_clear(&harden->dirs);
	if (harden->timer == NULL && !STAILQ_EMPTY(&harden->waiting))
		harden->timer =
		    loop_after(harden->loop, 0, begin_round, harden);
}

/* The next file of the round and pass, or NULL. */
static const char *
next_file(struct harden *harden)
{
	while (harden->request != NULL &&
	    harden->file == harden->request->files.n) {
		harden->request = STAILQ_NEXT(harden->request, link);
		harden->file = 0;
	}
	if (harden->request == NULL)
		return NULL;
	return harden->request->files.items[harden->file++];
}

static void
begin_pass(struct harden *harden, enum harden_pass pass)
{
	harden->pass = pass;
	harden->request = STAILQ_FIRST(&harden->round);
	harden->file = 0;
}

static bool
wants_commit(const struct harden *harden)
{
	const struct harden_request *request;
	STAILQ_FOREACH(request, &harden->round, link)
		if (request->commits && harden->written_out)
			return true;
	return false;
}

static void
go_on(void *arg)
{
	struct harden *harden = arg;
	const char *file;
	bool ok = true;
	int64_t pause = clock_now() + SLICE_MS;
	harden->timer = NULL;
	while (ok && clock_now() < pause) {
		if ((file = next_file(harden)) != NULL) {
			ok = harden_file(harden, file);
		} else if (harden->pass == HARDEN_WRITE_OUT) {
			begin_pass(harden, HARDEN_WAIT);
		} else {
			ok = sync_dirs(harden) &&
			    (!wants_commit(harden) || commit_journal(harden));
			end_round(harden);
			return;
		}
	}
	if (ok)
		harden->timer = loop_after(harden->loop, 0, go_on, harden);
	else
		end_round(harden);
}

static void
begin_round(void *arg)
{
	struct harden *harden = arg;
	struct harden_request *request;
	struct stat st;
	bool everything = false;
	autofree char *objects = path_join(harden->dir, "objects");
	harden->timer = NULL;
	STAILQ_CONCAT(&harden->round, &harden->waiting);
	STAILQ_FOREACH(request, &harden->round, link)
		everything = everything || request->everything;
	if (everything || stat(objects, &st) != 0) {
		(void)sync_everything(harden);
		end_round(harden);
		return;
	}
	harden->device = st.st_dev;
	harden->method = find_method(objects);
	begin_pass(harden,
	    harden->method == HARDEN_BY_JOURNAL ? HARDEN_WRITE_OUT
						: HARDEN_WAIT);
	go_on(harden);
}

/* --- requests --------------------------------------------------------- */

static struct harden_request *
add_request(struct harden *harden, harden_fn *fn, void *arg)
{
	struct harden_request *request = mem_zalloc(sizeof(*request));
	request->fn = fn;
	request->arg = arg;
	STAILQ_INSERT_TAIL(&harden->waiting, request, link);
	if (harden->timer == NULL && STAILQ_EMPTY(&harden->round))
		harden->timer =
		    loop_after(harden->loop, 0, begin_round, harden);
	return request;
}

void
harden_objects(
    struct harden *harden, const struct strv *oids, harden_fn *fn, void *arg)
{
	struct harden_request *request = add_request(harden, fn, arg);
	for (size_t i = 0; i < oids->n; i++)
		strv_format(&request->files, "objects/%.2s/%s", oids->items[i],
		    oids->items[i] + 2);
}

/* A ref that is no file is a line of packed-refs, or in git's newer tables. */
static void
add_ref(const struct harden *harden, struct harden_request *request,
    const char *ref)
{
	autofree char *loose = path_join(harden->dir, ref);
	autofree char *packed = path_join(harden->dir, "packed-refs");
	if (path_exists(loose))
		strv_add(&request->files, ref);
	else if (path_exists(packed))
		strv_add(&request->files, "packed-refs");
	else
		request->everything = true;
}

void
harden_refs(
    struct harden *harden, const struct strv *refs, harden_fn *fn, void *arg)
{
	struct harden_request *request = add_request(harden, fn, arg);
	request->commits = true;
	for (size_t i = 0; i < refs->n; i++)
		add_ref(harden, request, refs->items[i]);
}

void
harden_everything(struct harden *harden, harden_fn *fn, void *arg)
{
	struct harden_request *request = add_request(harden, fn, arg);
	request->everything = true;
}
