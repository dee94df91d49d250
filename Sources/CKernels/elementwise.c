#include <math.h>

#include "CKernels.h"
#include "clones.h"
#include "exponential.h"
#include "power.h"
#include "special_functions.h"

static const double inverse_sqrt_2 = 0.70710678118654752440;
static const double sqrt_2_over_pi = 0.79788456080286535588;
static const double inverse_sqrt_2_pi = 0.39894228040143267794;
static const double gelu_cubic = 0.044715;

// The logarithm of the size of the gamma function; lgamma() would write its sign where other threads do.
static double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

// The results may take the place of the arguments: an element depends on those in its place only.
// Those that call the C library stay loops, which is nothing to warn of.
#pragma clang diagnostic ignored "-Wpass-failed"
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")

#define UNARY_OF(name, s, T, expression)                                       \
  CLONES void dt_##name##_##s(size_t n, const T *values, T *out) {             \
    INDEPENDENT                                                                \
    for (size_t i = 0; i < n; i++) {                                           \
      const T x = values[i];                                                   \
      out[i] = (expression);                                                   \
    }                                                                          \
  }
#define UNARY(name, single, twice)      \
  UNARY_OF(name, f32, float, single)    \
  UNARY_OF(name, f64, double, twice)

UNARY(negate, -x, -x)
UNARY(absolute, fabsf(x), fabs(x))
UNARY(sign, (float)((x > 0) - (x < 0)), (double)((x > 0) - (x < 0)))
UNARY(square, x * x, x * x)
UNARY(square_root, sqrt_f32(x), sqrt_f64(x))
UNARY(reciprocal_square_root, 1 / sqrt_f32(x), 1 / sqrt_f64(x))
UNARY(reciprocal, 1 / x, 1 / x)
UNARY(zero_if_infinite, isinf(x) ? 0 : x, isinf(x) ? 0 : x)
UNARY(round, rintf(x), rint(x))
UNARY(floor, floorf(x), floor(x))
UNARY(ceiling, ceilf(x), ceil(x))
UNARY(exponential, exp_f32(x), exp(x))
UNARY(logarithm, log_f32(x), log(x))
UNARY(logarithm_of_one_plus, log1p_f32(x), log1p(x))
UNARY(error_function, erf_f32(x), erf(x))
UNARY(inverse_error_function, (float)inverse_erf(x), inverse_erf(x))
UNARY(log_gamma, (float)log_gamma(x), log_gamma(x))
UNARY(digamma, (float)digamma(x), digamma(x))
UNARY(exponential_minus_one, expm1f(x), expm1(x))
UNARY(tangent, tanf(x), tan(x))
UNARY(arc_sine, asinf(x), asin(x))
UNARY(arc_cosine, acosf(x), acos(x))
UNARY(arc_tangent, atanf(x), atan(x))
UNARY(hyperbolic_sine, sinhf(x), sinh(x))
UNARY(hyperbolic_cosine, coshf(x), cosh(x))
UNARY(inverse_hyperbolic_sine, asinhf(x), asinh(x))
UNARY(inverse_hyperbolic_cosine, acoshf(x), acosh(x))
UNARY(inverse_hyperbolic_tangent, atanhf(x), atanh(x))
UNARY(tanh, tanh_f32(x), tanh(x))
UNARY(sigmoid, sigmoid_f32(x), 1 / (1 + exp(-x)))
// A NaN stays a NaN, as in PyTorch.
UNARY(relu, x <= 0 ? 0 : x, x <= 0 ? 0 : x)
// In double precision above 20 the function is the identity to within rounding, and exp would overflow.
UNARY(softplus, (x < 0 ? 0 : x) + log1p_below_1_f32(exp_f32(-fabsf(x))), x > 20 ? x : log1p(exp(x)))
UNARY(log_sigmoid, (x < 0 ? x : 0) - log1p_below_1_f32(exp_f32(-fabsf(x))), x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x)))
UNARY(silu, x * (x < 0 ? exp_f32(-fabsf(x)) : 1) / (1 + exp_f32(-fabsf(x))), (x < 0 ? x * exp(x) : x) / (1 + exp(-fabs(x))))
UNARY(hardswish, x <= -3 ? x * 0 : x < 3 ? x * (x + 3) / 6 : x,
      x <= -3 ? x * 0 : x < 3 ? x * (x + 3) / 6 : x)
