// Vectors of 16 floats, as both kernels of matrix products use them; for processors with AVX-512.
#include <immintrin.h>
#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))
// For loops over sums, which then stay in registers.
#define UNROLLED _Pragma("clang loop unroll(full)")
// Floats in a vector.
#define WIDTH 16

// Compilers use half of a vector of 512 bits unless told that the code is written for whole ones.
#define FOR_AVX512 __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#pragma clang attribute push(FOR_AVX512, apply_to = function)

typedef float aligned_vector __attribute__((ext_vector_type(WIDTH)));
typedef float vector __attribute__((ext_vector_type(WIDTH), aligned(4)));

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// The first `n` elements of a vector.
INLINE __mmask16 first_of_vector(size_t n) { return (__mmask16)(n >= WIDTH ? 0xffff : (1u << n) - 1); }

// `n` elements, zeros after them.
INLINE vector load_first(const float *x, size_t n) { return (vector)_mm512_maskz_loadu_ps(first_of_vector(n), x); }

// The sum with the addend, if there is one.
INLINE void store_first(float *out, vector x, size_t n, const float *addend) {
  if (addend) x += load_first(addend, n);
  _mm512_mask_storeu_ps(out, first_of_vector(n), (__m512)x);
}

// Transposes a square of vectors: each stage deals the rows of both halves like cards.
INLINE void transpose(vector *x) {
  UNROLLED for (int stage = 1; stage < WIDTH; stage *= 2) {
    vector dealt[WIDTH];
    UNROLLED for (int i = 0; i < WIDTH / 2; i++) {
      const vector a = x[i], b = x[i + WIDTH / 2];
      dealt[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      dealt[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    UNROLLED for (int i = 0; i < WIDTH; i++) x[i] = dealt[i];
  }
}

#pragma clang attribute pop
