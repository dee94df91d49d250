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

// One place of an LSTM: the gates become what their functions make of them.
template <class T> DEVICE void lstmCell(Int rows, Int hidden, T *gates, const T *cell, T *output, T *next) {
  for (Int i = globalThread(); i < rows * hidden; i += globalThreads()) {
    const Gates at(i, hidden);
    const T input = logistic(gates[at.input]), forget = logistic(gates[at.forget]);
    const T candidate = hyperbolicTangent(gates[at.candidate]), outward = logistic(gates[at.outward]);
    gates[at.input] = input;
    gates[at.forget] = forget;
    gates[at.candidate] = candidate;
    gates[at.outward] = outward;
    const T value = forget * cell[i] + input * candidate;
    next[i] = value;
    output[i] = outward * hyperbolicTangent(value);
  }
}

// What reaches the cell before is added to what is there.
template <class T>
DEVICE void lstmCellGradient(Int rows, Int hidden, const T *doutput, const T *dnext, const T *gates, const T *cell,
                             const T *next, T *dgates, T *dcell) {
  for (Int i = globalThread(); i < rows * hidden; i += globalThreads()) {
    const Gates at(i, hidden);
    const T input = gates[at.input], forget = gates[at.forget];
    const T candidate = gates[at.candidate], outward = gates[at.outward], received = doutput[i];
    const T bent = hyperbolicTangent(next[i]);
    const T slope = dnext[i] + received * outward * (1 - bent * bent);
    dgates[at.input] = slope * candidate * (1 - input) * input;
    dgates[at.forget] = slope * cell[i] * (1 - forget) * forget;
    dgates[at.candidate] = slope * input * (1 - candidate * candidate);
    dgates[at.outward] = received * bent * (1 - outward) * outward;
    dcell[i] += slope * forget;
  }
}

#define RECURRENT(s, T)                                                                                                \
  KERNEL(lstm_cell_##s, (Int rows, Int hidden, T *gates, const T *cell, T *output, T *next)) {                         \
    lstmCell(rows, hidden, gates, cell, output, next);                                                                 \
  }                                                                                                                    \
  KERNEL(lstm_cell_gradient_##s, (Int rows, Int hidden, const T *doutput, const T *dnext, const T *gates,              \
                                  const T *cell, const T *next, T *dgates, T *dcell)) {                                \
    lstmCellGradient(rows, hidden, doutput, dnext, gates, cell, next, dgates, dcell);                                  \
  }
RECURRENT(f32, float)
RECURRENT(f64, double)
