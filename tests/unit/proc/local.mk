EXTRA_PROGRAMS +=
check_DATA +=
include tests/zoo/local.mk

check_LIBRARIES += libproctest.a
libproctest_a_SOURCES = %D%/support.c %D%/support.h
PROC_TEST_LIBS = libproctest.a $(TAP_LIBS) $(PROC_LIBS)

check_PROGRAMS += \
	%D%/child \
	%D%/child_load \
	%D%/descend \
	%D%/excerpt \
	%D%/fds \
	%D%/lines \
	%D%/loop \
	%D%/outlet \
	%D%/program \
	%D%/run \
	%D%/signals \
	%D%/working
tests_unit_proc_child_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_child_load_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_descend_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_excerpt_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_fds_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_lines_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_loop_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_outlet_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_program_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_run_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_signals_LDADD = $(PROC_TEST_LIBS)
tests_unit_proc_working_LDADD = $(PROC_TEST_LIBS)
