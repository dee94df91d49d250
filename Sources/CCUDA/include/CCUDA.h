// CUDA's libraries as far as they are used, called through pointers that are bound when a library is opened: so every
// build has the CUDA backend, and none needs a toolkit.
//
// Declarations follow the libraries' headers, with addresses of device memory as `void *` and handles as pointers.
// The function `name` of a library is `dt_name` here; calling it before its library is bound is an error.
#ifndef CCUDA_H
#define CCUDA_H

#include <stddef.h>
#include <stdint.h>

typedef struct dt_cuda_context *dt_context;
typedef struct dt_cuda_stream *dt_stream;
typedef struct dt_cuda_event *dt_event;
typedef struct dt_cuda_module *dt_module;
typedef struct dt_cuda_function *dt_function;
typedef struct dt_cuda_graph *dt_graph;
typedef struct dt_cuda_executable_graph *dt_executable_graph;
typedef struct dt_nvrtc_program *dt_program;
typedef struct dt_cublas_handle *dt_blas;
typedef struct dt_cublaslt_handle *dt_blas_lt;
typedef struct dt_cublaslt_product *dt_lt_product;
typedef struct dt_cublaslt_matrix *dt_lt_matrix;
typedef struct dt_cublaslt_preference *dt_lt_preference;
typedef struct dt_cudnn_handle *dt_dnn;
typedef struct dt_cudnn_tensor *dt_dnn_tensor;
typedef struct dt_cudnn_filter *dt_dnn_filter;
typedef struct dt_cudnn_convolution *dt_dnn_convolution;
typedef struct dt_nccl_communicator *dt_nccl;

/// Made by one rank of a group, and given to all.
typedef struct {
  char bytes[128];
} dt_nccl_id;

/// An algorithm that cuBLASLt has for a product: `cublasLtMatmulHeuristicResult_t`, which begins with `cublasLtMatmulAlgo_t`.
typedef struct {
  uint64_t algorithm[8];
  size_t workspace_bytes;
  int status;
  float waves;
  int reserved[4];
} dt_lt_algorithm;

/// An algorithm that cuDNN has for a convolution: `cudnnConvolutionFwdAlgoPerf_t`, and the same for both gradients.
typedef struct {
  int algorithm;
  int status;
  float milliseconds;
  size_t workspace_bytes;
  int determinism;
  int math;
  int reserved[3];
} dt_dnn_algorithm;

// X(result, name, parameters, arguments)

