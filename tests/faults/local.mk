# The library is preloaded by scripts/sweep and is not a test itself. It is
# built without the sanitizers that the program may be built with.
EXTRA_DIST += %D%/faults.c
check_DATA += %D%/faults.so
CLEANFILES += %D%/faults.so
%D%/faults.so: %D%/faults.c
	$(AM_V_CC)$(MKDIR_P) %D% && $(CC) $(DEFS) $(DEFAULT_INCLUDES) $(CPPFLAGS) \
		-std=c17 $(WARN_CFLAGS) -O1 -fPIC -shared -o $@ \
		$(srcdir)/%D%/faults.c
