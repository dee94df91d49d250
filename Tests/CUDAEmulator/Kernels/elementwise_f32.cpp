#include "CUDAEmulator.h"

#include "../../../Sources/Autograd/Backends/CUDA/Kernels/elementwise_f32.cu"
