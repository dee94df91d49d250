#ifndef CUDA_EMULATOR_BLOCKS_H
#define CUDA_EMULATOR_BLOCKS_H

#include "CUDAEmulator.h"

namespace emulator {

/// Runs the threads of one block after another, each of which calls `kernel`.
void run(const char *name, const std::function<void()> &kernel, dim3 blocks, dim3 threads);

/// Does some work of a stream, now or, where a graph is being captured, whenever that is launched.
void submit(std::function<void()> work);

/// The kernel of this name; null if there is none.
Thunk find(const char *name);

}  // namespace emulator

#endif
