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

// The result of a batch normalization of an element. Forward and backward pass find the same sign: the operations are
// rounded as they are written here.
template <class T> struct Affine {
  T center, scale, shift;
  DEVICE T operator()(T x) const { return multiplyAdd(x - center, scale, shift); }
};
template <class T> struct Normalization {
  const T *mean, *variance, *weight, *bias;
  double epsilon;

  DEVICE Affine<T> of(Int group) const {
    const T scale = (weight ? weight[group] : T(1)) / squareRoot(variance[group] + (T)epsilon);
    return {mean[group], scale, bias ? bias[group] : T(0)};
  }
};

// What the gradient of a group's elements is made of: (gradient − average − (x − mean) · slope) · scale.
template <class T> struct Slope {
  T average, slope, scale;
  Affine<T> forward;
};

template <class T> struct BatchGradient {
  Normalization<T> normalization;
  const T *gradient, *x;
  // Of a ReLU of the sum with a residual, and where the residual's gradient goes; or null.
  const T *output;
  T *residualGradient;
  Slope<T> *slopes;
  T *weightGradient, *biasGradient;
  int isRectified;

  DEVICE void write(Int group, const Pair &sums, Int count) const {
    const T *weight = normalization.weight;
    const double deviation = 1 / sqrt((double)normalization.variance[group] + normalization.epsilon);
    weightGradient[group] = (T)(sums.second * deviation);
    biasGradient[group] = (T)sums.first;
    slopes[group] = {(T)(sums.first / (double)count), (T)(sums.second * deviation * deviation / (double)count),
                     (T)((weight ? (double)weight[group] : 1.0) * deviation), normalization.of(group)};
  }

  // What `width` neighbouring elements of a group, which is normalized by `forward`, add to its sums.
  template <int width> DEVICE Pair term(Int i, const Affine<T> &forward) const {
    const Pack<T, width> values = packAt<width>(x, i);
    Pack<T, width> passed = packAt<width>(gradient, i);
    if (isRectified) {
#pragma unroll
      for (int k = 0; k < width; k++) passed.at[k] = forward(values.at[k]) <= 0 ? 0 : passed.at[k];
    }
    if (output) {
      const Pack<T, width> results = packAt<width>(output, i);
#pragma unroll
      for (int k = 0; k < width; k++) passed.at[k] = results.at[k] <= 0 ? 0 : passed.at[k];
      placePack(passed, residualGradient, i);
    }
    Pair sum = {0, 0};
#pragma unroll
    for (int k = 0; k < width; k++) {
      const double g = passed.at[k];
      sum = sum + Pair{g, g * ((double)values.at[k] - (double)forward.center)};
    }
    return sum;
  }
};

// Calls body(pack, group, whether it is another than before) for every pack of `width` neighbouring elements. All are of
// this group or, if they are `across` groups that have one element in a row, of this and those after it.
template <int width, bool across, class Body> DEVICE void forEachPack(const Extents &e, const Body &body) {
  const Int inner = across ? 1 : e.inner / width, groups = across ? e.groups / width : e.groups;
  const Int count = e.outer * groups * inner;
  Int last = -1;
  for (Int i = globalThread(); i < count; i += globalThreads()) {
    const Int plane = across ? i : quotient(i, inner), group = plane - quotient(plane, groups) * groups;
    body(i, across ? group * width : group, group != last);
    last = group;
  }
}

// Whether the elements of groups are added up in packs. It depends on the shape alone, and so does the order.
template <class T> DEVICE bool isPacked(const Extents &e) { return e.inner % Whole<T>::width == 0; }

template <int width, class T>
DEVICE void momentsOfGroups(const Extents &e, Int chunk, const T *x, Pair *parts, T *mean, T *variance) {
  reduceGroups<Pair>(
      {e.outer, e.groups, e.inner / width}, chunk,
      [&](Int group) {
        return [x, origin = x[group * e.inner]](Int i) {
          const Pack<T, width> values = packAt<width>(x, i);
          Pair sum = {0, 0};
#pragma unroll
          for (int k = 0; k < width; k++) sum = sum + fromOrigin(values.at[k], origin);
          return sum;
        };
      },
      parts,
      [&](Int g, const Pair &sums) { writeMoments(g, sums, x[g * e.inner], e.outer * e.inner, mean, variance); });
}