#define DT_DRIVER_FUNCTIONS(X) \
  X(int, cuInit, (unsigned flags), (flags)) \
  X(int, cuDriverGetVersion, (int *version), (version)) \
  X(int, cuGetErrorName, (int status, const char **name), (status, name)) \
  X(int, cuGetErrorString, (int status, const char **text), (status, text)) \
  X(int, cuDeviceGetCount, (int *count), (count)) \
  X(int, cuDeviceGet, (int *device, int index), (device, index)) \
  X(int, cuDeviceGetName, (char *name, int length, int device), (name, length, device)) \
  X(int, cuDeviceGetAttribute, (int *value, int attribute, int device), (value, attribute, device)) \
  X(int, cuDeviceGetUuid_v2, (unsigned char *bytes, int device), (bytes, device)) \
  X(int, cuDevicePrimaryCtxRetain, (dt_context *context, int device), (context, device)) \
  X(int, cuCtxSetCurrent, (dt_context context), (context)) \
  X(int, cuMemGetInfo_v2, (size_t *free, size_t *total), (free, total)) \
  X(int, cuMemAlloc_v2, (void **address, size_t bytes), (address, bytes)) \
  X(int, cuMemFree_v2, (void *address), (address)) \
  X(int, cuMemHostAlloc, (void **pointer, size_t bytes, unsigned flags), (pointer, bytes, flags)) \
  X(int, cuMemFreeHost, (void *pointer), (pointer)) \
  X(int, cuMemHostRegister_v2, (void *pointer, size_t bytes, unsigned flags), (pointer, bytes, flags)) \
  X(int, cuMemHostUnregister, (void *pointer), (pointer)) \
  X(int, cuMemcpyHtoDAsync_v2, (void *to, const void *from, size_t bytes, dt_stream stream), \
    (to, from, bytes, stream)) \
  X(int, cuMemcpyDtoHAsync_v2, (void *to, const void *from, size_t bytes, dt_stream stream), \
    (to, from, bytes, stream)) \
  X(int, cuMemcpyDtoDAsync_v2, (void *to, const void *from, size_t bytes, dt_stream stream), \
    (to, from, bytes, stream)) \
  X(int, cuStreamCreate, (dt_stream *stream, unsigned flags), (stream, flags)) \
  X(int, cuStreamDestroy_v2, (dt_stream stream), (stream)) \
  X(int, cuStreamSynchronize, (dt_stream stream), (stream)) \
  X(int, cuStreamIsCapturing, (dt_stream stream, int *status), (stream, status)) \
  X(int, cuStreamWaitEvent, (dt_stream stream, dt_event event, unsigned flags), (stream, event, flags)) \
  X(int, cuEventCreate, (dt_event *event, unsigned flags), (event, flags)) \
  X(int, cuEventDestroy_v2, (dt_event event), (event)) \
  X(int, cuEventRecord, (dt_event event, dt_stream stream), (event, stream)) \
  X(int, cuEventSynchronize, (dt_event event), (event)) \
  X(int, cuEventQuery, (dt_event event), (event)) \
  X(int, cuStreamBeginCapture_v2, (dt_stream stream, int mode), (stream, mode)) \
  X(int, cuStreamEndCapture, (dt_stream stream, dt_graph *graph), (stream, graph)) \
  X(int, cuGraphInstantiateWithFlags, (dt_executable_graph *executable, dt_graph graph, unsigned long long flags), \
    (executable, graph, flags)) \
  X(int, cuGraphLaunch, (dt_executable_graph executable, dt_stream stream), (executable, stream)) \
  X(int, cuGraphDestroy, (dt_graph graph), (graph)) \
  X(int, cuGraphExecDestroy, (dt_executable_graph executable), (executable)) \
  X(int, cuModuleLoadData, (dt_module *module, const void *image), (module, image)) \
  X(int, cuModuleGetFunction, (dt_function *function, dt_module module, const char *name), (function, module, name)) \
  X(int, cuLaunchKernel, \
    (dt_function function, unsigned blocksX, unsigned blocksY, unsigned blocksZ, unsigned threadsX, \
     unsigned threadsY, unsigned threadsZ, unsigned sharedBytes, dt_stream stream, void **arguments, void **extra), \
    (function, blocksX, blocksY, blocksZ, threadsX, threadsY, threadsZ, sharedBytes, stream, arguments, extra))

#define DT_NVRTC_FUNCTIONS(X) \
  X(int, nvrtcVersion, (int *major, int *minor), (major, minor)) \
  X(const char *, nvrtcGetErrorString, (int status), (status)) \
  X(int, nvrtcGetNumSupportedArchs, (int *count), (count)) \
  X(int, nvrtcGetSupportedArchs, (int *architectures), (architectures)) \
  X(int, nvrtcCreateProgram, \
    (dt_program *program, const char *source, const char *name, int headerCount, const char *const *headers, \
     const char *const *headerNames), \
    (program, source, name, headerCount, headers, headerNames)) \
  X(int, nvrtcDestroyProgram, (dt_program *program), (program)) \
  X(int, nvrtcCompileProgram, (dt_program program, int optionCount, const char *const *options), \
    (program, optionCount, options)) \
  X(int, nvrtcGetProgramLogSize, (dt_program program, size_t *bytes), (program, bytes)) \
  X(int, nvrtcGetProgramLog, (dt_program program, char *log), (program, log)) \
  X(int, nvrtcGetCUBINSize, (dt_program program, size_t *bytes), (program, bytes)) \
  X(int, nvrtcGetCUBIN, (dt_program program, char *image), (program, image)) \
  X(int, nvrtcGetPTXSize, (dt_program program, size_t *bytes), (program, bytes)) \
  X(int, nvrtcGetPTX, (dt_program program, char *image), (program, image))

