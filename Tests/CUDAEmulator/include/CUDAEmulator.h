// What makes the CUDA kernels compile as C++ for the processor: CUDA's built-in names, and a KERNEL that also enters the
// kernel in the list from which the emulated driver launches it.
#ifndef CUDA_EMULATOR_H
#define CUDA_EMULATOR_H

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

struct dim3 {
  unsigned x, y, z;
};

/// Of the thread that runs now. Threads take turns, so there is one of each.
extern dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {

/// A kernel, made ready for the arguments at these addresses, which are copied.
using Thunk = std::function<void()> (*)(void **arguments);

/// A kernel, and how many threads its blocks may have.
struct Kernel {
  Thunk thunk;
  unsigned threads;
};

/// The most threads of a block of which each has as many registers as code for a GPU may take: 255 of 65536.
constexpr unsigned threadsWithAnyCode = 256;

void add(const char *name, const Kernel &kernel);

/// Ends the process with a message: a kernel has done what no GPU would forgive.
[[noreturn]] void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Fails unless `pointer` is null or in memory that the driver gave out.
void requireDeviceAddress(const void *pointer, const char *what);

/// In a struct whose copies are to be calls: the sanitizer checks the addresses of these, and not those of copied bytes.
struct CopiedByCalls {
  CopiedByCalls() = default;
  CopiedByCalls(const CopiedByCalls &) {}
  CopiedByCalls &operator=(const CopiedByCalls &) { return *this; }
};

/// Waits at a place of the source for all threads of the block that have not returned.
void waitForBlock(const char *file, int line);

/// Gives `value` to the other threads of the warp, waits for theirs, and returns that of `lane`.
uint64_t exchange(uint64_t value, unsigned mask, int lane);

/// This thread's place in its warp.
int lane();

template <auto kernel> struct Launch;
template <class... Arguments, void (*kernel)(Arguments...)> struct Launch<kernel> {
  static std::function<void()> bind(void **arguments) {
    return bind(arguments, std::index_sequence_for<Arguments...>());
  }

 private:
  template <size_t... index> static std::function<void()> bind(void **arguments, std::index_sequence<index...>) {
    return [copies = std::make_tuple(argument<Arguments>(arguments[index])...)] { std::apply(kernel, copies); };
  }

  template <class Argument> static Argument argument(void *address) {
    Argument value;
    memcpy(&value, address, sizeof value);
    if constexpr (std::is_pointer_v<Argument>) requireDeviceAddress(value, "a kernel's argument");
    return value;
  }
};

struct Entry {
  Entry(const char *name, const Kernel &kernel) { add(name, kernel); }
};

template <class Value> Value shuffle(Value value, unsigned mask, int from) {
  static_assert(sizeof value <= sizeof(uint64_t));
  uint64_t word = 0;
  memcpy(&word, &value, sizeof value);
  word = exchange(word, mask, from);
  memcpy(&value, &word, sizeof value);
  return value;
}

}  // namespace emulator

#define KERNEL(name, arguments) EMULATED_KERNEL(emulator::threadsWithAnyCode, name, arguments)
#define BOUNDED_KERNEL(threads, blocks, name, arguments) EMULATED_KERNEL(threads, name, arguments)
#define EMULATED_KERNEL(threads, name, arguments) \
  static void name arguments; \
  static const emulator::Entry name##_entry(#name, {emulator::Launch<name>::bind, threads}); \
  static void name arguments
#define DEVICE inline
#define CHECKED_WHERE_COPIED [[no_unique_address]] emulator::CopiedByCalls copies;
#define RESTRICT __restrict__
#define REQUIRE(condition, ...) \
  if (!(condition)) emulator::fail(__VA_ARGS__)
#ifdef __APPLE__
#define __shared__ __attribute__((section("__DATA,emulated_shared"))) static
#else
#define __shared__ __attribute__((section("emulated_shared"))) static
#endif
#define __syncthreads() emulator::waitForBlock(__FILE__, __LINE__)

template <class Value> Value __shfl_sync(unsigned mask, Value value, int lane) {
  return emulator::shuffle(value, mask, lane);
}
template <class Value> Value __shfl_xor_sync(unsigned mask, Value value, int other) {
  return emulator::shuffle(value, mask, emulator::lane() ^ other);
}
template <class Value> Value __shfl_up_sync(unsigned mask, Value value, unsigned distance) {
  const int lane = emulator::lane();
  return emulator::shuffle(value, mask, lane < (int)distance ? lane : lane - (int)distance);
}

inline float __fmul_rn(float a, float b) { return a * b; }
inline double __dmul_rn(double a, double b) { return a * b; }

inline unsigned __float_as_uint(float x) {
  unsigned bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float __uint_as_float(unsigned bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

#endif
