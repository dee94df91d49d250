#include "trigonometric.h"

#include "CKernels.h"
#include "clones.h"

// Sines of angles moved by quarters of a turn. The results may take the place of the angles, of which a block that has one
// for the C library, beyond largest_angle or not a number, is not computed by vectors.
#define SINE(name, quarters, single, twice)                                                           \
  CLONES void dt_##name##_f32(size_t n, const float *angles, float *out) {                            \
    for (size_t start = 0; start < n; start += block) {                                               \
      const size_t end = n - start < block ? n : start + block;                                       \
      int is_wide = 0;                                                                                \
      for (size_t i = start; i < end; i++) is_wide |= !(fabsf(angles[i]) <= largest_angle);           \
      if (is_wide) {                                                                                  \
        for (size_t i = start; i < end; i++)                                                          \
          out[i] = fabsf(angles[i]) <= largest_angle ? sine_f32(angles[i], quarters) : single(angles[i]); \
      } else {                                                                                        \
        _Pragma("clang loop vectorize(assume_safety)")                                                \
        for (size_t i = start; i < end; i++) out[i] = sine_f32(angles[i], quarters);                  \
      }                                                                                               \
    }                                                                                                 \
  }                                                                                                   \
  void dt_##name##_f64(size_t n, const double *angles, double *out) {                                 \
    for (size_t i = 0; i < n; i++) out[i] = twice(angles[i]);                                         \
  }

enum { block = 256 };

SINE(sine, 0, sinf, sin)
SINE(cosine, 1, cosf, cos)