template <int width, bool across, class T>
DEVICE void batchNormalize(const Extents &e, const T *x, const Normalization<T> &normalization, const T *residual,
                           int isRectified, T *out) {
  typedef Pack<T, width> Elements;
  constexpr int groups = across ? width : 1;
  Affine<T> forward[groups];
  forEachPack<width, across>(e, [&](Int i, Int group, bool isOther) {
    Elements values = ((const Elements *)x)[i], added;
    if (residual) added = ((const Elements *)residual)[i];
    if (isOther) {
#pragma unroll
      for (int k = 0; k < groups; k++) forward[k] = normalization.of(group + k);
    }
#pragma unroll
    for (int k = 0; k < width; k++) {
      const T normalized = forward[across ? k : 0](values.at[k]), result = residual ? normalized + added.at[k] : normalized;
      values.at[k] = isRectified && result <= 0 ? 0 : result;
    }
    ((Elements *)out)[i] = values;
  });
}

template <int width, class T>
DEVICE void gradientSumsOfGroups(const Extents &e, Int chunk, const BatchGradient<T> &batch, Pair *parts) {
  reduceGroups<Pair>(
      {e.outer, e.groups, e.inner / width}, chunk,
      [&](Int group) {
        return [&batch, forward = batch.normalization.of(group)](Int i) {
          return batch.template term<width>(i, forward);
        };
      },
      parts, [&](Int group, const Pair &sums) { batch.write(group, sums, e.outer * e.inner); });
}

// With `isRectified` the gradient is that of the ReLU of the results.
template <int width, bool across, class T>
DEVICE void batchGradient(const Extents &e, const T *gradient, const T *x, const Slope<T> *slopes, int isRectified,
                          T *dx) {
  typedef Pack<T, width> Elements;
  constexpr int groups = across ? width : 1;
  Slope<T> ofGroups[groups];
  forEachPack<width, across>(e, [&](Int i, Int group, bool isOther) {
    const Elements values = ((const Elements *)x)[i];
    Elements result = ((const Elements *)gradient)[i];
    if (isOther) {
#pragma unroll
      for (int k = 0; k < groups; k++) ofGroups[k] = slopes[group + k];
    }
#pragma unroll
    for (int k = 0; k < width; k++) {
      const Slope<T> &s = ofGroups[across ? k : 0];
      const T passed = isRectified && s.forward(values.at[k]) <= 0 ? T(0) : result.at[k];
      result.at[k] = (passed - s.average - (values.at[k] - s.forward.center) * s.slope) * s.scale;
    }
    ((Elements *)dx)[i] = result;
  });
}

// Moves the running moments of all groups towards those of a batch, by one block.
template <class T>
DEVICE void followMoments(Int groups, const T *mean, const T *variance, double unbiased, double momentum,
                          int isAverage, T *runningMean, T *runningVariance, Int *batchCount) {
  const Int batches = *batchCount + 1;
  const double part = isAverage ? 1 / (double)batches : momentum;
  const T kept = (T)(1 - part);
  for (Int g = threadIdx.x; g < groups; g += blockDim.x) {
    runningMean[g] = product(runningMean[g], kept) + product(mean[g], (T)part);
    runningVariance[g] = product(runningVariance[g], kept) + product(variance[g], (T)(unbiased * part));
  }
  __syncthreads();
  if (threadIdx.x == 0) *batchCount = batches;
}

