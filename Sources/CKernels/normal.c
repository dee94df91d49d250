// Sums and products are fused where __builtin_fmaf says so and nowhere else: the samples are equal bit for bit on every
// processor, and to those of PyTorch's AVX2 kernel.
#pragma STDC FP_CONTRACT OFF

#include "CKernels.h"
#include "clones.h"
#include "exponential.h"

#define FUSED __builtin_fmaf

// Of a positive, normal number 2ᵉ·m with m in [√½, √2): the logarithm of 2ᵉ and a polynomial in m − 1.
INLINED float cephes_log(float number) {
  const uint32_t bits = bits_of_float(number);
  const float fraction = float_of_bits((bits & 0x007fffff) | 0x3f000000);
  const int is_small = fraction < 0.70710678118654752f;
  const float e = (float)((int32_t)(bits >> 23) - 126) - (is_small ? 1 : 0);
  const float x = (fraction - 1) + (is_small ? fraction : 0), z = x * x;
  float p = 7.0376836292e-2f;
  p = FUSED(p, x, -1.1514610310e-1f);
  p = FUSED(p, x, 1.1676998740e-1f);
  p = FUSED(p, x, -1.2420140846e-1f);
  p = FUSED(p, x, 1.4249322787e-1f);
  p = FUSED(p, x, -1.6668057665e-1f);
  p = FUSED(p, x, 2.0000714765e-1f);
  p = FUSED(p, x, -2.4999993993e-1f);
  p = FUSED(p, x, 3.3333331174e-1f);
  p = FUSED(p * x, z, e * -2.12194440e-4f);
  p = p - z * 0.5f;
  return FUSED(e, 0.693359375f, x + p);
}

// Sine and cosine of an angle of [0, 2π]: the even multiple of π/4 next to it is taken off in three parts, and the
// polynomials of the rest change places and signs with the quadrant.
INLINED void cephes_sine_cosine(float angle, float *sine, float *cosine) {
  const int32_t octant = ((int32_t)(angle * 1.27323954473516f) + 1) & ~1;
  const float multiple = (float)octant;
  const float x = FUSED(multiple, -3.77489497744594108e-8f,
                        FUSED(multiple, -2.4187564849853515625e-4f, FUSED(multiple, -0.78515625f, angle)));
  const float z = x * x;
  float even = 2.443315711809948e-5f;
  even = FUSED(even, z, -1.388731625493765e-3f);
  even = FUSED(even, z, 4.166664568298827e-2f);
  even = FUSED(even * z, z, z * -0.5f) + 1;
  float odd = -1.9515295891e-4f;
  odd = FUSED(odd, z, 8.3321608736e-3f);
  odd = FUSED(odd, z, -1.6666654611e-1f);
  odd = FUSED(odd * z, x, x);
  const int is_swapped = octant & 2;
  const float s = is_swapped ? even : odd, c = is_swapped ? odd : even;
  *sine = octant & 4 ? -s : s;
  *cosine = (octant + 2) & 4 ? -c : c;
}

CLONES void dt_box_muller_f32(size_t blocks, float mean, float deviation, float *values) {
  for (size_t b = 0; b < blocks; b++, values += 16)
    for (size_t i = 0; i < 8; i++) {
      const float radius = sqrt_f32(-2 * cephes_log(1 - values[i]));
      float sine, cosine;
      cephes_sine_cosine(6.283185307179586f * values[i + 8], &sine, &cosine);
      values[i] = FUSED(radius * cosine, deviation, mean);
      values[i + 8] = FUSED(radius * sine, deviation, mean);
    }
}
