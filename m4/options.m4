# Configure options of prodigy: warnings, sanitizers, coverage, fuzzing.

AC_DEFUN([PRODIGY_TRY_FLAG], [
  AC_MSG_CHECKING([whether $CC accepts $1])
  prodigy_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); WARN_CFLAGS="$WARN_CFLAGS $1"],
    [AC_MSG_RESULT([no])])
  CFLAGS=$prodigy_saved_cflags
])

WARN_CFLAGS=
m4_foreach_w([prodigy_flag], [-Wall -Wextra -Wpedantic -Wshadow
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
  -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wlogical-op
  -Wduplicated-cond -fstack-protector-strong -fstack-clash-protection
  -fcf-protection],
  [PRODIGY_TRY_FLAG(prodigy_flag)])

AC_ARG_ENABLE([werror],
  [AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
  [AS_IF([test "x$enableval" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])])

INSTRUMENT_CFLAGS=
INSTRUMENT_LDFLAGS=
AC_ARG_ENABLE([sanitizers],
  [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
    [build with sanitizers (default list: address,undefined)])],
  [], [enable_sanitizers=no])
AS_IF([test "x$enable_sanitizers" = xyes],
  [enable_sanitizers=address,undefined])
AS_IF([test "x$enable_sanitizers" != xno], [
  INSTRUMENT_CFLAGS="-fsanitize=$enable_sanitizers -fno-omit-frame-pointer -fno-sanitize-recover=all"
  INSTRUMENT_LDFLAGS="-fsanitize=$enable_sanitizers"])

AC_ARG_ENABLE([coverage],
  [AS_HELP_STRING([--enable-coverage], [build for gcov])],
  [AS_IF([test "x$enableval" = xyes], [
    INSTRUMENT_CFLAGS="$INSTRUMENT_CFLAGS --coverage -O0"
    INSTRUMENT_LDFLAGS="$INSTRUMENT_LDFLAGS --coverage"])])

AC_ARG_ENABLE([fuzzing],
  [AS_HELP_STRING([--enable-fuzzing],
    [build libFuzzer targets (needs clang)])],
  [], [enable_fuzzing=no])
AS_IF([test "x$enable_fuzzing" = xyes], [
  INSTRUMENT_CFLAGS="$INSTRUMENT_CFLAGS -fsanitize=fuzzer-no-link,address,undefined"
  INSTRUMENT_LDFLAGS="$INSTRUMENT_LDFLAGS -fsanitize=address,undefined"])
AM_CONDITIONAL([FUZZING], [test "x$enable_fuzzing" = xyes])

AC_SUBST([WARN_CFLAGS])
AC_SUBST([INSTRUMENT_CFLAGS])
AC_SUBST([INSTRUMENT_LDFLAGS])
