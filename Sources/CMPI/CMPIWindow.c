#include <mpi.h>
#include <stdlib.h>

#include "CMPICommunicator.h"

struct CMPIWindow {
  MPI_Win handle;
};

int cmpi_window_allocate_shared(const CMPICommunicator *communicator, size_t byte_count, CMPIWindow **window) {
  *window = malloc(sizeof(CMPIWindow));
  if (*window == NULL) return MPI_ERR_NO_MEM;
  MPI_Info info;
  int code = MPI_Info_create(&info);
  if (code == MPI_SUCCESS) {
    void *own;
    code = MPI_Info_set(info, "alloc_shared_noncontig", "true");
    if (code == MPI_SUCCESS) {
      code = MPI_Win_allocate_shared(
          (MPI_Aint)byte_count, 1, info, communicator->handle, &own, &(*window)->handle);
    }
    MPI_Info_free(&info);
  }
  if (code != MPI_SUCCESS) {
    free(*window);
    *window = NULL;
    return code;
  }
  return MPI_Win_lock_all(MPI_MODE_NOCHECK, (*window)->handle);
}

int cmpi_window_part(const CMPIWindow *window, int rank, void **address) {
  MPI_Aint byte_count;
  int unit;
  return MPI_Win_shared_query(window->handle, rank, &byte_count, &unit, address);
}

int cmpi_window_free(CMPIWindow *window) {
  int code = MPI_Win_unlock_all(window->handle);
  if (code == MPI_SUCCESS) code = MPI_Win_free(&window->handle);
  free(window);
  return code;
}
