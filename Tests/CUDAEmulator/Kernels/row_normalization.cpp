#include "CUDAEmulator.h"

#include "../../../Sources/Autograd/Backends/CUDA/Kernels/row_normalization.cu"
