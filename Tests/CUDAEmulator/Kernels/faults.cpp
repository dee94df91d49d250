// Kernels that do what none may, for the tests of the emulator.
#include "CUDAEmulator.h"

#include "../../../Sources/Autograd/Backends/CUDA/Kernels/kernel.h"

KERNEL(fault_place, (float *x, Int place)) { x[place] = 1; }

// Four bytes beside the place of eight.
KERNEL(fault_alignment, (BFloat16 *x)) { placePack<4, true>({}, x + 2, 0); }

KERNEL(fault_index, (float *x, Int place)) {
  __shared__ float values[8];
  values[place] = 1;
  x[0] = values[0];
}

// Each thread's value comes from the one whose number differs in `mask`, which may not have written it.
KERNEL(fault_barrier, (float *x, int mask)) {
  __shared__ float values[64];
  values[threadIdx.x] = (float)threadIdx.x;
  x[threadIdx.x] = values[threadIdx.x ^ mask];
}

// Only the first block has written what all read.
KERNEL(fault_unwritten, (float *x)) {
  __shared__ float value;
  if (blockIdx.x == 0) value = 1;
  x[blockIdx.x] = value;
}

// Which block writes last is not known.
KERNEL(fault_order, (float *x)) { x[0] = (float)blockIdx.x; }
