import Autograd

/// Adjacent parameters of an arena that an optimizer updates with the same options.
package struct OptionRange: Equatable {
  /// Their elements in the arena.
  package let elements: Range<Int>
  /// Whose options: 0 for those of all parameters without others, then one number for each group.
  package let group: Int

  package init(elements: Range<Int>, group: Int) { (self.elements, self.group) = (elements, group) }
}

extension ParameterArena {
  /// The arena, cut where the options of the optimizer change, for groups of parameters with options of their own; a
  /// group's parameter that is not in the arena, or in another group too, traps.
  ///
  /// - Parameter wholeParameters: Whether each parameter is a range of its own, whatever the options of those beside it.
  package func optionRanges(groups: [[Tensor]], wholeParameters: Bool = false) -> [OptionRange] {
    var group = Array(repeating: 0, count: parameters.count)
    let places = Dictionary(
      uniqueKeysWithValues: parameters.enumerated().map { (ObjectIdentifier($1.parameter), $0) })
    for (number, tensors) in groups.enumerated() {
      for tensor in tensors {
        guard let index = places[ObjectIdentifier(tensor)] else {
          preconditionFailure(
            "group \(number) has a tensor of shape \(tensor.shape) that is no parameter of the model to be trained: "
              + (tensor.requiresGrad ? "it is of something else" : "it is frozen"))
        }
        precondition(group[index] == 0, "parameter \(parameters[index].name) is in two groups, or twice in one")
        group[index] = number + 1
      }
    }
    return ranges.indices.reduce(into: []) { merged, index in
      let range = OptionRange(elements: ranges[index], group: group[index])
      guard let last = merged.last, !wholeParameters && last.group == range.group else { return merged.append(range) }
      merged[merged.count - 1] = OptionRange(
        elements: last.elements.lowerBound..<range.elements.upperBound, group: range.group)
    }
  }
}

extension [OptionRange] {
  /// What lies in some parts of the arena, in the order of groups; an empty range if nothing does.
  package func pieces(in parts: [Range<Int>]) -> [OptionRange] {
    let pieces = parts.flatMap { part in
      map { OptionRange(elements: $0.elements.clamped(to: part), group: $0.group) }.filter { !$0.elements.isEmpty }
    }
    guard !pieces.isEmpty else { return [OptionRange(elements: 0..<0, group: 0)] }
    return pieces.sorted { ($0.group, $0.elements.lowerBound) < ($1.group, $1.elements.lowerBound) }
  }
}
