E2E_TESTS += %D%/basics.sh
dist_check_SCRIPTS += %D%/basics.sh
EXTRA_DIST += tests/lib.sh tests/bin/claude
E2E_TESTS += %D%/endings.sh
dist_check_SCRIPTS += %D%/endings.sh
E2E_TESTS += %D%/manual.sh
dist_check_SCRIPTS += %D%/manual.sh
