// Sine and cosine in single precision without branches or calls, by double precision within.
#ifndef DISTTRAIN_TRIGONOMETRIC_H
#define DISTTRAIN_TRIGONOMETRIC_H

#include <stdint.h>
#include <string.h>

#include "exponential.h"

// The largest angle whose multiple of π/2 has so few bits that its product with the first part of π/2 is exact.
static const float largest_angle = 1e6f;

// sin(angle + quarters · π/2), at most 0.5001 units in the last place from the exact value, for |angle| up to
// largest_angle. Taylor's polynomials are off by less than 2⁻³⁷ between −π/4 and π/4.
INLINED float sine_f32(float angle, uint64_t quarters) {
  // Adding 1.5 · 2⁵² rounds to an integer, which is then in the low bits.
  const double rounder = 6755399441055744;
  const double shifted = angle * 0.63661977236758134308 + rounder;
  const double n = shifted - rounder;
  const double r = (angle - n * 1.57079632673412561417) - n * 6.07710050650619224932e-11, square = r * r;
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  bits += quarters;
  double sine = -1.0 / 39916800;
  sine = sine * square + 1.0 / 362880;
  sine = sine * square - 1.0 / 5040;
  sine = sine * square + 1.0 / 120;
  sine = sine * square - 1.0 / 6;
  sine = (sine * square + 1) * r;
  double cosine = 1.0 / 479001600;
  cosine = cosine * square - 1.0 / 3628800;
  cosine = cosine * square + 1.0 / 40320;
  cosine = cosine * square - 1.0 / 720;
  cosine = cosine * square + 1.0 / 24;
  cosine = cosine * square - 0.5;
  cosine = cosine * square + 1;
  const float value = (float)(bits & 1 ? cosine : sine);
  return bits & 2 ? -value : value;
}

#endif