// 1 + erf would lose the digits of the tail.
UNARY(gelu, x * normal_f32(x), 0.5 * x * erfc(-x * inverse_sqrt_2))
// (1 + tanh u) / 2 as sigmoid(2u), for the same reason.
UNARY(gelu_tanh, x / (1 + exp_f32(-2 * (float)sqrt_2_over_pi * (x + (float)gelu_cubic * x * x * x))),
      x / (1 + exp(-2 * sqrt_2_over_pi * (x + gelu_cubic * x * x * x))))

#define CLAMP(s, T)                                                            \
  CLONES void dt_clamp_##s(size_t n, const T *values, T low, T high, T *out) { \
    INDEPENDENT                                                                \
    for (size_t i = 0; i < n; i++) {                                           \
      const T x = values[i], raised = x != x || x > low ? x : low;             \
      out[i] = raised != raised || raised < high ? raised : high;              \
    }                                                                          \
  }
CLAMP(f32, float)
CLAMP(f64, double)

#define BINARY_OF(name, s, T, expression)                                                                      \
  CLONES void dt_##name##_##s(size_t n, const T *as, size_t a_step, const T *bs, size_t b_step, T *out) {      \
    if (a_step == 1 && b_step == 1) {                                                                          \
      INDEPENDENT for (size_t i = 0; i < n; i++) { const T a = as[i], b = bs[i]; out[i] = (T)(expression); }               \
    } else if (a_step == 1) {                                                                                  \
      const T b = n ? *bs : 0;                                                                                 \
      INDEPENDENT for (size_t i = 0; i < n; i++) { const T a = as[i]; out[i] = (T)(expression); }                          \
    } else if (b_step == 1) {                                                                                  \
      const T a = n ? *as : 0;                                                                                 \
      INDEPENDENT for (size_t i = 0; i < n; i++) { const T b = bs[i]; out[i] = (T)(expression); }                          \
    } else if (n) {                                                                                            \
      const T a = *as, b = *bs;                                                                                \
      const T value = (T)(expression);                                                                         \
      for (size_t i = 0; i < n; i++) out[i] = value;                                                           \
    }                                                                                                          \
  }
#define BINARY_REAL(name, single, twice)   \
  BINARY_OF(name, f32, float, single)      \
  BINARY_OF(name, f64, double, twice)
#define BINARY(name, single, twice, whole) \
  BINARY_REAL(name, single, twice)         \
  BINARY_OF(name, i64, int64_t, whole)
#define BINARY_SAME(name, expression) BINARY(name, expression, expression, expression)

// Integers wrap around; division by zero gives 0 rather than a trap.
BINARY(add, a + b, a + b, (uint64_t)a + (uint64_t)b)
BINARY(subtract, a - b, a - b, (uint64_t)a - (uint64_t)b)
BINARY(multiply, a * b, a * b, (uint64_t)a * (uint64_t)b)
BINARY(divide, a / b, a / b, b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b)
BINARY_SAME(maximum, a != a || a > b ? a : b)
BINARY_SAME(minimum, a != a || a < b ? a : b)
BINARY_SAME(equal, a == b)
BINARY_SAME(less, a < b)
BINARY_SAME(less_or_equal, a <= b)

static inline int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, factor = (uint64_t)base;
  for (; exponent; exponent >>= 1, factor *= factor)
    if (exponent & 1) result *= factor;
  return (int64_t)result;
}
BINARY(power, power_f32(a, b), pow(a, b), integer_power(a, b))

BINARY_REAL(hurwitz_zeta, (float)hurwitz_zeta(a, b), hurwitz_zeta(a, b))
BINARY_REAL(direction, atan2f(a, b), atan2(a, b))
BINARY_REAL(leaky_relu, a > 0 ? a : a * b, a > 0 ? a : a * b)
BINARY_REAL(leaky_relu_slope, a > 0 ? 1 : b, a > 0 ? 1 : b)
#define SMOOTH_ABSOLUTE(s, T, absolute)                          \
  INLINED T smooth_absolute_##s(T x, T width) {                  \
    const T size = absolute(x), near = size < width ? size : width; \
    return near / width * (size - near / 2);                     \
  }
SMOOTH_ABSOLUTE(f32, float, fabsf)
SMOOTH_ABSOLUTE(f64, double, fabs)
BINARY_REAL(smooth_absolute, smooth_absolute_f32(a, b), smooth_absolute_f64(a, b))
// e^x - 1 as tanh(x / 2) (e^x + 1), which is accurate near 0, too.
BINARY_REAL(elu, a <= 0 ? b * (tanh_f32(a / 2) * (exp_f32(a) + 1)) : a, a <= 0 ? b * expm1(a) : a)
BINARY_REAL(elu_slope, a > 0 ? 1 : b * exp_f32(a), a > 0 ? 1 : b * exp(a))

