// What comes between the products of an attention. Scores are [heads, queries, keys], of some heads and some of their
// queries at a time, each row `pitch` elements after the one before.
#include "softmax.h"

enum { mostMatrices = 9 };

// Where the matrices of each head are, of up to nine kinds; strides are in bytes.
struct AllHeadMatrices {
  Int count;
  struct {
    UInt start;
    Int batchStride, headStride;
  } at[mostMatrices];
};

// The addresses of the matrices of heads `first` to `first + heads - 1`, kind by kind, as cuBLAS takes them.
KERNEL(head_addresses, (AllHeadMatrices matrices, Int first, Int heads, Int headsOfBatch, UInt *addresses)) {
  for (Int i = globalThread(); i < matrices.count * heads; i += globalThreads()) {
    const auto kind = matrices.at[i / heads];
    const Int head = first + i % heads, batch = head / headsOfBatch;
    addresses[i] = kind.start + (UInt)(batch * kind.batchStride + (head - batch * headsOfBatch) * kind.headStride);
  }
}

// Which scores count, and what is added to them.
struct KernelMask {
  const void *elements;
  // 0: every score counts; 1: where elements, of bool, are true; 2: elements of the scores' type are added.
  Int kind;
  Walk heads;
  Int queryStride, keyStride;
};

// The scores of one query as the softmax gets them.
template <class T> struct Scores {
  const T *scores;
  // How many of them count, the first ones.
  Int seen;
  const Byte *visible;
  const T *added;
  Int keyStride;

  DEVICE T operator()(Int key) const {
    const T nothing = -1 / T(0);
    if (key >= seen || (visible && !visible[key * keyStride])) return nothing;
    if (!added) return scores[key];
    // A score that is hidden so may be anything.
    const T summand = added[key * keyStride];
    return summand == nothing ? nothing : scores[key] + summand;
  }
};

template <class T>
DEVICE void attentionWeights(Int heads, Int queries, Int keys, Int pitch, Int firstHead, Int firstQuery, int isCausal,
                             const KernelMask &mask, T *scores) {
  const Int row = globalRow();
  const bool isInside = row < heads * queries;
  const Int place = isInside ? row : 0, head = place / queries, query = place - head * queries + firstQuery;
  Int start = 0;
  if (mask.kind != 0) findOffsets<1>(mask.heads, firstHead + head, &start);
  start += query * mask.queryStride;
  const Scores<T> elements = {
      scores + place * pitch,
      isCausal && query + 1 < keys ? query + 1 : keys,
      mask.kind == 1 ? (const Byte *)mask.elements + start : 0,
      mask.kind == 2 ? (const T *)mask.elements + start : 0,
      mask.keyStride,
  };
  softmaxOfRow<true>(keys, isInside, elements, 0, scores + place * pitch);
}

#define ATTENTION(s, T)                                                                                                \
  KERNEL(attention_weights_##s, (Int heads, Int queries, Int keys, Int pitch, Int firstHead, Int firstQuery,           \
                                 int isCausal, KernelMask mask, T *scores)) {                                                \
    attentionWeights(heads, queries, keys, pitch, firstHead, firstQuery, isCausal, mask, scores);                      \
  }                                                                                                                    \
  KERNEL(attention_weights_gradient_##s, (Int rows, Int keys, Int pitch, const T *weights, T *gradient)) {             \
    const Int row = globalRow(), start = (row < rows ? row : 0) * pitch;                                               \
    softmaxGradientOfRow(keys, row < rows, gradient + start, weights + start, 0, gradient + start);                    \
  }
ATTENTION(f32, float)
ATTENTION(f64, double)
