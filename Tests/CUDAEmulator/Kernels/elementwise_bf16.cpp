#include "CUDAEmulator.h"

#include "../../../Sources/Autograd/Backends/CUDA/Kernels/elementwise_bf16.cu"
