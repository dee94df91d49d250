#include "product.h"

#include "CKernels.h"
#include "clones.h"

// Units of k that are packed at a time.
#define UNITS DT_PRODUCT_UNITS
// From one packed row to the next: not a power of two, the lines of which would push each other out of the cache.
#define ROW_STRIDE (UNITS + 16)
#define UNIT_STRIDE 16
// Floats of an operand that stay packed: half a megabyte, half of the second-level cache of current CPUs or less.
#define RESIDENT ((size_t)128 << 10)
// Panels of streamed columns that are packed together, so that their rows are read in long pieces.
#define GROUP 4
// From so many rows on the rows are streamed, whatever is larger: a result is written row by row.
#define MANY_ROWS 192
// Results with this many floats are written around the cache, which costs more than it saves on Intel's processors.
#define BEYOND_CACHE ((size_t)2 << 20)
// Room for packed rows, of which one tile's take at most 12 * ROW_STRIDE or UNITS * UNIT_STRIDE.
#define ROW_PANELS (RESIDENT + 16 * ROW_STRIDE)

_Static_assert(2 * GROUP * 32 * UNITS <= RESIDENT, "two groups of streamed columns have their panels there");

const size_t dt_product_workspace = (ROW_PANELS + RESIDENT) * sizeof(float);

#if defined(__x86_64__) && defined(__linux__)
#include "product_vectors.h"

// A tile has ROWS x VECTORS vectors, in 24 of the 32 registers.
#define ROWS 12
#define VECTORS 2
#define PER_UNIT 1
#define MULTIPLY_ADD(x, column, sum) __builtin_elementwise_fma((vector)(x), column, sum)

#define NAMED(name) JOIN(name, _f32)
#pragma clang attribute push(FOR_AVX512, apply_to = function)
#include "product.inc"
#pragma clang attribute pop
#undef NAMED
#undef PER_UNIT
#undef MULTIPLY_ADD

#define NAMED(name) JOIN(name, _bf16)
#define PER_UNIT 2
#define MULTIPLY_ADD(x, column, sum) multiply_add_pairs(x, column, sum)
#define ROUND_PAIR(low, high) ((vector)_mm512_cvtne2ps_pbh((__m512)(high), (__m512)(low)))
#define INTERLEAVE(pair) interleave(pair)
#pragma clang attribute push(__attribute__((target("arch=x86-64-v4,avx512bf16"), min_vector_width(512))), \
                             apply_to = function)
INLINE __m512 multiply_add_pairs(float x, __m512 column, __m512 sum) {
  return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_ps(x), (__m512bh)column);
}
// Numbers 0...15 and 16...31 become pairs (0, 16), (1, 17), ...
INLINE __m512 interleave(__m512 pair) {
  const __m512i order =
      _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
                       18, 2, 17, 1, 16, 0);
  return (__m512)_mm512_permutexvar_epi16(order, (__m512i)pair);
}
#include "product.inc"
#pragma clang attribute pop

dt_product_kernel *dt_product_f32(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v4") ? product_f32 : NULL;
}

dt_product_kernel *dt_product_bf16(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512bf16") ? product_bf16 : NULL;
}

#else

dt_product_kernel *dt_product_f32(void) { return NULL; }
dt_product_kernel *dt_product_bf16(void) { return NULL; }

#endif

CLONES void dt_round_to_bf16(size_t n, const float *x, float *out) {
  for (size_t i = 0; i < n; i++) {
    union {
      float value;
      uint32_t bits;
    } number = {x[i]};
    const uint32_t bits = number.bits, magnitude = bits & 0x7fffffff;
    const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
    const uint32_t quiet = (bits | 0x00400000) & 0xffff0000;
    number.bits = magnitude > 0x7f800000 ? quiet : magnitude < 0x00800000 ? bits & 0x80000000 : rounded;
    out[i] = number.value;
  }
}
