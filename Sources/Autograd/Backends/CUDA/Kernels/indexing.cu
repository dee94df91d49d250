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

// The same of bytes that become other numbers on the way, four at once where they may be.
template <class T, class Function>
DEVICE void gatherBytes(const Picks &p, const Byte *x, const Int *indices, T *out, const Function &f) {
  const bool isWhole = p.inner % 4 == 0 && isAligned(x, out);
  const Int inner = isWhole ? p.inner / 4 : p.inner, count = p.outer * p.picks * inner;
  for (Int i = globalThread(); i < count; i += globalThreads()) {
    const Int row = quotient(i, inner), o = quotient(row, p.picks), index = indices[row - o * p.picks];
    requireInside(index, p.size);
    const Int from = (o * p.size + index) * inner + i - row * inner;
    if (isWhole) {
      const Pack<Byte, 4> bytes = ((const Pack<Byte, 4> *)x)[from];
      Pack<T, 4> values;
#pragma unroll
      for (int k = 0; k < 4; k++) values.at[k] = f(bytes.at[k]);
      ((Pack<T, 4> *)out)[i] = values;
    } else {
      out[i] = f(x[from]);
    }
  }
}
KERNEL(gather_fractions, (Picks picks, const Byte *x, const Int *indices, float *out)) {
  gatherBytes(picks, x, indices, out, [](Byte byte) { return (float)byte / 255; });
}
KERNEL(gather_numbers, (Picks picks, const Byte *x, const Int *indices, Int *out)) {
  gatherBytes(picks, x, indices, out, [](Byte byte) { return (Int)byte; });
}

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

// Where the run of equal numbers that starts at `begin` ends.
DEVICE Int endOfRun(const Int *numbers, Int begin, Int count) {
  Int end = begin + 1;
  while (end < count && numbers[end] == numbers[begin]) end++;
  return end;
}

// The same for shared indices that `order` sorts: each block adds what comes at `length` places of the order. Sums of an
// index that goes on beyond the block are parts: of each block the one of its first and the one of its last index.
enum { longestPiece = 256 };

template <class T>
DEVICE void scatterPieces(const Picks &p, Int length, const T *values, const Int *indices, const Int *order, Int *firsts,
                          T *parts, T *result) {
  __shared__ Int places[longestPiece], found[longestPiece];
  const Int first = blockIdx.x * length, count = first + length < p.picks ? length : p.picks - first;
  for (Int i = threadIdx.x; i < count; i += blockDim.x) {
    places[i] = order[first + i];
    found[i] = indices[places[i]];
    requireInside(found[i], p.size);
  }
  __syncthreads();
  if (threadIdx.x == 0 && blockIdx.y == 0) firsts[blockIdx.x] = found[0];
  const bool startsBefore = first > 0 && indices[order[first - 1]] == found[0];
  const bool endsAfter = first + count < p.picks && indices[order[first + count]] == found[count - 1];
  const Int columns = p.outer * p.inner;
  for (Int i = (Int)blockIdx.y * blockDim.x + threadIdx.x; i < columns; i += (Int)gridDim.y * blockDim.x) {
    const Int o = quotient(i, p.inner), column = i - o * p.inner;
    for (Int begin = 0, end; begin < count; begin = end) {
      end = endOfRun(found, begin, count);
      T sum = 0;
#pragma unroll 4
      for (Int k = begin; k < end; k++) sum += values[(o * p.picks + places[k]) * p.inner + column];
      if (begin == 0 && startsBefore) parts[2 * blockIdx.x * columns + i] = sum;
      else if (end == count && endsAfter) parts[(2 * blockIdx.x + 1) * columns + i] = sum;
      else result[(o * p.size + found[begin]) * p.inner + column] += sum;
    }
  }
}

// Adds the parts of an index, by the block of the piece in which it begins.
template <class T>
DEVICE void scatterParts(const Picks &p, Int length, const Int *indices, const Int *order, const Int *firsts,
                         const T *parts, T *result) {
  const Int piece = blockIdx.x, pieces = gridDim.x;
  if (piece + 1 == pieces) return;
  const Int index = indices[order[(piece + 1) * length - 1]];
  if (firsts[piece + 1] != index) return;
  if (piece > 0 && firsts[piece] == index && indices[order[piece * length - 1]] == index) return;
  const Int end = endOfRun(firsts, piece + 1, pieces), columns = p.outer * p.inner;
  for (Int i = (Int)blockIdx.y * blockDim.x + threadIdx.x; i < columns; i += (Int)gridDim.y * blockDim.x) {
    const Int o = quotient(i, p.inner), column = i - o * p.inner;
    T sum = parts[(2 * piece + 1) * columns + i];
#pragma unroll 4
    for (Int next = piece + 1; next < end; next++) sum += parts[2 * next * columns + i];
    result[(o * p.size + index) * p.inner + column] += sum;
  }
}

#define SCATTER(s, T)                                                                                                  \
  KERNEL(scatter_columns_##s, (Picks picks, const T *values, const Int *indices, T *result)) {                         \
    scatterColumns(picks, values, indices, result);                                                                    \
  }                                                                                                                    \
  KERNEL(scatter_pieces_##s, (Picks picks, Int length, const T *values, const Int *indices, const Int *order,          \
                              Int *firsts, T *parts, T *result)) {                                                     \
    scatterPieces(picks, length, values, indices, order, firsts, parts, result);                                       \
  }                                                                                                                    \
  KERNEL(scatter_parts_##s, (Picks picks, Int length, const Int *indices, const Int *order, const Int *firsts,         \
                             const T *parts, T *result)) {                                                             \
    scatterParts(picks, length, indices, order, firsts, parts, result);                                                \
  }
SCATTER(f32, float)
SCATTER(f64, double)
