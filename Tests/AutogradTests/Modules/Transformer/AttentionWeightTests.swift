import Autograd
import Testing

/// The weights of an attention beside its output.
@Suite struct AttentionWeightTests {
  private let attention = MultiHeadAttention(8, heads: 2, dtype: .float64, generator: RandomGenerator(seed: 2))
  private let x = Tensor.randn([2, 3, 8], dtype: .float64, generator: RandomGenerator(seed: 3))
  private let memory = Tensor.randn([2, 5, 8], dtype: .float64, generator: RandomGenerator(seed: 4))

  @Test func theOutputIsThatWithout() {
    let mask = Tensor([true, true, false, true, true], shape: [1, 1, 1, 5])
    for (isCausal, mask) in [(false, nil), (true, nil), (false, mask), (true, mask)] {
      let (output, weights) = attention.withAttentionWeights(
        x, memory, memory, mask: mask, isCausal: isCausal, averagesHeads: false)
      let expected = attention(x, memory, memory, mask: mask, isCausal: isCausal)
      #expect((output - expected).abs().maximum().item() < 1e-14)
      #expect(weights.shape == [2, 2, 3, 5])
      #expect((weights.sum([-1]) - 1).abs().maximum().item() < 1e-14)
      if isCausal { #expect(weights[0..., 0..., 0, 1...].sum().item() == 0) }
      if mask != nil { #expect(weights[0..., 0..., 0..., 2].sum().item() == 0) }
      let mean = attention.withAttentionWeights(x, memory, memory, mask: mask, isCausal: isCausal).weights
      #expect((mean - weights.mean([1])).abs().maximum().item() == 0)
    }
    let (output, weights) = attention.withAttentionWeights(x[0], x[0], x[0])
    #expect(output.shape == [3, 8] && weights.shape == [3, 3])
  }

  @Test func gradientsFlowFromWeightsAndDropoutLeavesSome() throws {
    let input = Tensor.randn([1, 2, 8], dtype: .float64, generator: RandomGenerator(seed: 5))
    try checkGradients(
      of: { attention.withAttentionWeights($0[0], $0[0], $0[0]).weights.pow(2).sum() }, at: [input])
    let dropping = MultiHeadAttention(8, heads: 2, dropout: 1, dtype: .float64)
    #expect(dropping.withAttentionWeights(x, x, x).weights.sum().item() == 0)
    #expect(abs(dropping.evaluate().withAttentionWeights(x, x, x).weights.sum().item() - 6) < 1e-12)
  }
}
