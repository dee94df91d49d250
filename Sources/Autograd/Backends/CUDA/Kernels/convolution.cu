#include "convolution.h"

// Weights [groups, filters, channels, taps] in rows for gatherProduct, filled up to `width` with zeros: one for each
// (channel, tap), with all filters; or, transposed, one for each (filter, tap), with all channels.
template <class T>
DEVICE void arrangeWeights(Int groups, Int filters, Int channels, Int taps, Int width, int isTransposed, const T *weight,
                           T *out) {
  const Int inner = isTransposed ? filters : channels, outer = isTransposed ? channels : filters;
  for (Int i = globalThread(); i < groups * inner * taps * width; i += globalThreads()) {
    const Int row = quotient(i, width), o = i - row * width;
    const Int rest = quotient(row, taps), tap = row - rest * taps, group = quotient(rest, inner), k = rest - group * inner;
    const Int filter = isTransposed ? k : o, channel = isTransposed ? o : k;
    out[i] = o < outer ? weight[((group * filters + filter) * channels + channel) * taps + tap] : T(0);
  }
}

// The sums of the parts [splits, count], added to the result if `adding`.
template <class T> DEVICE void combineCorrelations(Int count, Int splits, int adding, const T *parts, T *result) {
  for (Int i = globalThread(); i < count; i += globalThreads()) {
    double sum = 0;
    for (Int split = 0; split < splits; split++) sum += (double)parts[split * count + i];
    result[i] = adding ? (T)((double)result[i] + sum) : (T)sum;
  }
}

#define WEIGHTS(s, T)                                                                                              \
  KERNEL(arrange_weights_##s, (Int groups, Int filters, Int channels, Int taps, Int width, int isTransposed,       \
                               const T *weight, T *out)) {                                                         \
    arrangeWeights(groups, filters, channels, taps, width, isTransposed, weight, out);                             \
  }                                                                                                                \
  KERNEL(combine_correlations_##s, (Int count, Int splits, int adding, const T *parts, T *result)) {               \
    combineCorrelations(count, splits, adding, parts, result);                                                     \
  }
WEIGHTS(f32, float)
WEIGHTS(f64, double)

#define CONVOLUTION(s, T, Tile, blocks)                                                                            \
  BOUNDED_KERNEL(128, blocks, convolution_gather_##s,                                                              \
                 (Gather g, const T *weights, const T *source, const T *bias, T *result)) {                        \
    gatherProduct<Tile>(g, weights, source, bias, result);                                                         \
  }                                                                                                                \
  BOUNDED_KERNEL(128, blocks, convolution_correlation_##s,                                                         \
                 (Correlation c, Int chunk, const T *gradient, const T *x, T *parts)) {                            \
    correlationProduct<Tile>(c, chunk, gradient, x, parts);                                                        \
  }

typedef PlainTile<float, 64, 128, 8, 8> LargeTile;
typedef PlainTile<float, 16, 128, 4, 4> SmallTile;
typedef PlainTile<double, 32, 64, 4, 4> DoubleTile;
CONVOLUTION(f32, float, LargeTile, 3)
CONVOLUTION(small_f32, float, SmallTile, 4)
CONVOLUTION(f64, double, DoubleTile, 3)
CONVOLUTION(tf32, float, TensorTile<ToTF32>, 3)
CONVOLUTION(bf16, float, TensorTile<ToBFloat16>, 3)
