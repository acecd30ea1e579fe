examplesdir = $(pkgdatadir)/examples
dist_examples_DATA = \
	%D%/examples/copyright-headers.yml \
	%D%/examples/debt.yml

# What install made and uninstall left empty goes, too.
uninstall-hook:
	rmdir '$(DESTDIR)$(examplesdir)' '$(DESTDIR)$(pkgdatadir)' 2>/dev/null || :
