/// The ways to make sequences of labels with blanks before, between and after them (A. Graves et al., "Connectionist
/// Temporal Classification", ICML 2006, section 4.1), by which `ctcLoss` is computed.
///
/// The L = 2 S + 1 states of a sequence are blank, label, blank, …, label, blank. From one time to the next a sequence
/// stays in its state or goes on to the next, or to the one after that if both are different labels.
struct CTCAlignments {
  /// The class of each state: [T, N, L].
  private let states: Tensor
  /// Added to the logarithms of states that are reached from the one but one before: [N, L].
  private let skips: Tensor
  /// Added at the first time: [N, L].
  private let starts: Tensor
  /// Added at the last time of each sequence: [N, L].
  private let ends: Tensor
  /// [N, 1].
  private let lastTimes: Tensor

  /// The logarithm of no probability: finite, so that its differences are numbers.
  private static let never = -1e30

  /// Labels [N, S], for log-probabilities `x`; one that is no class, or the blank, traps.
  init(_ targets: Tensor, inputLengths: [Int], targetLengths: [Int], blank: Int, of x: Tensor) {
    let (count, limit, classes) = (targets.shape[0], targets.shape[1], x.shape[2])
    let labels = targets.array(of: Int.self)
    let size = 2 * limit + 1
    var states = Array(repeating: blank, count: count * size)
    var (skips, ends) = (states.map { _ in Self.never }, states.map { _ in Self.never })
    for (row, length) in targetLengths.enumerated() {
      let own = labels[row * limit..<row * limit + length]
      for (place, label) in own.enumerated() {
        precondition(
          (0..<classes).contains(label) && label != blank,
          "ctcLoss: label \(label) of row \(row), expected one of \(classes) classes but the blank \(blank)")
        let state = row * size + 2 * place + 1
        states[state] = label
        if place > 0 && label != states[state - 2] { skips[state] = 0 }
      }
      for state in max(0, 2 * length - 1)...2 * length { ends[row * size + state] = 0 }
    }
    func placed(_ values: [Double]) -> Tensor { Tensor(values, shape: [count, size]).cast(to: x.dtype).to(x.device) }
    self.states = Tensor(states, shape: [1, count, size]).to(x.device).expanded(to: [x.shape[0], count, size])
    self.skips = placed(skips)
    self.ends = placed(ends)
    starts = placed(skips.indices.map { $0 % size < 2 ? 0 : Self.never })
    lastTimes = Tensor(inputLengths.map { $0 - 1 }, shape: [count, 1]).to(x.device)
  }

  /// The logarithm of each state's probability at each time: [T, N, L].
  func scores(_ x: Tensor) -> Tensor { x.gathered(states, along: 2).clamped(min: Self.never) }

  /// The logarithm of the probability of all ways to each state at each time, with that state's: [T, N, L].
  func forward(_ scores: Tensor) -> Tensor {
    var row = scores[0] + starts
    var rows = [row]
    for time in 1..<max(scores.shape[0], 1) {
      let (size, before) = (row.shape[1], row.padded([(0, 0), (2, 0)], value: Self.never))
      row = sum(row, before[0..., 1..<size + 1], before[0..., 0..<size] + skips) + scores[time]
      rows.append(row)
    }
    return .stacked(rows)
  }

  /// The logarithm of the probability of all ways from each state at each time to the end, without that state's: [T, N, L].
  func backward(_ scores: Tensor) -> Tensor {
    var row = Tensor.full(ends.shape, Self.never, dtype: ends.dtype, device: ends.device)
    var rows: [Tensor] = []
    for time in (0..<scores.shape[0]).reversed() {
      if time + 1 < scores.shape[0] {
        let (size, own) = (row.shape[1], row + scores[time + 1])
        let next = own.padded([(0, 0), (0, 1)], value: Self.never)[0..., 1..<size + 1]
        let afterNext = (own + skips).padded([(0, 0), (0, 2)], value: Self.never)[0..., 2..<size + 2]
        row = sum(own, next, afterNext)
      }
      row = .select(lastTimes .== time, ends, row)
      rows.append(row)
    }
    return .stacked(rows.reversed())
  }

  /// The negative logarithm of the probability of all ways that end in time, infinite where there are none: [N].
  func losses(_ forward: Tensor) -> Tensor {
    let last = forward.gathered(lastTimes.unsqueezed(0).expanded(to: [1] + ends.shape), along: 0).squeezed(0)
    let losses = -(last + ends).logSumExp(1)
    return losses.filled(with: .infinity, where: losses .> -Self.never / 2)
  }

  /// The expected number of times that each class is made at each time: of the shape of the log-probabilities `x`.
  func visits(_ forward: Tensor, _ backward: Tensor, _ losses: Tensor, like x: Tensor) -> Tensor {
    let ofStates = (forward + backward + losses.unsqueezed(1)).exp()
    return Tensor.zerosLike(x).scatterAdded(ofStates, at: states, along: 2)
  }

  /// The logarithm of the sum of what three logarithms are of.
  private func sum(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor { Tensor.stacked([a, b, c]).logSumExp(0) }
}
