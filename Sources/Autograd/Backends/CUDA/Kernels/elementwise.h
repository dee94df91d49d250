#ifndef DISTTRAIN_ELEMENTWISE_H
#define DISTTRAIN_ELEMENTWISE_H

#include "kernel.h"
#include "../../../../CKernels/special_functions.h"

// The standard normal distribution up to x; see CKernels/exponential.h for where the polynomials come from.
DEVICE float normal(float x) {
  const float z = x * x, t = 1 / (1 + 0.35355339059f * fabsf(x));
  float p = 0.1480598294f;
  p = p * t - 0.6978741596f;
  p = p * t + 1.196848176f;
  p = p * t - 0.7496248601f;
  p = p * t - 0.03616847658f;
  p = p * t - 0.0221389828f;
  p = p * t + 0.04254839285f;
  p = p * t + 0.3849824405f;
  p = p * t + 0.9988251107f;
  p = p * t - 1.265457421f;
  float q = 4.134163164e-07f;
  q = q * z - 8.730976058e-06f;
  q = q * z + 0.0001143888274f;
  q = q * z - 0.001186526872f;
  q = q * z + 0.009973261923f;
  q = q * z - 0.0664903391f;
  q = q * z + 0.3989422795f;
  const float tail = 0.5f * t * expf(p - 0.5f * z);
  const float far = x < 0 ? tail : 1 - tail;
  return z < 1.21f ? 0.5f + x * q : far;
}
DEVICE double normal(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }

DEVICE float logarithmOfOnePlus(float x) { return log1pf(x); }
DEVICE double logarithmOfOnePlus(double x) { return log1p(x); }
DEVICE float sine(float x) { return sinf(x); }
DEVICE double sine(double x) { return sin(x); }
DEVICE float cosine(float x) { return cosf(x); }
DEVICE double cosine(double x) { return cos(x); }
DEVICE float nearest(float x) { return rintf(x); }
DEVICE double nearest(double x) { return rint(x); }
DEVICE float below(float x) { return floorf(x); }
DEVICE double below(double x) { return floor(x); }
DEVICE float errorFunction(float x) { return erff(x); }
DEVICE double errorFunction(double x) { return erf(x); }
DEVICE float hyperbolicTangent(float x) { return tanhf(x); }
DEVICE double hyperbolicTangent(double x) { return tanh(x); }

