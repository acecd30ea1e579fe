noinst_LIBRARIES += libcli.a
libcli_a_SOURCES = \
	%D%/cmd_run.c \
	%D%/command.c %D%/command.h \
	%D%/commands.h \
	%D%/help.c \
	%D%/option.c %D%/option.h \
	%D%/output.c %D%/output.h \
	%D%/entry.c %D%/entry.h
