#include "halves.h"

#include <string.h>

#include "clones.h"

// Elements that are added at a time; they stay in the first-level cache.
enum { BLOCK = 512 };

static inline uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// Written without branches, so that the loops below are vectorised.

static inline uint16_t narrow_bfloat16(float value) {
  const uint32_t bits = bits_of(value);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  const uint32_t quiet_nan = bits >> 16 | 0x40;
  return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet_nan : rounded);
}

static inline float widen_bfloat16(uint16_t half) { return float_of((uint32_t)half << 16); }

static inline uint16_t narrow_float16(float value) {
  const uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
  // Adding 0.5 shifts the bits of a number below 2⁻¹⁴ to where a subnormal's are, and rounds them.
  const uint32_t subnormal = bits_of(float_of(size) + 0.5f) - 0x3f000000;
  const uint32_t normal = (size - (112u << 23) + 0xfff + (size >> 13 & 1)) >> 13;
  const uint32_t finite = size < 0x38800000 ? subnormal : size >= 0x477ff000 ? 0x7bff : normal;
  const uint32_t infinite = size > 0x7f800000 ? 0x7e00 : 0x7c00;
  return (uint16_t)(sign | (size >= 0x7f800000 ? infinite : finite));
}

static inline float widen_float16(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16, size = (uint32_t)(half & 0x7fff) << 13;
  const uint32_t normal = size + (112u << 23);
  const uint32_t subnormal = bits_of(float_of(size + (113u << 23)) - float_of(113u << 23));
  const uint32_t infinite = size + (224u << 23);
  return float_of(sign | (half & 0x7c00 ? (half & 0x7c00) == 0x7c00 ? infinite : normal : subnormal));
}

#define FORMAT(name)                                                                                              \
  CLONES void csm_narrow_##name(size_t count, const float *restrict values, uint16_t *restrict result) {          \
    for (size_t i = 0; i < count; i++) result[i] = narrow_##name(values[i]);                                      \
  }                                                                                                               \
  CLONES void csm_widen_##name(size_t count, const uint16_t *restrict values, float *restrict result) {           \
    for (size_t i = 0; i < count; i++) result[i] = widen_##name(values[i]);                                       \
  }                                                                                                               \
  CLONES void csm_add_##name(size_t count, const uint16_t *restrict values, float *restrict total) {              \
    for (size_t i = 0; i < count; i++) total[i] += widen_##name(values[i]);                                       \
  }                                                                                                               \
  static void sum_##name(                                                                                         \
      size_t count, size_t source_count, const uint16_t *const *sources, uint16_t *result) {                      \
    float total[BLOCK];                                                                                           \
    for (size_t start = 0; start < count; start += BLOCK) {                                                       \
      const size_t length = count - start < BLOCK ? count - start : BLOCK;                                        \
      csm_widen_##name(length, sources[0] + start, total);                                                        \
      for (size_t s = 1; s < source_count; s++) csm_add_##name(length, sources[s] + start, total);                \
      csm_narrow_##name(length, total, result + start);                                                           \
    }                                                                                                             \
  }

FORMAT(bfloat16)
FORMAT(float16)

void csm_narrow(CSMHalf format, size_t count, const float *values, uint16_t *result) {
  (format == CSMHalfBFloat16 ? csm_narrow_bfloat16 : csm_narrow_float16)(count, values, result);
}

void csm_widen(CSMHalf format, size_t count, const uint16_t *values, float *result) {
  (format == CSMHalfBFloat16 ? csm_widen_bfloat16 : csm_widen_float16)(count, values, result);
}

void csm_sum_halves(
    CSMHalf format, size_t count, size_t source_count, const uint16_t *const *sources, uint16_t *result) {
  (format == CSMHalfBFloat16 ? sum_bfloat16 : sum_float16)(count, source_count, sources, result);
}
