#include "CUDAEmulator.h"

#include "../../../Sources/Autograd/Backends/CUDA/Kernels/elementwise_i64.cu"
