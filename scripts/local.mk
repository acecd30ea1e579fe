# The checks of the sources run with the other tests. check-size only reports.
SOURCE_CHECKS = \
	%D%/check-docs \
	%D%/check-format \
	%D%/check-headers \
	%D%/check-layers \
	%D%/check-manual \
	%D%/check-structure \
	%D%/check-style
dist_noinst_SCRIPTS += $(SOURCE_CHECKS) \
	%D%/bench \
	%D%/bootstrap \
	%D%/build \
	%D%/check-size \
	%D%/fuzz \
	%D%/install-packages \
	%D%/quickstart \
	%D%/structure \
	%D%/sweep \
	%D%/test
TESTS += $(SOURCE_CHECKS)
EXTRA_DIST += .clang-format
