// How a block multiplies the tiles of two matrices that are in its shared memory, by plain arithmetic or on tensor
// cores. A Tile has the sums of one thread: `tileRows` by `tileColumns` of them, of which each `run` of columns are
// neighbours.
#ifndef DISTTRAIN_MULTIPLY_H
#define DISTTRAIN_MULTIPLY_H

#include "kernel.h"

// Plain arithmetic: each of 128 threads has the sums of groups of four rows and four columns, spread over the tile so
// that the threads of a warp read neighbouring elements.
template <class T, int rowCount, int columnCount, int rowsEach, int columnsEach> struct PlainTile {
  enum { rows = rowCount, columns = columnCount, depth = 8, padding = 4, run = 4 };
  enum { tileRows = rowsEach, tileColumns = columnsEach, threads = rows / rowsEach * (columns / columnsEach) };
  enum { across = columns / columnsEach, rowGroups = rowsEach / 4, columnGroups = columnsEach / 4 };

  T sums[rowsEach][columnsEach];
  int firstRow, firstColumn;

  DEVICE PlainTile(int thread) : firstRow(thread / across * 4), firstColumn(thread % across * 4) {
#pragma unroll
    for (int r = 0; r < rowsEach; r++)
#pragma unroll
      for (int c = 0; c < columnsEach; c++) sums[r][c] = 0;
  }

  DEVICE int row(int r) const { return r / 4 * (rows / rowGroups) + firstRow + r % 4; }
  DEVICE int column(int c) const { return c / 4 * (columns / columnGroups) + firstColumn + c % 4; }

  template <class Value> DEVICE static Value rounded(const Value &value) { return value; }

  DEVICE void multiply(const T (&left)[depth][rows + padding], const T (&right)[depth][columns + padding]) {
    typedef Pack<T, 4> Four;
#pragma unroll
    for (int k = 0; k < depth; k++) {
      Four a[rowGroups], b[columnGroups];
#pragma unroll
      for (int r = 0; r < rowGroups; r++) a[r] = *(const Four *)&left[k][r * (rows / rowGroups) + firstRow];
#pragma unroll
      for (int c = 0; c < columnGroups; c++) b[c] = *(const Four *)&right[k][c * (columns / columnGroups) + firstColumn];
#pragma unroll
      for (int r = 0; r < rowsEach; r++)
#pragma unroll
        for (int c = 0; c < columnsEach; c++) sums[r][c] += a[r / 4].at[r % 4] * b[c / 4].at[c % 4];
    }
  }
};

// Rounding to the formats that tensor cores multiply, the result staying a float.
struct ToTF32 {
  DEVICE static float rounded(float x) { return roundedToMantissa(x, 13); }
  // To nearest, ties to even, with `dropped` bits of the mantissa left out; infinities and NaN stay what they are.
  DEVICE static float roundedToMantissa(float x, int dropped) {
    const unsigned bits = __float_as_uint(x), odd = bits >> dropped & 1;
    if ((bits & 0x7f800000) == 0x7f800000) return x;
    return __uint_as_float((bits + ((1u << (dropped - 1)) - 1) + odd) & ~((1u << dropped) - 1));
  }
};
struct ToBFloat16 {
  DEVICE static float rounded(float x) { return ToTF32::roundedToMantissa(x, 16); }
};

// sums += a · b for a 16 by 8 and an 8 by 8 matrix spread over the lanes of a warp, as mma.m16n8k8 has them.
DEVICE void multiplyOnTensorCore(float (&sums)[4], const float (&a)[4], const float (&b)[2]) {
#ifdef __CUDA_ARCH__
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])), "r"(__float_as_uint(a[3])),
        "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
#else
  const int lane = threadIdx.x % 32, row = lane / 4, column = lane % 4 * 2;
  for (int k = 0; k < 8; k++) {
    const float upper = __shfl_sync(0xffffffffu, a[k / 4 * 2], row * 4 + k % 4);
    const float lower = __shfl_sync(0xffffffffu, a[k / 4 * 2 + 1], row * 4 + k % 4);
    const float first = __shfl_sync(0xffffffffu, b[k / 4], column * 4 + k % 4);
    const float second = __shfl_sync(0xffffffffu, b[k / 4], (column + 1) * 4 + k % 4);
    sums[0] += upper * first;
    sums[1] += upper * second;
    sums[2] += lower * first;
    sums[3] += lower * second;
  }
#endif
}

// Tensor cores: each of four warps has a quarter of 64 rows and 128 columns. Both formats are multiplied as TF32, which
// holds bfloat16's values exactly.
template <class Format> struct TensorTile {
  enum { rows = 64, columns = 128, depth = 16, padding = 8, run = 2, threads = 128 };
  enum { tileRows = 4, tileColumns = 16 };

  float sums[tileRows][tileColumns];
  int warpRow, warpColumn, lane;

  DEVICE TensorTile(int thread) : warpRow(thread / 64 * 32), warpColumn(thread / 32 % 2 * 64), lane(thread % 32) {
#pragma unroll
    for (int r = 0; r < tileRows; r++)
#pragma unroll
      for (int c = 0; c < tileColumns; c++) sums[r][c] = 0;
  }

  DEVICE int row(int r) const { return warpRow + r * 8 + lane / 4; }
  DEVICE int column(int c) const { return warpColumn + c / 2 * 8 + lane % 4 * 2 + c % 2; }

  DEVICE static float rounded(float x) { return Format::rounded(x); }
  DEVICE static Pack<float, 4> rounded(const Pack<float, 4> &x) {
    return {{Format::rounded(x.at[0]), Format::rounded(x.at[1]), Format::rounded(x.at[2]), Format::rounded(x.at[3])}};
  }

  DEVICE void multiply(const float (&left)[depth][rows + padding], const float (&right)[depth][columns + padding]) {
    const int k = lane % 4, place = lane / 4;
#pragma unroll
    for (int step = 0; step < depth; step += 8) {
      float a[2][4];
#pragma unroll
      for (int r = 0; r < 2; r++)
#pragma unroll
        for (int i = 0; i < 4; i++) a[r][i] = left[step + k + i / 2 * 4][warpRow + r * 16 + i % 2 * 8 + place];
#pragma unroll
      for (int c = 0; c < 8; c++) {
        const float b[2] = {right[step + k][warpColumn + c * 8 + place], right[step + k + 4][warpColumn + c * 8 + place]};
#pragma unroll
        for (int r = 0; r < 2; r++) {
          float tile[4] = {sums[r * 2][c * 2], sums[r * 2][c * 2 + 1], sums[r * 2 + 1][c * 2], sums[r * 2 + 1][c * 2 + 1]};
          multiplyOnTensorCore(tile, a[r], b);
          sums[r * 2][c * 2] = tile[0];
          sums[r * 2][c * 2 + 1] = tile[1];
          sums[r * 2 + 1][c * 2] = tile[2];
          sums[r * 2 + 1][c * 2 + 1] = tile[3];
        }
      }
    }
  }
};

#endif