BINARY_REAL(tanh_gradient, a * (1 - b * b), a * (1 - b * b))
BINARY_REAL(sigmoid_gradient, a * (1 - b) * b, a * (1 - b) * b)
BINARY_REAL(relu_gradient, b <= 0 ? 0 : a, b <= 0 ? 0 : a)
BINARY_REAL(softplus_gradient, b > 20 ? a : a / (1 + exp_f32(-b)), b > 20 ? a : a / (1 + exp(-b)))

INLINED float silu_slope_f32(float x) {
  const float e = exp_f32(-fabsf(x)), larger = 1 / (1 + e), smaller = e * larger;
  return x < 0 ? smaller * (1 + x * larger) : larger * (1 + x * smaller);
}
static inline double silu_slope_f64(double x) {
  const double s = 1 / (1 + exp(-x));
  return s * (1 + x * (1 - s));
}
INLINED float gelu_slope_f32(float x) {
  const normal_parts_f32 parts = normal_parts_of_f32(x);
  return normal_up_to_f32(x, parts) + x * (float)inverse_sqrt_2_pi * parts.bell;
}
static inline double gelu_slope_f64(double x) {
  return 0.5 * erfc(-x * inverse_sqrt_2) + x * inverse_sqrt_2_pi * exp(-0.5 * x * x);
}
INLINED float gelu_tanh_slope_f32(float x) {
  const float c = (float)sqrt_2_over_pi, k = (float)gelu_cubic;
  const float e = exp_f32(-2 * c * fabsf(x + k * x * x * x)), larger = 1 / (1 + e), smaller = e * larger;
  return (x < 0 ? smaller : larger) + 2 * x * smaller * larger * c * (1 + 3 * k * x * x);
}
static inline double gelu_tanh_slope_f64(double x) {
  const double s = 1 / (1 + exp(-2 * sqrt_2_over_pi * (x + gelu_cubic * x * x * x)));
  return s + 2 * x * s * (1 - s) * sqrt_2_over_pi * (1 + 3 * gelu_cubic * x * x);
}
BINARY_REAL(silu_gradient, a * silu_slope_f32(b), a * silu_slope_f64(b))
BINARY_REAL(hardswish_gradient, b <= -3 ? 0 : b >= 3 ? a : a * (b / 3 + 0.5f),
            b <= -3 ? 0 : b >= 3 ? a : a * (b / 3 + 0.5))
BINARY_REAL(gelu_gradient, a * gelu_slope_f32(b), a * gelu_slope_f64(b))
BINARY_REAL(gelu_tanh_gradient, a * gelu_tanh_slope_f32(b), a * gelu_tanh_slope_f64(b))

CLONES void dt_convert_u8_to_f32(size_t n, const uint8_t *x, float *out) {
  for (size_t i = 0; i < n; i++) out[i] = (float)x[i];
}

// 1/255 is split into its first 16 bits, whose product with a byte is exact, and the rest. So the sum of both products is
// rounded once, but for an error far below a quarter of the last bit; a test checks all 256 values.
// Shuffled rows are far apart in memory: each is asked for while the two before it are converted.
CLONES void dt_gather_fractions_of_255(
    size_t count, size_t length, const intptr_t *rows, const uint8_t *x, float *out) {
  const float high = 0x1.01p-8f, low = (float)(1.0 / 255 - 0x1.01p-8);
  for (size_t i = 0; i < count; i++) {
    if (i + 2 < count) {
      const uint8_t *next = x + (size_t)rows[i + 2] * length;
      for (size_t j = 0; j < length; j += 64) __builtin_prefetch(next + j);
    }
    const uint8_t *row = x + (size_t)rows[i] * length;
    float *target = out + i * length;
    for (size_t j = 0; j < length; j++) target[j] = (float)row[j] * high + (float)row[j] * low;
  }
}

CLONES void dt_matrix_product_i64(size_t m, size_t n, size_t k, const int64_t *a, const int64_t *b, int64_t *c) {
  for (size_t i = 0; i < m * n; i++) c[i] = 0;
  for (size_t i = 0; i < m; i++)
    for (size_t l = 0; l < k; l++)
      for (size_t j = 0; j < n; j++)
        c[i * n + j] = (int64_t)((uint64_t)c[i * n + j] + (uint64_t)a[i * k + l] * (uint64_t)b[l * n + j]);
}
