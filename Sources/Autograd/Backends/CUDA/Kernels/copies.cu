#include "kernel.h"

// Elements by their size alone: what they mean does not matter where they are only moved.
typedef Pack<unsigned, 4> Bits128;

template <class T> DEVICE void fillElements(Int n, T value, T *out) {
  for (Int i = globalThread(); i < n; i += globalThreads()) out[i] = value;
}
KERNEL(fill_8, (Int n, UInt bits, Byte *out)) { fillElements(n, (Byte)bits, out); }
KERNEL(fill_32, (Int n, UInt bits, unsigned *out)) {
  const unsigned value = (unsigned)bits;
  if (!isAligned(out)) return fillElements(n, value, out);
  fillElements(n / 4, Bits128{{value, value, value, value}}, (Bits128 *)out);
  fillElements(n % 4, value, out + n / 4 * 4);
}
KERNEL(fill_64, (Int n, UInt bits, UInt *out)) { fillElements(n, bits, out); }

// What does not fit an integer becomes the smallest one, as on x86-64 in C.
DEVICE Int truncated(double value) {
  return value >= -9223372036854775808.0 && value < 9223372036854775808.0 ? (Int)value : (Int)0x8000000000000000ULL;
}
template <class To> struct Converted {
  template <class From> DEVICE static To from(From x) { return (To)x; }
};
template <> struct Converted<Int> {
  DEVICE static Int from(float x) { return truncated(x); }
  DEVICE static Int from(double x) { return truncated(x); }
  template <class From> DEVICE static Int from(From x) { return (Int)x; }
};
template <> struct Converted<Byte> {
  template <class From> DEVICE static Byte from(From x) { return (Byte)Converted<Int>::from(x); }
};
template <> struct Converted<bool> {
  template <class From> DEVICE static bool from(From x) { return x != 0; }
};

#define CONVERT(s, t, From, To)                                                                     \
  KERNEL(convert_##s##_##t, (Int n, const From *x, To *out)) {                                      \
    for (Int i = globalThread(); i < n; i += globalThreads()) out[i] = Converted<To>::from(x[i]);   \
  }
#define CONVERT_FROM(s, From)     \
  CONVERT(s, f32, From, float)    \
  CONVERT(s, f64, From, double)   \
  CONVERT(s, i64, From, Int)      \
  CONVERT(s, u8, From, Byte)      \
  CONVERT(s, bool, From, bool)
CONVERT_FROM(f32, float)
CONVERT_FROM(f64, double)
CONVERT_FROM(i64, Int)
CONVERT_FROM(u8, Byte)
CONVERT_FROM(bool, bool)

// out[i] = x at the strides' place for i, and the other way round.
#define MOVE(bits, T)                                                                            \
  KERNEL(copy_##bits, (Walk walk, Int n, int isShort, const T *x, T *out)) {                     \
    forEachPosition<1>(walk, n, isShort, [&](Int i, const Int *at) { out[i] = x[at[0]]; });      \
  }                                                                                              \
  KERNEL(place_##bits, (Walk walk, Int n, int isShort, const T *x, T *out)) {                    \
    forEachPosition<1>(walk, n, isShort, [&](Int i, const Int *at) { out[at[0]] = x[i]; });      \
  }
MOVE(8, Byte)
MOVE(32, unsigned)
MOVE(64, UInt)
MOVE(128, Bits128)

// Matrices of the given size, one after another, with rows and columns exchanged. A block of 256 threads moves a tile of
// 32 by 32 elements.
template <class From, class To> DEVICE void transpose(Int block, Int rows, Int columns, const From *x, To *out) {
  __shared__ float tile[32][33];
  const int across = threadIdx.x % 32, down = threadIdx.x / 32;
  const Int tilesDown = (rows + 31) / 32, tilesAcross = (columns + 31) / 32;
  const Int stripe = quotient(block, tilesAcross), matrix = quotient(stripe, tilesDown);
  const Int top = (stripe - matrix * tilesDown) * 32, left = (block - stripe * tilesAcross) * 32;
  const Int start = matrix * rows * columns;
  for (int i = down; i < 32; i += 8)
    if (top + i < rows && left + across < columns)
      tile[i][across] = x[start + (top + i) * columns + left + across];
  __syncthreads();
  for (int i = down; i < 32; i += 8)
    if (left + i < columns && top + across < rows)
      out[start + (left + i) * rows + top + across] = (To)tile[across][i];
}

