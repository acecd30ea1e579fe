/* SPDX-License-Identifier: MIT */
/* Scripts and the kinds of places in them, for the test of the scanner. */
#ifndef UNIT_SHELL_PLACES_H
#define UNIT_SHELL_PLACES_H

/* Letters for places, in the order of enum shell_place. */
static const char letters[] = "bdsahqec+";

/* "@" is a mark; the scan gives a letter for each. */
static const struct {
	const char *script;
	const char *places;
} table[] = {
	{ "@ a@b \"@\" '@' $'@' $\"@\"", "bbdsad" },
	{ "\"a\\\"@\" \"a'@'\" '\"@\"' \\\"@ \\'@", "ddsbb" },
	{ "a'b'@'c@'", "bs" },
	{ "$(@ '@') \"$(@ '@' \"@\")@\"", "bsbsdd" },
	{ "`@ '@'` \"`@ '@' \\\"@\\\"`@\"", "bsbsdd" },
	{ "`a \\`@ '@'\\`` @", "bsb" },
	{ "${a:-@} ${a:-'@'} ${a:-\"@\"}", "bsd" },
	{ "\"${a:-@} ${a:-'@'} ${a:-\"@\"} @\"", "dddd" },
	{ "\"${a#@} ${a%'@'} ${a##\"@\"} @\"", "bsdd" },
	{ "${#a} ${a} $a $# ${#} $$ $? @", "b" },
	{ "$((@ + $(a @) + (@))) @ \"$((@))\" @", "+b+b+b" },
	{ "$((${a:-@})) $((`a @`))", "+b" },
	{ "((@ > 1)) ((a @); b @)", "+bb" },
	{ "# it's @\n@ a#@ ;# \"@\n@", "cbbcb" },
	{ "$(a # @ )\n) @ `a # @` @", "cbcb" },
	{ "cat <<E\n@ '@' \"@\" $(a '@') `b @` ${c:-@}\nE\n@", "hhhsbdb" },
	{ "cat <<'E' @\n@ '@'\nE\n@", "bqqb" },
	{ "cat <<\\E\n@\nE\n@", "qb" },
	{ "cat <<\"E\"\n@\nE\n@", "qb" },
	{ "cat <<-'E'\n@\n E\n@\n\t\tE\n@", "qqb" },
	{ "cat <<E - <<'F'; a @\n@\nE\n@\nF\n@", "bhqb" },
	{ "cat <<E \"a\n@\"\n@\nE\n@", "dhb" },
	{ "cat <<E\nx\\\nE\n@\nE\n@", "hb" },
	{ "cat <<'E'\nx\\\nE\n@", "b" },
	{ "cat <<@\n@\n@ \n", "eeb" },
	{ "cat <<'a@'\n@\na@\n@", "eqeb" },
	{ "$(cat <<E\n@\nE\n) @", "hb" },
	{ "$(cat <<'E')\n@\nE\n", "b" },
	{ "cat <<E $(a\n@)\n@\nE\n", "bh" },
	{ "(cat <<'E'\n@\nE\n) '@'", "qs" },
	{ "cat <<<@ '@'\n@", "bsb" },
	{ "cat <<E\n@", "h" },
	{ "a 2>@ <&@ >|@ <>@ &>@ 2>&1 @", "bbbbbb" },
	{ "case @ in @) a @;; (b|@) '@';; esac; '@'", "bbbbss" },
	{ "$(case a in a) b;; c) '@' ;; esac) '@'", "ss" },
	{ "$(case a in esac) '@'", "s" },
	{ "$(case a in a) case b in b) c;; esac;; esac; d) '@'", "s" },
	{ "$(case a\nin\na) b\n;;\nesac\n) '@'", "s" },
	{ "$(if case a in a) b;; esac; then c; fi) '@'", "s" },
	{ "$(echo case a in; b) '@'", "s" },
	{ "$(A=1 case a) '@'", "s" },
	{ "$(for case in a; do b; done) '@'", "s" },
	{ "f() { a '@'; }; f '@'", "ss" },
	{ "f() (a @) \n function g { @; }", "bb" },
	{ "[[ @ -eq 1 && 2 -lt @ && @ == x ]]; @", "++bb" },
	{ "[[ \"$(a @)\" -eq 1 && \"@\" -ne 1 ]]", "b+" },
	{ "[ @ -eq 1 ]", "b" },
	{ "${a:@} ${a:-@} ${a/@/@}", "+bbb" },
	{ "a=(case @ '@'); b @", "bsb" },
	{ "cat <(a '@') >(b @) @", "sbb" },
	{ "for ((i=@; i<3; i++)); do '@'; done", "+s" },
	{ "a\\\n# @ \\\n# @", "bc" },
	{ "a \\\n'@'\\\n@", "sb" },
	{ "$'a\\'@' '@\\' '@'", "ass" },
	{ "\"$'@'\" ${a:-$'@'}", "da" },
	{ "} ) ;; esac @", "b" },
	{ "\"@", "d" },
	{ "'@", "s" },
	{ "`@", "b" },
	{ "${@", "b" },
	{ "$(@", "b" },
};

#endif
