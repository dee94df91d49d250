#include "kernel.h"

typedef Pack<unsigned, 4> Bits128;

// A source of shape [outer, size, inner] and a result of shape [outer, picks, inner], with one index for all of
// [:, pick, :] or one for each element of the result.
struct Picks {
  Int outer, size, picks, inner, isShared;
};

DEVICE void requireInside(Int index, Int size) {
  REQUIRE(index >= 0 && index < size, "index %lld is out of range for a dimension of %lld\n", index, size);
}

template <class T> DEVICE void gatherElements(const Picks &p, const T *x, const Int *indices, T *out) {
  const Int count = p.outer * p.picks * p.inner;
  for (Int i = globalThread(); i < count; i += globalThreads()) {
    const Int row = quotient(i, p.inner), o = quotient(row, p.picks);
    const Int index = indices[p.isShared ? row - o * p.picks : i];
    requireInside(index, p.size);
    out[i] = x[(o * p.size + index) * p.inner + i - row * p.inner];
  }
}
#define GATHER(bits, T)                                                             \
  KERNEL(gather_##bits, (Picks picks, const T *x, const Int *indices, T *out)) {    \
    gatherElements(picks, x, indices, out);                                         \
  }
GATHER(8, Byte)
GATHER(32, unsigned)
GATHER(64, UInt)
GATHER(128, Bits128)

// Adds values in the order of the picks, each column of the result by one thread.
template <class T> DEVICE void scatterColumns(const Picks &p, const T *values, const Int *indices, T *result) {
  for (Int i = globalThread(); i < p.outer * p.inner; i += globalThreads()) {
    const Int o = quotient(i, p.inner), column = i - o * p.inner;
    for (Int pick = 0; pick < p.picks; pick++) {
      const Int from = (o * p.picks + pick) * p.inner + column, index = indices[p.isShared ? pick : from];
      requireInside(index, p.size);
      result[(o * p.size + index) * p.inner + column] += values[from];
    }
  }
}

// The same for shared indices that `order` sorts: the block of the first of several equal indices adds for all of them.
template <class T>
DEVICE void scatterRows(const Picks &p, const T *values, const Int *indices, const Int *order, T *result) {
  const Int first = blockIdx.x, index = indices[order[first]];
  requireInside(index, p.size);
  if (first > 0 && indices[order[first - 1]] == index) return;
  for (Int i = threadIdx.x; i < p.outer * p.inner; i += blockDim.x) {
    const Int o = quotient(i, p.inner), column = i - o * p.inner, to = (o * p.size + index) * p.inner + column;
    T sum = result[to];
    for (Int next = first; next < p.picks && indices[order[next]] == index; next++)
      sum += values[(o * p.picks + order[next]) * p.inner + column];
    result[to] = sum;
  }
}

#define SCATTER(s, T)                                                                                              \
  KERNEL(scatter_columns_##s, (Picks picks, const T *values, const Int *indices, T *result)) {                     \
    scatterColumns(picks, values, indices, result);                                                                \
  }                                                                                                                \
  KERNEL(scatter_rows_##s, (Picks picks, const T *values, const Int *indices, const Int *order, T *result)) {      \
    scatterRows(picks, values, indices, order, result);                                                            \
  }
SCATTER(f32, float)
SCATTER(f64, double)
