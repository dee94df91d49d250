#include <mpi.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "CMPICommunicator.h"

_Static_assert(MPI_SUCCESS == 0, "0 is success");
_Static_assert(MPI_MAX_LIBRARY_VERSION_STRING <= CMPI_TEXT_CAPACITY, "a library version fits");
_Static_assert(MPI_MAX_PROCESSOR_NAME <= CMPI_TEXT_CAPACITY, "a processor name fits");
_Static_assert(MPI_MAX_ERROR_STRING <= CMPI_TEXT_CAPACITY, "an error text fits");

struct CMPIRequest {
  MPI_Request handle;
  MPI_Datatype type;
  int received;
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

// Whether mpirun started all ranks on this node.
static bool is_on_one_node(void) {
  const char *size = getenv("OMPI_COMM_WORLD_SIZE"), *local_size = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  return size != NULL && local_size != NULL && strcmp(size, local_size) == 0;
}

int cmpi_initialize(void) {
  // Ranks of one node need no network. Open MPI looks for adapters all the same, for 0.2 s, unless told how messages go.
  // OMPI_MCA_pml names another way.
  if (is_on_one_node() && getenv("OMPI_MCA_btl") == NULL && setenv("OMPI_MCA_pml", "ob1", 0) != 0) return MPI_ERR_OTHER;
  // Open MPI 4's ranks add a box of text to every MPI_Abort, below the message that says why. This leaves it out; mpirun
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

int cmpi_split(const CMPICommunicator *communicator, int color, int key, CMPICommunicator **part) {
  *part = NULL;
  MPI_Comm handle;
  int code = MPI_Comm_split(communicator->handle, color < 0 ? MPI_UNDEFINED : color, key, &handle);
  if (code != MPI_SUCCESS || handle == MPI_COMM_NULL) return code;
  return wrap(handle, part);
}

int cmpi_communicator_free(CMPICommunicator *communicator) {
  int code = MPI_SUCCESS;
  if (communicator->handle != MPI_COMM_WORLD) code = MPI_Comm_free(&communicator->handle);
  free(communicator);
  return code;
}

int cmpi_rank(const CMPICommunicator *communicator, int *rank) { return MPI_Comm_rank(communicator->handle, rank); }

int cmpi_size(const CMPICommunicator *communicator, int *size) { return MPI_Comm_size(communicator->handle, size); }

int cmpi_all_reduce(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, CMPIOperation operation) {
  return MPI_Allreduce(
      MPI_IN_PLACE, buffer, count, datatype(element), mpi_operation(operation), communicator->handle);
}

static CMPIRequest *new_request(MPI_Datatype type) {
  CMPIRequest *request = malloc(sizeof(CMPIRequest));
  if (request != NULL) *request = (CMPIRequest){.handle = MPI_REQUEST_NULL, .type = type};
  return request;
}

/// What a call that starts an operation returned; there is no request unless it succeeded.
static int started(int code, CMPIRequest **request) {
  if (code != MPI_SUCCESS) {
    free(*request);
    *request = NULL;
  }
  return code;
}

#define START(element, call)                                \
  *request = new_request(datatype(element));                \
  if (*request == NULL) return MPI_ERR_NO_MEM;              \
  const MPI_Datatype type = (*request)->type;               \
  return started(call, request)

int cmpi_start_barrier(const CMPICommunicator *communicator, CMPIRequest **request) {
  *request = new_request(MPI_DATATYPE_NULL);
  if (*request == NULL) return MPI_ERR_NO_MEM;
  return started(MPI_Ibarrier(communicator->handle, &(*request)->handle), request);
}

int cmpi_start_broadcast(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, int root,
    CMPIRequest **request) {
  START(element, MPI_Ibcast(buffer, count, type, root, communicator->handle, &(*request)->handle));
}

int cmpi_start_all_reduce(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, CMPIOperation operation,
    CMPIRequest **request) {
  START(
      element, MPI_Iallreduce(
                   MPI_IN_PLACE, buffer, count, type, mpi_operation(operation), communicator->handle,
                   &(*request)->handle));
}

int cmpi_start_reduce(
    const CMPICommunicator *communicator, const void *input, void *output, int count, CMPIElement element,
    CMPIOperation operation, int root, CMPIRequest **request) {
  START(
      element, MPI_Ireduce(
                   input == output ? MPI_IN_PLACE : input, output, count, type, mpi_operation(operation), root, communicator->handle,
                   &(*request)->handle));
}

int cmpi_start_send(
    const CMPICommunicator *communicator, const void *buffer, int count, CMPIElement element, int rank, int tag,
    CMPIRequest **request) {
  START(element, MPI_Isend(buffer, count, type, rank, tag, communicator->handle, &(*request)->handle));
}

int cmpi_start_receive(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, int rank, int tag,
    CMPIRequest **request) {
  START(element, MPI_Irecv(buffer, count, type, rank, tag, communicator->handle, &(*request)->handle));
}

static int completed(CMPIRequest *request, int code, MPI_Status *status) {
  if (code != MPI_SUCCESS || request->type == MPI_DATATYPE_NULL) return code;
  return MPI_Get_count(status, request->type, &request->received);
}

int cmpi_test(CMPIRequest *request, int *flag) {
  MPI_Status status;
  int code = MPI_Test(&request->handle, flag, &status);
  return *flag || code != MPI_SUCCESS ? completed(request, code, &status) : code;
}

void cmpi_progress(void) {
  int flag;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_SELF, &flag, MPI_STATUS_IGNORE);
}

int cmpi_wait(CMPIRequest *request) {
  MPI_Status status;
  return completed(request, MPI_Wait(&request->handle, &status), &status);
}

int cmpi_received_count(const CMPIRequest *request) { return request->received; }

void cmpi_request_free(CMPIRequest *request) { free(request); }
