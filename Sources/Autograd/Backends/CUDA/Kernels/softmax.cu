#include "softmax.h"

// The elements of one row.
template <class T> struct Row {
  const T *elements;
  DEVICE T operator()(Int column) const { return elements[column]; }
};

#define SOFTMAX(s, T)                                                                                                  \
  KERNEL(softmax_##s, (Int rows, Int columns, const T *x, int isLogarithm, T *y)) {                                    \
    const Int row = globalRow(), start = (row < rows ? row : 0) * columns;                                             \
    softmaxOfRow<false>(columns, row < rows, Row<T>{x + start}, isLogarithm, y + start);                               \
  }                                                                                                                    \
  KERNEL(softmax_gradient_##s, (Int rows, Int columns, const T *gradient, const T *y, int isLogarithm, T *dx)) {       \
    const Int row = globalRow(), start = (row < rows ? row : 0) * columns;                                             \
    softmaxGradientOfRow(columns, row < rows, gradient + start, y + start, isLogarithm, dx + start);                   \
  }
SOFTMAX(f32, float)
SOFTMAX(f64, double)
