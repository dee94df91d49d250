#ifndef CUDA_EMULATOR_MEMORY_H
#define CUDA_EMULATOR_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

#include "Interface.h"

namespace emulator {

/// Blocks of memory, and the GPUs that they belong to, by their contexts. Streams may use them when a process ends.
class Blocks {
 public:
  struct Block {
    uintptr_t end;
    dt_context context;
  };

  void add(const void *start, size_t bytes, dt_context context = nullptr);

  /// Forgets a block; whether there was one.
  bool remove(const void *start);

  /// The block that so many bytes from an address on are in; no bytes of no GPU if there is none.
  Block around(const void *pointer, size_t bytes);

  /// That which begins at an address; no bytes of no GPU if there is none.
  Block at(const void *start);

  size_t byteCount();

 private:
  std::mutex lock;
  std::map<uintptr_t, Block> blocks;
};

/// Memory of a GPU, which ends where no memory begins, and is filled with numbers that are none, so that what is read
/// before it is written shows; null if there is no more.
void *allocate(size_t bytes);

/// Takes memory of a GPU away. Its addresses are never given again: whoever uses them later ends the process. Fails if
/// what lies between its end and the next page was written.
void release(void *start, size_t bytes);

}  // namespace emulator

#endif