#define DT_CUBLAS_FUNCTIONS(X) \
  X(int, cublasCreate_v2, (dt_blas *handle), (handle)) \
  X(int, cublasGetVersion_v2, (dt_blas handle, int *version), (handle, version)) \
  X(const char *, cublasGetStatusString, (int status), (status)) \
  X(int, cublasSetStream_v2, (dt_blas handle, dt_stream stream), (handle, stream)) \
  X(int, cublasSetWorkspace_v2, (dt_blas handle, void *workspace, size_t bytes), (handle, workspace, bytes)) \
  X(int, cublasSetMathMode, (dt_blas handle, int mode), (handle, mode)) \
  X(int, cublasGemmEx, \
    (dt_blas handle, int transposeA, int transposeB, int m, int n, int k, const void *alpha, const void *a, int typeA, \
     int leadingA, const void *b, int typeB, int leadingB, const void *beta, void *c, int typeC, int leadingC, \
     int computeType, int algorithm), \
    (handle, transposeA, transposeB, m, n, k, alpha, a, typeA, leadingA, b, typeB, leadingB, beta, c, typeC, leadingC, \
     computeType, algorithm)) \
  X(int, cublasGemmStridedBatchedEx, \
    (dt_blas handle, int transposeA, int transposeB, int m, int n, int k, const void *alpha, const void *a, int typeA, \
     int leadingA, long long strideA, const void *b, int typeB, int leadingB, long long strideB, const void *beta, \
     void *c, int typeC, int leadingC, long long strideC, int count, int computeType, int algorithm), \
    (handle, transposeA, transposeB, m, n, k, alpha, a, typeA, leadingA, strideA, b, typeB, leadingB, strideB, beta, c, \
     typeC, leadingC, strideC, count, computeType, algorithm)) \
  X(int, cublasGemmBatchedEx, \
    (dt_blas handle, int transposeA, int transposeB, int m, int n, int k, const void *alpha, const void *a, int typeA, \
     int leadingA, const void *b, int typeB, int leadingB, const void *beta, const void *c, int typeC, int leadingC, \
     int count, int computeType, int algorithm), \
    (handle, transposeA, transposeB, m, n, k, alpha, a, typeA, leadingA, b, typeB, leadingB, beta, c, typeC, leadingC, \
     count, computeType, algorithm))

#define DT_CUBLASLT_FUNCTIONS(X) \
  X(int, cublasLtCreate, (dt_blas_lt *handle), (handle)) \
  X(size_t, cublasLtGetVersion, (void), ()) \
  X(const char *, cublasLtGetStatusString, (int status), (status)) \
  X(int, cublasLtMatmulDescCreate, (dt_lt_product *product, int computeType, int scaleType), \
    (product, computeType, scaleType)) \
  X(int, cublasLtMatmulDescDestroy, (dt_lt_product product), (product)) \
  X(int, cublasLtMatmulDescSetAttribute, (dt_lt_product product, int attribute, const void *value, size_t bytes), \
    (product, attribute, value, bytes)) \
  X(int, cublasLtMatrixLayoutCreate, \
    (dt_lt_matrix *matrix, int type, uint64_t rows, uint64_t columns, int64_t leading), \
    (matrix, type, rows, columns, leading)) \
  X(int, cublasLtMatrixLayoutDestroy, (dt_lt_matrix matrix), (matrix)) \
  X(int, cublasLtMatmulPreferenceCreate, (dt_lt_preference *preference), (preference)) \
  X(int, cublasLtMatmulPreferenceDestroy, (dt_lt_preference preference), (preference)) \
  X(int, cublasLtMatmulPreferenceSetAttribute, \
    (dt_lt_preference preference, int attribute, const void *value, size_t bytes), \
    (preference, attribute, value, bytes)) \
  X(int, cublasLtMatmulAlgoGetHeuristic, \
    (dt_blas_lt handle, dt_lt_product product, dt_lt_matrix a, dt_lt_matrix b, dt_lt_matrix c, dt_lt_matrix d, \
     dt_lt_preference preference, int room, dt_lt_algorithm *algorithms, int *count), \
    (handle, product, a, b, c, d, preference, room, algorithms, count)) \
  X(int, cublasLtMatmul, \
    (dt_blas_lt handle, dt_lt_product product, const void *alpha, const void *a, dt_lt_matrix typeA, const void *b, \
     dt_lt_matrix typeB, const void *beta, const void *c, dt_lt_matrix typeC, void *d, dt_lt_matrix typeD, \
     const void *algorithm, void *workspace, size_t bytes, dt_stream stream), \
    (handle, product, alpha, a, typeA, b, typeB, beta, c, typeC, d, typeD, algorithm, workspace, bytes, stream))

