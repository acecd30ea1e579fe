noinst_LIBRARIES += libagent.a
libagent_a_SOURCES = \
	%D%/agent_main.c %D%/agent_main.h \
	%D%/captures.c %D%/captures.h \
	%D%/chain.c %D%/chain.h \
	%D%/chain_run.c %D%/chain_run.h \
	%D%/claude_stream.c %D%/claude_stream.h \
	%D%/claude_verdict.c %D%/claude_verdict.h \
	%D%/handlers.c %D%/handlers.h \
	%D%/keeper.c %D%/keeper.h \
	%D%/outcome.c %D%/outcome.h \
	%D%/planner.c %D%/planner.h \
	%D%/prepare.c %D%/prepare.h \
	%D%/step_claude.c %D%/step_claude.h \
	%D%/step_command.c %D%/step_command.h \
	%D%/step_log.c %D%/step_log.h \
	%D%/step_shell.c %D%/step_shell.h \
	%D%/step_write_file.c %D%/step_write_file.h
