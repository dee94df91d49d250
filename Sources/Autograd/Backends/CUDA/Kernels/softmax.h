// The softmax of one row of elements.
#ifndef DISTTRAIN_SOFTMAX_H
#define DISTTRAIN_SOFTMAX_H

#include "kernel.h"

// eˣ / Σ eˣ of x(0) to x(columns - 1), or its logarithm, by one row of threads. `y` may be where x reads. Elements that
// are all -∞ make zeros where `isZeroOfNone`, and no numbers elsewhere.
template <bool isZeroOfNone, class T, class Elements>
DEVICE void softmaxOfRow(Int columns, bool isInside, const Elements &x, int isLogarithm, T *y) {
  T largest = x(0);
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) largest = Largest()(largest, x(c));
  largest = combinedInRow(largest, Largest());
  if (isZeroOfNone && largest < 0 && largest - largest != 0) largest = 0;
  double sum = 0;
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) sum += (double)exponential(x(c) - largest);
  sum = combinedInRow(sum, Adding());
  if (!isInside) return;
  const T logarithm = isLogarithm ? (T)log(sum) : T(0);
  if (isZeroOfNone && sum == 0) sum = 1;
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const T distance = x(c) - largest;
    y[c] = isLogarithm ? distance - logarithm : exponential(distance) / (T)sum;
  }
}

// The gradient of x from that of y, the softmax of x or its logarithm, by one row of threads. `dx` may be `gradient`.
template <class T>
DEVICE void softmaxGradientOfRow(Int columns, bool isInside, const T *gradient, const T *y, int isLogarithm, T *dx) {
  double sum = 0;
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const double g = (double)gradient[c];
    sum += isLogarithm ? g : g * (double)y[c];
  }
  sum = combinedInRow(sum, Adding());
  if (!isInside) return;
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const T g = gradient[c], result = y[c];
    dx[c] = isLogarithm ? g - exponential(result) * (T)sum : result * (g - (T)sum);
  }
}

// This row of threads' number among those of all blocks.
DEVICE Int globalRow() { return (Int)blockIdx.x * blockDim.y + threadIdx.y; }

#endif
