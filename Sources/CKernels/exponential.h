// Functions in single precision without branches or calls, so that loops over them are vectorized. The errors given are
// the largest over all 2³² arguments, with and without fused multiplication and addition. The polynomials of exp, log and
// tanh are those of Cephes (S. Moshier, https://netlib.org/cephes).
#ifndef DISTTRAIN_EXPONENTIAL_H
#define DISTTRAIN_EXPONENTIAL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINED static inline __attribute__((always_inline))

// Square roots that leave errno alone, which would keep a loop from being vectorized.
#define sqrt_f32(x) __builtin_elementwise_sqrt((float)(x))
#define sqrt_f64(x) __builtin_elementwise_sqrt((double)(x))

INLINED float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

INLINED uint32_t bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// eˣ in parts: (sum + rest) · 2ⁿ, rest being what rounding the sum lost, and 2ⁿ two factors: normal
// numbers, the second 0 where eˣ is.
typedef struct {
  float sum, rest, first, second;
} exponential_f32;

// x is n · log 2 + r, and p is eʳ − 1, of a number x or of each in a vector. Adding 1.5 · 2²³ rounds to an integer, n,
// which is then in the low bits of `shifted`.
#define EXPONENTIAL_OF_REST(type, x)                                       \
  const float rounder = 12582912;                                          \
  const type shifted = x * 1.44269504088896341f + rounder;                 \
  const type n = shifted - rounder;                                        \
  const type r = (x - n * 0.693359375f) + n * 2.12194440e-4f;              \
  type p = 1.9875691500e-4f;                                               \
  p = p * r + 1.3981999507e-3f;                                            \
  p = p * r + 8.3334519073e-3f;                                            \
  p = p * r + 4.1665795894e-2f;                                            \
  p = p * r + 1.6666665459e-1f;                                            \
  p = p * r + 5.0000001201e-1f;                                            \
  p = p * r * r + r

INLINED exponential_f32 exp_parts_f32(float x) {
  // Beyond these the result is 0 or infinite; NaN passes all comparisons.
  x = x < -104 ? -104 : x;
  x = x > 89 ? 89 : x;
  EXPONENTIAL_OF_REST(float, x);
  const uint32_t exponent = bits_of_float(shifted) - 0x4B400000u;
  const uint32_t half = (uint32_t)((int32_t)exponent >> 1);
  exponential_f32 e;
  e.sum = 1 + p;
  e.rest = (1 - e.sum) + p;
  e.first = float_of_bits((half + 127) << 23);
  // A product that becomes 0 by its size takes a processor many times as long as one with 0.
  e.second = x <= -104 ? 0 : float_of_bits((exponent - half + 127) << 23);
  return e;
}

// At most 1.03 units in the last place from the exact value, also where it is subnormal.
INLINED float exp_f32(float x) {
  const exponential_f32 e = exp_parts_f32(x);
  return e.sum * e.first * e.second;
}

// The same for x up to 0, with 0 in place of subnormal numbers.
INLINED float exp_below_0_f32(float x) {
  // Of −88 the bits of 2ⁿ are those of 0.
  x = x < -88 ? -88 : x;
  EXPONENTIAL_OF_REST(float, x);
  const float power = float_of_bits((bits_of_float(shifted) << 23) + (127u << 23));
  return p * power + power;
}

// From e = exp(−|x|) as e / (1 + e) or 1 / (1 + e), corrected by what the roundings before the division lost: at most
// 1.5 units in the last place off.
INLINED float sigmoid_f32(float x) {
  const exponential_f32 e = exp_parts_f32(-fabsf(x));
  const float power = e.sum * e.first * e.second, power_rest = e.rest * e.first * e.second;
  const float below = 1 + power, below_rest = ((1 - below) + power) + power_rest;
  const float rough = (x < 0 ? power : 1) / below;
  const float above_rest = x < 0 ? power_rest : 0, inverse = x < 0 ? 1 - rough : rough;
  return rough + (above_rest - rough * below_rest) * inverse;
}

// p − z / 2 is log(1 + r) − r, for r from √½ − 1 to √2 − 1.
#define LOGARITHM_OF_ONE_PLUS(r)                                           \
  const float z = r * r;                                                   \
  float p = 7.0376836292e-2f;                                              \
  p = p * r - 1.1514610310e-1f;                                            \
  p = p * r + 1.1676998740e-1f;                                            \
  p = p * r - 1.2420140846e-1f;                                            \
  p = p * r + 1.4249322787e-1f;                                            \
  p = p * r - 1.6668057665e-1f;                                            \
  p = p * r + 2.0000714765e-1f;                                            \
  p = p * r - 2.4999993993e-1f;                                            \
  p = p * r + 3.3333331174e-1f;                                            \
  p = p * r * z