// The same for matrices of few rows or few columns, as the filters of convolutions are, with which such tiles would be
// mostly empty. A block of 256 threads moves 256 of the long side's places: with few columns they are neighbours in
// memory before, and with few rows after.
enum { mostOfFew = 16 };
template <class From, class To> DEVICE void transposeNarrow(Int block, Int rows, Int columns, const From *x, To *out) {
  __shared__ float strip[256 * (mostOfFew + 1)];
  const bool hasFewRows = rows < columns;
  // An odd distance keeps neighbours in different banks.
  const int few = (int)(hasFewRows ? rows : columns), distance = few | 1, thread = threadIdx.x;
  const Int many = hasFewRows ? columns : rows, strips = (many + 255) / 256, matrix = quotient(block, strips);
  const Int first = (block - matrix * strips) * 256, start = matrix * rows * columns;
  const int count = many - first < 256 ? (int)(many - first) : 256;
  // Calls body(place in memory, place in the strip) for what this thread moves, along the long side or the short one.
  const auto alongMany = [&](const auto &body) {
    for (int i = 0; i < few && thread < count; i++) body(start + i * many + first + thread, thread * distance + i);
  };
  const auto alongFew = [&](const auto &body) {
    for (int i = thread; i < few * count; i += 256) body(start + first * few + i, i / few * distance + i % few);
  };
  const auto read = [&](Int at, int place) { strip[place] = x[at]; };
  const auto write = [&](Int at, int place) { out[at] = (To)strip[place]; };
  if (hasFewRows) alongMany(read);
  else alongFew(read);
  __syncthreads();
  if (hasFewRows) alongFew(write);
  else alongMany(write);
}

#define TRANSPOSE(s, From, To)                                                    \
  KERNEL(transpose_##s, (Int rows, Int columns, const From *x, To *out)) {        \
    transpose(blockIdx.x, rows, columns, x, out);                                 \
  }                                                                               \
  KERNEL(transpose_narrow_##s, (Int rows, Int columns, const From *x, To *out)) { \
    transposeNarrow(blockIdx.x, rows, columns, x, out);                           \
  }
TRANSPOSE(f32_f32, float, float)
TRANSPOSE(f32_bf16, float, BFloat16)
TRANSPOSE(bf16_f32, BFloat16, float)
TRANSPOSE(bf16_bf16, BFloat16, BFloat16)

// One of two by a condition; an operand at no address is `aBits` or `bBits` everywhere.
#define SELECT(bits, T)                                                                                           \
  KERNEL(select_##bits, (Walk walk, Int n, int isShort, const bool *condition, const T *a, UInt aBits, const T *b, \
                         UInt bBits, T *out)) {                                                                    \
    forEachPosition<3>(walk, n, isShort, [&](Int i, const Int *at) {                                               \
      if (condition[at[0]]) out[i] = a ? a[at[1]] : (T)aBits;                                                      \
      else out[i] = b ? b[at[2]] : (T)bBits;                                                                       \
    });                                                                                                            \
  }
SELECT(8, Byte)
SELECT(32, unsigned)
SELECT(64, UInt)

// Between float32 and bfloat16, four neighbours at once where they may be, by `threads` threads of which this is number
// `thread`; finish(x, at) is the result.
template <class From, class To, class Finish>
DEVICE void convertFours(Int thread, Int threads, Int n, const From *x, To *out, const Finish &finish) {
  const Int whole = isAligned(x, out) ? n / 4 : 0;
  for (Int i = thread; i < whole; i += threads) {
    const Pack<From, 4> values = ((const Pack<From, 4> *)x)[i];
    Pack<To, 4> results;
#pragma unroll
    for (int k = 0; k < 4; k++) results.at[k] = finish(values.at[k], i * 4 + k);
    ((Pack<To, 4> *)out)[i] = results;
  }
  for (Int i = whole * 4 + thread; i < n; i += threads) out[i] = finish(x[i], i);
}
KERNEL(round_bf16, (Int n, const float *x, BFloat16 *out)) {
  convertFours(globalThread(), globalThreads(), n, x, out, [](float x, Int) { return BFloat16(x); });
}
KERNEL(widen_bf16, (Int n, int adding, const BFloat16 *x, float *out)) {
  convertFours(globalThread(), globalThreads(), n, x, out,
               [&](BFloat16 x, Int at) { return adding ? out[at] + (float)x : (float)x; });
}

// Matrices of one array, as for `transpose`; those of one column, which stay as they are, are said to be one.
struct Arrangement {
  const float *x;
  void *out;
  Int rows, columns;
  // The first of the blocks that move them.
  Int firstBlock;
};
enum { elementsOfBlock = 4096 };

// Several arrays at once, by blocks of 256 threads.
template <class To> DEVICE void arrangeEach(Int count, const Arrangement *all) {
  Int found = 0;
  for (Int end = count; end - found > 1;) {
    const Int middle = (found + end) / 2;
    if (all[middle].firstBlock <= blockIdx.x) found = middle;
    else end = middle;
  }
  const Arrangement array = all[found];
  const Int block = blockIdx.x - array.firstBlock;
  To *const out = (To *)array.out;
  if (array.columns == 1) {
    const Int first = block * elementsOfBlock, rest = array.rows - first;
    convertFours(threadIdx.x, 256, rest < elementsOfBlock ? rest : elementsOfBlock, array.x + first, out + first,
                 [](float x, Int) { return To(x); });
  } else if (array.rows <= mostOfFew || array.columns <= mostOfFew) {
    transposeNarrow(block, array.rows, array.columns, array.x, out);
  } else {
    transpose(block, array.rows, array.columns, array.x, out);
  }
}
KERNEL(arrange_each_f32, (Int count, const Arrangement *all)) { arrangeEach<float>(count, all); }
KERNEL(arrange_each_bf16, (Int count, const Arrangement *all)) { arrangeEach<BFloat16>(count, all); }
