#include "CUDAEmulator.h"

#include "../../../Sources/Autograd/Backends/CUDA/Kernels/layer_normalization.cu"
