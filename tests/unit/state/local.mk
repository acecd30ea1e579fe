check_PROGRAMS += %D%/journal
tests_unit_state_journal_SOURCES = %D%/journal.c %D%/scratch.c %D%/scratch.h
tests_unit_state_journal_LDADD = $(TAP_LIBS) $(STATE_LIBS)
