#ifndef CUDA_EMULATOR_SHARED_MEMORY_H
#define CUDA_EMULATOR_SHARED_MEMORY_H

namespace emulator {

/// The shared memory of every block of a launch as numbers that are none, so that what is read before it is written shows.
class SharedMemory {
 public:
  explicit SharedMemory(const char *kernel);

  /// Makes all so again that a block of the kernel is known to write.
  void restore();

  /// Finds what the kernel has written, for its next launch to know, and restores it.
  ~SharedMemory();

 private:
  struct Range {
    char *start, *end;
  };
  Range &written;
};

}  // namespace emulator

#endif
