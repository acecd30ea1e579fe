# The checks of the sources run with the other tests. check-size only reports.
CHECK_SCRIPTS = \
	%D%/check-format \
	%D%/check-headers \
	%D%/check-layers \
	%D%/check-style
dist_noinst_SCRIPTS = $(CHECK_SCRIPTS) \
	%D%/bench \
	%D%/bootstrap \
	%D%/build \
	%D%/check-size \
	%D%/install-packages \
	%D%/quickstart \
	%D%/test
TESTS += $(CHECK_SCRIPTS)
