noinst_LIBRARIES += libgit.a
libgit_a_SOURCES = \
	%D%/batch.c %D%/batch.h \
	%D%/final.c %D%/final.h \
	%D%/git.c %D%/git.h \
	%D%/harden.c %D%/harden.h \
	%D%/head.c %D%/head.h \
	%D%/merge.c %D%/merge.h \
	%D%/merger.c %D%/merger.h \
	%D%/objects.c %D%/objects.h \
	%D%/obstacles.c %D%/obstacles.h \
	%D%/refs.c %D%/refs.h \
	%D%/repo.c %D%/repo.h \
	%D%/salvage.c %D%/salvage.h \
	%D%/stale.c %D%/stale.h \
	%D%/worktree.c %D%/worktree.h \
	%D%/worktree_touch.c %D%/worktree_touch.h \
	%D%/worktree_use.c %D%/worktree_use.h
