#include "reduce.h"

// Mean and variance from the sums of distances from one of the elements and of their squares, which lose no digits as
// long as that element is not far out.
template <class T> DEVICE void writeMoments(Int group, const Pair &sums, double origin, Int count, T *mean, T *variance) {
  const double distance = sums.first / (double)count, spread = sums.second / (double)count - distance * distance;
  mean[group] = (T)(origin + distance);
  variance[group] = (T)(spread < 0 ? 0 : spread);
}
template <class T> DEVICE Pair fromOrigin(T x, T origin) {
  const double distance = (double)x - (double)origin;
  return {distance, distance * distance};
}

// What the gradient of a group's elements is made of: (gradient − average − (x − mean) · slope) · scale.
template <class T> struct Slope {
  T average, slope, scale;
};

template <class T> struct BatchGradient {
  const T *mean, *variance, *weight;
  double epsilon;
  Slope<T> *slopes;
  T *weightGradient, *biasGradient;

  DEVICE void write(Int group, const Pair &sums, Int count) const {
    const double deviation = 1 / sqrt((double)variance[group] + epsilon);
    weightGradient[group] = (T)(sums.second * deviation);
    biasGradient[group] = (T)sums.first;
    slopes[group] = {(T)(sums.first / (double)count), (T)(sums.second * deviation * deviation / (double)count),
                     (T)((weight ? (double)weight[group] : 1.0) * deviation)};
  }
};

// Calls body(pack, group) for every pack of neighbouring elements of one group, `width` elements each.
template <class Body> DEVICE void forEachOfGroups(const Extents &e, int width, const Body &body) {
  const Int inner = e.inner / width, count = e.outer * e.groups * inner;
  for (Int i = globalThread(); i < count; i += globalThreads()) {
    const Int plane = quotient(i, inner);
    body(i, plane - quotient(plane, e.groups) * e.groups);
  }
}

template <int width, class T>
DEVICE void batchNormalize(const Extents &e, const T *x, const T *mean, const T *variance, double epsilon,
                           const T *weight, const T *bias, T *out) {
  typedef Pack<T, width> Elements;
  forEachOfGroups(e, width, [&](Int i, Int group) {
    Elements values = ((const Elements *)x)[i];
    const T center = mean[group], shift = bias ? bias[group] : T(0);
    const T scale = (weight ? weight[group] : T(1)) / squareRoot(variance[group] + (T)epsilon);
#pragma unroll
    for (int k = 0; k < width; k++) values.at[k] = (values.at[k] - center) * scale + shift;
    ((Elements *)out)[i] = values;
  });
}

template <int width, class T>
DEVICE void batchGradient(const Extents &e, const T *gradient, const T *x, const T *mean, const Slope<T> *slopes, T *dx) {
  typedef Pack<T, width> Elements;
  forEachOfGroups(e, width, [&](Int i, Int group) {
    const Elements values = ((const Elements *)x)[i];
    Elements result = ((const Elements *)gradient)[i];
    const Slope<T> s = slopes[group];
    const T center = mean[group];
#pragma unroll
    for (int k = 0; k < width; k++)
      result.at[k] = (result.at[k] - s.average - (values.at[k] - center) * s.slope) * s.scale;
    ((Elements *)dx)[i] = result;
  });
}

#define BATCH_NORMALIZATION(s, T)                                                                                      \
  KERNEL(moments_of_groups_##s, (Extents e, Int chunk, const T *x, Pair *parts, T *mean, T *variance)) {               \
    reduceGroups<Pair>(                                                                                                \
        e, chunk, [&](Int at, Int group) { return fromOrigin(x[at], x[group * e.inner]); }, parts,                     \
        [&](Int g, const Pair &sums) { writeMoments(g, sums, x[g * e.inner], e.outer * e.inner, mean, variance); });   \
  }                                                                                                                    \
  KERNEL(moments_of_columns_##s, (Extents e, Int chunk, const T *x, Pair *parts, T *mean, T *variance)) {              \
    reduceColumns<Pair>(                                                                                               \
        e, chunk, [&](Int at, Int, Int column) { return fromOrigin(x[at], x[column]); }, parts,                        \
        [&](Int column, const Pair &sums) { writeMoments(column, sums, x[column], e.groups, mean, variance); });       \
  }                                                                                                                    \
  KERNEL(moments_of_parts_##s, (Int groups, Int splits, Int inner, Int count, const T *x, const Pair *parts, T *mean,  \
                                T *variance)) {                                                                        \
    combineParts<Pair>(groups, splits, parts, [&](Int g, const Pair &sums) {                                           \
      writeMoments(g, sums, x[g * inner], count, mean, variance);                                                      \
    });                                                                                                                \
  }                                                                                                                    \
  KERNEL(batch_normalize_##s, (Extents e, int whole, const T *x, const T *mean, const T *variance, double epsilon,     \
                               const T *weight, const T *bias, T *out)) {                                              \
    if (whole) batchNormalize<Whole<T>::width>(e, x, mean, variance, epsilon, weight, bias, out);                      \
    else batchNormalize<1>(e, x, mean, variance, epsilon, weight, bias, out);                                          \
  }                                                                                                                    \
  KERNEL(batch_gradient_sums_of_groups_##s,                                                                            \
         (Extents e, Int chunk, const T *gradient, const T *x, BatchGradient<T> results, Pair *parts)) {               \
    reduceGroups<Pair>(                                                                                                \
        e, chunk,                                                                                                      \
        [&](Int at, Int group) {                                                                                       \
          const double g = gradient[at];                                                                               \
          return Pair{g, g * ((double)x[at] - (double)results.mean[group])};                                           \
        },                                                                                                             \
        parts, [&](Int group, const Pair &sums) { results.write(group, sums, e.outer * e.inner); });                   \
  }                                                                                                                    \
  KERNEL(batch_gradient_sums_of_columns_##s,                                                                           \
         (Extents e, Int chunk, const T *gradient, const T *x, BatchGradient<T> results, Pair *parts)) {               \
    reduceColumns<Pair>(                                                                                               \
        e, chunk,                                                                                                      \
        [&](Int at, Int, Int column) {                                                                                 \
          const double g = gradient[at];                                                                               \
          return Pair{g, g * ((double)x[at] - (double)results.mean[column])};                                          \
        },                                                                                                             \
        parts, [&](Int column, const Pair &sums) { results.write(column, sums, e.groups); });                          \
  }                                                                                                                    \
  KERNEL(batch_gradient_sums_of_parts_##s,                                                                             \
         (Int groups, Int splits, Int count, BatchGradient<T> results, const Pair *parts)) {                           \
    combineParts<Pair>(groups, splits, parts, [&](Int g, const Pair &sums) { results.write(g, sums, count); });        \
  }                                                                                                                    \
  KERNEL(batch_gradient_##s, (Extents e, int whole, const T *gradient, const T *x, const T *mean,                      \
                              const Slope<T> *slopes, T *dx)) {                                                        \
    if (whole) batchGradient<Whole<T>::width>(e, gradient, x, mean, slopes, dx);                                       \
    else batchGradient<1>(e, gradient, x, mean, slopes, dx);                                                           \
  }
BATCH_NORMALIZATION(f32, float)
BATCH_NORMALIZATION(f64, double)

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
        [&](Int at, Int row, Int) {                                                                                    \
          const T scale = 1 / squareRoot(variance[row] + (T)epsilon);                                                  \
          return Pair{(double)gradient[at] * (double)((x[at] - mean[row]) * scale), (double)gradient[at]};             \
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
