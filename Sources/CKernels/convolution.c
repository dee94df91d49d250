// The kernels of convolution.h for vectors of 512, 256 and 128 bits, with as many sums as there are registers.
#include "convolution.h"

#include <string.h>

#include "clones.h"
#include "exponential.h"

// The elements of two vectors taken alternately: those of the lower halves, and those of the upper ones.
#define LOWER_HALVES_2(a, b) __builtin_shufflevector(a, b, 0, 2)
#define UPPER_HALVES_2(a, b) __builtin_shufflevector(a, b, 1, 3)
#define LOWER_HALVES_4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define UPPER_HALVES_4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define LOWER_HALVES_8(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER_HALVES_8(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOWER_HALVES_16(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define UPPER_HALVES_16(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOWER_HALVES JOIN(LOWER_HALVES_, LANE_COUNT)
#define UPPER_HALVES JOIN(UPPER_HALVES_, LANE_COUNT)

#define NAMED(name) JOIN(JOIN(name, TYPE), LEVEL)
#define VECTOR NAMED(vector)
#define LANES ((size_t)LANE_COUNT)
#define LOAD(p) (*(const VECTOR *)(p))
#define STORE(p, v) (*(VECTOR *)(p) = (v))
// For loops over vectors, which then stay in registers.
#define UNROLLED _Pragma("clang loop unroll(full)")

#define REAL float
#define TYPE _f32
#define LANES_OF_128 4
#define LANES_OF_256 8
#define LANES_OF_512 16
#include "convolution_levels.inc"
#undef REAL
#undef TYPE
#undef LANES_OF_128
#undef LANES_OF_256
#undef LANES_OF_512

#define REAL double
#define TYPE _f64
#define LANES_OF_128 2
#define LANES_OF_256 4
#define LANES_OF_512 8
#include "convolution_levels.inc"
