/* SPDX-License-Identifier: MIT */
/*
 * Whole-file reading, durable replacement and durable appending.
 *
 * The replacement protocol: a random name in the same directory is created
 * exclusively (0600, no symlink followed), written fully, fsynced, renamed,
 * and the directory is fsynced. Readers see the old or the new file, never a
 * part; after a power cut too. Its temporary is called .NAME.XXXXXXXX.tmp with
 * random hex digits and at most 200 bytes of NAME.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/defs.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Opens a regular file to be read; -1 on failure. Anything else (a FIFO, a
 * device) is ERROR_INPUT: reading it might have no end.
 */
int file_open_regular(const char *path, struct error *err) MUST_USE;
/*
 * Reads the next line of a stream into line (which it replaces), its newline
 * included: at most limit bytes of it, the rest is passed over. Returns how
 * many bytes the line has in the stream: 0 at the end, more than line->len when
 * it was cut.
 */
uint64_t file_read_line(FILE *file, size_t limit, struct str *line);
/*
 * Appends the content of a regular file of at most limit bytes to out; a larger
 * one is ERROR_INPUT. On failure out is as it was.
 */
bool file_read(const char *path, size_t limit, struct str *out,
    struct error *err) MUST_USE;
/* Appends exactly len bytes from offset; fewer there is ERROR_STATE. */
bool file_read_at(int fd, uint64_t offset, size_t len, struct str *out,
    struct error *err) MUST_USE;
/* Writes all bytes, resuming after signals, short and refused writes. */
bool file_write_all(
    int fd, const void *bytes, size_t len, struct error *err) MUST_USE;
/*
 * Durable replacement, see above. On failure the old file is still there
 * (unless only the last step, syncing the directory, failed). A sync that
 * failed is ERROR_STORAGE, or ERROR_NO_SPACE: another try writes a new file.
 */
bool file_replace(const char *path, const void *bytes, size_t len,
    struct error *err) MUST_USE;
/*
 * Replacement of what can be made again from other files: readers see the old
 * or the new file, but nothing is synced, so that after a power cut the file
 * may be the old one or empty.
 */
bool file_replace_derived(const char *path, const void *bytes, size_t len,
    struct error *err) MUST_USE;
/*
 * Replacement of what is soon replaced again: after a power cut the file is the
 * old one or the new one, whole, and nobody knows which.
 */
bool file_replace_whole(const char *path, const void *bytes, size_t len,
    struct error *err) MUST_USE;
/*
 * A symbolic link put in place atomically, but not synced: after a power cut
 * it may be the old one.
 */
bool file_replace_link(
    const char *path, const char *target, struct error *err) MUST_USE;

/*
 * A file that is replaced as a whole but written in pieces: open, write to fd
 * through file_write_all() or a buffer of the caller, then commit or abandon.
 */
struct file_new {
	int fd; /* -1 when not open */
	char *path; /* final name */
	char *temporary;
};
bool file_new_open(
    struct file_new *f, const char *path, struct error *err) MUST_USE;
bool file_new_commit(struct file_new *f, struct error *err) MUST_USE;
void file_new_abandon(struct file_new *f);

/* Opens for appending (created 0600, no symlink followed); -1 on failure. */
int file_open_append(const char *path, struct error *err) MUST_USE;
/* fdatasync(2); any failure is ERROR_STORAGE and must not be tried again. */
bool file_sync(int fd, struct error *err) MUST_USE;
/* A sync that failed is ERROR_STORAGE, or ERROR_NO_SPACE. */
bool file_sync_dir(const char *dir, struct error *err) MUST_USE;
/* Removes a file; one that is not there is no failure. */
bool file_remove(const char *path, struct error *err) MUST_USE;
/*
 * Removes a file or a directory tree of any depth without following symlinks,
 * giving itself permission on directories where needed; missing is no failure.
 */
bool file_remove_tree(const char *path, struct error *err) MUST_USE;
/* FD_CLOEXEC and O_NONBLOCK. */
bool file_set_cloexec(int fd);
bool file_set_nonblocking(int fd, bool on);

#endif
