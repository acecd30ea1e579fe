TEST_EXTENSIONS = .sh
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_DRIVER = $(TAP_DRIVER)
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	PRODIGY='$(abs_top_builddir)/prodigy'; export PRODIGY; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	CC='$(CC)'; export CC; \
	LC_ALL=C.UTF-8; export LC_ALL; \
	ASAN_OPTIONS=detect_leaks=1:abort_on_error=0; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS;

check_LIBRARIES += libtap.a
libtap_a_SOURCES = %D%/unit/tap.c %D%/unit/tap.h
libtap_a_CPPFLAGS = $(AM_CPPFLAGS)
TAP_LIBS = libtap.a
check_LIBRARIES += librecords.a
librecords_a_SOURCES = %D%/unit/records.c %D%/unit/records.h
RECORDS_LIBS = librecords.a $(TAP_LIBS)

include tests/unit/base/local.mk
include tests/unit/data/local.mk
include tests/unit/proc/local.mk
include tests/unit/git/local.mk
include tests/unit/workflow/local.mk
include tests/unit/plan/local.mk
include tests/unit/state/local.mk
include tests/unit/agent/local.mk
include tests/unit/run/local.mk
include tests/unit/cli/local.mk
include tests/e2e/local.mk
include tests/faults/local.mk
include tests/fuzz/local.mk

TESTS += $(check_PROGRAMS) $(E2E_TESTS)
