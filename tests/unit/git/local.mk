check_LIBRARIES += libgittest.a
libgittest_a_SOURCES = %D%/support.c %D%/support.h
GIT_TEST_LIBS = libgittest.a $(TAP_LIBS) $(GIT_LIBS)

check_PROGRAMS += \
	%D%/batch \
	%D%/final \
	%D%/harden \
	%D%/index \
	%D%/merge \
	%D%/objects \
	%D%/repo \
	%D%/verify \
	%D%/worktree \
	%D%/worktree_use
tests_unit_git_batch_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_final_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_harden_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_index_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_merge_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_objects_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_repo_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_verify_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_worktree_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_worktree_use_LDADD = $(GIT_TEST_LIBS)
