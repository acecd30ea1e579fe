# The zoo is run by tests and is not a test itself.
EXTRA_PROGRAMS += %D%/zoo
check_DATA += %D%/zoo$(EXEEXT)
CLEANFILES += %D%/zoo$(EXEEXT)
