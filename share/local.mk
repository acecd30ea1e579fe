examplesdir = $(pkgdatadir)/examples
dist_examples_DATA = \
	%D%/examples/copyright-headers.yml \
	%D%/examples/debt.yml
