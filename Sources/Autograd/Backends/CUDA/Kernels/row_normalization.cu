#include "moments.h"
#include "reduce.h"

// Rows of [channels, inner] elements: the parameters of `groups` rows in turn belong to their channels, one after another.
struct Rows {
  Int rows, groups, channels, inner;

  DEVICE Int count() const { return channels * inner; }
  // The parameter of a row's element.
  DEVICE Int parameter(Int row, Int element) const {
    const Int first = groups == 1 ? 0 : (row - quotient(row, groups) * groups) * channels;
    return first + (inner == 1 ? element : quotient(element, inner));
  }
};

template <class T> struct RowParameters {
  const T *weight, *bias;

  // A row's element as it is with its channel's parameters.
  DEVICE T operator()(const Rows &e, Int row, Int element, T normalized) const {
    const Int p = e.parameter(row, element);
    return (weight ? normalized * weight[p] : normalized) + (bias ? bias[p] : T(0));
  }
};

// Rows by moments of their own, which are written, each by one row of threads.
template <int width, class T>
DEVICE void rowNormalize(const Rows &e, const T *x, double epsilon, const RowParameters<T> &parameters, T *mean,
                         T *variance, T *out) {
  const Int index = (Int)blockIdx.x * blockDim.y + threadIdx.y, row = index < e.rows ? index : 0;
  const Int count = e.count(), packs = count / width, start = row * packs;
  const T origin = x[row * count];
  Pair sums = {0, 0};
  for (Int i = threadIdx.x; i < packs; i += blockDim.x) {
    const Pack<T, width> values = packAt<width>(x, start + i);
#pragma unroll
    for (int k = 0; k < width; k++) sums = sums + fromOrigin(values.at[k], origin);
  }
  sums = combinedInRow(sums, Adding());
  if (index >= e.rows) return;
  const MeanAndVariance<T> moments = momentsOf<T>(sums, (double)origin, count);
  if (threadIdx.x == 0) {
    mean[row] = moments.mean;
    variance[row] = moments.variance;
  }
  const T scale = 1 / squareRoot(moments.variance + (T)epsilon);
  for (Int i = threadIdx.x; i < packs; i += blockDim.x) {
    Pack<T, width> values = packAt<width>(x, start + i);
#pragma unroll
    for (int k = 0; k < width; k++)
      values.at[k] = parameters(e, row, i * width + k, (values.at[k] - moments.mean) * scale);
    placePack<width>(values, out, start + i);
  }
}

// The same by moments that are there: several blocks have added up the elements of each row.
template <class T>
DEVICE void rowNormalizeByMoments(const Rows &e, const T *x, double epsilon, const RowParameters<T> &parameters,
                                  const T *mean, const T *variance, T *out) {
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= e.rows) return;
  const Int start = row * e.count();
  const T center = mean[row], scale = 1 / squareRoot(variance[row] + (T)epsilon);
  for (Int i = threadIdx.x; i < e.count(); i += blockDim.x)
    out[start + i] = parameters(e, row, i, (x[start + i] - center) * scale);
}

// The gradient of x, added to what other uses of x have brought if there is that, which `dx` may be; and what rows were
// scaled by, for the gradients of their parameters.
template <class T>
DEVICE void rowGradient(const Rows &e, const T *gradient, const T *x, const T *mean, const T *variance, double epsilon,
                        const T *weight, const T *others, T *dx, T *scales) {
  const Int index = (Int)blockIdx.x * blockDim.y + threadIdx.y, row = index < e.rows ? index : 0;
  const Int start = row * e.count();
  const T center = mean[row];
  const auto received = [&](Int i) {
    return weight ? gradient[start + i] * weight[e.parameter(row, i)] : gradient[start + i];
  };
  Pair sums = {0, 0};
  for (Int i = threadIdx.x; i < e.count(); i += blockDim.x) {
    const double g = (double)received(i);
    sums = sums + Pair{g, g * ((double)x[start + i] - (double)center)};
  }
  sums = combinedInRow(sums, Adding());
  if (index >= e.rows) return;
  // Roots and quotients in double precision would take as long as the rest of a short row.
  const T scale = 1 / squareRoot(variance[row] + (T)epsilon), share = 1 / (T)e.count();
  if (threadIdx.x == 0) scales[row] = scale;
  const T average = (T)(sums.first * (double)share), slope = (T)(sums.second * (double)(scale * scale * share));
  for (Int i = threadIdx.x; i < e.count(); i += blockDim.x) {
    const T own = product(received(i) - average - (x[start + i] - center) * slope, scale);
    dx[start + i] = others ? others[start + i] + own : own;
  }
}

