#include <string.h>

#include "CKernels.h"
#include "clones.h"

// Up to so many elements are inserted one after the other.
enum { most_inserted = 32 };
// Elements that are looked at together.
enum { keys_at_once = 64 };

// Whole numbers in the order of the elements: a NaN is above all others, and -0 equals 0.
static inline uint32_t key_of_f32(float x) {
  if (x != x) return UINT32_MAX;
  if (x == 0) return (uint32_t)1 << 31;
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits ^ (bits >> 31 ? UINT32_MAX : (uint32_t)1 << 31);
}
static inline uint64_t key_of_f64(double x) {
  if (x != x) return UINT64_MAX;
  if (x == 0) return (uint64_t)1 << 63;
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits ^ (bits >> 63 ? UINT64_MAX : (uint64_t)1 << 63);
}
static inline uint64_t key_of_i64(int64_t x) { return (uint64_t)x ^ (uint64_t)1 << 63; }

#define ELEMENT float
#define KEY uint32_t
#define KEY_OF key_of_f32
#define NAMED(name) JOIN(name, _f32)
#include "sorting.inc"
#undef ELEMENT
#undef KEY
#undef KEY_OF
#undef NAMED

#define ELEMENT double
#define KEY uint64_t
#define KEY_OF key_of_f64
#define NAMED(name) JOIN(name, _f64)
#include "sorting.inc"
#undef ELEMENT
#undef KEY_OF
#undef NAMED

#define ELEMENT int64_t
#define KEY_OF key_of_i64
#define NAMED(name) JOIN(name, _i64)
#include "sorting.inc"
