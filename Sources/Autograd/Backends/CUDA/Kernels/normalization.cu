#include "reduce.h"

// The result of a batch normalization of an element. Forward and backward pass find the same sign: the operations are
// rounded as they are written here.
template <class R> struct Affine {
  R center, scale, shift;
  DEVICE R operator()(R x) const { return multiplyAdd(x - center, scale, shift); }
};
template <class R> struct Normalization {
  const R *mean, *variance, *weight, *bias;
  double epsilon;

  DEVICE Affine<R> of(Int group) const {
    const R scale = (weight ? weight[group] : R(1)) / squareRoot(variance[group] + (R)epsilon);
    return {mean[group], scale, bias ? bias[group] : R(0)};
  }
};

// What the gradient of a group's elements is made of: (gradient − average − (x − mean) · slope) · scale.
template <class R> struct Slope {
  R average, slope, scale;
  Affine<R> forward;
};

template <class T> struct BatchGradient {
  typedef Real<T> R;
  Normalization<R> normalization;
  const T *gradient, *x;
  // Of a ReLU of the sum with a residual, and where the residual's gradient goes; or null.
  const T *output;
  T *residualGradient;
  Slope<R> *slopes;
  R *weightGradient, *biasGradient;
  int isRectified;

  DEVICE void write(Int group, const Pair &sums, Int count) const {
    const R *weight = normalization.weight;
    const double deviation = 1 / sqrt((double)normalization.variance[group] + normalization.epsilon);
    weightGradient[group] = (R)(sums.second * deviation);
    biasGradient[group] = (R)sums.first;
    slopes[group] = {(R)(sums.first / (double)count), (R)(sums.second * deviation * deviation / (double)count),
                     (R)((weight ? (double)weight[group] : 1.0) * deviation), normalization.of(group)};
  }

  DEVICE bool isAligned() const { return ::isAligned(x, gradient, output, residualGradient); }

  // What is read of `width` neighbouring elements.
  template <int width> struct Elements {
    Pack<T, width> values, gradient, results;
  };
  template <int width, bool aligned> DEVICE Elements<width> read(Int i) const {
    Elements<width> read = {packAt<width, aligned>(x, i), packAt<width, aligned>(gradient, i), {}};
    if (output) read.results = packAt<width, aligned>(output, i);
    return read;
  }

  // Adds what they add to the sums of their groups, which are normalized by `forward`: of one group, or of as many if
  // they lie `across` groups.
  template <int width, bool across, bool aligned>
  DEVICE void add(const Elements<width> &elements, Int i, const Affine<R> *forward, Pair *sums) const {
    const Pack<T, width> &values = elements.values;
    Pack<T, width> passed = elements.gradient;
    if (isRectified) {
#pragma unroll
      for (int k = 0; k < width; k++) passed.at[k] = forward[across ? k : 0](values.at[k]) <= 0 ? T(0) : passed.at[k];
    }
    if (output) {
#pragma unroll
      for (int k = 0; k < width; k++) passed.at[k] = R(elements.results.at[k]) <= 0 ? T(0) : passed.at[k];
      placePack<width, aligned>(passed, residualGradient, i);
    }
#pragma unroll
    for (int k = 0; k < width; k++) {
      const double g = (double)passed.at[k], center = (double)forward[across ? k : 0].center;
      Pair &sum = sums[across ? k : 0];
      sum = sum + Pair{g, g * ((double)values.at[k] - center)};
    }
  }
};

// Elements of as many groups that a thread takes at once: the numbers of more would not fit in its registers.
template <class T> struct Across { static constexpr int width = sizeof(T) > 4 ? 2 : 4; };

// Calls body(what read(pack) gave, pack, group, whether it is another than before) for every pack of `width` neighbouring
// elements. All are of this group or, if they are `across` groups that have one element in a row, of this and those after
// it. Some packs are read before the first of them is written; `bytes` are what is read of one.
template <int width, bool across, int bytes, class Read, class Body>
DEVICE void forEachPack(const Extents &e, const Read &read, const Body &body) {
  constexpr int ahead = bytes < 16 ? 4 : 2;
  const Int inner = across ? 1 : e.inner / width, groups = across ? e.groups / width : e.groups;
  const Int count = e.outer * groups * inner, step = globalThreads();
  // A thread that goes by whole rows stays in its groups.
  const bool stays = across && step % groups == 0;
  Int last = -1;
  for (Int first = globalThread(); first < count; first += ahead * step) {
    decltype(read(0)) packs[ahead];
#pragma unroll
    for (int k = 0; k < ahead; k++)
      if (first + k * step < count) packs[k] = read(first + k * step);
#pragma unroll
    for (int k = 0; k < ahead; k++) {
      const Int i = first + k * step;
      if (i >= count) break;
      Int group = last;
      if (!stays || last < 0) {
        const Int plane = across ? i : quotient(i, inner);
        group = plane - quotient(plane, groups) * groups;
      }
      body(packs[k], i, across ? group * width : group, group != last);
      last = group;
    }
  }
}

template <int width, bool across, class T>
DEVICE void batchNormalize(const Extents &e, const T *x, const Normalization<Real<T>> &normalization,
                           const T *residual, int isRectified, T *out) {
  typedef Pack<T, width> Elements;
  typedef Real<T> R;
  constexpr int groups = across ? width : 1;
  Affine<R> forward[groups];
  struct Both {
    Elements x, residual;
  };
  const auto read = [&](Int i) {
    Both both = {((const Elements *)x)[i], {}};
    if (residual) both.residual = ((const Elements *)residual)[i];
    return both;
  };
  forEachPack<width, across, sizeof(Elements)>(e, read, [&](const Both &both, Int i, Int group, bool isOther) {
    Elements values;
    if (isOther) {
#pragma unroll
      for (int k = 0; k < groups; k++) forward[k] = normalization.of(group + k);
    }
#pragma unroll
    for (int k = 0; k < width; k++) {
      const R normalized = forward[across ? k : 0](both.x.at[k]);
      const R result = residual ? normalized + (R)both.residual.at[k] : normalized;
      values.at[k] = (T)(isRectified && result <= 0 ? 0 : result);
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
          Pair sum = {0, 0};
          batch.template add<width, false, false>(batch.template read<width, false>(i), i, &forward, &sum);
          return sum;
        };
      },
      parts, [&](Int group, const Pair &sums) { batch.write(group, sums, e.outer * e.inner); });
}

