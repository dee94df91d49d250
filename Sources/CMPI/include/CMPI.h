/// MPI as Swift can call it: its macros (communicators, datatypes, operations) become handles and enumerations.
/// Every function returns the code of the MPI call it names; 0 is MPI_SUCCESS.
#ifndef CMPI_H
#define CMPI_H

#include <stddef.h>

/// A communicator, owned by the caller until `cmpi_communicator_free`.
typedef struct CMPICommunicator CMPICommunicator;

/// A started operation, owned by the caller until `cmpi_request_free`.
typedef struct CMPIRequest CMPIRequest;

/// Memory that the ranks of a communicator share, owned by the caller until `cmpi_window_free`.
typedef struct CMPIWindow CMPIWindow;

typedef enum CMPIElement {
  CMPIElementFloat,
  CMPIElementDouble,
  CMPIElementInt32,
  CMPIElementInt64,
  CMPIElementUInt8
} CMPIElement;

typedef enum CMPIOperation {
  CMPIOperationSum,
  CMPIOperationMinimum,
  CMPIOperationMaximum,
  CMPIOperationProduct
} CMPIOperation;

/// Room for any text that the functions below write, its final zero included.
enum { CMPI_TEXT_CAPACITY = 8192 };

/// MPI_Init_thread with MPI_THREAD_FUNNELED, by ob1 alone where all ranks share one node and nothing else is asked for;
/// then errors are returned rather than fatal.
int cmpi_initialize(void);
/// MPI_Initialized.
int cmpi_is_initialized(int *flag);
/// MPI_Finalize.
int cmpi_finalize(void);
/// MPI_Get_library_version; may be called before MPI is initialised.
int cmpi_library_version(char text[CMPI_TEXT_CAPACITY]);
/// MPI_Get_processor_name.
int cmpi_processor_name(char text[CMPI_TEXT_CAPACITY]);
/// MPI_Error_string.
int cmpi_error_text(int code, char text[CMPI_TEXT_CAPACITY]);

/// MPI_COMM_WORLD.
int cmpi_world(CMPICommunicator **world);
/// MPI_Comm_split_type with MPI_COMM_TYPE_SHARED: the ranks that share memory with this one.
int cmpi_split_shared(const CMPICommunicator *communicator, CMPICommunicator **shared);
/// MPI_Comm_split; a negative color is MPI_UNDEFINED, and `part` then null.
int cmpi_split(const CMPICommunicator *communicator, int color, int key, CMPICommunicator **part);
/// MPI_Comm_free, except for MPI_COMM_WORLD, where only the handle is freed.
int cmpi_communicator_free(CMPICommunicator *communicator);
/// MPI_Comm_rank.
int cmpi_rank(const CMPICommunicator *communicator, int *rank);
/// MPI_Comm_size.
int cmpi_size(const CMPICommunicator *communicator, int *size);
/// MPI_Abort, after all that was printed has been read.
int cmpi_abort(const CMPICommunicator *communicator, int code);

/// MPI_Allreduce, in place.
int cmpi_all_reduce(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, CMPIOperation operation);

/// MPI_Ibarrier.
int cmpi_start_barrier(const CMPICommunicator *communicator, CMPIRequest **request);
/// MPI_Ibcast.
int cmpi_start_broadcast(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, int root,
    CMPIRequest **request);
/// MPI_Iallreduce, in place.
int cmpi_start_all_reduce(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, CMPIOperation operation,
    CMPIRequest **request);
/// MPI_Ireduce: `output` is written at the root only, where it may be `input`.
int cmpi_start_reduce(
    const CMPICommunicator *communicator, const void *input, void *output, int count, CMPIElement element,
    CMPIOperation operation, int root, CMPIRequest **request);
/// MPI_Isend.
int cmpi_start_send(
    const CMPICommunicator *communicator, const void *buffer, int count, CMPIElement element, int rank, int tag,
    CMPIRequest **request);
/// MPI_Irecv: `count` is the most that is received.
int cmpi_start_receive(
    const CMPICommunicator *communicator, void *buffer, int count, CMPIElement element, int rank, int tag,
    CMPIRequest **request);

/// MPI_Test; `flag` becomes 1 once the operation is complete, after which the request is only to be freed.
int cmpi_test(CMPIRequest *request, int *flag);
/// MPI_Iprobe for a message of this process to itself: lets all operations proceed.
void cmpi_progress(void);
/// MPI_Wait.
int cmpi_wait(CMPIRequest *request);
/// MPI_Get_count: the elements that a completed receive got, or MPI_UNDEFINED where they are no whole number.
int cmpi_received_count(const CMPIRequest *request);
/// Frees the handle of a completed operation.
void cmpi_request_free(CMPIRequest *request);

/// MPI_Win_allocate_shared, every rank's part on pages of its own, and MPI_Win_lock_all.
int cmpi_window_allocate_shared(const CMPICommunicator *communicator, size_t byte_count, CMPIWindow **window);
/// MPI_Win_shared_query: where the part of a rank is in this process.
int cmpi_window_part(const CMPIWindow *window, int rank, void **address);
/// MPI_Win_unlock_all and MPI_Win_free.
int cmpi_window_free(CMPIWindow *window);

#endif
