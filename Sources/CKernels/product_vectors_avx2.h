// Vectors of 8 floats, as the kernel of matrix products for AVX2 uses them.
#include <immintrin.h>
#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))
// For loops over sums, which then stay in registers.
#define UNROLLED _Pragma("clang loop unroll(full)")
// Floats in a vector.
#define WIDTH 8

#define FOR_AVX2 __attribute__((target("arch=x86-64-v3")))
#pragma clang attribute push(FOR_AVX2, apply_to = function)

typedef float vector __attribute__((ext_vector_type(WIDTH), aligned(4)));

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// `n` elements, zeros after them.
INLINE vector load_first(const float *x, size_t n) {
  if (n >= WIDTH) return *(const vector *)x;
  const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return (vector)_mm256_maskload_ps(x, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), places));
}

// Part of a vector goes in pieces: a masked store takes AMD's processors dozens of cycles.
// The sum with the addend, if there is one.
INLINE void store_first(float *out, vector x, size_t n, const float *addend) {
  if (addend) x += load_first(addend, n);
  if (n >= WIDTH) {
    *(vector *)out = x;
    return;
  }
  if (n & 4) {
    _mm_storeu_ps(out, _mm256_castps256_ps128((__m256)x));
    x = __builtin_shufflevector(x, x, 4, 5, 6, 7, -1, -1, -1, -1);
    out += 4;
  }
  if (n & 2) {
    _mm_storel_pi((__m64 *)out, _mm256_castps256_ps128((__m256)x));
    x = __builtin_shufflevector(x, x, 2, 3, -1, -1, -1, -1, -1, -1);
    out += 2;
  }
  if (n & 1) *out = x[0];
}

// Transposes a square of vectors: each stage deals the rows of both halves like cards.
INLINE void transpose(vector *x) {
  UNROLLED for (int stage = 1; stage < WIDTH; stage *= 2) {
    vector dealt[WIDTH];
    UNROLLED for (int i = 0; i < WIDTH / 2; i++) {
      const vector a = x[i], b = x[i + WIDTH / 2];
      dealt[2 * i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
      dealt[2 * i + 1] = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    }
    UNROLLED for (int i = 0; i < WIDTH; i++) x[i] = dealt[i];
  }
}

#pragma clang attribute pop
