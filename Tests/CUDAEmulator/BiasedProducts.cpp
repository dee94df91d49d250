// cuBLASLt: products of matrices to which a bias is added, and ReLU applied, before they are written.
//
// As the real one may for some shapes, it has no algorithm for products whose inner dimension is 5 more than a multiple of
// 8, refuses in the end what it has offered where that is 3 more, and makes 0 of what is not a number by the ReLU of
// results whose columns have a length that is 1 more than one.
#include <algorithm>
#include <mutex>
#include <set>

#include "Interface.h"
#include "Products.h"
#include "Streams.h"

struct dt_cublaslt_handle {};

struct dt_cublaslt_product {
  int arithmetic, transposesA = 0, transposesB = 0;
  unsigned epilogue = 1;
  const void *bias = nullptr;
};

struct dt_cublaslt_matrix {
  int type;
  uint64_t rows, columns;
  int64_t leading;
};

struct dt_cublaslt_preference {
  uint64_t workspaceBytes = 0;
  unsigned reductionSchemes = 7, alignments[4] = {256, 256, 256, 256};
};

namespace {

using namespace emulator;

enum Attribute { transposesA = 3, transposesB = 4, epilogue = 7, bias = 8 };
enum Preference { workspaceSize = 1, reductionSchemes = 3, firstAlignment = 5, lastAlignment = 8 };
enum Epilogue { none = 1, withBias = 4, withBiasAndReLU = 6 };
enum ReductionScheme { inOutputType = 1 | 4 };
constexpr size_t workspaceBytes = 1000;

/// What there is of descriptors of one kind: one that was destroyed is no more.
template <class Descriptor> class Descriptors {
 public:
  template <class... Values> Descriptor *make(Values... values) {
    Descriptor *descriptor = new Descriptor{values...};
    std::lock_guard<std::mutex> guard(lock);
    all.insert(descriptor);
    return descriptor;
  }

  const Descriptor &require(const Descriptor *descriptor) { return *found(descriptor); }
  Descriptor &require(Descriptor *descriptor) { return *const_cast<Descriptor *>(found(descriptor)); }

  /// It is not freed, so that none that comes later takes its place.
  int destroy(Descriptor *descriptor) {
    found(descriptor);
    std::lock_guard<std::mutex> guard(lock);
    all.erase(descriptor);
    return productSuccess;
  }

 private:
  std::mutex lock;
  std::set<const Descriptor *> all;

  const Descriptor *found(const Descriptor *descriptor) {
    std::lock_guard<std::mutex> guard(lock);
    if (!all.count(descriptor)) fail("a descriptor of cuBLASLt's, %p, that is none, or was destroyed", descriptor);
    return descriptor;
  }
};

auto &products = *new Descriptors<dt_cublaslt_product>;
auto &matrices = *new Descriptors<dt_cublaslt_matrix>;
auto &preferences = *new Descriptors<dt_cublaslt_preference>;

template <class Value> int take(Value &target, const void *value, size_t bytes) {
  if (!value || bytes != sizeof target) return productInvalid;
  memcpy(&target, value, bytes);
  return productSuccess;
}

/// The part of an algorithm that callers do not look into.
struct Choice {
  uint64_t isSplit, dropsNaN, isRefused, inner;
  /// Of a, b, c, d and the bias.
  unsigned alignments[5];
};
static_assert(sizeof(Choice) <= sizeof dt_lt_algorithm::algorithm);

unsigned alignment(const void *address) {
  unsigned most = 256;
  while ((uintptr_t)address % most) most /= 2;
  return most;
}

/// Whether the descriptors fit to one another.
bool isProduct(const dt_cublaslt_product &p, const dt_cublaslt_matrix &a, const dt_cublaslt_matrix &b,
               const dt_cublaslt_matrix &d) {
  const uint64_t m = p.transposesA ? a.columns : a.rows, n = p.transposesB ? b.rows : b.columns;
  const uint64_t k = p.transposesA ? a.rows : a.columns;
  for (const auto *matrix : {&a, &b, &d})
    if (matrix->leading < (int64_t)matrix->rows) return false;
  return m > 0 && n > 0 && k > 0 && k == (p.transposesB ? b.columns : b.rows) && d.rows == m && d.columns == n;
}

bool isSupported(const dt_cublaslt_product &p, const dt_cublaslt_matrix &a, const dt_cublaslt_matrix &b,
                 const dt_cublaslt_matrix &d) {
  if (p.epilogue != none && p.epilogue != withBias && p.epilogue != withBiasAndReLU) return false;
  if (a.type != b.type || (d.type != productFloat32 && d.type != productBFloat16)) return false;
  if (a.type == productBFloat16) return p.arithmetic == inFloat32;
  return a.type == productFloat32 && d.type == productFloat32 && p.arithmetic != inFloat64;
}

template <class Factor, class Result>
void multiply(const dt_cublaslt_product &p, const Choice &choice, float alpha, const Matrix<Factor> &a,
              const Matrix<Factor> &b, const dt_cublaslt_matrix &shape, Result *d) {
  const Result *bias = static_cast<const Result *>(p.bias);
  for (uint64_t column = 0; column < shape.columns; column++)
    for (uint64_t row = 0; row < shape.rows; row++) {
      float sum = alpha * sumOfProducts<Result>(a, b, row, column, choice.inner, p.arithmetic, choice.isSplit);
      if (p.epilogue != none) sum += number(bias[row]);
      if (p.epilogue == withBiasAndReLU) sum = sum > 0 || (sum != sum && !choice.dropsNaN) ? sum : 0;
      set(d[row + column * shape.leading], sum);
    }
}

}  // namespace

