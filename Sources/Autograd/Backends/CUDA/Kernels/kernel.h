// What all kernels are written with. They include nothing else, so that NVRTC compiles them without a toolkit; the
// emulator in Tests defines KERNEL, DEVICE and CUDA's built-in names before this file is read.
#ifndef DISTTRAIN_KERNEL_H
#define DISTTRAIN_KERNEL_H

#ifndef KERNEL
#define KERNEL(name, arguments) extern "C" __global__ void name arguments
// A kernel whose blocks have at most `threads` threads, of which at least `blocks` blocks share a multiprocessor.
#define BOUNDED_KERNEL(threads, blocks, name, arguments) \
  extern "C" __global__ void __launch_bounds__(threads, blocks) name arguments
#define DEVICE __device__ __forceinline__
// In a struct that the GPU reads and writes at multiples of its size alone, which the emulator checks.
#define CHECKED_WHERE_COPIED
#define RESTRICT __restrict__
// Ends the program at data that must not be; the text is printed when the GPU is next waited for.
#define REQUIRE(condition, ...)  \
  if (!(condition)) {            \
    printf(__VA_ARGS__);         \
    __trap();                    \
  }
#endif

typedef long long Int;
typedef unsigned long long UInt;
typedef unsigned char Byte;

// The upper half of a float32 number's bits, rounded to nearest and ties to even.
struct BFloat16 {
  unsigned short bits;

  BFloat16() = default;
  DEVICE BFloat16(float x) {
#ifdef __CUDA_ARCH__
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x));
#else
    const unsigned whole = __float_as_uint(x);
    bits = x != x ? 0x7fff : (unsigned short)((whole + 0x7fff + (whole >> 16 & 1)) >> 16);
#endif
  }
  DEVICE operator float() const { return __uint_as_float((unsigned)bits << 16); }
};

// The type that functions of elements are computed in.
template <class T> struct Computing { typedef T Type; };
template <> struct Computing<BFloat16> { typedef float Type; };
template <class T> using Real = typename Computing<T>::Type;

// The type that sums of elements are kept in.
template <class T> struct SumOf { typedef double Type; };
template <> struct SumOf<Int> { typedef Int Type; };

// Neighbouring elements that are read and written at once.
template <class T, int width> struct alignas(sizeof(T) * width <= 16 ? sizeof(T) * width : 16) Pack {
  T at[width];
  CHECKED_WHERE_COPIED
};
template <class T> struct Whole { static constexpr int width = 16 / sizeof(T); typedef Pack<T, width> Type; };

DEVICE bool isAligned(const void *a, const void *b = 0, const void *c = 0, const void *d = 0) {
  return (((UInt)a | (UInt)b | (UInt)c | (UInt)d) & 15) == 0;
}

// The pack at a place that counts packs, from memory that need not be aligned to them unless it is said to be.
template <int width, bool aligned = false, class T> DEVICE Pack<T, width> packAt(const T *x, Int i) {
  if (width == 1 || aligned || isAligned(x)) return ((const Pack<T, width> *)x)[i];
  Pack<T, width> pack;
#pragma unroll
  for (int k = 0; k < width; k++) pack.at[k] = x[i * width + k];
  return pack;
}
template <int width, bool aligned = false, class T> DEVICE void placePack(const Pack<T, width> &pack, T *x, Int i) {
  if (width == 1 || aligned || isAligned(x)) {
    ((Pack<T, width> *)x)[i] = pack;
    return;
  }
#pragma unroll
  for (int k = 0; k < width; k++) x[i * width + k] = pack.at[k];
}

// This thread's place among those of all blocks along x, and their number.
DEVICE Int globalThread() { return (Int)blockIdx.x * blockDim.x + threadIdx.x; }
DEVICE Int globalThreads() { return (Int)gridDim.x * blockDim.x; }

// a / b for numbers that are not negative; short numbers take a short division.
DEVICE Int quotient(Int a, Int b) {
  return ((a | b) >> 32) == 0 ? (Int)((unsigned)a / (unsigned)b) : a / b;
}

