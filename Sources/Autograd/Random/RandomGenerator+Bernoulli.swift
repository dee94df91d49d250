import CKernels

extension RandomGenerator {
  /// Fills `buffer` with 1 (with the given probability) and 0, as `torch.Tensor.bernoulli_(p)` does.
  public func bernoulli(into buffer: UnsafeMutableBufferPointer<Float>, probability: Double) {
    draw(buffer.count, probability: probability) { start, count, words, bound in
      dt_choose_f32(count, words, bound, 1, buffer.baseAddress! + start)
    }
  }

  /// Fills `buffer` with the factors of a dropout: 0 with the given probability, else 1 / (1 − probability), as
  /// `torch.nn.functional.dropout` draws them.
  public func dropoutMask(into buffer: UnsafeMutableBufferPointer<Float>, probability: Double) {
    let kept = 1 - probability
    draw(buffer.count, probability: kept) { start, count, words, bound in
      dt_choose_f32(count, words, bound, 1 / Float(kept), buffer.baseAddress! + start)
    }
  }

  /// The same in double precision.
  public func dropoutMask(into buffer: UnsafeMutableBufferPointer<Double>, probability: Double) {
    let kept = 1 - probability
    draw(buffer.count, probability: kept) { start, count, words, bound in
      dt_choose_f64(count, words, bound, 1 / kept, buffer.baseAddress! + start)
    }
  }

  /// Calls `choose` with the words for some draws at a time, two each, and with what 53 bits of them are below in a draw
  /// that succeeds.
  private func draw(
    _ count: Int, probability: Double,
    _ choose: (_ start: Int, _ count: Int, _ words: UnsafePointer<UInt32>, _ bound: UInt64) -> Void
  ) {
    precondition((0...1).contains(probability), "probability \(probability) is outside 0...1")
    let bound = UInt64((probability * 0x1p53).rounded(.up))
    let mostDraws = 1024
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * mostDraws) { words in
      for start in stride(from: 0, to: count, by: mostDraws) {
        let draws = min(mostDraws, count - start)
        engine.forEachRun(of: 2 * draws) { run, offset in
          (words.baseAddress! + offset).update(from: run.baseAddress!, count: run.count)
        }
        choose(start, draws, words.baseAddress!, bound)
      }
    }
  }
}
