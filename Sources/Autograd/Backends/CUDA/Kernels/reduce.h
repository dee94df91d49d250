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

// Whether the elements of groups are added up in packs. It depends on the shape alone, and so does the order.
template <class T> DEVICE bool isPacked(const Extents &e) { return e.inner % Whole<T>::width == 0; }

// What is added up in columns: read(at) is what is read there, and add(values, at, row, sums) adds what that makes.
template <class Read, class Add> struct ColumnTerms {
  Read read;
  Add add;
};
template <class Read, class Add> DEVICE ColumnTerms<Read, Add> columnTerms(const Read &read, const Add &add) {
  return {read, add};
}

// Memory of the block for `width` sums of each thread: the same one for all that is added up in a kernel.
template <class Sum, int width> DEVICE Sum (*sumsOfThreads())[256] {
  __shared__ Sum sums[width][256];
  return sums;
}

// Adds up terms(column) over `groups`, the rows of outer matrices of `inner` columns: of `width` neighbouring columns
// from `column` on, each to one of the sums. Blocks have 256 threads and are laid out as
// (outer · inner / width / blockDim.x, splits); each adds up `chunk` rows of blockDim.x · width columns.
template <class Sum, int width = 1, class Terms, class Finish>
DEVICE void reduceColumns(const Extents &extents, Int chunk, const Terms &terms, Sum *parts, const Finish &finish) {
  const int lanes = blockDim.x, rows = blockDim.y, lane = threadIdx.x, thread = threadIdx.y * lanes + lane;
  const Int packs = extents.inner / width, tiles = (packs + lanes - 1) / lanes, o = blockIdx.x / tiles;
  const Int pack = (blockIdx.x - o * tiles) * lanes + lane, column = pack * width;
  const Int first = blockIdx.y * chunk;
  const Int end = first + chunk < extents.groups ? first + chunk : extents.groups;
  const auto term = terms(pack < packs ? column : 0);
  Sum sum[width] = {};
  if (pack < packs) {
    const auto place = [&](Int row) { return (o * extents.groups + row) * extents.inner + column; };
    // Rows are read before the first of them is added: one at a time would leave the memory waiting for each.
    constexpr int ahead = sizeof(term.read(0)) < 16 ? 4 : 2;
    Int row = first + threadIdx.y;
    for (; row + (ahead - 1) * rows < end; row += ahead * rows) {
      decltype(term.read(0)) values[ahead];
#pragma unroll
      for (int k = 0; k < ahead; k++) values[k] = term.read(place(row + k * rows));
#pragma unroll
      for (int k = 0; k < ahead; k++) term.add(values[k], place(row + k * rows), row + k * rows, sum);
    }
    for (; row < end; row += rows) term.add(term.read(place(row)), place(row), row, sum);
  }
  Sum(*const sums)[256] = sumsOfThreads<Sum, width>();
#pragma unroll
  for (int k = 0; k < width; k++) sums[k][thread] = sum[k];
  __syncthreads();
  if (thread >= lanes || pack >= packs) return;
#pragma unroll
  for (int k = 0; k < width; k++) {
    for (int i = lane + lanes; i < 256; i += lanes) sum[k] = sum[k] + sums[k][i];
    const Int result = o * extents.inner + column + k;
    if (gridDim.y == 1) finish(result, sum[k]);
    else parts[blockIdx.y * (extents.outer * extents.inner) + result] = sum[k];
  }
}

// How many neighbouring columns of elements a thread adds up, if their number is a multiple of that: 8 bytes of them.
// It depends on the shape alone, and so does the order.
template <class T> struct ColumnPack { static constexpr int width = sizeof(T) < 8 ? 8 / sizeof(T) : 1; };
template <class T> DEVICE bool hasColumnPacks(Int columns) { return columns % ColumnPack<T>::width == 0; }

// `call` with the width of what a thread reads of a row of columns, and whether all of it is aligned.
#define FOR_COLUMN_PACKS(T, columns, isAligned, call)                          \
  if (!hasColumnPacks<T>(columns)) call(1, true);                              \
  else if (isAligned) call(ColumnPack<T>::width, true);                        \
  else call(ColumnPack<T>::width, false);

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
