/* SPDX-License-Identifier: MIT */
/* Drives an agent process from a test. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "agent/agent_main.h"
#include "agent_harness.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"

#define READ_LIMIT_MS 30000

int
harness_sh(const struct harness *harness, const char *script, struct str *out)
{
	int ends[2];
	int status = 0;
	char bytes[4096];
	if (pipe2(ends, O_CLOEXEC) == -1)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		if (chdir(harness->tree) == -1)
			_exit(126);
		dup2(ends[1], STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	for (;;) {
		ssize_t n = read(ends[0], bytes, sizeof(bytes));
		if (n <= 0)
			break;
		if (out != NULL)
			str_add_n(out, bytes, (size_t)n);
	}
	close(ends[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void
harness_open(struct harness *harness, enum frame_phase phase)
{
	char template[] = "/tmp/prodigy-agent-XXXXXX";
	*harness = (struct harness){ .in = -1, .out = -1 };
	if (mkdtemp(template) == NULL)
		abort();
	autoerror struct error err = { 0 };
	harness->root = path_real(template, &err);
	harness->tree = path_join(harness->root, "tree");
	harness->logs = path_join(harness->root, "logs");
	if (!path_make_dirs(harness->tree, &err) ||
	    !path_make_dirs(harness->logs, &err))
		abort();
	if (harness_sh(harness,
		"git init -q -b main . && git config user.name T && "
		"git config user.email t@example.org && echo one >one && "
		"git add one && git commit -q -m one",
		NULL) != 0)
		abort();
	harness->spec = (struct frame_spec){
		.phase = phase,
		.job = mem_text("job"),
		.run = mem_format("job-%s", path_name(template)),
		.session = mem_text("session-1"),
		.workflow = mem_text("test"),
		.agent = mem_text(phase == PHASE_MAP ? "agent_0" : ""),
		.item = mem_text(phase == PHASE_MAP ? "item_0" : ""),
		.attempt = 1,
		.directory = mem_text(harness->tree),
		.repository = mem_text(harness->tree),
		.log_dir = mem_text(harness->logs),
		.log_name = mem_text("agent_0"),
		.grace_ms = 300,
		.send_output = true,
		.vars = json_object(),
	};
}

void
harness_close(struct harness *harness)
{
	autoerror struct error err = { 0 };
	if (harness->in != -1)
		close(harness->in);
	if (harness->out != -1)
		close(harness->out);
	if (!file_remove_tree(harness->root, &err))
		fprintf(stderr, "# %s\n", error_text(&err));
	free(harness->root);
	free(harness->tree);
	free(harness->logs);
	frame_spec_release(&harness->spec);
	frame_result_release(&harness->result);
	str_release(&harness->frames);
	str_release(&harness->output);
	str_release(&harness->notes);
	str_release(&harness->events);
}

struct step *
harness_shell(struct harness *harness, const char *script)
{
	struct step *step = steps_add(&harness->spec.steps);
	step->kind = STEP_SHELL;
	step->command = mem_text(script);
	return step;
}

struct step *
harness_claude(struct harness *harness, const char *prompt)
{
	struct step *step = steps_add(&harness->spec.steps);
	step->kind = STEP_CLAUDE;
	step->command = mem_text(prompt);
	return step;
}

void
harness_set(struct harness *harness, const char *name, const char *json,
    const char *class)
{
	json_t *value =
	    json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (value == NULL)
		abort();
	json_object_set_new(
	    harness->spec.vars, name, json_pack("[s, o]", class, value));
}

void
harness_start(struct harness *harness)
{
	autoerror struct error err = { 0 };
	autostr struct str line = { 0 };
	int in[2];
	int out[2];
	frame_spec_encode(&harness->spec, &line);
	str_add_char(&line, '\n');
	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		abort();
	fflush(stdout);
	harness->ms = -clock_now();
	harness->pid = fork();
	if (harness->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		close(out[0]);
		/* Not _exit(): a leak checker has its say. */
		exit(agent_main());
	}
	close(in[0]);
	close(out[1]);
	harness->in = in[1];
	harness->out = out[0];
	if (!file_write_all(harness->in, line.data, line.len, &err))
		abort();
}

static void
answer(struct harness *harness, const json_t *object)
{
	autoerror struct error err = { 0 };
	autostr struct str tree = { 0 };
	autostr struct str line = { 0 };
	autofree char *script = mem_format("git rev-parse --verify '%s^{tree}'",
	    json_string_value(json_object_get(object, "commit")));
	harness->asked++;
	if (harness_sh(harness, script, &tree) == 0)
		frame_answer_encode(text_trim(tree.data), &line);
	else
		frame_answer_encode(NULL, &line);
	if (!file_write_all(harness->in, line.data, line.len, &err))
		abort();
}

