noinst_LIBRARIES += libgit.a
libgit_a_SOURCES = \
	%D%/batch.c %D%/batch.h \
	%D%/env.c %D%/env.h \
	%D%/final.c %D%/final.h \
	%D%/git.c %D%/git.h \
	%D%/harden.c %D%/harden.h \
	%D%/head.c %D%/head.h \
	%D%/index.c %D%/index.h \
	%D%/merge.c %D%/merge.h \
	%D%/merge_verify.c \
	%D%/merger.c %D%/merger.h \
	%D%/merger_parse.c \
	%D%/merger_parts.h \
	%D%/merger_tree.c \
	%D%/objects.c %D%/objects.h \
	%D%/objects_changes.c \
	%D%/objects_harden.c \
	%D%/objects_parts.h \
	%D%/objects_refs.c \
	%D%/objects_walk.c \
	%D%/refs.c %D%/refs.h \
	%D%/repo.c %D%/repo.h \
	%D%/worktree.c %D%/worktree.h \
	%D%/worktree_admin.c \
	%D%/worktree_list.c \
	%D%/worktree_parts.h \
	%D%/worktree_salvage.c \
	%D%/worktree_use.c
