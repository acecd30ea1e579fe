noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	%D%/cmd_checkpoints.c \
	%D%/cmd_dlq.c \
	%D%/cmd_events.c \
	%D%/cmd_items.c \
	%D%/cmd_resume.c \
	%D%/cmd_run.c \
	%D%/cmd_salvage.c \
	%D%/cmd_sessions.c \
	%D%/cmd_validate.c \
	%D%/cmd_worktree.c \
	%D%/command.c %D%/command.h \
	%D%/commands.c %D%/commands.h \
	%D%/dispatch.c %D%/dispatch.h \
	%D%/find.c %D%/find.h \
	%D%/pieces.c %D%/pieces.h \
	%D%/option.c %D%/option.h \
	%D%/output.c %D%/output.h