static void
answer_nothing(const struct harness *harness)
{
	autoerror struct error err = { 0 };
	autostr struct str line = { 0 };
	frame_answer_encode(NULL, &line);
	if (!file_write_all(harness->in, line.data, line.len, &err))
		abort();
}

static void
frame_came(struct harness *harness, enum frame_type type, const json_t *object)
{
	autoerror struct error err = { 0 };
	const char *text;
	switch (type) {
	case FRAME_OUT:
		text = json_string_value(json_object_get(object, "d"));
		str_add(&harness->output, text == NULL ? "" : text);
		break;
	case FRAME_NOTE:
		text = json_string_value(json_object_get(object, "text"));
		str_format(&harness->notes, "%s\n", text == NULL ? "" : text);
		break;
	case FRAME_EVENT:
		text = json_string_value(json_object_get(object, "type"));
		str_format(&harness->events, "%s\n", text == NULL ? "" : text);
		break;
	case FRAME_STEP:
		text = json_string_value(json_object_get(object, "state"));
		harness->started += text != NULL && strcmp(text, "start") == 0;
		break;
	case FRAME_RESULT:
		harness->has_result =
		    frame_result_decode(object, &harness->result, &err);
		if (!harness->has_result)
			fprintf(stderr, "# result: %s\n", error_text(&err));
		break;
	case FRAME_ASK:
		answer(harness, object);
		break;
	case FRAME_CLAUDE:
		answer_nothing(harness);
		break;
	case FRAME_SPENT:
	case FRAME_HELLO:
	case FRAME_BEAT:
	case FRAME_TYPES:
		break;
	}
}

static void
take_lines(struct harness *harness)
{
	for (;;) {
		autoerror struct error err = { 0 };
		const char *newline = harness->frames.len == 0
		    ? NULL
		    : memchr(harness->frames.data, '\n', harness->frames.len);
		if (newline == NULL)
			return;
		size_t len = (size_t)(newline - harness->frames.data);
		enum frame_type type;
		json_t *object = NULL;
		if (frame_decode(
			harness->frames.data, len, &type, &object, &err))
			frame_came(harness, type, object);
		else
			fprintf(stderr, "# frame: %s\n", error_text(&err));
		json_decref(object);
		str_drop(&harness->frames, len + 1);
	}
}

void
harness_read(struct harness *harness, int64_t ms)
{
	int64_t end = clock_now() + ms;
	while (!harness->has_result) {
		char bytes[65536];
		int64_t left = end - clock_now();
		struct pollfd poll_fd = { .fd = harness->out,
			.events = POLLIN };
		if (left <= 0 || poll(&poll_fd, 1, (int)left) <= 0)
			break;
		ssize_t n = read(harness->out, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		str_add_n(&harness->frames, bytes, (size_t)n);
		take_lines(harness);
	}
	if (harness->ms < 0)
		harness->ms += clock_now();
}

int
harness_wait(struct harness *harness)
{
	int status = 0;
	waitpid(harness->pid, &status, 0);
	return status;
}

void
harness_run(struct harness *harness)
{
	harness_start(harness);
	harness_read(harness, READ_LIMIT_MS);
	if (!harness->has_result)
		kill(harness->pid, SIGKILL);
	harness->status = harness_wait(harness);
}

static bool
carries(const char *pid, const char *token)
{
	char path[64];
	char bytes[65536];
	snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	ssize_t n = read(fd, bytes, sizeof(bytes));
	close(fd);
	return n > 0 && memmem(bytes, (size_t)n, token, strlen(token)) != NULL;
}

unsigned
harness_survivors(const struct harness *harness)
{
	autofree char *token =
	    mem_format("PRODIGY_AGENT=%s/", harness->spec.run);
	unsigned n = 0;
	DIR *proc = opendir("/proc");
	if (proc == NULL)
		abort();
	for (const struct dirent *entry = readdir(proc); entry != NULL;
	     entry = readdir(proc))
		n += entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    carries(entry->d_name, token);
	closedir(proc);
	return n;
}

bool
harness_has(const char *text, const char *part)
{
	return text != NULL && strstr(text, part) != NULL;
}

static const char *
message_of(const struct harness *harness)
{
	const char *message = harness->result.failure.message;
	return message == NULL ? "" : message;
}

void
harness_succeeded(const struct harness *harness, const char *what)
{
	tap_ok(
	    harness->has_result && harness->result.failure.cause == CAUSE_NONE,
	    "%s succeeds: %s", what, message_of(harness));
	tap_is_int(harness->status, 0, "%s: the agent exits with 0", what);
}

void
harness_failed(const struct harness *harness, enum failure_cause cause,
    const char *part, const char *what)
{
	tap_ok(harness->has_result, "%s: there is a result", what);
	tap_is_text(failure_cause_name(harness->result.failure.cause),
	    failure_cause_name(cause), "%s: the cause of its failure", what);
	tap_ok(harness_has(message_of(harness), part),
	    "%s: the message says so: %s", what, message_of(harness));
}
