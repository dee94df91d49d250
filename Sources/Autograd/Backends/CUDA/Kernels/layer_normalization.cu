#include "reduce.h"

// Rows with moments of their own, each by one row of threads.
template <class T>
DEVICE void layerNormalize(Int rows, Int columns, const T *x, const T *mean, const T *variance, double epsilon,
                           const T *weight, const T *bias, T *out) {
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  const T center = mean[row], scale = 1 / squareRoot(variance[row] + (T)epsilon);
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const T normalized = (x[row * columns + c] - center) * scale;
    out[row * columns + c] = (weight ? normalized * weight[c] : normalized) + (bias ? bias[c] : T(0));
  }
}

template <class T>
DEVICE void layerGradient(Int rows, Int columns, const T *gradient, const T *x, const T *mean, const T *variance,
                          double epsilon, const T *weight, T *dx) {
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  const Int start = (row < rows ? row : 0) * columns;
  const T center = mean[row < rows ? row : 0];
  Pair sums = {0, 0};
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const T g = weight ? gradient[start + c] * weight[c] : gradient[start + c];
    sums = sums + Pair{(double)g, (double)g * ((double)x[start + c] - (double)center)};
  }
  sums = combinedInRow(sums, Adding());
  if (row >= rows) return;
  const double deviation = 1 / sqrt((double)variance[row] + epsilon);
  const T average = (T)(sums.first / (double)columns), scale = (T)deviation;
  const T slope = (T)(sums.second * deviation * deviation / (double)columns);
  for (Int c = threadIdx.x; c < columns; c += blockDim.x) {
    const T g = weight ? gradient[start + c] * weight[c] : gradient[start + c];
    dx[start + c] = (g - average - (x[start + c] - center) * slope) * scale;
  }
}

#define LAYER_NORMALIZATION(s, T)                                                                                      \
  KERNEL(layer_normalize_##s, (Int rows, Int columns, const T *x, const T *mean, const T *variance, double epsilon,    \
                               const T *weight, const T *bias, T *out)) {                                              \
    layerNormalize(rows, columns, x, mean, variance, epsilon, weight, bias, out);                                      \
  }                                                                                                                    \
  KERNEL(layer_gradient_##s, (Int rows, Int columns, const T *gradient, const T *x, const T *mean, const T *variance,  \
                              double epsilon, const T *weight, T *dx)) {                                               \
    layerGradient(rows, columns, gradient, x, mean, variance, epsilon, weight, dx);                                    \
  }                                                                                                                    \
  KERNEL(layer_affine_gradient_##s,                                                                                    \
         (Int rows, Int columns, Int chunk, const T *gradient, const T *x, const T *mean, const T *variance,           \
          double epsilon, Pair *parts, T *weightGradient, T *biasGradient)) {                                          \
    reduceColumns<Pair>(                                                                                               \
        {1, rows, columns}, chunk,                                                                                     \
        [&](Int) {                                                                                                     \
          return [&](Int at, Int row, Pair *sum) {                                                                     \
            const T scale = 1 / squareRoot(variance[row] + (T)epsilon);                                                \
            *sum = *sum + Pair{(double)gradient[at] * (double)((x[at] - mean[row]) * scale), (double)gradient[at]};    \
          };                                                                                                           \
        },                                                                                                             \
        parts,                                                                                                         \
        [&](Int column, const Pair &sums) {                                                                            \
          weightGradient[column] = (T)sums.first;                                                                      \
          biasGradient[column] = (T)sums.second;                                                                       \
        });                                                                                                            \
  }                                                                                                                    \
  KERNEL(layer_affine_gradient_of_parts_##s,                                                                           \
         (Int columns, Int splits, const Pair *parts, T *weightGradient, T *biasGradient)) {                           \
    combineParts<Pair>(columns, splits, parts, [&](Int column, const Pair &sums) {                                     \
      weightGradient[column] = (T)sums.first;                                                                          \
      biasGradient[column] = (T)sums.second;                                                                           \
    });                                                                                                                \
  }
LAYER_NORMALIZATION(f32, float)
LAYER_NORMALIZATION(f64, double)