template <int width, bool aligned, class T>
DEVICE void gradientSumsOfColumns(const Extents &e, Int chunk, const BatchGradient<T> &batch, Pair *parts) {
  struct Columns {
    const BatchGradient<T> &batch;
    Affine<Real<T>> forward[width];

    DEVICE auto read(Int at) const { return batch.template read<width, aligned>(at / width); }
    DEVICE void add(const typename BatchGradient<T>::template Elements<width> &elements, Int at, Int, Pair *sums) const {
      batch.template add<width, true, aligned>(elements, at / width, forward, sums);
    }
  };
  reduceColumns<Pair, width>(
      e, chunk,
      [&](Int column) {
        Columns columns = {batch, {}};
#pragma unroll
        for (int k = 0; k < width; k++) columns.forward[k] = batch.normalization.of(column + k);
        return columns;
      },
      parts, [&](Int column, const Pair &sums) { batch.write(column, sums, e.groups); });
}

// With `isRectified` the gradient is that of the ReLU of the results.
template <int width, bool across, class T>
DEVICE void batchGradient(const Extents &e, const T *gradient, const T *x, const Slope<Real<T>> *slopes,
                          int isRectified, T *dx) {
  typedef Pack<T, width> Elements;
  typedef Real<T> R;
  constexpr int groups = across ? width : 1;
  Slope<R> ofGroups[groups];
  struct Both {
    Elements x, gradient;
  };
  const auto read = [&](Int i) { return Both{((const Elements *)x)[i], ((const Elements *)gradient)[i]}; };
  forEachPack<width, across, sizeof(Both)>(e, read, [&](const Both &both, Int i, Int group, bool isOther) {
    Elements result;
    if (isOther) {
#pragma unroll
      for (int k = 0; k < groups; k++) ofGroups[k] = slopes[group + k];
    }
#pragma unroll
    for (int k = 0; k < width; k++) {
      const Slope<R> &s = ofGroups[across ? k : 0];
      const R value = both.x.at[k], passed = isRectified && s.forward(value) <= 0 ? R(0) : (R)both.gradient.at[k];
      result.at[k] = (T)((passed - s.average - (value - s.forward.center) * s.slope) * s.scale);
    }
    ((Elements *)dx)[i] = result;
  });
}

#define GRADIENT_SUMS_OF_COLUMNS(width, aligned) gradientSumsOfColumns<width, aligned>(e, chunk, batch, parts)

#define BATCH_NORMALIZATION(s, T)                                                                                      \
  BOUNDED_KERNEL(256, 3, batch_normalize_##s,                                                                          \
                 (Extents e, int whole, const T *x, Normalization<Real<T>> normalization, const T *residual,           \
                  int isRectified, T *out)) {                                                                          \
    constexpr int width = Whole<T>::width;                                                                             \
    if (!whole) batchNormalize<1, false>(e, x, normalization, residual, isRectified, out);                             \
    else if (e.inner == 1) batchNormalize<Across<T>::width, true>(e, x, normalization, residual, isRectified, out);    \
    else batchNormalize<width, false>(e, x, normalization, residual, isRectified, out);                                \
  }                                                                                                                    \
  KERNEL(batch_gradient_sums_of_groups_##s, (Extents e, Int chunk, BatchGradient<T> batch, Pair *parts)) {             \
    if (isPacked<T>(e)) gradientSumsOfGroups<Whole<T>::width>(e, chunk, batch, parts);                                 \
    else gradientSumsOfGroups<1>(e, chunk, batch, parts);                                                              \
  }                                                                                                                    \
  BOUNDED_KERNEL(256, 3, batch_gradient_sums_of_columns_##s,                                                           \
                 (Extents e, Int chunk, BatchGradient<T> batch, Pair *parts)) {                                        \
    FOR_COLUMN_PACKS(T, e.inner, batch.isAligned(), GRADIENT_SUMS_OF_COLUMNS)                                          \
  }                                                                                                                    \
  KERNEL(batch_gradient_sums_of_parts_##s,                                                                             \
         (Int groups, Int splits, Int count, BatchGradient<T> batch, const Pair *parts)) {                             \
    combineParts<Pair>(groups, splits, parts, [&](Int g, const Pair &sums) { batch.write(g, sums, count); });          \
  }                                                                                                                    \
  BOUNDED_KERNEL(256, 3, batch_gradient_##s,                                                                           \
                 (Extents e, int whole, const T *gradient, const T *x, const Slope<Real<T>> *slopes, int isRectified,  \
                  T *dx)) {                                                                                            \
    constexpr int width = Whole<T>::width;                                                                             \
    if (!whole) batchGradient<1, false>(e, gradient, x, slopes, isRectified, dx);                                      \
    else if (e.inner == 1) batchGradient<Across<T>::width, true>(e, gradient, x, slopes, isRectified, dx);             \
    else batchGradient<width, false>(e, gradient, x, slopes, isRectified, dx);                                         \
  }
BATCH_NORMALIZATION(f32, float)
BATCH_NORMALIZATION(f64, double)
BATCH_NORMALIZATION(bf16, BFloat16)
