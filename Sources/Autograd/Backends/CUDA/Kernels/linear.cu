#include "elementwise.h"
#include "reduce.h"

// The gradient of an activation from those of its results and what is kept, its results or its arguments, and the sums of
// its columns, in one pass.
template <int width, bool aligned, class T, class Function>
DEVICE void activationGradient(Int rows, Int columns, Int chunk, const T *gradient, const T *kept, double *parts,
                               T *result, Real<T> *sums, int adding, const Function &f) {
  reduceColumns<double, width>(
      {1, rows, columns}, chunk,
      [&](Int) {
        struct Both {
          Pack<T, width> gradient, kept;
        };
        return columnTerms(
            [=](Int at) {
              return Both{packAt<width, aligned>(gradient, at / width), packAt<width, aligned>(kept, at / width)};
            },
            [=, &f](const Both &both, Int at, Int, double *ofColumns) {
              Pack<T, width> values;
#pragma unroll
              for (int k = 0; k < width; k++) {
                const Real<T> value = f(both.gradient.at[k], both.kept.at[k]);
                values.at[k] = (T)value;
                ofColumns[k] += (double)value;
              }
              placePack<width, aligned>(values, result, at / width);
            });
      },
      parts, [&](Int column, double sum) { sums[column] = adding ? sums[column] + (Real<T>)sum : (Real<T>)sum; });
}

#define ACTIVATION_GRADIENT(name, T, expression)                                                                \
  KERNEL(name, (Int rows, Int columns, Int chunk, const T *gradient, const T *kept, double *parts, T *result,   \
                Real<T> *sums, int adding)) {                                                                   \
    const auto f = [](Real<T> a, Real<T> b) -> Real<T> { return Real<T>(expression); };                         \
    FOR_COLUMN_PACKS(T, columns, isAligned(gradient, kept, result), GRADIENT_OF_ACTIVATION)                     \
  }
#define GRADIENT_OF_ACTIVATION(width, aligned) \
  activationGradient<width, aligned>(rows, columns, chunk, gradient, kept, parts, result, sums, adding, f)
// An activation of the results of a product, a, and the bias, b.
#define BIASED_ACTIVATIONS(s, T)                                             \
  BROADCAST_KERNEL(relu_biased_##s, T, a + b <= 0 ? 0 : a + b)               \
  BROADCAST_KERNEL(sigmoid_biased_##s, T, 1 / (1 + exponential(-(a + b))))   \
  BROADCAST_KERNEL(tanh_biased_##s, T, hyperbolicTangent(a + b))
BIASED_ACTIVATIONS(f32, float)
BIASED_ACTIVATIONS(f64, double)
BIASED_ACTIVATIONS(bf16, BFloat16)

#define ACTIVATION_GRADIENTS(s, T)                                                                              \
  ACTIVATION_GRADIENT(reluGradient_sums_##s, T, b <= 0 ? 0 : a)                                                 \
  ACTIVATION_GRADIENT(sigmoidGradient_sums_##s, T, a * (1 - b) * b)                                             \
  ACTIVATION_GRADIENT(tanhGradient_sums_##s, T, a * (1 - b * b))                                                \
  ACTIVATION_GRADIENT(geluGradient_sums_##s, T, a * geluSlope(b))                                               \
  ACTIVATION_GRADIENT(geluTanhGradient_sums_##s, T, a * geluTanhSlope(b))
ACTIVATION_GRADIENTS(f32, float)
ACTIVATION_GRADIENTS(f64, double)
ACTIVATION_GRADIENTS(bf16, BFloat16)

#define GRADIENT_SUMS(s, T)                                                                                     \
  KERNEL(gradient_sums_of_parts_##s, (Int columns, Int splits, const double *parts, T *sums, int adding)) {     \
    combineParts<double>(columns, splits, parts, [&](Int column, double sum) {                                  \
      sums[column] = adding ? sums[column] + (T)sum : (T)sum;                                                   \
    });                                                                                                         \
  }
GRADIENT_SUMS(f32, float)
GRADIENT_SUMS(f64, double)
