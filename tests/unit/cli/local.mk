check_LIBRARIES += libclitest.a
libclitest_a_SOURCES = \
	%D%/home.c %D%/home.h \
	%D%/program.c %D%/program.h \
	%D%/pty.c %D%/pty.h
CLI_TEST_LIBS = libclitest.a $(TAP_LIBS) $(CLI_LIBS)

check_PROGRAMS += \
	%D%/cmd_checkpoints \
	%D%/cmd_dlq \
	%D%/cmd_events \
	%D%/cmd_items \
	%D%/cmd_run \
	%D%/cmd_salvage \
	%D%/cmd_sessions \
	%D%/cmd_validate \
	%D%/cmd_worktree \
	%D%/commands \
	%D%/dispatch \
	%D%/entry \
	%D%/find \
	%D%/manual \
	%D%/manual_keys \
	%D%/option \
	%D%/output
tests_unit_cli_cmd_checkpoints_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_cmd_dlq_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_cmd_events_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_cmd_items_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_cmd_run_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_cmd_salvage_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_cmd_sessions_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_cmd_validate_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_cmd_worktree_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_commands_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_dispatch_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_entry_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_find_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_manual_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_manual_keys_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_option_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_output_LDADD = $(CLI_TEST_LIBS)
