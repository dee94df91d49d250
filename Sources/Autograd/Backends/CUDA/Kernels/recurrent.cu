#include "elementwise.h"

// The places in arrays of [rows, hidden], and of the gates in [rows, 4 · hidden], of the i-th element.
struct Gates {
  Int input, forget, candidate, outward;

  DEVICE Gates(Int i, Int hidden) {
    const Int row = quotient(i, hidden);
    input = row * 3 * hidden + i;
    forget = input + hidden;
    candidate = forget + hidden;
    outward = candidate + hidden;
  }
};

template <class T> DEVICE T logistic(T x) { return 1 / (1 + exponential(-x)); }

// One place of an LSTM: the gates after their functions, and [2, rows, hidden] the output and the cell.
template <class T>
DEVICE void lstmCell(Int rows, Int hidden, const T *gates, const T *cell, T *activated, T *result) {
  for (Int i = globalThread(); i < rows * hidden; i += globalThreads()) {
    const Gates at(i, hidden);
    const T input = logistic(gates[at.input]), forget = logistic(gates[at.forget]);
    const T candidate = hyperbolicTangent(gates[at.candidate]), outward = logistic(gates[at.outward]);
    activated[at.input] = input;
    activated[at.forget] = forget;
    activated[at.candidate] = candidate;
    activated[at.outward] = outward;
    const T next = forget * cell[i] + input * candidate;
    result[rows * hidden + i] = next;
    result[i] = outward * hyperbolicTangent(next);
  }
}

template <class T>
DEVICE void lstmCellGradient(Int rows, Int hidden, const T *gradient, const T *cell, const T *activated,
                             const T *result, T *dgates, T *dcell) {
  for (Int i = globalThread(); i < rows * hidden; i += globalThreads()) {
    const Gates at(i, hidden);
    const T input = activated[at.input], forget = activated[at.forget];
    const T candidate = activated[at.candidate], outward = activated[at.outward], received = gradient[i];
    const T bent = hyperbolicTangent(result[rows * hidden + i]);
    const T slope = gradient[rows * hidden + i] + received * outward * (1 - bent * bent);
    dgates[at.input] = slope * candidate * (1 - input) * input;
    dgates[at.forget] = slope * cell[i] * (1 - forget) * forget;
    dgates[at.candidate] = slope * input * (1 - candidate * candidate);
    dgates[at.outward] = received * bent * (1 - outward) * outward;
    dcell[i] = slope * forget;
  }
}

#define RECURRENT(s, T)                                                                                                \
  KERNEL(lstm_cell_##s, (Int rows, Int hidden, const T *gates, const T *cell, T *activated, T *result)) {              \
    lstmCell(rows, hidden, gates, cell, activated, result);                                                            \
  }                                                                                                                    \
  KERNEL(lstm_cell_gradient_##s, (Int rows, Int hidden, const T *gradient, const T *cell, const T *activated,          \
                                  const T *result, T *dgates, T *dcell)) {                                             \
    lstmCellGradient(rows, hidden, gradient, cell, activated, result, dgates, dcell);                                  \
  }
RECURRENT(f32, float)
RECURRENT(f64, double)
