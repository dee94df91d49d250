#include "kernel.h"

// Calls f(values) for every element, values[a] being that of array a, and writes them back but for the first array's,
// which is the gradient.
template <int arrays, class T, class Function> DEVICE void update(Int n, T *const (&array)[arrays], const Function &f) {
  typedef typename Whole<T>::Type Elements;
  constexpr int width = Whole<T>::width;
  bool isWhole = true;
#pragma unroll
  for (int a = 0; a < arrays; a++) isWhole &= isAligned(array[a]);
  const Int whole = isWhole ? n / width : 0;
  for (Int i = globalThread(); i < whole; i += globalThreads()) {
    Elements elements[arrays];
#pragma unroll
    for (int a = 0; a < arrays; a++) elements[a] = ((const Elements *)array[a])[i];
#pragma unroll
    for (int k = 0; k < width; k++) {
      T values[arrays];
#pragma unroll
      for (int a = 0; a < arrays; a++) values[a] = elements[a].at[k];
      f(values);
#pragma unroll
      for (int a = 1; a < arrays; a++) elements[a].at[k] = values[a];
    }
#pragma unroll
    for (int a = 1; a < arrays; a++) ((Elements *)array[a])[i] = elements[a];
  }
  for (Int i = whole * width + globalThread(); i < n; i += globalThreads()) {
    T values[arrays];
#pragma unroll
    for (int a = 0; a < arrays; a++) values[a] = array[a][i];
    f(values);
#pragma unroll
    for (int a = 1; a < arrays; a++) array[a][i] = values[a];
  }
}

// The numbers of a step, and what decides whether it is made: with a loss that is not finite, neither it nor any later
// one.
template <class T> struct Step {
  const T *loss;
  Int *isStopped;
  const T *inMemory;
  // The sum of the squares of all gradients, and the largest norm that they may have; no limit at no address.
  const double *squares;
  double limit;
  T given[10];

  DEVICE T operator[](int i) const { return inMemory ? inMemory[i] : given[i]; }

  // What gradients are multiplied by: a number, and less where that leaves them a norm above the limit.
  DEVICE T scale(int i) const {
    const T whole = (*this)[i];
    if (!squares) return whole;
    const double factor = limit / (squareRoot(*squares) * magnitude((double)whole) + 1e-6);
    return factor >= 1 ? whole : (T)(whole * factor);
  }

  // All threads give the same answer, for the mark changes only where none of them makes the step.
  DEVICE bool isMade() const {
    if (!loss) return true;
    if (*loss - *loss == 0) return *isStopped == 0;
    if (globalThread() == 0) *isStopped = 1;
    return false;
  }
};

#define OPTIMIZERS(s, T)                                                                                               \
  KERNEL(sgd_##s, (Int n, T *gradient, T *weight, Step<T> step)) {                                                     \
    if (!step.isMade()) return;                                                                                        \
    const T rate = step[0], decay = step[1], scale = step.scale(2);                                                    \
    update<2, T>(n, {gradient, weight}, [=](T *v) { v[1] -= rate * (v[0] * scale + decay * v[1]); });                  \
  }                                                                                                                    \
  KERNEL(sgd_momentum_##s, (Int n, T *gradient, T *weight, T *velocity, Step<T> step)) {                               \
    if (!step.isMade()) return;                                                                                        \
    const T rate = step[0], momentum = step[1], undamped = step[2], decay = step[3], scale = step.scale(4);            \
    const bool nesterov = step[5] != 0, first = step[6] != 0;                                                          \
    update<3, T>(n, {gradient, weight, velocity}, [=](T *v) {                                                          \
      const T g = v[0] * scale + decay * v[1];                                                                         \
      v[2] = first ? g : momentum * v[2] + undamped * g;                                                               \
      v[1] -= rate * (nesterov ? g + momentum * v[2] : v[2]);                                                          \
    });                                                                                                                \
  }                                                                                                                    \
  KERNEL(adam_##s, (Int n, T *gradient, T *weight, T *average, T *square, Step<T> step)) {                             \
    if (!step.isMade()) return;                                                                                        \
    const T rate = step[0], correction = step[1], meanPart = step[2], squareKept = step[3], squarePart = step[4];      \
    const T epsilon = step[5], decay = step[6], weightKept = step[7], scale = step.scale(8);                           \
    const T lookahead = step[9];                                                                                       \
    update<4, T>(n, {gradient, weight, average, square}, [=](T *v) {                                                   \
      const T w = v[1] * weightKept, g = v[0] * scale + decay * w;                                                     \
      v[2] += meanPart * (g - v[2]);                                                                                   \
      v[3] = squareKept * v[3] + squarePart * g * g;                                                                   \
      v[1] = w - rate * (v[2] + lookahead * (g - v[2])) / (squareRoot(v[3]) / correction + epsilon);                   \
    });                                                                                                                \
  }                                                                                                                    \
  KERNEL(rmsprop_##s, (Int n, T *gradient, T *weight, T *square, Step<T> step)) {                                      \
    if (!step.isMade()) return;                                                                                        \
    const T rate = step[0], kept = step[1], part = step[2], epsilon = step[3], decay = step[4], scale = step.scale(5); \
    update<3, T>(n, {gradient, weight, square}, [=](T *v) {                                                            \
      const T g = v[0] * scale + decay * v[1];                                                                         \
      v[2] = kept * v[2] + part * g * g;                                                                               \
      v[1] -= rate * g / (squareRoot(v[2]) + epsilon);                                                                 \
    });                                                                                                                \
  }                                                                                                                    \
  KERNEL(rmsprop_momentum_##s, (Int n, T *gradient, T *weight, T *square, T *velocity, Step<T> step)) {                \
    if (!step.isMade()) return;                                                                                        \
    const T rate = step[0], kept = step[1], part = step[2], epsilon = step[3], momentum = step[4];                     \
    const T decay = step[5], scale = step.scale(6);                                                                    \
    update<4, T>(n, {gradient, weight, square, velocity}, [=](T *v) {                                                  \
      const T g = v[0] * scale + decay * v[1];                                                                         \
      v[2] = kept * v[2] + part * g * g;                                                                               \
      v[3] = momentum * v[3] + g / (squareRoot(v[2]) + epsilon);                                                       \
      v[1] -= rate * v[3];                                                                                             \
    });                                                                                                                \
  }                                                                                                                    \
  KERNEL(adagrad_##s, (Int n, T *gradient, T *weight, T *sum, Step<T> step)) {                                         \
    if (!step.isMade()) return;                                                                                        \
    const T rate = step[0], epsilon = step[1], decay = step[2], scale = step.scale(3);                                 \
    update<3, T>(n, {gradient, weight, sum}, [=](T *v) {                                                               \
      const T g = v[0] * scale + decay * v[1];                                                                         \
      v[2] += g * g;                                                                                                   \
      v[1] -= rate * g / (squareRoot(v[2]) + epsilon);                                                                 \
    });                                                                                                                \
  }
OPTIMIZERS(f32, float)
OPTIMIZERS(f64, double)
