check_LIBRARIES += libbasetest.a
libbasetest_a_SOURCES = %D%/scratch.c %D%/scratch.h
BASE_TEST_LIBS = libbasetest.a $(TAP_LIBS) $(BASE_LIBS)

check_PROGRAMS += \
	%D%/clock \
	%D%/color \
	%D%/digest \
	%D%/error \
	%D%/file \
	%D%/file_remove \
	%D%/id \
	%D%/lock \
	%D%/log \
	%D%/mem \
	%D%/path \
	%D%/str \
	%D%/strv \
	%D%/text
tests_unit_base_clock_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_color_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_digest_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_error_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_file_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_file_remove_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_id_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_lock_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_log_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_mem_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_path_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_str_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_strv_LDADD = $(BASE_TEST_LIBS)
tests_unit_base_text_LDADD = $(BASE_TEST_LIBS)