// At most 0.83 units in the last place off.
INLINED float log_f32(float x) {
  const int is_subnormal = x < 0x1p-126f;
  const uint32_t bits = bits_of_float(is_subnormal ? x * 0x1p23f : x);
  // x = 2ᵉ · m with m in [√½, √2).
  const uint32_t shifted = bits - 0x3f3504f3u;
  const float e = (float)((int32_t)shifted >> 23) - (is_subnormal ? 23 : 0);
  const float r = float_of_bits((shifted & 0x007fffffu) + 0x3f3504f3u) - 1;
  LOGARITHM_OF_ONE_PLUS(r);
  p = p - e * 2.12194440e-4f;
  p = p - 0.5f * z;
  const float value = (r + p) + e * 0.693359375f;
  return x > 0 ? (x < INFINITY ? value : x) : x == 0 ? -INFINITY : NAN;
}

// The logarithm of 1 + x, corrected by what the sum's rounding lost (W. Kahan): log(u) · x / (u − 1) with u = 1 + x.
INLINED float log1p_f32(float x) {
  const float u = 1 + x, rounded = u - 1;
  const float corrected = log_f32(u) * (x / rounded);
  return rounded == 0 ? x : u < INFINITY ? corrected : u;
}

// log(1 + x) for x from 0 to 1, of x itself or of (x − 1) / 2, so that no sum is rounded.
INLINED float log1p_below_1_f32(float x) {
  const int halves = x > 0.41421356f;
  const float r = halves ? (x - 1) * 0.5f : x;
  LOGARITHM_OF_ONE_PLUS(r);
  p = p - (halves ? 2.12194440e-4f : 0);
  p = p - 0.5f * z;
  return (r + p) + (halves ? 0.693359375f : 0);
}

// At most 1.4 units in the last place off.
INLINED float tanh_f32(float x) {
  const float size = fabsf(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = p * z * size + size;
  const float far = 1 - 2 / (exp_f32(2 * size) + 1);
  return copysignf(size < 0.625f ? near : far, x);
}

// exp(−x²/2), and the standard normal distribution from |x| on.
typedef struct {
  float bell, tail;
} normal_parts_f32;

// With t = 1 / (1 + 0.3 z) for z = |x| / √2 the tail is t · q(t) · exp(−x²/2), where q is a polynomial with the least
// largest relative error of erfc(z) · exp(z²) / 2t for z up to 10.4, 2e-8.
INLINED normal_parts_f32 normal_parts_of_f32(float x) {
  const float t = 1 / (1 + 0.21213203436f * fabsf(x)), bell = exp_below_0_f32(-0.5f * x * x);
  float q = -0.06477581710f;
  q = q * t + 0.2428569943f;
  q = q * t - 0.2563086748f;
  q = q * t + 0.2740733922f;
  q = q * t - 0.04748923704f;
  q = q * t + 0.1075415835f;
  q = q * t + 0.07414666563f;
  q = q * t + 0.08536133170f;
  q = q * t + 0.08459374309f;
  return (normal_parts_f32){bell, q * t * bell};
}

// The distribution from 0 to x, for x² below `normal_middle`: x · q(x²), with q fitted at Chebyshev points.
static const float normal_middle = 1.21f;
INLINED float normal_middle_f32(float x) {
  const float z = x * x;
  float q = 4.134163164e-07f;
  q = q * z - 8.730976058e-06f;
  q = q * z + 0.0001143888274f;
  q = q * z - 0.001186526872f;
  q = q * z + 0.009973261923f;
  q = q * z - 0.0664903391f;
  q = q * z + 0.3989422795f;
  return x * q;
}

// The same up to x.
INLINED float normal_up_to_f32(float x, normal_parts_f32 parts) {
  const float far = x < 0 ? parts.tail : 1 - parts.tail;
  return x * x < normal_middle ? 0.5f + normal_middle_f32(x) : far;
}

INLINED float normal_f32(float x) { return normal_up_to_f32(x, normal_parts_of_f32(x)); }

// The error function: the same between −√2 x and √2 x.
INLINED float erf_f32(float x) {
  const float y = x * 1.41421356237f;
  return y * y < normal_middle ? 2 * normal_middle_f32(y) : copysignf(1 - 2 * normal_parts_of_f32(y).tail, x);
}

#endif