extern "C" {

int cublasLtCreate(dt_blas_lt *handle) {
  if (isToFail("cublasLtCreate")) return 1;
  *handle = new dt_cublaslt_handle;
  return productSuccess;
}

size_t cublasLtGetVersion() { return 139900; }

int cublasLtGetProperty(int property, int *value) {
  const int versions[] = {13, 99, 0};
  *value = versions[property];
  return productSuccess;
}

const char *cublasLtGetStatusString(int) { return "of the emulated cuBLASLt"; }

int cublasLtMatmulDescCreate(dt_lt_product *product, int computeType, int scaleType) {
  if (scaleType != productFloat32) return productNotSupported;
  *product = products.make<int>(computeType);
  return productSuccess;
}

int cublasLtMatmulDescDestroy(dt_lt_product product) { return products.destroy(product); }

int cublasLtMatmulDescSetAttribute(dt_lt_product product, int attribute, const void *value, size_t bytes) {
  dt_cublaslt_product &p = products.require(product);
  switch (attribute) {
    case transposesA: return take(p.transposesA, value, bytes);
    case transposesB: return take(p.transposesB, value, bytes);
    case epilogue: return take(p.epilogue, value, bytes);
    case bias: return take(p.bias, value, bytes);
    default: return productInvalid;
  }
}

int cublasLtMatrixLayoutCreate(dt_lt_matrix *matrix, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  *matrix = matrices.make(type, rows, columns, leading);
  return productSuccess;
}

int cublasLtMatrixLayoutDestroy(dt_lt_matrix matrix) { return matrices.destroy(matrix); }

int cublasLtMatmulPreferenceCreate(dt_lt_preference *preference) {
  *preference = preferences.make();
  return productSuccess;
}

int cublasLtMatmulPreferenceDestroy(dt_lt_preference preference) { return preferences.destroy(preference); }

int cublasLtMatmulPreferenceSetAttribute(dt_lt_preference preference, int attribute, const void *value, size_t bytes) {
  dt_cublaslt_preference &p = preferences.require(preference);
  if (attribute == workspaceSize) return take(p.workspaceBytes, value, bytes);
  if (attribute == reductionSchemes) return take(p.reductionSchemes, value, bytes);
  if (attribute < firstAlignment || attribute > lastAlignment) return productInvalid;
  return take(p.alignments[attribute - firstAlignment], value, bytes);
}

int cublasLtMatmulAlgoGetHeuristic(dt_blas_lt, dt_lt_product product, dt_lt_matrix typeA, dt_lt_matrix typeB,
                                   dt_lt_matrix typeC, dt_lt_matrix typeD, dt_lt_preference preference, int room,
                                   dt_lt_algorithm *algorithms, int *count) {
  const auto &p = products.require(product);
  const auto &a = matrices.require(typeA), &b = matrices.require(typeB), &d = matrices.require(typeD);
  const auto &wanted = preferences.require(preference);
  *count = 0;
  if (room < 1 || typeC != typeD || !isProduct(p, a, b, d)) return productInvalid;
  const uint64_t inner = p.transposesA ? a.rows : a.columns;
  if (!isSupported(p, a, b, d) || inner % 8 == 5 || wanted.workspaceBytes < workspaceBytes) return productNotSupported;
  Choice choice{};
  choice.isSplit = (wanted.reductionSchemes & inOutputType) != 0;
  choice.dropsNaN = d.rows % 8 == 1;
  choice.isRefused = inner % 8 == 3;
  choice.inner = inner;
  std::copy(wanted.alignments, wanted.alignments + 4, choice.alignments);
  choice.alignments[4] = alignment(p.bias);
  *algorithms = {};
  memcpy(algorithms->algorithm, &choice, sizeof choice);
  algorithms->workspace_bytes = workspaceBytes;
  *count = 1;
  return productSuccess;
}

int cublasLtMatmul(dt_blas_lt, dt_lt_product product, const void *alpha, const void *a, dt_lt_matrix typeA,
                   const void *b, dt_lt_matrix typeB, const void *beta, const void *c, dt_lt_matrix typeC, void *d,
                   dt_lt_matrix typeD, const void *algorithm, void *workspace, size_t bytes, dt_stream stream) {
  const dt_cublaslt_product p = products.require(product);
  const dt_cublaslt_matrix first = matrices.require(typeA), second = matrices.require(typeB);
  const dt_cublaslt_matrix result = matrices.require(typeD);
  if (!algorithm || c != d || typeC != typeD || !isProduct(p, first, second, result)) return productInvalid;
  Choice choice;
  memcpy(&choice, algorithm, sizeof choice);
  if (choice.isRefused || !isSupported(p, first, second, result)) return productNotSupported;
  if (!workspace || bytes < workspaceBytes || *static_cast<const float *>(beta) != 0) return productInvalid;
  if (p.epilogue != none && !p.bias) return productInvalid;
  const void *addresses[] = {a, b, c, d, p.bias};
  for (int i = 0; i < 5; i++) {
    requireDeviceAddress(addresses[i], "an array of cuBLASLt's");
    if (alignment(addresses[i]) < choice.alignments[i])
      fail("an array of cuBLASLt's, %p, is not aligned to the %u bytes of its algorithm", addresses[i],
           choice.alignments[i]);
  }
  requireDeviceAddress(workspace, "cuBLASLt's workspace");
  if (alignment(workspace) < 256) fail("cuBLASLt's workspace, %p, is not aligned to 256 bytes", workspace);
  const auto start = [&](auto factor, auto element) {
    using Factor = decltype(factor);
    using Result = decltype(element);
    const Matrix<Factor> left{static_cast<const Factor *>(a), p.transposesA != 0, (long)first.leading};
    const Matrix<Factor> right{static_cast<const Factor *>(b), p.transposesB != 0, (long)second.leading};
    const char *name = p.epilogue == withBiasAndReLU ? "product_bias_relu" : "product_bias";
    submit(stream, name, [=, scale = *static_cast<const float *>(alpha)] {
      memset(workspace, 0xff, workspaceBytes);
      multiply(p, choice, scale, left, right, result, static_cast<Result *>(d));
    });
    return productSuccess;
  };
  if (first.type == productFloat32) return start(float(), float());
  return result.type == productFloat32 ? start(BFloat16(), float()) : start(BFloat16(), BFloat16());
}

}  // extern "C"
