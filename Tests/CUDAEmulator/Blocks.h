#ifndef CUDA_EMULATOR_BLOCKS_H
#define CUDA_EMULATOR_BLOCKS_H

#include "CUDAEmulator.h"

namespace emulator {

/// Runs the threads of one block after another, each of which calls `kernel`.
void run(const std::function<void()> &kernel, dim3 blocks, dim3 threads);

/// The kernel of this name; null if there is none.
const Kernel *find(const char *name);

/// What this thread does for a stream, such as a kernel; null if nothing.
extern thread_local const char *nameOfWork;

/// Ends the process with a message that names what this thread does for a stream.
[[noreturn]] void failAtWork(const char *what);

/// `x` with its last bits rounded away, to nearest and ties to even.
inline float withoutBits(float x, int dropped) {
  if (!std::isfinite(x)) return x;
  const unsigned bits = __float_as_uint(x), odd = bits >> dropped & 1;
  return __uint_as_float((bits + ((1u << (dropped - 1)) - 1) + odd) & ~((1u << dropped) - 1));
}

}  // namespace emulator

#endif
