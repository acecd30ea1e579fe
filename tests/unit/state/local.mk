check_LIBRARIES += libstatetest.a
libstatetest_a_SOURCES = %D%/scratch.c %D%/scratch.h
STATE_TEST_LIBS = libstatetest.a $(TAP_LIBS) $(STATE_LIBS)

check_PROGRAMS += \
	%D%/checkpoint \
	%D%/claim \
	%D%/dlq \
	%D%/event \
	%D%/job \
	%D%/job_record \
	%D%/journal \
	%D%/layout \
	%D%/trigger
tests_unit_state_checkpoint_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_claim_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_dlq_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_event_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_job_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_job_record_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_journal_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_layout_LDADD = $(STATE_TEST_LIBS)
tests_unit_state_trigger_LDADD = $(STATE_TEST_LIBS)
