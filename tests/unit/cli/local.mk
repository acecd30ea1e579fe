check_LIBRARIES += libclitest.a
libclitest_a_SOURCES = \
	%D%/home.c %D%/home.h \
	%D%/program.c %D%/program.h \
	%D%/pty.c %D%/pty.h
CLI_TEST_LIBS = libclitest.a $(TAP_LIBS) $(CLI_LIBS)

check_PROGRAMS += \
	%D%/command \
	%D%/commands \
	%D%/option \
	%D%/output
tests_unit_cli_command_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_commands_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_option_LDADD = $(CLI_TEST_LIBS)
tests_unit_cli_output_LDADD = $(CLI_TEST_LIBS)
