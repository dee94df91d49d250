#include <mpi.h>
#include <stdlib.h>

#include "CMPICommunicator.h"

_Static_assert(MPI_SUCCESS == 0, "0 is success");
_Static_assert(MPI_MAX_LIBRARY_VERSION_STRING <= CMPI_TEXT_CAPACITY, "a library version fits");
_Static_assert(MPI_MAX_PROCESSOR_NAME <= CMPI_TEXT_CAPACITY, "a processor name fits");
_Static_assert(MPI_MAX_ERROR_STRING <= CMPI_TEXT_CAPACITY, "an error text fits");

struct CMPIRequest {
  MPI_Request handle;
};

static MPI_Datatype datatype(CMPIElement element) {
  switch (element) {
  case CMPIElementFloat: return MPI_FLOAT;
  case CMPIElementDouble: return MPI_DOUBLE;
  case CMPIElementInt32: return MPI_INT32_T;
  case CMPIElementInt64: return MPI_INT64_T;
  case CMPIElementUInt8: return MPI_UINT8_T;
  }
  return MPI_DATATYPE_NULL;
}

static MPI_Op mpi_operation(CMPIOperation operation) {
  switch (operation) {
  case CMPIOperationSum: return MPI_SUM;
  case CMPIOperationMinimum: return MPI_MIN;
  case CMPIOperationMaximum: return MPI_MAX;
  case CMPIOperationProduct: return MPI_PROD;
  }
  return MPI_OP_NULL;
}

int cmpi_initialize(void) {
  // Open MPI's ranks add a box of text to every MPI_Abort, below the message that says why. This leaves it out; mpirun
  // itself still tells which rank was killed. OMPI_MCA_orte_execute_quiet=0 shows all notices of the ranks.
  if (setenv("OMPI_MCA_orte_execute_quiet", "1", 0) != 0) return MPI_ERR_OTHER;
  int provided;
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (code != MPI_SUCCESS) return code;
  return MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
}

int cmpi_is_initialized(int *flag) { return MPI_Initialized(flag); }

int cmpi_finalize(void) { return MPI_Finalize(); }

int cmpi_library_version(char text[CMPI_TEXT_CAPACITY]) {
  int length;
  return MPI_Get_library_version(text, &length);
}

int cmpi_processor_name(char text[CMPI_TEXT_CAPACITY]) {
  int length;
  return MPI_Get_processor_name(text, &length);
}

int cmpi_error_text(int code, char text[CMPI_TEXT_CAPACITY]) {
  int length;
  return MPI_Error_string(code, text, &length);
}

static int wrap(MPI_Comm handle, CMPICommunicator **communicator) {
  *communicator = malloc(sizeof(CMPICommunicator));
  if (*communicator == NULL) return MPI_ERR_NO_MEM;
  (*communicator)->handle = handle;
  return MPI_SUCCESS;
}

int cmpi_world(CMPICommunicator **world) { return wrap(MPI_COMM_WORLD, world); }

int cmpi_split_shared(const CMPICommunicator *communicator, CMPICommunicator **shared) {
  MPI_Comm handle;
  int code = MPI_Comm_split_type(communicator->handle, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &handle);
  if (code != MPI_SUCCESS) return code;
  return wrap(handle, shared);
}

int cmpi_communicator_free(CMPICommunicator *communicator) {
  int code = MPI_SUCCESS;
  if (communicator->handle != MPI_COMM_WORLD) code = MPI_Comm_free(&communicator->handle);
  free(communicator);
  return code;
}

int cmpi_rank(const CMPICommunicator *communicator, int *rank) { return MPI_Comm_rank(communicator->handle, rank); }

int cmpi_size(const CMPICommunicator *communicator, int *size) { return MPI_Comm_size(communicator->handle, size); }

int cmpi_abort(const CMPICommunicator *communicator, int code) { return MPI_Abort(communicator->handle, code); }

int cmpi_barrier(const CMPICommunicator *communicator) { return MPI_Barrier(communicator->handle); }

int cmpi_broadcast(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, int root) {
  return MPI_Bcast(buffer, count, datatype(element), root, communicator->handle);
}

int cmpi_all_reduce(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, CMPIOperation operation) {
  return MPI_Allreduce(
      MPI_IN_PLACE, buffer, count, datatype(element), mpi_operation(operation), communicator->handle);
}

int cmpi_start_all_reduce(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, CMPIOperation operation,
    CMPIRequest **request) {
  *request = malloc(sizeof(CMPIRequest));
  if (*request == NULL) return MPI_ERR_NO_MEM;
  int code = MPI_Iallreduce(
      MPI_IN_PLACE, buffer, count, datatype(element), mpi_operation(operation), communicator->handle,
      &(*request)->handle);
  if (code != MPI_SUCCESS) {
    free(*request);
    *request = NULL;
  }
  return code;
}

int cmpi_reduce(
    const CMPICommunicator *communicator, const void *input, void *output, int count, CMPIElement element,
    CMPIOperation operation, int root) {
  return MPI_Reduce(
      input, output, count, datatype(element), mpi_operation(operation), root, communicator->handle);
}

int cmpi_all_gather(
    const CMPICommunicator *communicator, const void *part, void *all, const int *counts, const int *offsets,
    int rank, CMPIElement element) {
  MPI_Datatype type = datatype(element);
  return MPI_Allgatherv(
      part == NULL ? MPI_IN_PLACE : part, counts[rank], type, all, counts, offsets, type, communicator->handle);
}

int cmpi_reduce_scatter(
    const CMPICommunicator *communicator, const void *all, void *part, const int *counts, CMPIElement element,
    CMPIOperation operation) {
  return MPI_Reduce_scatter(
      all, part, counts, datatype(element), mpi_operation(operation), communicator->handle);
}

int cmpi_test(CMPIRequest *request, int *flag) { return MPI_Test(&request->handle, flag, MPI_STATUS_IGNORE); }

int cmpi_wait(CMPIRequest *request) { return MPI_Wait(&request->handle, MPI_STATUS_IGNORE); }

void cmpi_request_free(CMPIRequest *request) { free(request); }
