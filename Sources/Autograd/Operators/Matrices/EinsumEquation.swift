/// The subscripts of an ``einsum(_:_:)``: for each dimension of each operand, and of the result, the index it belongs to.
struct EinsumEquation {
  /// One index: a letter, or a dimension under an ellipsis, counted from the last.
  enum Index: Hashable {
    case letter(Character)
    case ellipsis(fromLast: Int)
  }

  /// The indices of each operand's dimensions.
  let operands: [[Index]]
  /// The indices of the result's dimensions.
  let result: [Index]
  /// The size of every index: 1 only if it is 1 wherever it occurs.
  let sizes: [Index: Int]

  /// Reads an equation for operands of the given shapes; what does not fit traps.
  init(_ equation: String, shapes: [[Int]]) {
    let sides = equation.filter { $0 != " " }.split(separator: "->", omittingEmptySubsequences: false)
    precondition(sides.count <= 2, "einsum(\"\(equation)\"): more than one \"->\"")
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false).map { Term($0, in: equation) }
    precondition(
      terms.count == shapes.count,
      "einsum(\"\(equation)\"): subscripts for \(terms.count) operand(s), of which there are \(shapes.count)")
    operands = zip(terms, shapes).enumerated().map { place, operand in
      let (term, shape) = operand
      let covered = shape.count - term.letterCount
      precondition(
        term.hasEllipsis ? covered >= 0 : covered == 0,
        "einsum(\"\(equation)\"): operand \(place) of shape \(shape) has \(shape.count) dimension(s), its subscripts "
          + "name \(term.letterCount)")
      return term.indices(coveredByEllipsis: covered)
    }
    var sizes: [Index: Int] = [:]
    for (place, (indices, shape)) in zip(operands, shapes).enumerated() {
      for (dimension, (index, size)) in zip(indices, shape).enumerated() {
        let isRepeated = indices[..<dimension].contains(index)
        let before = isRepeated ? shape[indices.firstIndex(of: index) ?? dimension] : sizes[index] ?? 1
        precondition(
          size == before || (!isRepeated && (size == 1 || before == 1)),
          "einsum(\"\(equation)\"): \(index) is of size \(size) in operand \(place) of shape \(shape), and of size "
            + "\(before) before")
        sizes[index] = sizes[index].map { $0 == 1 ? size : $0 } ?? size
      }
    }
    self.sizes = sizes
    let widest = sizes.keys.count { if case .ellipsis = $0 { true } else { false } }
    guard sides.count == 2 else {
      let letters = terms.flatMap(\.letters)
      let once = letters.filter { letter in letters.count { $0 == letter } == 1 }
      result = Term(ellipsisAnd: once.sorted()).indices(coveredByEllipsis: widest)
      return
    }
    let output = Term(sides[1], in: equation)
    result = output.indices(coveredByEllipsis: output.hasEllipsis ? widest : 0)
    for (place, index) in result.enumerated() {
      precondition(sizes[index] != nil, "einsum(\"\(equation)\"): \(index) is in the result and in no operand")
      precondition(!result[..<place].contains(index), "einsum(\"\(equation)\"): \(index) is in the result twice")
    }
  }
}

extension EinsumEquation.Index: CustomStringConvertible {
  var description: String {
    switch self {
    case .letter(let letter): "index \(letter)"
    case .ellipsis(let place): "dimension \(-1 - place) of those under \"...\""
    }
  }
}

/// What stands between the commas.
private struct Term {
  private let before: [Character]
  private let after: [Character]
  let hasEllipsis: Bool

  init(_ text: Substring, in equation: String) {
    let parts = text.split(separator: "...", omittingEmptySubsequences: false)
    precondition(parts.count <= 2, "einsum(\"\(equation)\"): \"\(text)\" has more than one \"...\"")
    for character in parts.joined() {
      precondition(
        character.isASCII && character.isLetter,
        "einsum(\"\(equation)\"): \"\(character)\" in \"\(text)\" is neither a letter of a–z, A–Z nor part of \"...\"")
    }
    hasEllipsis = parts.count == 2
    before = Array(parts[0])
    after = hasEllipsis ? Array(parts[1]) : []
  }

  init(ellipsisAnd letters: [Character]) {
    (before, after, hasEllipsis) = ([], letters, true)
  }

  var letters: [Character] { before + after }
  var letterCount: Int { before.count + after.count }

  func indices(coveredByEllipsis count: Int) -> [EinsumEquation.Index] {
    before.map { .letter($0) } + (0..<count).reversed().map { .ellipsis(fromLast: $0) } + after.map { .letter($0) }
  }
}
