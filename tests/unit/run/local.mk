RUN_TEST_LIBS = $(TAP_LIBS) $(RUN_LIBS)

check_PROGRAMS += %D%/attempt
tests_unit_run_attempt_LDADD = $(RUN_TEST_LIBS)

check_PROGRAMS += %D%/claude
tests_unit_run_claude_LDADD = $(RUN_TEST_LIBS)

check_PROGRAMS += %D%/map
tests_unit_run_map_SOURCES = %D%/map.c %D%/harness.c %D%/harness.h
tests_unit_run_map_LDADD = $(RUN_TEST_LIBS)

check_PROGRAMS += %D%/phases
tests_unit_run_phases_LDADD = $(TAP_LIBS) $(CLI_LIBS)

check_PROGRAMS += %D%/slots
tests_unit_run_slots_LDADD = $(RUN_TEST_LIBS)

check_PROGRAMS += %D%/storage
tests_unit_run_storage_SOURCES = %D%/storage.c %D%/harness.c %D%/harness.h
tests_unit_run_storage_LDADD = $(RUN_TEST_LIBS)

check_PROGRAMS += %D%/progress
tests_unit_run_progress_LDADD = $(RUN_TEST_LIBS)

check_PROGRAMS += %D%/queue
tests_unit_run_queue_SOURCES = %D%/queue.c %D%/harness.c %D%/harness.h
tests_unit_run_queue_LDADD = $(RUN_TEST_LIBS)