#define LIBRARY_FUNCTION(name, function)                    \
  DEVICE float name(float x) { return function##f(x); }     \
  DEVICE double name(double x) { return function(x); }
LIBRARY_FUNCTION(lessOne, expm1)
LIBRARY_FUNCTION(tangentOf, tan)
LIBRARY_FUNCTION(arcSineOf, asin)
LIBRARY_FUNCTION(arcCosineOf, acos)
LIBRARY_FUNCTION(arcTangentOf, atan)
LIBRARY_FUNCTION(hyperbolicSineOf, sinh)
LIBRARY_FUNCTION(hyperbolicCosineOf, cosh)
LIBRARY_FUNCTION(inverseHyperbolicSineOf, asinh)
LIBRARY_FUNCTION(inverseHyperbolicCosineOf, acosh)
LIBRARY_FUNCTION(inverseHyperbolicTangentOf, atanh)
DEVICE float directionOf(float y, float x) { return atan2f(y, x); }
DEVICE double directionOf(double y, double x) { return atan2(y, x); }

template <class T> DEVICE T smoothAbsolute(T x, T width) {
  const T size = magnitude(x), close = size < width ? size : width;
  return close / width * (size - close / 2);
}
template <class T> DEVICE T silu(T x) {
  const T e = exponential(-magnitude(x));
  return x * (x < 0 ? e : 1) / (1 + e);
}
template <class T> DEVICE T siluSlope(T x) {
  const T e = exponential(-magnitude(x)), larger = 1 / (1 + e), smaller = e * larger;
  return x < 0 ? smaller * (1 + x * larger) : larger * (1 + x * smaller);
}
template <class T> DEVICE T geluSlope(T x) {
  return normal(x) + x * T(0.39894228040143267794) * exponential(T(-0.5) * x * x);
}
// √(2 / π) · (x + 0.044715 · x³), twice
template <class T> DEVICE T geluTanhArgument(T x) {
  return 2 * T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
}
// (1 + tanh u) / 2 is sigmoid(2u), which keeps the digits of the tail.
template <class T> DEVICE T geluTanh(T x) { return x / (1 + exponential(-geluTanhArgument(x))); }
template <class T> DEVICE T geluTanhSlope(T x) {
  const T e = exponential(-magnitude(geluTanhArgument(x))), larger = 1 / (1 + e), smaller = e * larger;
  const T slope = T(0.79788456080286535588) * (1 + 3 * T(0.044715) * x * x);
  return (x < 0 ? smaller : larger) + 2 * x * smaller * larger * slope;
}
template <class T> DEVICE T logSigmoid(T x) {
  return x < 0 ? x - logarithmOfOnePlus(exponential(x)) : -logarithmOfOnePlus(exponential(-x));
}

DEVICE float power(float a, float b) { return powf(a, b); }
DEVICE double power(double a, double b) { return pow(a, b); }
DEVICE Int power(Int base, Int exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  UInt result = 1, factor = (UInt)base;
  for (; exponent; exponent >>= 1, factor *= factor)
    if (exponent & 1) result *= factor;
  return (Int)result;
}
template <class T> DEVICE T quotientOf(T a, T b) { return a / b; }
// Division by zero gives 0, and the smallest integer divided by -1 wraps around.
template <> DEVICE Int quotientOf(Int a, Int b) { return b == 0 ? 0 : b == -1 ? (Int)(0 - (UInt)a) : a / b; }

template <class T, class Function> DEVICE void mapElements(Int n, const T *x, T *y, const Function &f) {
  typedef typename Whole<T>::Type Elements;
  const Int first = globalThread(), step = globalThreads();
  Int done = 0;
  if (isAligned(x, y)) {
    done = n / Whole<T>::width;
    for (Int i = first; i < done; i += step) {
      Elements values = ((const Elements *)x)[i];
#pragma unroll
      for (int k = 0; k < Whole<T>::width; k++) values.at[k] = (T)f(values.at[k]);
      ((Elements *)y)[i] = values;
    }
    done *= Whole<T>::width;
  }
  for (Int i = done + first; i < n; i += step) y[i] = (T)f(x[i]);
}

// An operand of a function of two: neighbouring elements, or a single one, in memory or given here, which is as exact
// as what is computed.
template <class T> struct Operand {
  const T *elements;
  Real<T> value;
  int isSingle;
};
template <class T> DEVICE Real<T> single(const Operand<T> &x) {
  return x.elements ? *(const Real<T> *)x.elements : x.value;
}

template <class T, class Function>
DEVICE void combineElements(Int n, const Operand<T> &a, const Operand<T> &b, T *out, const Function &f) {
  typedef typename Whole<T>::Type Elements;
  const Int first = globalThread(), step = globalThreads();
  typedef Real<T> R;
  const R oneA = a.isSingle ? single(a) : R(0), oneB = b.isSingle ? single(b) : R(0);
  Int done = 0;
  if (isAligned(a.isSingle ? 0 : a.elements, b.isSingle ? 0 : b.elements, out)) {
    done = n / Whole<T>::width;
    for (Int i = first; i < done; i += step) {
      Elements x, y;
      if (!a.isSingle) x = ((const Elements *)a.elements)[i];
      if (!b.isSingle) y = ((const Elements *)b.elements)[i];
#pragma unroll
      for (int k = 0; k < Whole<T>::width; k++)
        x.at[k] = (T)f(a.isSingle ? oneA : (R)x.at[k], b.isSingle ? oneB : (R)y.at[k]);
      ((Elements *)out)[i] = x;
    }
    done *= Whole<T>::width;
  }
  for (Int i = done + first; i < n; i += step)
    out[i] = (T)f(a.isSingle ? oneA : (R)a.elements[i], b.isSingle ? oneB : (R)b.elements[i]);
}

// Operands that are broadcast, found through strides. With `isWhole`, positions are those of packs of elements, along
// which every operand either advances by one or stands still.
template <class T, class Function>
DEVICE void combineBroadcast(const Walk &walk, Int n, int isShort, int isWhole, const T *a, const T *b, T *out,
                             const Function &f) {
  typedef typename Whole<T>::Type Elements;
  if (!isWhole) {
    forEachPosition<2>(walk, n, isShort, [&](Int i, const Int *at) { out[i] = (T)f(a[at[0]], b[at[1]]); });
    return;
  }
  const bool aMoves = walk.strides[0][walk.rank - 1] != 0, bMoves = walk.strides[1][walk.rank - 1] != 0;
  forEachPosition<2>(walk, n, isShort, [&](Int i, const Int *at) {
    Elements x, y, result;
    if (aMoves) x = *(const Elements *)(a + at[0]);
    else x.at[0] = a[at[0]];
    if (bMoves) y = *(const Elements *)(b + at[1]);
    else y.at[0] = b[at[1]];
#pragma unroll
    for (int k = 0; k < Whole<T>::width; k++)
      result.at[k] = (T)f(aMoves ? x.at[k] : x.at[0], bMoves ? y.at[k] : y.at[0]);
    ((Elements *)out)[i] = result;
  });
}

// The kernels of functions of one element; the expression is in terms of x.
#define UNARY_KERNEL(name, T, expression)                                           \
  KERNEL(name, (Int n, const T *x, T *y)) {                                         \
    mapElements(n, x, y, [](Real<T> x) -> Real<T> { return Real<T>(expression); }); \
  }

// The kernels of functions of two elements, in terms of a and b.
#define BINARY_KERNEL(name, T, expression)                                                              \
  KERNEL(name, (Int n, Operand<T> a, Operand<T> b, T *out)) {                                           \
    combineElements(n, a, b, out, [](Real<T> a, Real<T> b) -> Real<T> { return Real<T>(expression); }); \
  }

// The same for operands that are broadcast in any way.
#define BROADCAST_KERNEL(name, T, expression)                                                  \
  KERNEL(name, (Walk walk, Int n, int isShort, int isWhole, const T *a, const T *b, T *out)) { \
    combineBroadcast(walk, n, isShort, isWhole, a, b, out,                                     \
                     [](Real<T> a, Real<T> b) -> Real<T> { return Real<T>(expression); });     \
  }

// Powers, which like all arithmetic are taken of operands that are broadcast, too.
#define POWER(s, T)                       \
  BINARY_KERNEL(power##s, T, power(a, b)) \
  BROADCAST_KERNEL(power_broadcast##s, T, power(a, b))

// The other arithmetic that all numbers have.
#define ARITHMETIC(KERNEL_OF, s, T)                           \
  KERNEL_OF(add##s, T, a + b)                                 \
  KERNEL_OF(subtract##s, T, a - b)                            \
  KERNEL_OF(multiply##s, T, a * b)                            \
  KERNEL_OF(divide##s, T, quotientOf(a, b))                   \
  KERNEL_OF(maximum##s, T, a != a || a > b ? a : b)           \
  KERNEL_OF(minimum##s, T, a != a || a < b ? a : b)           \
  KERNEL_OF(equal##s, T, a == b)                              \
  KERNEL_OF(less##s, T, a < b)                                \
  KERNEL_OF(lessOrEqual##s, T, a <= b)

// Activations and their gradients, for the gradient a and the result or input b. A NaN stays a NaN in relu, as in
// PyTorch.
#define ACTIVATIONS(s, T)                                                                     \
  UNARY_KERNEL(tanh##s, T, hyperbolicTangent(x))                                              \
  UNARY_KERNEL(sigmoid##s, T, 1 / (1 + exponential(-x)))                                      \
  UNARY_KERNEL(relu##s, T, x <= 0 ? 0 : x)                                                    \
  UNARY_KERNEL(silu##s, T, silu(x))                                                           \
  UNARY_KERNEL(hardswish##s, T, x <= -3 ? x * 0 : x < 3 ? x * (x + 3) / 6 : x)                \
  UNARY_KERNEL(gelu##s, T, x * normal(x))                                                     \
  UNARY_KERNEL(geluTanh##s, T, geluTanh(x))                                                   \
  BINARY_KERNEL(tanhGradient##s, T, a * (1 - b * b))                                          \
  BINARY_KERNEL(sigmoidGradient##s, T, a * (1 - b) * b)                                       \
  BINARY_KERNEL(reluGradient##s, T, b <= 0 ? 0 : a)                                           \
  BINARY_KERNEL(siluGradient##s, T, a * siluSlope(b))                                         \
  BINARY_KERNEL(hardswishGradient##s, T, b <= -3 ? 0 : b >= 3 ? a : a * (b / 3 + 0.5f))       \
  BINARY_KERNEL(geluGradient##s, T, a * geluSlope(b))                                         \
  BINARY_KERNEL(geluTanhGradient##s, T, a * geluTanhSlope(b))

// Everything for a floating-point type T with names that end in s. Above 20 softplus is the identity to within rounding,
// and the exponential would overflow.
#define REAL_KERNELS(s, T)                                                                    \
  UNARY_KERNEL(negate##s, T, -x)                                                              \
  UNARY_KERNEL(absolute##s, T, magnitude(x))                                                  \
  UNARY_KERNEL(sign##s, T, (x > 0) - (x < 0))                                                 \
  UNARY_KERNEL(square##s, T, x * x)                                                           \
  UNARY_KERNEL(squareRoot##s, T, squareRoot(x))                                               \
  UNARY_KERNEL(reciprocalSquareRoot##s, T, 1 / squareRoot(x))                                 \
  UNARY_KERNEL(reciprocal##s, T, 1 / x)                                                       \
  UNARY_KERNEL(zeroIfInfinite##s, T, x == x && x * 0 != 0 ? 0 : x)                            \
  UNARY_KERNEL(round##s, T, nearest(x))                                                       \
  UNARY_KERNEL(floor##s, T, below(x))                                                         \
  UNARY_KERNEL(ceiling##s, T, -below(-x))                                                     \
  UNARY_KERNEL(exponential##s, T, exponential(x))                                             \
  UNARY_KERNEL(logarithm##s, T, logarithm(x))                                                 \
  UNARY_KERNEL(logarithmOfOnePlus##s, T, logarithmOfOnePlus(x))                               \
  UNARY_KERNEL(sine##s, T, sine(x))                                                           \
  UNARY_KERNEL(cosine##s, T, cosine(x))                                                       \
  UNARY_KERNEL(errorFunction##s, T, errorFunction(x))                                         \
  UNARY_KERNEL(inverseErrorFunction##s, T, (T)inverse_erf((double)x))                         \
  UNARY_KERNEL(logarithmOfGamma##s, T, (T)lgamma((double)x))                                  \
  UNARY_KERNEL(digamma##s, T, (T)digamma((double)x))                                          \
  UNARY_KERNEL(exponentialMinusOne##s, T, lessOne(x))                                         \
  UNARY_KERNEL(tangent##s, T, tangentOf(x))                                                   \
  UNARY_KERNEL(arcSine##s, T, arcSineOf(x))                                                   \
  UNARY_KERNEL(arcCosine##s, T, arcCosineOf(x))                                               \
  UNARY_KERNEL(arcTangent##s, T, arcTangentOf(x))                                             \
  UNARY_KERNEL(hyperbolicSine##s, T, hyperbolicSineOf(x))                                     \
  UNARY_KERNEL(hyperbolicCosine##s, T, hyperbolicCosineOf(x))                                 \
  UNARY_KERNEL(inverseHyperbolicSine##s, T, inverseHyperbolicSineOf(x))                       \
  UNARY_KERNEL(inverseHyperbolicCosine##s, T, inverseHyperbolicCosineOf(x))                   \
  UNARY_KERNEL(inverseHyperbolicTangent##s, T, inverseHyperbolicTangentOf(x))                 \
  BINARY_KERNEL(direction##s, T, directionOf(a, b))                                           \
  BINARY_KERNEL(hurwitzZeta##s, T, (T)hurwitz_zeta((double)a, (double)b))                     \
  UNARY_KERNEL(logSigmoid##s, T, logSigmoid(x))                                               \
  UNARY_KERNEL(softplus##s, T, x > 20 ? x : logarithmOfOnePlus(exponential(x)))               \
  BINARY_KERNEL(softplusGradient##s, T, b > 20 ? a : a / (1 + exponential(-b)))               \
  BINARY_KERNEL(smoothAbsolute##s, T, smoothAbsolute(a, b))                                   \
  BINARY_KERNEL(leakyReLU##s, T, a > 0 ? a : a * b)                                           \
  BINARY_KERNEL(leakyReLUSlope##s, T, a > 0 ? 1 : b)                                          \
  BINARY_KERNEL(elu##s, T, a <= 0 ? b * (hyperbolicTangent(a / 2) * (exponential(a) + 1)) : a) \
  BINARY_KERNEL(eluSlope##s, T, a > 0 ? 1 : b * exponential(a))                               \
  ACTIVATIONS(s, T)                                                                           \
  ARITHMETIC(BINARY_KERNEL, s, T)                                                             \
  ARITHMETIC(BROADCAST_KERNEL, _broadcast##s, T)                                              \
  POWER(s, T)

#endif
