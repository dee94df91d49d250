#ifndef CUDA_EMULATOR_BLOCKS_H
#define CUDA_EMULATOR_BLOCKS_H

#include "CUDAEmulator.h"

namespace emulator {

/// Runs the threads of one block after another.
void run(const char *name, Thunk thunk, dim3 blocks, dim3 threads, void **arguments);

/// The kernel of this name; null if there is none.
Thunk find(const char *name);

}  // namespace emulator

#endif