DEVICE float exponential(float x) { return expf(x); }
DEVICE double exponential(double x) { return exp(x); }
DEVICE float logarithm(float x) { return logf(x); }
DEVICE double logarithm(double x) { return log(x); }
DEVICE float squareRoot(float x) { return sqrtf(x); }
DEVICE double squareRoot(double x) { return sqrt(x); }
DEVICE float magnitude(float x) { return fabsf(x); }
DEVICE double magnitude(double x) { return fabs(x); }
// a · b + c, rounded once.
DEVICE float multiplyAdd(float a, float b, float c) { return fmaf(a, b, c); }
DEVICE double multiplyAdd(double a, double b, double c) { return fma(a, b, c); }
// A product that is rounded before it is added to anything.
DEVICE float product(float a, float b) { return __fmul_rn(a, b); }
DEVICE double product(double a, double b) { return __dmul_rn(a, b); }

// Two sums that are kept together.
struct Pair {
  double first, second;
  DEVICE Pair operator+(const Pair &other) const { return {first + other.first, second + other.second}; }
};

// The value that the thread whose lane differs in `mask` has.
template <class Value> DEVICE Value shuffled(const Value &value, int mask) {
  int words[sizeof(Value) / 4];
  Value other;
  memcpy(words, &value, sizeof value);
#pragma unroll
  for (int i = 0; i < (int)(sizeof(Value) / 4); i++) words[i] = __shfl_xor_sync(0xffffffffu, words[i], mask);
  memcpy(&other, words, sizeof value);
  return other;
}

struct Adding {
  template <class Value> DEVICE Value operator()(const Value &a, const Value &b) const { return a + b; }
};
struct Largest {
  template <class T> DEVICE T operator()(T a, T b) const { return b > a ? b : a; }
};

// The values of a row of the block combined, in an order that depends on nothing but blockDim.x, which is 32 or, in a
// block of a single row, a larger multiple of 32. Every thread gets the result.
template <class Value, class Combine> DEVICE Value combinedInRow(Value value, const Combine &combine) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) {
    const Value other = shuffled(value, mask);
    value = threadIdx.x & mask ? combine(other, value) : combine(value, other);
  }
  if (blockDim.x == 32) return value;
  __shared__ Value ofWarps[32];
  __syncthreads();
  if (threadIdx.x % 32 == 0) ofWarps[threadIdx.x / 32] = value;
  __syncthreads();
  value = ofWarps[0];
  for (int warp = 1; warp < (int)blockDim.x / 32; warp++) value = combine(value, ofWarps[warp]);
  return value;
}

// How elements of up to three operands are found through strides: sizes from the outermost dimension, and for each
// operand its strides, which are not negative.
enum { maximumRank = 8 };
struct Walk {
  Int rank, sizes[maximumRank], strides[3][maximumRank];
};

// The offsets of the operands' elements at `position` of the contiguous result. Index is Int or unsigned.
template <int operands, class Index> DEVICE void findOffsets(const Walk &walk, Index position, Index *found) {
#pragma unroll
  for (int o = 0; o < operands; o++) found[o] = 0;
#pragma unroll
  for (int d = maximumRank - 1; d >= 0; d--) {
    if (d >= walk.rank) continue;
    const Index size = (Index)walk.sizes[d], rest = position / size, index = position - rest * size;
#pragma unroll
    for (int o = 0; o < operands; o++) found[o] += index * (Index)walk.strides[o][d];
    position = rest;
  }
}

// Calls body(position, offsets) for every position below `count`; with short divisions where `isShort`, which needs
// count and all offsets to be below 2^32.
template <int operands, class Body>
DEVICE void forEachPosition(const Walk &walk, Int count, int isShort, const Body &body) {
  if (isShort) {
    for (Int i = globalThread(); i < count; i += globalThreads()) {
      unsigned found[operands];
      findOffsets<operands>(walk, (unsigned)i, found);
      Int offsets[operands];
#pragma unroll
      for (int o = 0; o < operands; o++) offsets[o] = found[o];
      body(i, offsets);
    }
  } else {
    for (Int i = globalThread(); i < count; i += globalThreads()) {
      Int offsets[operands];
      findOffsets<operands>(walk, i, offsets);
      body(i, offsets);
    }
  }
}

#endif