// What the gradients of weight and bias are sums of.
template <class T> struct ParameterGradients {
  const T *gradient, *x, *mean, *scales;
  T *weightGradient, *biasGradient;

  struct Both {
    T gradient, x;
  };
  DEVICE Both read(Int at) const { return {gradient[at], x[at]}; }
  DEVICE Pair term(const Both &both, Int row) const {
    return {(double)both.gradient * (double)((both.x - mean[row]) * scales[row]), (double)both.gradient};
  }
  DEVICE void operator()(Int parameter, const Pair &sums) const {
    weightGradient[parameter] = (T)sums.first;
    biasGradient[parameter] = (T)sums.second;
  }
};

// Of a single element a channel, by columns.
template <class T>
DEVICE void columnParameters(const Rows &e, Int chunk, const ParameterGradients<T> &gradients, Pair *parts) {
  reduceColumns<Pair>(
      {1, quotient(e.rows, e.groups), e.groups * e.channels}, chunk,
      [&](Int parameter) {
        typedef typename ParameterGradients<T>::Both Both;
        return columnTerms(
            [&](Int at) { return gradients.read(at); },
            [&, group = quotient(parameter, e.channels)](const Both &both, Int, Int sample, Pair *sum) {
              *sum = *sum + gradients.term(both, sample * e.groups + group);
            });
      },
      parts, gradients);
}

template <class T>
DEVICE void channelParameters(const Rows &e, Int chunk, const ParameterGradients<T> &gradients, Pair *parts) {
  reduceGroups<Pair>(
      {quotient(e.rows, e.groups), e.groups * e.channels, e.inner}, chunk,
      [&](Int) { return [&](Int at) { return gradients.term(gradients.read(at), quotient(at, e.count())); }; }, parts, gradients);
}

#define ROW_NORMALIZATION(s, T)                                                                                        \
  KERNEL(row_normalize_##s, (Rows e, const T *x, double epsilon, RowParameters<T> parameters, T *mean, T *variance,    \
                             T *out)) {                                                                                \
    constexpr int width = Whole<T>::width;                                                                             \
    if (e.count() % width == 0) rowNormalize<width>(e, x, epsilon, parameters, mean, variance, out);                   \
    else rowNormalize<1>(e, x, epsilon, parameters, mean, variance, out);                                              \
  }                                                                                                                    \
  KERNEL(row_normalize_by_moments_##s, (Rows e, const T *x, double epsilon, RowParameters<T> parameters,               \
                                        const T *mean, const T *variance, T *out)) {                                   \
    rowNormalizeByMoments(e, x, epsilon, parameters, mean, variance, out);                                             \
  }                                                                                                                    \
  KERNEL(row_gradient_##s, (Rows e, const T *gradient, const T *x, const T *mean, const T *variance, double epsilon,   \
                            const T *weight, const T *others, T *dx, T *scales)) {                                     \
    rowGradient(e, gradient, x, mean, variance, epsilon, weight, others, dx, scales);                                  \
  }                                                                                                                    \
  KERNEL(row_parameters_of_columns_##s, (Rows e, Int chunk, ParameterGradients<T> gradients, Pair *parts)) {           \
    columnParameters(e, chunk, gradients, parts);                                                                      \
  }                                                                                                                    \
  KERNEL(row_parameters_of_channels_##s, (Rows e, Int chunk, ParameterGradients<T> gradients, Pair *parts)) {          \
    channelParameters(e, chunk, gradients, parts);                                                                     \
  }                                                                                                                    \
  KERNEL(row_parameters_of_parts_##s,                                                                                  \
         (Int parameters, Int splits, ParameterGradients<T> gradients, const Pair *parts)) {                           \
    combineParts<Pair>(parameters, splits, parts, gradients);                                                          \
  }
ROW_NORMALIZATION(f32, float)
ROW_NORMALIZATION(f64, double)
