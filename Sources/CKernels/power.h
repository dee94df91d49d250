// Powers in single precision without branches or calls, by double precision within.
#ifndef DISTTRAIN_POWER_H
#define DISTTRAIN_POWER_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "exponential.h"

// The logarithm to base 2 of a number from 0 on: n + log2((1 + t) / (1 − t)) with x / 2ⁿ in [√½, √2), where that is t times
// the polynomial of t² with the least largest relative error, 4e-12.
INLINED double log2_f64(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint64_t root_of_half = 0x3FE6A09E667F3BCDu, shifted = bits - root_of_half;
  const double n = (double)((int32_t)(shifted >> 32) >> 20);
  bits = (shifted & 0x000FFFFFFFFFFFFFu) + root_of_half;
  double m;
  memcpy(&m, &bits, sizeof m);
  const double t = (m - 1) / (m + 1), square = t * t;
  double p = 0.34072799317694535;
  p = p * square + 0.41167282760620333;
  p = p * square + 0.57708358325994891;
  p = p * square + 0.96179667335008923;
  p = p * square + 2.8853900817900802;
  const double value = n + t * p;
  return x == 0 ? -INFINITY : x < INFINITY ? value : x;
}

// 2ˣ by the polynomial with the least largest relative error, 4e-11, between −½ and ½; beyond what a float can be it stays.
INLINED double exp2_f64(double x) {
  x = x < -160 ? -160 : x;
  x = x > 160 ? 160 : x;
  // Adding 1.5 · 2⁵² rounds to an integer, which is then in the low bits.
  const double rounder = 6755399441055744, shifted = x + rounder, r = x - (shifted - rounder);
  double p = 1.5201919583165968e-05;
  p = p * r + 1.5469291069083839e-04;
  p = p * r + 1.3333922571841352e-03;
  p = p * r + 9.6180272539094676e-03;
  p = p * r + 5.5504103534387879e-02;
  p = p * r + 2.4022651198155567e-01;
  p = p * r + 6.9314718072845105e-01;
  p = p * r + 0.99999999996168154;
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

// xʸ, as powf of the C library for all arguments; found at most 0.501 units in the last place off.
INLINED float power_f32(float x, float y) {
  const double rounder = 6755399441055744, half = 0.5 * (double)y;
  // From 2²⁴ on all are even.
  const int is_whole = (fabsf(y) >= 0x1p24f) | (2 * half + rounder - rounder == 2 * half);
  const int is_odd = is_whole & (fabsf(y) < 0x1p24f) & (half + rounder - rounder != half);
  const double logarithm = log2_f64(fabs((double)x));
  // All powers of 1 are 1, and all numbers to the power of 0; −1 is so to an infinite one.
  const int is_one = (x == 1) | (y == 0) | ((x == -1) & (fabsf(y) == INFINITY));
  const float size = (float)exp2_f64(is_one ? 0 : logarithm * y);
  const float value = is_odd ? copysignf(size, x) : size;
  const int has_none = (x < 0) & (x > -INFINITY) & !is_whole;
  return has_none ? NAN : value;
}

#endif
