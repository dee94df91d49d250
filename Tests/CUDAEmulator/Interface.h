// The functions of CUDA's libraries, declared as the backend declares them.
#ifndef CUDA_EMULATOR_INTERFACE_H
#define CUDA_EMULATOR_INTERFACE_H

#include "../../Sources/CCUDA/include/CCUDA.h"

#define DECLARE(result, name, parameters, arguments) __attribute__((visibility("default"))) result name parameters;
extern "C" {
DT_DRIVER_FUNCTIONS(DECLARE)
DT_NVRTC_FUNCTIONS(DECLARE)
DT_CUBLAS_FUNCTIONS(DECLARE)
DT_CUBLASLT_FUNCTIONS(DECLARE)
DT_CUDNN_FUNCTIONS(DECLARE)
DT_NCCL_FUNCTIONS(DECLARE)
}
#undef DECLARE

#endif
