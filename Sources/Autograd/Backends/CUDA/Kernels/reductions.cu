#include "reduce.h"

// Sums of rows of `length` elements, each added up in `splits` parts of `chunk`.
template <class T> DEVICE void sumRows(Int rows, Int length, Int chunk, const T *x, void *parts, Real<T> *out) {
  typedef typename SumOf<T>::Type Sum;
  reduceGroups<Sum>(
      {1, rows, length}, chunk, [&](Int) { return [x](Int at) { return (Sum)x[at]; }; }, (Sum *)parts,
      [&](Int row, Sum sum) { out[row] = (Real<T>)sum; });
}
template <int width, bool aligned, class T>
DEVICE void sumColumns(Int outer, Int rows, Int columns, Int chunk, const T *x, void *parts, Real<T> *out) {
  typedef typename SumOf<T>::Type Sum;
  reduceColumns<Sum, width>(
      {outer, rows, columns}, chunk,
      [&](Int) {
        return columnTerms(
            [x](Int at) { return packAt<width, aligned>(x, at / width); },
            [](const Pack<T, width> &values, Int, Int, Sum *sums) {
#pragma unroll
              for (int k = 0; k < width; k++) sums[k] += (Sum)values.at[k];
            });
      },
      (Sum *)parts, [&](Int column, Sum sum) { out[column] = (Real<T>)sum; });
}

#define SUM(s, T)                                                                                                  \
  KERNEL(sum_rows_##s, (Int rows, Int length, Int chunk, const T *x, void *parts, Real<T> *out)) {                 \
    sumRows(rows, length, chunk, x, parts, out);                                                                   \
  }                                                                                                                \
  KERNEL(sum_columns_##s, (Int outer, Int rows, Int columns, Int chunk, const T *x, void *parts, Real<T> *out)) {  \
    FOR_COLUMN_PACKS(T, columns, isAligned(x), SUM_OF_COLUMNS)                                                     \
  }
#define SUM_OF_COLUMNS(width, aligned) sumColumns<width, aligned>(outer, rows, columns, chunk, x, parts, out)
#define SUM_SQUARES(s, T)                                                                                          \
  KERNEL(sum_squares_##s, (Int length, Int chunk, const T *x, double *parts, double *out)) {                       \
    reduceGroups<double>(                                                                                          \
        {1, 1, length}, chunk, [&](Int) { return [x](Int at) { return (double)x[at] * x[at]; }; }, parts,          \
        [&](Int, double sum) { *out = sum; });                                                                     \
  }
#define SUM_OF_PARTS(s, T)                                                                                         \
  KERNEL(sum_parts_##s, (Int results, Int splits, const void *parts, T *out)) {                                    \
    typedef SumOf<T>::Type Sum;                                                                                    \
    combineParts<Sum>(results, splits, (const Sum *)parts, [&](Int i, Sum sum) { out[i] = (T)sum; });              \
  }
SUM(f32, float)
SUM(f64, double)
SUM(i64, Int)
SUM(bf16, BFloat16)
SUM_SQUARES(f32, float)
SUM_SQUARES(f64, double)
SUM_OF_PARTS(f32, float)
SUM_OF_PARTS(f64, double)
SUM_OF_PARTS(i64, Int)

// A value and its place; NaN counts as largest, and of equal values the first one wins.
template <class T> struct Extreme {
  T value;
  Int place;
};
struct Larger {
  template <class T> DEVICE Extreme<T> operator()(const Extreme<T> &a, const Extreme<T> &b) const {
    const bool aIsNaN = a.value != a.value, bIsNaN = b.value != b.value;
    const bool isTied = aIsNaN ? bIsNaN : a.value == b.value;
    if (isTied) return a.place <= b.place ? a : b;
    return aIsNaN || (!bIsNaN && a.value > b.value) ? a : b;
  }
};

// One row of threads for each row, whose threads all start with its first element.
template <class T> DEVICE void maximumOfRows(Int rows, Int length, const T *x, T *out, Int *places) {
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  const T *values = x + (row < rows ? row : 0) * length;
  Extreme<T> best = {values[0], 0};
  for (Int i = threadIdx.x; i < length; i += blockDim.x) best = Larger()(best, Extreme<T>{values[i], i});
  best = combinedInRow(best, Larger());
  if (threadIdx.x == 0 && row < rows) {
    out[row] = best.value;
    places[row] = best.place;
  }
}
// One thread for each of outer · inner columns.
template <class T> DEVICE void maximumOfColumns(Int outer, Int length, Int inner, const T *x, T *out, Int *places) {
  for (Int i = globalThread(); i < outer * inner; i += globalThreads()) {
    const Int o = quotient(i, inner);
    const T *values = x + (o * length * inner + i - o * inner);
    Extreme<T> best = {values[0], 0};
    for (Int r = 1; r < length; r++) best = Larger()(best, Extreme<T>{values[r * inner], r});
    out[i] = best.value;
    places[i] = best.place;
  }
}

// Running sums of rows, 32 elements at a time.
template <class T> DEVICE void accumulateRows(Int rows, Int length, int reversed, const T *x, T *out) {
  typedef typename SumOf<T>::Type Sum;
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  const int lane = threadIdx.x;
  const Int start = (row < rows ? row : 0) * length;
  Sum carried = 0;
  for (Int first = 0; first < length; first += 32) {
    const Int step = first + lane, at = start + (reversed ? length - 1 - step : step);
    Sum sum = step < length ? (Sum)x[at] : 0;
#pragma unroll
    for (int width = 1; width < 32; width *= 2) {
      const Sum before = __shfl_up_sync(0xffffffffu, sum, width);
      if (lane >= width) sum = before + sum;
    }
    sum = carried + sum;
    if (step < length && row < rows) out[at] = (T)sum;
    carried = __shfl_sync(0xffffffffu, sum, 31);
  }
}
template <class T>
DEVICE void accumulateColumns(Int outer, Int length, Int inner, int reversed, const T *x, T *out) {
  for (Int i = globalThread(); i < outer * inner; i += globalThreads()) {
    const Int o = quotient(i, inner), start = o * length * inner + i - o * inner;
    typename SumOf<T>::Type sum = 0;
    for (Int r = 0; r < length; r++) {
      const Int at = start + (reversed ? length - 1 - r : r) * inner;
      sum += x[at];
      out[at] = (T)sum;
    }
  }
}

#define ALONG(s, T)                                                                                                \
  KERNEL(maximum_of_rows_##s, (Int rows, Int length, const T *x, T *out, Int *places)) {                           \
    maximumOfRows(rows, length, x, out, places);                                                                   \
  }                                                                                                                \
  KERNEL(maximum_of_columns_##s, (Int outer, Int length, Int inner, const T *x, T *out, Int *places)) {            \
    maximumOfColumns(outer, length, inner, x, out, places);                                                        \
  }                                                                                                                \
  KERNEL(accumulate_rows_##s, (Int rows, Int length, int reversed, const T *x, T *out)) {                          \
    accumulateRows(rows, length, reversed, x, out);                                                                \
  }                                                                                                                \
  KERNEL(accumulate_columns_##s, (Int outer, Int length, Int inner, int reversed, const T *x, T *out)) {           \
    accumulateColumns(outer, length, inner, reversed, x, out);                                                     \
  }
ALONG(f32, float)
ALONG(f64, double)
ALONG(i64, Int)
