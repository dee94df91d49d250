#include <limits.h>

#ifdef __GLIBC__  // which gives constructors what it gives main
// Swift's CommandLine.arguments looks for them in memory below the environment, which is elsewhere once it was added to: as the
// hwloc 2.7 that Ubuntu 22.04's Open MPI loads does before `main`. So they are given to it, by the function by which Swift's
// interpreter gives a program its own.
extern void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count) __attribute__((weak));

__attribute__((constructor)) static void give_arguments(int count, char **arguments) {
  if (_swift_stdlib_overrideUnsafeArgvArgc) _swift_stdlib_overrideUnsafeArgvArgc(arguments, count);
}
#endif
