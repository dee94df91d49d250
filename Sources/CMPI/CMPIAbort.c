#define _GNU_SOURCE
#include <dlfcn.h>
#include <mpi.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CMPICommunicator.h"

// Waits until what was written to a pipe is read, two seconds at most. Open MPI 5's launcher passes nothing on that it reads
// after it was told to end the job.
static void await_reader(int descriptor) {
  struct stat status;
  int unread;
  if (fstat(descriptor, &status) != 0 || !S_ISFIFO(status.st_mode)) return;
  for (int wait = 0; wait < 2000 && ioctl(descriptor, FIONREAD, &unread) == 0 && unread > 0; wait++) usleep(1000);
}

int cmpi_abort(const CMPICommunicator *communicator, int code) {
  await_reader(STDOUT_FILENO);
  await_reader(STDERR_FILENO);
#if OMPI_MAJOR_VERSION >= 5
  // MPI_Abort prints a box of text there, which nothing turns off, and calls this.
  int (*end_job)(int, const char *, void *, size_t) =
      (int (*)(int, const char *, void *, size_t))dlsym(RTLD_DEFAULT, "PMIx_Abort");
  if (end_job != NULL && end_job(code, "", NULL, 0) == 0) _exit(code);
#endif
  return MPI_Abort(communicator->handle, code);
}
