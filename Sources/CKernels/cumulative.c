#include "CKernels.h"
#include "clones.h"

enum { columns_at_once = 64 };

#define CUMULATIVE(name, s, T, Sum, start, operation)                                                 \
  /* Down n rows, which begin `step` apart, of up to columns_at_once elements. */                     \
  static inline __attribute__((always_inline)) void accumulate_##name##_##s(                          \
      size_t n, ptrdiff_t step, size_t columns, const T *restrict x, T *restrict out) {               \
    Sum sums[columns_at_once];                                                                        \
    for (size_t i = 0; i < columns; i++) sums[i] = start;                                             \
    for (size_t r = 0; r < n; r++, x += step, out += step)                                            \
      for (size_t i = 0; i < columns; i++) out[i] = (T)(sums[i] operation (Sum)x[i]);                 \
  }                                                                                                   \
                                                                                                      \
  CLONES void dt_cumulative_##name##_##s(                                                             \
      size_t outer, size_t reduced, size_t inner, const T *x, bool is_reversed, T *out) {             \
    if (reduced == 0) return;                                                                         \
    const ptrdiff_t step = is_reversed ? -(ptrdiff_t)inner : (ptrdiff_t)inner;                        \
    const size_t first = is_reversed ? (reduced - 1) * inner : 0;                                     \
    for (size_t o = 0; o < outer; o++, x += reduced * inner, out += reduced * inner) {                \
      size_t i = 0;                                                                                   \
      for (; i + columns_at_once <= inner; i += columns_at_once)                                      \
        accumulate_##name##_##s(reduced, step, columns_at_once, x + first + i, out + first + i);      \
      if (inner == 1)                                                                                 \
        accumulate_##name##_##s(reduced, step, 1, x + first, out + first);                            \
      else                                                                                            \
        accumulate_##name##_##s(reduced, step, inner - i, x + first + i, out + first + i);            \
    }                                                                                                 \
  }

CUMULATIVE(sum, f32, float, double, 0, +=)
CUMULATIVE(sum, f64, double, double, 0, +=)
CUMULATIVE(sum, i64, int64_t, uint64_t, 0, +=)
CUMULATIVE(product, f32, float, double, 1, *=)
CUMULATIVE(product, f64, double, double, 1, *=)
CUMULATIVE(product, i64, int64_t, uint64_t, 1, *=)

#define CUMULATIVE_PRODUCT_GRADIENT(s, T)                                                             \
  /* Up n rows from the last, of up to columns_at_once elements. */                                   \
  static inline __attribute__((always_inline)) void accumulate_product_gradient_##s(                  \
      size_t n, size_t inner, size_t columns, const T *restrict gradient, const T *restrict x,        \
      const T *restrict products, T *restrict out) {                                                  \
    double sums[columns_at_once] = {0};                                                               \
    for (size_t r = n; r-- > 0;)                                                                      \
      for (size_t i = 0; i < columns; i++) {                                                          \
        const size_t at = r * inner + i;                                                              \
        sums[i] = (double)gradient[at] + (r + 1 < n ? (double)x[at + inner] * sums[i] : 0);           \
        out[at] = (T)(r > 0 ? sums[i] * (double)products[at - inner] : sums[i]);                      \
      }                                                                                               \
  }                                                                                                   \
                                                                                                      \
  CLONES void dt_cumulative_product_gradient_##s(                                                     \
      size_t outer, size_t reduced, size_t inner, const T *gradient, const T *x, const T *products,   \
      T *out) {                                                                                       \
    for (size_t o = 0; o < outer; o++) {                                                              \
      const size_t first = o * reduced * inner;                                                       \
      for (size_t i = first; i < first + inner; i += columns_at_once) {                               \
        const size_t left = first + inner - i;                                                        \
        const size_t columns = left < columns_at_once ? left : columns_at_once;                       \
        accumulate_product_gradient_##s(                                                              \
            reduced, inner, columns, gradient + i, x + i, products + i, out + i);                     \
      }                                                                                               \
    }                                                                                                 \
  }

CUMULATIVE_PRODUCT_GRADIENT(f32, float)
CUMULATIVE_PRODUCT_GRADIENT(f64, double)
