#include "kernel.h"

// Stable sorting by merging: the place of an element in the merged run is its own plus the number of elements of the
// neighbouring run that go before it, found by bisection.

enum { tileLength = 1024 };

// Whether a comes before b, NaN being larger than everything.
template <class T> DEVICE bool precedes(T a, T b, int descending) {
  const T low = descending ? b : a, high = descending ? a : b;
  return low < high || (high != high && low == low);
}

// Where element `i` of sorted runs goes when neighbours are merged, value(j) being the value of element j.
template <class Value> DEVICE Int mergedPlace(Int i, Int run, Int length, int descending, const Value &value) {
  const Int start = i - i % (2 * run), middle = start + run < length ? start + run : length;
  const Int end = middle + run < length ? middle + run : length;
  const bool isLeft = i < middle;
  const Int first = isLeft ? middle : start;
  Int low = first, high = isLeft ? end : middle;
  const auto own = value(i);
  while (low < high) {
    const Int probe = (low + high) / 2;
    const auto other = value(probe);
    const bool goesBefore = isLeft ? precedes(other, own, descending) : !precedes(own, other, descending);
    if (goesBefore) low = probe + 1;
    else high = probe;
  }
  return (isLeft ? i : start + i - middle) + (low - first);
}

// Sorts every tile of every column of [outer, length, inner]; blocks are laid out as columns · tiles.
template <class T> DEVICE void sortTiles(Int length, Int inner, int descending, const T *x, Int *places) {
  __shared__ T values[tileLength];
  __shared__ short order[2][tileLength];
  const Int tiles = (length + tileLength - 1) / tileLength, column = blockIdx.x / tiles;
  const Int first = (blockIdx.x - column * tiles) * tileLength;
  const int count = (int)(length - first < tileLength ? length - first : tileLength);
  const Int o = column / inner, start = (o * length + first) * inner + column - o * inner;
  for (int i = threadIdx.x; i < count; i += blockDim.x) {
    values[i] = x[start + i * inner];
    order[0][i] = (short)i;
  }
  int now = 0;
  for (int run = 1; run < count; run *= 2, now = 1 - now) {
    __syncthreads();
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
      const short *current = order[now];
      const Int place = mergedPlace(i, run, count, descending, [&](Int j) { return values[current[j]]; });
      order[1 - now][place] = current[i];
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < count; i += blockDim.x) places[start + i * inner] = first + order[now][i];
}

// Merges sorted runs of `run` places in pairs.
template <class T>
DEVICE void mergeRuns(Int columns, Int length, Int inner, Int run, int descending, const T *x, const Int *from, Int *to) {
  for (Int i = globalThread(); i < columns * length; i += globalThreads()) {
    // The threads of a warp take one place of neighbouring columns.
    const Int o = i / (length * inner), rest = i - o * length * inner, position = rest / inner;
    const Int start = o * length * inner + rest - position * inner;
    const Int place = mergedPlace(
        position, run, length, descending, [&](Int j) { return x[start + from[start + j * inner] * inner]; });
    to[start + place * inner] = from[start + position * inner];
  }
}

#define SORT(s, T)                                                                                                     \
  BOUNDED_KERNEL(256, 1, sort_tiles_##s, (Int length, Int inner, int descending, const T *x, Int *places)) {           \
    sortTiles(length, inner, descending, x, places);                                                                   \
  }                                                                                                                    \
  KERNEL(merge_runs_##s, (Int columns, Int length, Int inner, Int run, int descending, const T *x, const Int *from,    \
                          Int *to)) {                                                                                  \
    mergeRuns(columns, length, inner, run, descending, x, from, to);                                                   \
  }
SORT(f32, float)
SORT(f64, double)
SORT(i64, Int)
