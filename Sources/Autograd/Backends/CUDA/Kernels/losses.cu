#include "kernel.h"

struct Largest {
  template <class T> DEVICE T operator()(T a, T b) const { return b > a ? b : a; }
};

// One row of threads for each row of logits: its log-sum-exp and its loss, which is 0 for an ignored target.
template <class T>
DEVICE void crossEntropy(Int rows, Int classes, const T *logits, const Int *targets, Int ignored, double smoothing,
                         T *losses, T *logSumExps) {
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  const T *x = logits + (row < rows ? row : 0) * classes;
  T largest = x[0];
  for (Int c = threadIdx.x; c < classes; c += blockDim.x) largest = Largest()(largest, x[c]);
  largest = combinedInRow(largest, Largest());
  Pair sums = {0, 0};
  for (Int c = threadIdx.x; c < classes; c += blockDim.x)
    sums = sums + Pair{(double)exponential(x[c] - largest), (double)x[c]};
  sums = combinedInRow(sums, Adding());
  if (threadIdx.x != 0 || row >= rows) return;
  const double logSumExp = log(sums.first) + (double)largest;
  logSumExps[row] = (T)logSumExp;
  const Int target = targets[row];
  double loss = 0;
  if (target != ignored) {
    REQUIRE(target >= 0 && target < classes, "target %lld is none of %lld classes\n", target, classes);
    loss = logSumExp - (double)x[target];
    if (smoothing != 0) loss = (1 - smoothing) * loss + smoothing * (logSumExp - sums.second / (double)classes);
  }
  losses[row] = (T)loss;
}

// gradients[row · step] is that of the row's loss.
template <class T>
DEVICE void crossEntropyGradient(Int rows, Int classes, const T *logits, const Int *targets, Int ignored,
                                 double smoothing, const T *logSumExps, const T *gradients, int step, T *out) {
  const Int row = (Int)blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  const T *x = logits + row * classes;
  T *result = out + row * classes;
  const Int target = targets[row];
  if (target == ignored) {
    for (Int c = threadIdx.x; c < classes; c += blockDim.x) result[c] = 0;
    return;
  }
  const T gradient = gradients[row * step], logSumExp = logSumExps[row];
  const T everywhere = (T)(smoothing / (double)classes), atTarget = (T)(1 - smoothing);
  for (Int c = threadIdx.x; c < classes; c += blockDim.x) {
    const T slope = exponential(x[c] - logSumExp) - everywhere;
    result[c] = (c == target ? slope - atTarget : slope) * gradient;
  }
}

#define CROSS_ENTROPY(s, T)                                                                                            \
  KERNEL(cross_entropy_##s, (Int rows, Int classes, const T *logits, const Int *targets, Int ignored,                  \
                             double smoothing, T *losses, T *logSumExps)) {                                            \
    crossEntropy(rows, classes, logits, targets, ignored, smoothing, losses, logSumExps);                              \
  }                                                                                                                    \
  KERNEL(cross_entropy_gradient_##s,                                                                                   \
         (Int rows, Int classes, const T *logits, const Int *targets, Int ignored, double smoothing,                   \
          const T *logSumExps, const T *gradients, int step, T *out)) {                                                \
    crossEntropyGradient(rows, classes, logits, targets, ignored, smoothing, logSumExps, gradients, step, out);        \
  }
CROSS_ENTROPY(f32, float)
CROSS_ENTROPY(f64, double)
