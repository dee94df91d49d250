#include "CKernels.h"
#include "clones.h"

CLONES bool dt_are_below(size_t n, const int64_t *indices, int64_t limit) {
  uint64_t is_any_beyond = 0;
  for (size_t i = 0; i < n; i++) is_any_beyond |= (uint64_t)indices[i] >= (uint64_t)limit;
  return !is_any_beyond;
}

// Makes the statement with the position of every element of a tensor of shape [outer, picks, inner], `picked`, and that
// of the element of a tensor of shape [outer, size, inner] which its index names, `place`.
#define FOR_EACH_PICK(...)                                                                              \
  for (size_t o = 0; o < outer; o++) {                                                                  \
    const size_t first = o * size * inner, first_picked = o * picks * inner;                            \
    if (inner == 1) {                                                                                   \
      const int64_t *index = is_shared ? indices : indices + first_picked;                              \
      for (size_t p = 0; p < picks; p++) {                                                              \
        const size_t place = first + (size_t)index[p], picked = first_picked + p;                       \
        __VA_ARGS__;                                                                                    \
      }                                                                                                 \
    } else if (is_shared) {                                                                             \
      for (size_t p = 0; p < picks; p++) {                                                              \
        const size_t row = first + (size_t)indices[p] * inner;                                          \
        for (size_t i = 0; i < inner; i++) {                                                            \
          const size_t place = row + i, picked = first_picked + p * inner + i;                          \
          __VA_ARGS__;                                                                                  \
        }                                                                                               \
      }                                                                                                 \
    } else {                                                                                            \
      for (size_t p = 0; p < picks; p++)                                                                \
        for (size_t i = 0; i < inner; i++) {                                                            \
          const size_t picked = first_picked + p * inner + i;                                           \
          const size_t place = first + (size_t)indices[picked] * inner + i;                             \
          __VA_ARGS__;                                                                                  \
        }                                                                                               \
    }                                                                                                   \
  }

#define GATHER(s, T)                                                                                               \
  CLONES void dt_gather_##s(size_t outer, size_t size, size_t picks, size_t inner, const void *x,                  \
                            const int64_t *indices, bool is_shared, void *out) {                                   \
    const T *restrict source = x;                                                                                  \
    T *restrict target = out;                                                                                      \
    FOR_EACH_PICK(target[picked] = source[place])                                                                  \
  }
GATHER(8, uint8_t)
GATHER(32, uint32_t)
GATHER(64, uint64_t)

// Values for one place are added in the order of the picks.
#define SCATTER_ADD(s, T)                                                                                           \
  CLONES void dt_scatter_add_##s(size_t outer, size_t size, size_t picks, size_t inner, const T *restrict values,   \
                                 const int64_t *indices, bool is_shared, T *restrict out) {                         \
    FOR_EACH_PICK(out[place] += values[picked])                                                                     \
  }
SCATTER_ADD(f32, float)
SCATTER_ADD(f64, double)
