noinst_LIBRARIES += libgit.a
libgit_a_SOURCES = \
	%D%/batch.c %D%/batch.h \
	%D%/env.c %D%/env.h \
	%D%/final.c %D%/final.h \
	%D%/git.c %D%/git.h \
	%D%/head.c %D%/head.h \
	%D%/index.c %D%/index.h \
	%D%/merge.c %D%/merge.h \
	%D%/merge_verify.c \
	%D%/objects.c %D%/objects.h \
	%D%/repo.c %D%/repo.h \
	%D%/worktree.c %D%/worktree.h \
	%D%/worktree_use.c