#define DT_CUDNN_FUNCTIONS(X) \
  X(size_t, cudnnGetVersion, (void), ()) \
  X(size_t, cudnnGetCudartVersion, (void), ()) \
  X(const char *, cudnnGetErrorString, (int status), (status)) \
  X(int, cudnnCreate, (dt_dnn *handle), (handle)) \
  X(int, cudnnSetStream, (dt_dnn handle, dt_stream stream), (handle, stream)) \
  X(int, cudnnCreateTensorDescriptor, (dt_dnn_tensor *tensor), (tensor)) \
  X(int, cudnnSetTensor4dDescriptor, \
    (dt_dnn_tensor tensor, int format, int type, int count, int channels, int height, int width), \
    (tensor, format, type, count, channels, height, width)) \
  X(int, cudnnDestroyTensorDescriptor, (dt_dnn_tensor tensor), (tensor)) \
  X(int, cudnnCreateFilterDescriptor, (dt_dnn_filter *filter), (filter)) \
  X(int, cudnnSetFilter4dDescriptor, \
    (dt_dnn_filter filter, int type, int format, int count, int channels, int height, int width), \
    (filter, type, format, count, channels, height, width)) \
  X(int, cudnnDestroyFilterDescriptor, (dt_dnn_filter filter), (filter)) \
  X(int, cudnnCreateConvolutionDescriptor, (dt_dnn_convolution *convolution), (convolution)) \
  X(int, cudnnSetConvolution2dDescriptor, \
    (dt_dnn_convolution convolution, int paddingHeight, int paddingWidth, int strideHeight, int strideWidth, \
     int dilationHeight, int dilationWidth, int mode, int computeType), \
    (convolution, paddingHeight, paddingWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, mode, \
     computeType)) \
  X(int, cudnnSetConvolutionMathType, (dt_dnn_convolution convolution, int math), (convolution, math)) \
  X(int, cudnnSetConvolutionGroupCount, (dt_dnn_convolution convolution, int groups), (convolution, groups)) \
  X(int, cudnnDestroyConvolutionDescriptor, (dt_dnn_convolution convolution), (convolution)) \
  X(int, cudnnGetConvolutionForwardAlgorithm_v7, \
    (dt_dnn handle, dt_dnn_tensor x, dt_dnn_filter w, dt_dnn_convolution convolution, dt_dnn_tensor y, int room, \
     int *count, dt_dnn_algorithm *algorithms), \
    (handle, x, w, convolution, y, room, count, algorithms)) \
  X(int, cudnnGetConvolutionBackwardDataAlgorithm_v7, \
    (dt_dnn handle, dt_dnn_filter w, dt_dnn_tensor dy, dt_dnn_convolution convolution, dt_dnn_tensor dx, int room, \
     int *count, dt_dnn_algorithm *algorithms), \
    (handle, w, dy, convolution, dx, room, count, algorithms)) \
  X(int, cudnnGetConvolutionBackwardFilterAlgorithm_v7, \
    (dt_dnn handle, dt_dnn_tensor x, dt_dnn_tensor dy, dt_dnn_convolution convolution, dt_dnn_filter dw, int room, \
     int *count, dt_dnn_algorithm *algorithms), \
    (handle, x, dy, convolution, dw, room, count, algorithms)) \
  X(int, cudnnGetConvolutionForwardWorkspaceSize, \
    (dt_dnn handle, dt_dnn_tensor x, dt_dnn_filter w, dt_dnn_convolution convolution, dt_dnn_tensor y, int algorithm, \
     size_t *bytes), \
    (handle, x, w, convolution, y, algorithm, bytes)) \
  X(int, cudnnGetConvolutionBackwardDataWorkspaceSize, \
    (dt_dnn handle, dt_dnn_filter w, dt_dnn_tensor dy, dt_dnn_convolution convolution, dt_dnn_tensor dx, \
     int algorithm, size_t *bytes), \
    (handle, w, dy, convolution, dx, algorithm, bytes)) \
  X(int, cudnnGetConvolutionBackwardFilterWorkspaceSize, \
    (dt_dnn handle, dt_dnn_tensor x, dt_dnn_tensor dy, dt_dnn_convolution convolution, dt_dnn_filter dw, \
     int algorithm, size_t *bytes), \
    (handle, x, dy, convolution, dw, algorithm, bytes)) \
  X(int, cudnnConvolutionForward, \
    (dt_dnn handle, const void *alpha, dt_dnn_tensor xType, const void *x, dt_dnn_filter wType, const void *w, \
     dt_dnn_convolution convolution, int algorithm, void *workspace, size_t bytes, const void *beta, \
     dt_dnn_tensor yType, void *y), \
    (handle, alpha, xType, x, wType, w, convolution, algorithm, workspace, bytes, beta, yType, y)) \
  X(int, cudnnConvolutionBackwardData, \
    (dt_dnn handle, const void *alpha, dt_dnn_filter wType, const void *w, dt_dnn_tensor dyType, const void *dy, \
     dt_dnn_convolution convolution, int algorithm, void *workspace, size_t bytes, const void *beta, \
     dt_dnn_tensor dxType, void *dx), \
    (handle, alpha, wType, w, dyType, dy, convolution, algorithm, workspace, bytes, beta, dxType, dx)) \
  X(int, cudnnConvolutionBackwardFilter, \
    (dt_dnn handle, const void *alpha, dt_dnn_tensor xType, const void *x, dt_dnn_tensor dyType, const void *dy, \
     dt_dnn_convolution convolution, int algorithm, void *workspace, size_t bytes, const void *beta, \
     dt_dnn_filter dwType, void *dw), \
    (handle, alpha, xType, x, dyType, dy, convolution, algorithm, workspace, bytes, beta, dwType, dw))

