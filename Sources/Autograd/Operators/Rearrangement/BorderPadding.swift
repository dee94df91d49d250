/// What a tensor is continued with beyond its ends by ``Tensor/padded(_:by:)``.
public enum PaddingMode: String, Sendable {
  /// What is before the end, in reverse: 3 2 | 1 2 3 | 2 1.
  case reflect
  /// The element at the end: 1 1 | 1 2 3 | 3 3.
  case replicate
  /// What is at the other end: 2 3 | 1 2 3 | 1 2.
  case circular
}

extension Tensor {
  /// The tensor with elements of its own around it, as `torch.nn.functional.pad(x, …, mode=…)`.
  ///
  ///     x.padded([(1, 1), (1, 1)], by: .reflect)   // a pixel on each side
  ///
  /// - Parameters:
  ///   - widths: Elements before and after, from 0 on, for each of the last dimensions. (PyTorch's list begins with the
  ///     last one.) Less than the dimension's size for `reflect`, at most that for `circular`.
  ///   - mode: What they are.
  public func padded(_ widths: [(Int, Int)], by mode: PaddingMode) -> Tensor {
    precondition(
      widths.count <= rank && widths.allSatisfy { $0.0 >= 0 && $0.1 >= 0 },
      "padded by \(widths) of shape \(shape): needs widths from 0 on, of at most as many dimensions")
    return widths.enumerated().reduce(self) { padded, place in
      padded.continued(place.element.0, place.element.1, along: rank - widths.count + place.offset, by: mode)
    }.inMemoryApart(from: self)
  }

  private func continued(_ before: Int, _ after: Int, along dimension: Int, by mode: PaddingMode) -> Tensor {
    guard before > 0 || after > 0 else { return self }
    let size = shape[dimension]
    let limit =
      switch mode {
      case .reflect: size - 1
      case .replicate: size == 0 ? 0 : Int.max
      case .circular: size
      }
    precondition(
      before <= limit && after <= limit,
      "padded by (\(before), \(after)) along dimension \(dimension) of shape \(shape): \(mode) continues it by up to "
        + "\(max(limit, 0))")
    func part(_ range: Range<Int>) -> Tensor { sliced(range, along: dimension) }
    func copies(of place: Int, _ count: Int) -> Tensor {
      var target = shape
      target[dimension] = count
      return part(place..<place + 1).expanded(to: target)
    }
    let (first, last) =
      switch mode {
      case .reflect:
        (part(1..<before + 1).flipped([dimension]), part(size - 1 - after..<size - 1).flipped([dimension]))
      case .replicate: (copies(of: 0, before), copies(of: size - 1, after))
      case .circular: (part(size - before..<size), part(0..<after))
      }
    return .concatenated([first, self, last], dimension: dimension)
  }
}
