/// Numbers of 16 bits, as they travel between ranks, and their sums.
#ifndef CSHAREDMEMORY_HALVES_H
#define CSHAREDMEMORY_HALVES_H

#include <stddef.h>
#include <stdint.h>

typedef enum CSMHalf {
  /// 8 bits of exponent, 7 of mantissa: float without its lower half.
  CSMHalfBFloat16,
  /// IEEE 754 binary16: 5 bits of exponent, 10 of mantissa. What is finite and beyond its range becomes ±65504.
  CSMHalfFloat16
} CSMHalf;

/// Sets `result[i]` to `values[i]`, rounded to nearest, ties to even.
void csm_narrow(CSMHalf format, size_t count, const float *values, uint16_t *result);

/// Sets `result[i]` to `values[i]`, exactly.
void csm_widen(CSMHalf format, size_t count, const uint16_t *values, float *result);

/// Sets `result[i]` to `sources[0][i] + sources[1][i] + …`, added in this order in float and rounded once. `result` is one
/// of the sources or overlaps none of them.
void csm_sum_halves(
    CSMHalf format, size_t count, size_t source_count, const uint16_t *const *sources, uint16_t *result);

#endif
