#include "kernel.h"

// eˣ / Σ eˣ of each row, or its logarithm, by one row of threads.
template <class T> DEVICE void softmax(Int rows, Int columns, const T *x, int isLogarithm, T *y) {
  const Int index = (Int)blockIdx.x * blockDim.y + threadIdx.y, start = (index < rows ? index : 0) * columns;
  T largest = x[start];
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) largest = Largest()(largest, x[start + c]);
  largest = combinedInRow(largest, Largest());
  double sum = 0;
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) sum += (double)exponential(x[start + c] - largest);
  sum = combinedInRow(sum, Adding());
  if (index >= rows) return;
  const T logarithm = isLogarithm ? (T)log(sum) : T(0);
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const T distance = x[start + c] - largest;
    y[start + c] = isLogarithm ? distance - logarithm : exponential(distance) / (T)sum;
  }
}

template <class T>
DEVICE void softmaxGradient(Int rows, Int columns, const T *gradient, const T *y, int isLogarithm, T *dx) {
  const Int index = (Int)blockIdx.x * blockDim.y + threadIdx.y, start = (index < rows ? index : 0) * columns;
  double sum = 0;
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const double g = (double)gradient[start + c];
    sum += isLogarithm ? g : g * (double)y[start + c];
  }
  sum = combinedInRow(sum, Adding());
  if (index >= rows) return;
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const T g = gradient[start + c], result = y[start + c];
    dx[start + c] = isLogarithm ? g - exponential(result) * (T)sum : result * (g - (T)sum);
  }
}

#define SOFTMAX(s, T)                                                                                                  \
  KERNEL(softmax_##s, (Int rows, Int columns, const T *x, int isLogarithm, T *y)) {                                    \
    softmax(rows, columns, x, isLogarithm, y);                                                                         \
  }                                                                                                                    \
  KERNEL(softmax_gradient_##s, (Int rows, Int columns, const T *gradient, const T *y, int isLogarithm, T *dx)) {       \
    softmaxGradient(rows, columns, gradient, y, isLogarithm, dx);                                                      \
  }
SOFTMAX(f32, float)
SOFTMAX(f64, double)
