// cuBLAS: products of matrices that are stored column by column.
#include "Blocks.h"
#include "Interface.h"
#include "Streams.h"

#include <cstdio>
#include <cstdlib>

struct dt_cublas_handle {
  dt_stream stream;
  int mathMode;
};

namespace {

enum Status { success = 0, notSupported = 15 };
enum Type { float32 = 0, float64 = 1, bfloat16 = 14 };
enum Compute { computeFloat32 = 68, computeFloat64 = 70, computeByBFloat16 = 75, computeByTF32 = 77 };
enum Math { exactReduction = 16 };

/// A factor as the tensor cores see it.
template <class T> T rounded(T x, int compute) {
  if constexpr (sizeof(T) == sizeof(float)) {
    if (compute == computeByBFloat16) return emulator::withoutBits(x, 16);
    if (compute == computeByTF32) return emulator::withoutBits(x, 13);
  }
  return x;
}

float number(float x) { return x; }
double number(double x) { return x; }
float number(unsigned short bits) { return __uint_as_float((unsigned)bits << 16); }

void set(float &result, double value) { result = (float)value; }
void set(double &result, double value) { result = value; }
void set(unsigned short &result, double value) {
  result = (unsigned short)(__float_as_uint(emulator::withoutBits((float)value, 16)) >> 16);
}

/// Where `isSplit`, the sum is that of two halves which are both in the type of the result.
template <class Factor, class Result, class T>
void multiply(bool isSplit, bool transposesA, bool transposesB, int m, int n, int k, T alpha, const Factor *a, int leadingA,
              const Factor *b, int leadingB, T beta, Result *c, int leadingC, int compute) {
  for (int column = 0; column < n; column++)
    for (int row = 0; row < m; row++) {
      double sum = 0, half = 0;
      for (int i = 0; i < k; i++) {
        if (isSplit && i == k / 2) {
          Result part;
          set(part, sum);
          half = number(part);
          sum = 0;
        }
        const Factor left = transposesA ? a[i + (long)row * leadingA] : a[row + (long)i * leadingA];
        const Factor right = transposesB ? b[column + (long)i * leadingB] : b[i + (long)column * leadingB];
        sum += (double)rounded(number(left), compute) * (double)rounded(number(right), compute);
      }
      Result &result = c[row + (long)column * leadingC];
      if (isSplit) {
        Result part;
        set(part, sum);
        sum = half + number(part);
      }
      // What is multiplied by zero is not read.
      set(result, T(alpha * sum) + (beta == 0 ? T(0) : beta * number(result)));
    }
}

/// One of the addresses in the GPU's memory that cuBLAS takes, which it wants aligned.
const void *alignedAddress(const void *addresses, int number) {
  const void *address = static_cast<const void *const *>(addresses)[number];
  emulator::requireDeviceAddress(address, "a matrix of cuBLAS's");
  if ((size_t)address % 16) {
    fprintf(stderr, "the emulated GPU: a matrix of cuBLAS's at an address that is no multiple of 16\n");
    abort();
  }
  return address;
}

/// Starts `count` products of the matrices that find(number, first, second, result) gives.
template <class Find>
int submitEach(dt_blas handle, int transposesA, int transposesB, int m, int n, int k, const void *alpha, int typeA,
               int leadingA, int typeB, int leadingB, const void *beta, int typeC, int leadingC, int count, int compute,
               const Find &find) {
  if (typeA != typeB || (typeA != typeC && (typeA != bfloat16 || typeC != float32))) return notSupported;
  const auto each = [&](auto factor, auto result) {
    using Factor = decltype(factor);
    using Result = decltype(result);
    using T = decltype(number(result));
    const T scale = *static_cast<const T *>(alpha), kept = *static_cast<const T *>(beta);
    emulator::submit(handle->stream, "product", [=, isSplit = !(handle->mathMode & exactReduction)] {
      for (int i = 0; i < count; i++) {
        const Factor *first, *second;
        Result *product;
        find(i, first, second, product);
        multiply<Factor, Result, T>(isSplit, transposesA, transposesB, m, n, k, scale, first, leadingA, second,
                                    leadingB, kept, product, leadingC, compute);
      }
    });
    return success;
  };
  typedef unsigned short BFloat16;
  if (typeA == bfloat16 && typeC == bfloat16 && compute == computeFloat32) return each(BFloat16(), BFloat16());
  if (typeA == bfloat16 && compute == computeFloat32) return each(BFloat16(), float());
  if (typeA == float32 && compute != computeFloat64) return each(float(), float());
  if (typeA == float64 && compute == computeFloat64) return each(double(), double());
  return notSupported;
}

}  // namespace

