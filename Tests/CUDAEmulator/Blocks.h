#ifndef CUDA_EMULATOR_BLOCKS_H
#define CUDA_EMULATOR_BLOCKS_H

#include "CUDAEmulator.h"

namespace emulator {

/// Runs the threads of one block after another, each of which calls `kernel`.
void run(const char *name, const std::function<void()> &kernel, dim3 blocks, dim3 threads);

/// The kernel of this name; null if there is none.
Thunk find(const char *name);

/// `x` with its last bits rounded away, to nearest and ties to even.
inline float withoutBits(float x, int dropped) {
  if (!std::isfinite(x)) return x;
  const unsigned bits = __float_as_uint(x), odd = bits >> dropped & 1;
  return __uint_as_float((bits + ((1u << (dropped - 1)) - 1) + odd) & ~((1u << dropped) - 1));
}

}  // namespace emulator

#endif
