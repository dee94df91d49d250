import Autograd

/// What one rank has computed of a step.
struct StepProgress {
  private(set) var pieceCount = 0
  /// The sum of this rank's losses; nil before it has any.
  private(set) var lossSum: Tensor?
  /// This rank's samples, or what it counted in their place.
  private(set) var count = 0.0
  private(set) var measures = Measures(count: 0)
  var seconds = TrainingRecord.Seconds()

  mutating func add(loss: Tensor?, count: Double, _ piece: Measures) {
    pieceCount += 1
    if let loss {
      let loss = loss.detached()
      lossSum = lossSum.map { $0.cast(to: .float64) + loss.cast(to: .float64) } ?? loss
    }
    self.count += count
    if pieceCount == 1 { measures = Measures(count: piece.sums.count) }
    measures.add(piece)
  }
}