#define BATCH_NORMALIZATION(s, T)                                                                                      \
  KERNEL(moments_of_groups_##s, (Extents e, Int chunk, const T *x, Pair *parts, T *mean, T *variance)) {               \
    if (isPacked<T>(e)) momentsOfGroups<Whole<T>::width>(e, chunk, x, parts, mean, variance);                          \
    else momentsOfGroups<1>(e, chunk, x, parts, mean, variance);                                                       \
  }                                                                                                                    \
  KERNEL(moments_of_columns_##s, (Extents e, Int chunk, const T *x, Pair *parts, T *mean, T *variance)) {              \
    reduceColumns<Pair>(                                                                                               \
        e, chunk,                                                                                                      \
        [&](Int column) { return [x, origin = x[column]](Int at, Int) { return fromOrigin(x[at], origin); }; },        \
        parts, [&](Int column, const Pair &sums) { writeMoments(column, sums, x[column], e.groups, mean, variance); });\
  }                                                                                                                    \
  KERNEL(moments_of_parts_##s, (Int groups, Int splits, Int inner, Int count, const T *x, const Pair *parts, T *mean,  \
                                T *variance)) {                                                                        \
    combineParts<Pair>(groups, splits, parts, [&](Int g, const Pair &sums) {                                           \
      writeMoments(g, sums, x[g * inner], count, mean, variance);                                                      \
    });                                                                                                                \
  }                                                                                                                    \
  KERNEL(follow_moments_##s, (Int groups, const T *mean, const T *variance, double unbiased, double momentum,          \
                              int isAverage, T *runningMean, T *runningVariance, Int *batchCount)) {                   \
    followMoments(groups, mean, variance, unbiased, momentum, isAverage, runningMean, runningVariance, batchCount);    \
  }                                                                                                                    \
  KERNEL(batch_normalize_##s, (Extents e, int whole, const T *x, Normalization<T> normalization, const T *residual,    \
                               int isRectified, T *out)) {                                                             \
    constexpr int width = Whole<T>::width;                                                                             \
    if (!whole) batchNormalize<1, false>(e, x, normalization, residual, isRectified, out);                             \
    else if (e.inner == 1) batchNormalize<width, true>(e, x, normalization, residual, isRectified, out);               \
    else batchNormalize<width, false>(e, x, normalization, residual, isRectified, out);                                \
  }                                                                                                                    \
  KERNEL(batch_gradient_sums_of_groups_##s, (Extents e, Int chunk, BatchGradient<T> batch, Pair *parts)) {             \
    if (isPacked<T>(e)) gradientSumsOfGroups<Whole<T>::width>(e, chunk, batch, parts);                                 \
    else gradientSumsOfGroups<1>(e, chunk, batch, parts);                                                              \
  }                                                                                                                    \
  KERNEL(batch_gradient_sums_of_columns_##s, (Extents e, Int chunk, BatchGradient<T> batch, Pair *parts)) {            \
    reduceColumns<Pair>(                                                                                               \
        e, chunk,                                                                                                      \
        [&](Int column) {                                                                                              \
          return [&batch, forward = batch.normalization.of(column)](Int at, Int) {                                     \
            return batch.template term<1>(at, forward);                                                                \
          };                                                                                                           \
        },                                                                                                             \
        parts, [&](Int column, const Pair &sums) { batch.write(column, sums, e.groups); });                            \
  }                                                                                                                    \
  KERNEL(batch_gradient_sums_of_parts_##s,                                                                             \
         (Int groups, Int splits, Int count, BatchGradient<T> batch, const Pair *parts)) {                             \
    combineParts<Pair>(groups, splits, parts, [&](Int g, const Pair &sums) { batch.write(g, sums, count); });          \
  }                                                                                                                    \
  KERNEL(batch_gradient_##s, (Extents e, int whole, const T *gradient, const T *x, const Slope<T> *slopes,             \
                              int isRectified, T *dx)) {                                                               \
    constexpr int width = Whole<T>::width;                                                                             \
    if (!whole) batchGradient<1, false>(e, gradient, x, slopes, isRectified, dx);                                      \
    else if (e.inner == 1) batchGradient<width, true>(e, gradient, x, slopes, isRectified, dx);                        \
    else batchGradient<width, false>(e, gradient, x, slopes, isRectified, dx);                                         \
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
        [&](Int) {                                                                                                     \
          return [&](Int at, Int row) {                                                                                \
            const T scale = 1 / squareRoot(variance[row] + (T)epsilon);                                                \
            return Pair{(double)gradient[at] * (double)((x[at] - mean[row]) * scale), (double)gradient[at]};           \
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
