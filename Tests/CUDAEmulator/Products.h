// What the emulated cuBLAS and cuBLASLt have in common.
#ifndef CUDA_EMULATOR_PRODUCTS_H
#define CUDA_EMULATOR_PRODUCTS_H

#include "Blocks.h"

// The library's own sums, of which the sanitizer's code would take most of the time of all tests.
#define UNCHECKED __attribute__((no_sanitize("undefined"), always_inline))

namespace emulator {

enum ProductStatus { productSuccess = 0, productInvalid = 7, productNotSupported = 15 };
enum ProductType { productFloat32 = 0, productFloat64 = 1, productBFloat16 = 14 };
enum ProductArithmetic { inFloat32 = 68, inFloat64 = 70, byBFloat16 = 75, byTF32 = 77 };

typedef unsigned short BFloat16;

/// A factor as the tensor cores see it.
template <class T> T rounded(T x, int arithmetic) {
  if constexpr (sizeof(T) == sizeof(float)) {
    if (arithmetic == byBFloat16) return withoutBits(x, 16);
    if (arithmetic == byTF32) return withoutBits(x, 13);
  }
  return x;
}

inline float number(float x) { return x; }
inline double number(double x) { return x; }
inline float number(BFloat16 bits) { return __uint_as_float((unsigned)bits << 16); }

inline void set(float &result, double value) { result = (float)value; }
inline void set(double &result, double value) { result = value; }
inline void set(BFloat16 &result, double value) {
  result = (BFloat16)(__float_as_uint(withoutBits((float)value, 16)) >> 16);
}

/// A matrix that is stored column by column, or its transpose.
template <class Factor> struct Matrix {
  const Factor *start;
  bool isTransposed;
  long leading;

  UNCHECKED inline Factor at(long row, long column) const {
    return isTransposed ? start[column + row * leading] : start[row + column * leading];
  }
};

/// An element of the product of matrices. Where `isSplit`, the sum is that of two halves which are both in the type of the
/// result.
template <class Result, class Factor>
double sumOfProducts(const Matrix<Factor> &a, const Matrix<Factor> &b, long row, long column, long inner,
                     int arithmetic, bool isSplit) {
  const auto part = [&](long from, long to) UNCHECKED {
    double sum = 0;
    for (long i = from; i < to; i++)
      sum += (double)rounded(number(a.at(row, i)), arithmetic) * (double)rounded(number(b.at(i, column)), arithmetic);
    return sum;
  };
  if (!isSplit) return part(0, inner);
  Result first, second;
  set(first, part(0, inner / 2));
  set(second, part(inner / 2, inner));
  return number(first) + number(second);
}

}  // namespace emulator

#endif
