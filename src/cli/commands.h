/* SPDX-License-Identifier: MIT */
/* The top-level commands, each in a file of its own. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

extern const struct command cmd_run;
extern const struct command cmd_items;
extern const struct command cmd_validate;
extern const struct command cmd_events;
extern const struct command cmd_dlq;
extern const struct command cmd_sessions;
extern const struct command cmd_checkpoints;
extern const struct command cmd_worktree;

/* cli/missing.c: known names that are not built yet. */
extern const struct command cmd_resume;
extern const struct command cmd_resume_job;
extern const struct command cmd_exec;
extern const struct command cmd_batch;
extern const struct command cmd_progress;
extern const struct command cmd_logs;
extern const struct command cmd_clean;
extern const struct command cmd_init;
extern const struct command cmd_template;
extern const struct command cmd_config;
extern const struct command cmd_completions;
extern const struct command cmd_migrate_yaml;
extern const struct command cmd_analytics;

/* What such a command does: it says so and fails. */
bool command_missing(
    struct invocation *invocation, int *status, struct error *err);

#endif
