#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "CMPICommunicator.h"

struct CMPIWindow {
  MPI_Win handle;
};

int cmpi_shared_window_folder(char text[CMPI_TEXT_CAPACITY]) {
  text[0] = 0;
  int provided;
  int code = MPI_T_init_thread(MPI_THREAD_SINGLE, &provided);
  if (code != MPI_SUCCESS) return code;
  int index, length;
  MPI_T_cvar_handle variable;
  // A library that has no such variable keeps its windows elsewhere.
  if (MPI_T_cvar_get_index("osc_sm_backing_directory", &index) == MPI_SUCCESS &&
      MPI_T_cvar_handle_alloc(index, NULL, &variable, &length) == MPI_SUCCESS) {
    if (length <= CMPI_TEXT_CAPACITY) code = MPI_T_cvar_read(variable, text);
    text[CMPI_TEXT_CAPACITY - 1] = 0;
    MPI_T_cvar_handle_free(&variable);
  }
  MPI_T_finalize();
  return code;
}

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
