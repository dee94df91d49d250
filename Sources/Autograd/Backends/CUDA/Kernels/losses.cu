#include "kernel.h"

// One row of threads for each row of logits: its loss, which is 0 for an ignored target, and its largest logit and the
// log-sum-exp of distances from that.
template <class T>
DEVICE void crossEntropy(Int rows, Int classes, const T *logits, const Int *targets, Int ignored, double smoothing,
                         T *losses, T *normalizers) {
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  const T *x = logits + (row < rows ? row : 0) * classes;
  T largest = x[0];
  for (Int c = threadIdx.x; c < classes; c += blockDim.x) largest = Largest()(largest, x[c]);
  largest = combinedInRow(largest, Largest());
  Pair sums = {0, 0};
  for (Int c = threadIdx.x; c < classes; c += blockDim.x)
    sums = sums + Pair{(double)exponential(x[c] - largest), (double)x[c] - (double)largest};
  sums = combinedInRow(sums, Adding());
  if (threadIdx.x != 0 || row >= rows) return;
  const double logSum = log(sums.first);
  normalizers[2 * row] = largest;
  normalizers[2 * row + 1] = (T)logSum;
  const Int target = targets[row];
  double loss = 0;
  if (target != ignored) {
    REQUIRE(target >= 0 && target < classes, "target %lld is none of %lld classes\n", target, classes);
    loss = logSum - ((double)x[target] - (double)largest);
    if (smoothing != 0) loss = (1 - smoothing) * loss + smoothing * (logSum - sums.second / (double)classes);
  }
  losses[row] = (T)loss;
}

// gradients[row · step] is that of the row's loss.
template <class T>
DEVICE void crossEntropyGradient(Int rows, Int classes, const T *logits, const Int *targets, Int ignored,
                                 double smoothing, const T *normalizers, const T *gradients, int step, T *out) {
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  const T *x = logits + row * classes;
  T *result = out + row * classes;
  const Int target = targets[row];
  if (target == ignored) {
    for (Int c = threadIdx.x; c < classes; c += blockDim.x) result[c] = 0;
    return;
  }
  const T gradient = gradients[row * step], largest = normalizers[2 * row], logSum = normalizers[2 * row + 1];
  const T everywhere = (T)(smoothing / (double)classes), atTarget = (T)(1 - smoothing);
  for (Int c = threadIdx.x; c < classes; c += blockDim.x) {
    const T slope = exponential(x[c] - largest - logSum) - everywhere;
    result[c] = (c == target ? slope - atTarget : slope) * gradient;
  }
}

#define CROSS_ENTROPY(s, T)                                                                                            \
  KERNEL(cross_entropy_##s, (Int rows, Int classes, const T *logits, const Int *targets, Int ignored,                  \
                             double smoothing, T *losses, T *normalizers)) {                                            \
    crossEntropy(rows, classes, logits, targets, ignored, smoothing, losses, normalizers);                             \
  }                                                                                                                    \
  KERNEL(cross_entropy_gradient_##s,                                                                                   \
         (Int rows, Int classes, const T *logits, const Int *targets, Int ignored, double smoothing,                   \
          const T *normalizers, const T *gradients, int step, T *out)) {                                                \
    crossEntropyGradient(rows, classes, logits, targets, ignored, smoothing, normalizers, gradients, step, out);        \
  }
CROSS_ENTROPY(f32, float)
CROSS_ENTROPY(f64, double)
