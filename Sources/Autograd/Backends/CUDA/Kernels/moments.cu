#include "moments.h"
#include "reduce.h"

// Running moments that move towards those of a batch.
template <class R> struct Running {
  R *mean, *variance;
  // What the batch's variance is multiplied by.
  double unbiased;

  DEVICE void follow(Int group, const MeanAndVariance<R> &batch, double part) const {
    const R kept = (R)(1 - part);
    mean[group] = product(mean[group], kept) + product(batch.mean, (R)part);
    variance[group] = product(variance[group], kept) + product(batch.variance, (R)(unbiased * part));
  }
};

// Where moments go, and the running ones that move by `part` of the way to them, if any do.
template <class R> struct Moments {
  R *mean, *variance;
  Running<R> running;
  double part;
  Int *batchCount;

  DEVICE void write(Int group, const Pair &sums, double origin, Int count) const {
    const MeanAndVariance<R> found = momentsOf<R>(sums, origin, count);
    mean[group] = found.mean;
    variance[group] = found.variance;
    if (!batchCount) return;
    running.follow(group, found, part);
    if (group == 0) ++*batchCount;
  }
};

template <int width, class T>
DEVICE void momentsOfGroups(const Extents &e, Int chunk, const T *x, Pair *parts, const Moments<Real<T>> &moments) {
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
      [&](Int g, const Pair &sums) { moments.write(g, sums, (double)x[g * e.inner], e.outer * e.inner); });
}

template <int width, bool aligned, class T>
DEVICE void momentsOfColumns(const Extents &e, Int chunk, const T *x, Pair *parts, const Moments<Real<T>> &moments) {
  reduceColumns<Pair, width>(
      e, chunk,
      [&](Int column) {
        return columnTerms(
            [x](Int at) { return packAt<width, aligned>(x, at / width); },
            [origin = packAt<width>(x, column / width)](const Pack<T, width> &values, Int, Int, Pair *sums) {
#pragma unroll
              for (int k = 0; k < width; k++) sums[k] = sums[k] + fromOrigin(values.at[k], origin.at[k]);
            });
      },
      parts,
      [&](Int column, const Pair &sums) { moments.write(column, sums, (double)x[column], e.groups); });
}

// Moves the running moments of all groups towards those of a batch, as far as the number of batches says, by one block.
template <class R>
DEVICE void followMoments(Int groups, const R *mean, const R *variance, const Running<R> &running, double momentum,
                          int isAverage, Int *batchCount) {
  const Int batches = *batchCount + 1;
  const double part = isAverage ? 1 / (double)batches : momentum;
  for (Int g = threadIdx.x; g < groups; g += blockDim.x) running.follow(g, {mean[g], variance[g]}, part);
  __syncthreads();
  if (threadIdx.x == 0) *batchCount = batches;
}

#define MOMENTS_OF_COLUMNS(width, aligned) momentsOfColumns<width, aligned>(e, chunk, x, parts, moments)

#define MOMENTS(s, T)                                                                                                  \
  KERNEL(moments_of_groups_##s, (Extents e, Int chunk, const T *x, Pair *parts, Moments<Real<T>> moments)) {           \
    if (isPacked<T>(e)) momentsOfGroups<Whole<T>::width>(e, chunk, x, parts, moments);                                 \
    else momentsOfGroups<1>(e, chunk, x, parts, moments);                                                              \
  }                                                                                                                    \
  KERNEL(moments_of_columns_##s, (Extents e, Int chunk, const T *x, Pair *parts, Moments<Real<T>> moments)) {          \
    FOR_COLUMN_PACKS(T, e.inner, isAligned(x), MOMENTS_OF_COLUMNS)                                                     \
  }                                                                                                                    \
  KERNEL(moments_of_parts_##s, (Int groups, Int splits, Int inner, Int count, const T *x, const Pair *parts,           \
                                Moments<Real<T>> moments)) {                                                           \
    combineParts<Pair>(groups, splits, parts, [&](Int g, const Pair &sums) {                                           \
      moments.write(g, sums, (double)x[g * inner], count);                                                             \
    });                                                                                                                \
  }
MOMENTS(f32, float)
MOMENTS(f64, double)
MOMENTS(bf16, BFloat16)

#define FOLLOW_MOMENTS(s, R)                                                                                           \
  KERNEL(follow_moments_##s, (Int groups, const R *mean, const R *variance, Running<R> running, double momentum,       \
                              int isAverage, Int *batchCount)) {                                                       \
    followMoments(groups, mean, variance, running, momentum, isAverage, batchCount);                                   \
  }
FOLLOW_MOMENTS(f32, float)
FOLLOW_MOMENTS(f64, double)
