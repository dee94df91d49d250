// Reductions in an order that depends on shapes alone, so that the same input gives the same bits on every card.
#ifndef DISTTRAIN_REDUCE_H
#define DISTTRAIN_REDUCE_H

#include "kernel.h"

// An array seen as [outer, groups, inner].
struct Extents {
  Int outer, groups, inner;
};

// Adds up terms(group)(at) over the elements of each group, which are [:, group, :]. Blocks are laid out as
// (groups / blockDim.y, splits): every row of threads adds up one part of `chunk` elements of one group. A group in a
// single part goes straight to finish(group, sum), others to parts[split][group].
template <class Sum, class Terms, class Finish>
DEVICE void reduceGroups(const Extents &extents, Int chunk, const Terms &terms, Sum *parts, const Finish &finish) {
  const Int group = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  const bool isInside = group < extents.groups;
  const Int count = extents.outer * extents.inner, first = blockIdx.y * chunk;
  const Int end = !isInside ? first : first + chunk < count ? first + chunk : count;
  const auto term = terms(isInside ? group : 0);
  Sum sum = Sum();
#pragma unroll 4
  for (Int i = first + threadIdx.x; i < end; i += blockDim.x) {
    const Int o = extents.outer == 1 ? 0 : quotient(i, extents.inner);
    sum = sum + term((o * (extents.groups - 1) + group) * extents.inner + i);
  }
  sum = combinedInRow(sum, Adding());
  if (threadIdx.x != 0 || !isInside) return;
  if (gridDim.y == 1) finish(group, sum);
  else parts[blockIdx.y * extents.groups + group] = sum;
}

// Adds up terms(column)(at, row) over `groups`, the rows of outer matrices of `inner` columns. Blocks have 32 by 8
// threads and are laid out as (outer · inner / 32, splits); each adds up `chunk` rows of 32 columns.
template <class Sum, class Terms, class Finish>
DEVICE void reduceColumns(const Extents &extents, Int chunk, const Terms &terms, Sum *parts, const Finish &finish) {
  const Int tiles = (extents.inner + 31) / 32, o = blockIdx.x / tiles;
  const Int column = (blockIdx.x - o * tiles) * 32 + threadIdx.x;
  const Int first = blockIdx.y * chunk;
  const Int end = first + chunk < extents.groups ? first + chunk : extents.groups;
  const auto term = terms(column < extents.inner ? column : 0);
  Sum sum = Sum();
  if (column < extents.inner) {
#pragma unroll 4
    for (Int row = first + threadIdx.y; row < end; row += blockDim.y)
      sum = sum + term((o * extents.groups + row) * extents.inner + column, row);
  }
  __shared__ Sum sums[8][32];
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= extents.inner) return;
  for (int i = 1; i < 8; i++) sum = sum + sums[i][threadIdx.x];
  const Int result = o * extents.inner + column;
  if (gridDim.y == 1) finish(result, sum);
  else parts[blockIdx.y * (extents.outer * extents.inner) + result] = sum;
}

// Adds up the parts of each of `results` sums, stored as [splits, results], by one row of threads each.
template <class Sum, class Finish>
DEVICE void combineParts(Int results, Int splits, const Sum *parts, const Finish &finish) {
  const Int result = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  Sum sum = Sum();
  if (result < results)
    for (Int split = threadIdx.x; split < splits; split += blockDim.x) sum = sum + parts[split * results + result];
  sum = combinedInRow(sum, Adding());
  if (threadIdx.x == 0 && result < results) finish(result, sum);
}

#endif