#define DT_NCCL_FUNCTIONS(X) \
  X(int, ncclGetVersion, (int *version), (version)) \
  X(const char *, ncclGetErrorString, (int status), (status)) \
  X(const char *, ncclGetLastError, (dt_nccl communicator), (communicator)) \
  X(int, ncclGetUniqueId, (dt_nccl_id *id), (id)) \
  X(int, ncclCommInitRank, (dt_nccl *communicator, int size, dt_nccl_id id, int rank), (communicator, size, id, rank)) \
  X(int, ncclCommGetAsyncError, (dt_nccl communicator, int *status), (communicator, status)) \
  X(int, ncclCommDestroy, (dt_nccl communicator), (communicator)) \
  X(int, ncclCommAbort, (dt_nccl communicator), (communicator)) \
  X(int, ncclAllReduce, \
    (const void *source, void *target, size_t count, int type, int operation, dt_nccl communicator, dt_stream stream), \
    (source, target, count, type, operation, communicator, stream)) \
  X(int, ncclAllGather, \
    (const void *source, void *target, size_t count, int type, dt_nccl communicator, dt_stream stream), \
    (source, target, count, type, communicator, stream))

#define DT_DECLARE(result, name, parameters, arguments) result dt_##name parameters;
DT_DRIVER_FUNCTIONS(DT_DECLARE)
DT_NVRTC_FUNCTIONS(DT_DECLARE)
DT_CUBLAS_FUNCTIONS(DT_DECLARE)
DT_CUBLASLT_FUNCTIONS(DT_DECLARE)
DT_CUDNN_FUNCTIONS(DT_DECLARE)
DT_NCCL_FUNCTIONS(DT_DECLARE)
#undef DT_DECLARE

/// Binds the functions of a library opened by `dlopen`. Returns NULL, or the name of a function that it lacks and
/// then binds none.
typedef const char *(*dt_binding)(void *library);
const char *dt_bind_driver(void *library);
const char *dt_bind_nvrtc(void *library);
const char *dt_bind_cublas(void *library);
const char *dt_bind_cublaslt(void *library);
const char *dt_bind_cudnn(void *library);
const char *dt_bind_nccl(void *library);

/// The major version of CUDA for which an open library was made; 0 if it does not tell.
int dt_nvrtc_toolkit(void *library);
int dt_cublas_toolkit(void *library);
int dt_cublaslt_toolkit(void *library);
int dt_cudnn_toolkit(void *library);

/// Makes `context` that of this thread, unless it is already.
int dt_enter(dt_context context);

/// A source of kernels, or a header that they include.
typedef struct {
  const char *name;
  const char *text;
} dt_kernel_source;

/// All of them; the last has no name.
const dt_kernel_source *dt_kernel_sources(void);

#endif
