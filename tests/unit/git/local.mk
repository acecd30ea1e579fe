check_LIBRARIES += libgittest.a
libgittest_a_SOURCES = %D%/support.c %D%/support.h
GIT_TEST_LIBS = libgittest.a $(TAP_LIBS) $(GIT_LIBS)

check_PROGRAMS += \
	%D%/batch \
	%D%/final \
	%D%/git \
	%D%/harden \
	%D%/head \
	%D%/head_log \
	%D%/index \
	%D%/index_file \
	%D%/merge \
	%D%/merge_old \
	%D%/merge_verify \
	%D%/nested \
	%D%/objects \
	%D%/packer \
	%D%/refs \
	%D%/repo \
	%D%/salvage \
	%D%/salvaged \
	%D%/shared \
	%D%/stale \
	%D%/switch \
	%D%/worktree \
	%D%/worktree_touch \
	%D%/worktree_use
tests_unit_git_batch_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_final_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_git_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_harden_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_head_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_head_log_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_index_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_index_file_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_merge_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_merge_old_SOURCES = %D%/merge.c
tests_unit_git_merge_old_CPPFLAGS = $(AM_CPPFLAGS) -DOLD_GIT
tests_unit_git_merge_old_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_merge_verify_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_nested_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_objects_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_packer_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_refs_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_repo_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_salvage_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_salvaged_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_shared_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_stale_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_switch_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_worktree_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_worktree_use_LDADD = $(GIT_TEST_LIBS)
tests_unit_git_worktree_touch_LDADD = $(GIT_TEST_LIBS)