extern "C" {

int cublasCreate_v2(dt_blas *handle) {
  *handle = new dt_cublas_handle{};
  return success;
}

int cublasGetVersion_v2(dt_blas, int *version) {
  *version = 139900;
  return success;
}

int cublasGetProperty(int property, int *value) {
  const int versions[] = {13, 99, 0};
  *value = versions[property];
  return success;
}

const char *cublasGetStatusString(int) { return "of the emulated cuBLAS"; }

int cublasSetStream_v2(dt_blas handle, dt_stream stream) {
  handle->stream = stream;
  return success;
}

int cublasSetWorkspace_v2(dt_blas, void *workspace, size_t) {
  emulator::requireDeviceAddress(workspace, "cuBLAS's workspace");
  return success;
}

int cublasSetMathMode(dt_blas handle, int mode) {
  handle->mathMode = mode;
  return success;
}

int cublasGemmStridedBatchedEx(dt_blas handle, int transposesA, int transposesB, int m, int n, int k, const void *alpha,
                               const void *a, int typeA, int leadingA, long long strideA, const void *b, int typeB,
                               int leadingB, long long strideB, const void *beta, void *c, int typeC, int leadingC,
                               long long strideC, int count, int compute, int) {
  for (const void *matrix : {a, b, (const void *)c}) emulator::requireDeviceAddress(matrix, "a matrix of cuBLAS's");
  return submitEach(handle, transposesA, transposesB, m, n, k, alpha, typeA, leadingA, typeB, leadingB, beta, typeC,
                    leadingC, count, compute, [=](int i, auto *&first, auto *&second, auto *&result) {
                      first = (std::remove_reference_t<decltype(first)>)a + i * strideA;
                      second = (std::remove_reference_t<decltype(second)>)b + i * strideB;
                      result = (std::remove_reference_t<decltype(result)>)c + i * strideC;
                    });
}

int cublasGemmBatchedEx(dt_blas handle, int transposesA, int transposesB, int m, int n, int k, const void *alpha,
                        const void *a, int typeA, int leadingA, const void *b, int typeB, int leadingB,
                        const void *beta, const void *c, int typeC, int leadingC, int count, int compute, int) {
  for (const void *addresses : {a, b, c}) emulator::requireDeviceAddress(addresses, "addresses of cuBLAS's matrices");
  return submitEach(handle, transposesA, transposesB, m, n, k, alpha, typeA, leadingA, typeB, leadingB, beta, typeC,
                    leadingC, count, compute, [=](int i, auto *&first, auto *&second, auto *&result) {
                      first = (std::remove_reference_t<decltype(first)>)alignedAddress(a, i);
                      second = (std::remove_reference_t<decltype(second)>)alignedAddress(b, i);
                      result = (std::remove_reference_t<decltype(result)>)alignedAddress(c, i);
                    });
}

int cublasGemmEx(dt_blas handle, int transposesA, int transposesB, int m, int n, int k, const void *alpha,
                 const void *a, int typeA, int leadingA, const void *b, int typeB, int leadingB, const void *beta,
                 void *c, int typeC, int leadingC, int compute, int algorithm) {
  return cublasGemmStridedBatchedEx(handle, transposesA, transposesB, m, n, k, alpha, a, typeA, leadingA, 0, b, typeB,
                                    leadingB, 0, beta, c, typeC, leadingC, 0, 1, compute, algorithm);
}

}  // extern "C"
