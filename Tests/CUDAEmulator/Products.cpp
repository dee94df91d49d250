// cuBLAS: products of matrices that are stored column by column.
#include "Blocks.h"
#include "Interface.h"
#include "Products.h"
#include "Streams.h"

#include <algorithm>

struct dt_cublas_handle {
  dt_stream stream;
  int mathMode;
  /// Whether it works in memory that it was given.
  bool hasWorkspace;
};

namespace {

using namespace emulator;

enum Math { exactReduction = 16 };

template <class Factor, class Result, class T>
void multiply(bool isSplit, bool transposesA, bool transposesB, int m, int n, int k, T alpha, const Factor *a, int leadingA,
              const Factor *b, int leadingB, T beta, Result *c, int leadingC, int compute) {
  const Matrix<Factor> first{a, transposesA, leadingA}, second{b, transposesB, leadingB};
  for (int column = 0; column < n; column++)
    for (int row = 0; row < m; row++) {
      const double sum = sumOfProducts<Result>(first, second, row, column, k, compute, isSplit);
      Result &result = c[row + (long)column * leadingC];
      // What is multiplied by zero is not read.
      set(result, T(alpha * sum) + (beta == 0 ? T(0) : beta * number(result)));
    }
}

/// One of the addresses in the GPU's memory that cuBLAS takes, which it wants aligned.
const void *alignedAddress(const void *addresses, int number) {
  const void *address = static_cast<const void *const *>(addresses)[number];
  emulator::requireDeviceAddress(address, "a matrix of cuBLAS's");
  if ((uintptr_t)address % 16 != 0)
    emulator::fail("a matrix of cuBLAS's at an address, %p, that is no multiple of 16", address);
  return address;
}

/// Starts `count` products of the matrices that find(number, first, second, result) gives.
template <class Find>
int submitEach(dt_blas handle, int transposesA, int transposesB, int m, int n, int k, const void *alpha, int typeA,
               int leadingA, int typeB, int leadingB, const void *beta, int typeC, int leadingC, int count, int compute,
               const Find &find) {
  const int leastA = transposesA ? k : m, leastB = transposesB ? n : k;
  if (m < 0 || n < 0 || k < 0 || leadingA < std::max(leastA, 1) || leadingB < std::max(leastB, 1) ||
      leadingC < std::max(m, 1))
    return productInvalid;
  if (!handle->hasWorkspace) emulator::fail("cuBLAS: a product in the library's own memory, with other bits each time");
  if (typeA != typeB || (typeA != typeC && (typeA != productBFloat16 || typeC != productFloat32))) return productNotSupported;
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
    return productSuccess;
  };
  if (typeA == productBFloat16 && typeC == productBFloat16 && compute == inFloat32) return each(BFloat16(), BFloat16());
  if (typeA == productBFloat16 && compute == inFloat32) return each(BFloat16(), float());
  if (typeA == productFloat32 && compute != inFloat64) return each(float(), float());
  if (typeA == productFloat64 && compute == inFloat64) return each(double(), double());
  return productNotSupported;
}

}  // namespace

extern "C" {

int cublasCreate_v2(dt_blas *handle) {
  *handle = new dt_cublas_handle{};
  return productSuccess;
}

int cublasGetVersion_v2(dt_blas, int *version) {
  *version = 139900;
  return productSuccess;
}

int cublasGetProperty(int property, int *value) {
  const int versions[] = {13, 99, 0};
  *value = versions[property];
  return productSuccess;
}

const char *cublasGetStatusString(int) { return "of the emulated cuBLAS"; }

/// Brings back the library's own memory, as the real one.
int cublasSetStream_v2(dt_blas handle, dt_stream stream) {
  handle->stream = stream;
  handle->hasWorkspace = false;
  return productSuccess;
}

int cublasSetWorkspace_v2(dt_blas handle, void *workspace, size_t) {
  emulator::requireDeviceAddress(workspace, "cuBLAS's workspace");
  if ((uintptr_t)workspace % 256 != 0) return productInvalid;
  handle->hasWorkspace = true;
  return productSuccess;
}

int cublasSetMathMode(dt_blas handle, int mode) {
  handle->mathMode = mode;
  return productSuccess;
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
