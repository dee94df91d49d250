#include "CKernels.h"
#include "clones.h"

enum { columns_at_once = 64 };

#define CUMULATIVE_SUM(s, T, Sum)                                                                     \
  /* Down n rows, which begin `step` apart, of up to columns_at_once elements. */                     \
  static inline __attribute__((always_inline)) void accumulate_##s(                                   \
      size_t n, ptrdiff_t step, size_t columns, const T *restrict x, T *restrict out) {               \
    Sum sums[columns_at_once] = {0};                                                                  \
    for (size_t r = 0; r < n; r++, x += step, out += step)                                            \
      for (size_t i = 0; i < columns; i++) out[i] = (T)(sums[i] += (Sum)x[i]);                        \
  }                                                                                                   \
                                                                                                      \
  CLONES void dt_cumulative_sum_##s(                                                                  \
      size_t outer, size_t reduced, size_t inner, const T *x, bool is_reversed, T *out) {             \
    if (reduced == 0) return;                                                                         \
    const ptrdiff_t step = is_reversed ? -(ptrdiff_t)inner : (ptrdiff_t)inner;                        \
    const size_t first = is_reversed ? (reduced - 1) * inner : 0;                                     \
    for (size_t o = 0; o < outer; o++, x += reduced * inner, out += reduced * inner) {                \
      size_t i = 0;                                                                                   \
      for (; i + columns_at_once <= inner; i += columns_at_once)                                      \
        accumulate_##s(reduced, step, columns_at_once, x + first + i, out + first + i);               \
      if (inner == 1)                                                                                 \
        accumulate_##s(reduced, step, 1, x + first, out + first);                                     \
      else                                                                                            \
        accumulate_##s(reduced, step, inner - i, x + first + i, out + first + i);                     \
    }                                                                                                 \
  }

CUMULATIVE_SUM(f32, float, double)
CUMULATIVE_SUM(f64, double, double)
CUMULATIVE_SUM(i64, int64_t, uint64_t)
