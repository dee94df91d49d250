// A library that is loaded before C's own, and makes regular files as awkward as POSIX allows: what reads or writes them
// moves at most 1000 bytes, and every third call is interrupted before it has moved any.
//
// What writes, forces to the disk and renames is recorded, a line each, in the file that FAULTY_FILES_RECORD names: "write
// NAME", once for several after one another, "sync NAME", "rename NAME NAME". With FAULTY_FILES_FULL=N, forcing a file to
// the disk for the Nth time fails, as on a disk that is full.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>

enum { PART = 1000, NAME = 512 };

static _Atomic(unsigned) calls, syncs;

static bool is_regular_file(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

// The last part of a path.
static const char *name_in(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static void record(const char *what, const char *name, const char *other) {
  static char last[2 * NAME];
  char line[2 * NAME];
  const char *file = getenv("FAULTY_FILES_RECORD");
  if (!file) return;
  const int length = snprintf(line, sizeof line, "%s %s%s%s\n", what, name, *other ? " " : "", other);
  if (strcmp(what, "write") == 0 && strcmp(line, last) == 0) return;
  memcpy(last, line, sizeof line);
  const int descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0 || syscall(SYS_write, descriptor, line, (size_t)length) != length) abort();
  close(descriptor);
}

static void record_descriptor(const char *what, int descriptor) {
  char link[64], path[NAME] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  if (readlink(link, path, sizeof path - 1) < 0) return;
  record(what, name_in(path), "");
}

// Whether a call is interrupted; if not, how much of it is done.
static bool interrupts(int descriptor, size_t *count) {
  if (!is_regular_file(descriptor)) return false;
  if (*count > PART) *count = PART;
  if (++calls % 3 != 0) return false;
  errno = EINTR;
  return true;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  if (is_regular_file(descriptor)) record_descriptor("write", descriptor);
  return interrupts(descriptor, &count) ? -1 : syscall(SYS_write, descriptor, bytes, count);
}

ssize_t read(int descriptor, void *bytes, size_t count) {
  return interrupts(descriptor, &count) ? -1 : syscall(SYS_read, descriptor, bytes, count);
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
  return interrupts(descriptor, &count) ? -1 : syscall(SYS_pread64, descriptor, bytes, count, offset);
}

ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
  return pread(descriptor, bytes, count, offset);
}

int fsync(int descriptor) {
  const char *full = getenv("FAULTY_FILES_FULL");
  if (is_regular_file(descriptor) && full && ++syncs == strtoul(full, NULL, 10)) {
    errno = ENOSPC;
    return -1;
  }
  record_descriptor("sync", descriptor);
  return (int)syscall(SYS_fsync, descriptor);
}

int rename(const char *from, const char *to) {
  record("rename", name_in(from), name_in(to));
  return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}
#endif
