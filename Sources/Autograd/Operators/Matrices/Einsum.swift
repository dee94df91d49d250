/// Sums of products of elements, by Einstein's convention, as `torch.einsum`.
///
///     einsum("bij,bjk->bik", a, b)   // products of matrices
///     einsum("ii", a)                // the trace
///     einsum("...i,...i->...", a, b) // products of vectors
///
/// A letter names an index. The result is, for each value of its indices, the sum over all others of the product of the
/// operands' elements. Without "->" the indices of the result are those that occur once, in alphabetical order, capitals
/// first. "..." stands for dimensions without letters, which are broadcast and come first where the result is not given. An
/// index twice in one operand is along its diagonal.
///
/// Operands are multiplied in their order, two at a time: by matrix products where something is summed and an index is in one
/// of them alone, and otherwise element by element, before the sum.
///
/// - Parameters:
///   - equation: The indices of each operand, separated by commas, and after "->" those of the result; spaces mean nothing.
///   - operands: At least one. Sizes of an index agree, but for those of 1, which are broadcast; anything else traps.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor { einsum(equation, operands) }

/// Sums of products of a list of tensors; see ``einsum(_:_:)``.
public func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
  precondition(!operands.isEmpty, "einsum(\"\(equation)\") without operands")
  let subscripts = EinsumEquation(equation, shapes: operands.map(\.shape))
  for operand in operands { operands[0].requireSameDevice(operand, for: "einsum") }
  let factors = zip(operands, subscripts.operands).map { IndexedFactor($0, $1, sizes: subscripts.sizes) }
  var product = factors[0]
  for place in factors.indices {
    let needed = Set(subscripts.result + factors[(place + 1)...].flatMap(\.indices))
    product = place == 0 ? product.summed(keeping: needed) : product.multiplied(by: factors[place], keeping: needed)
  }
  return product.arranged(subscripts.result)
}

/// A tensor with an index for each of its dimensions.
private struct IndexedFactor {
  let indices: [EinsumEquation.Index]
  private let tensor: Tensor

  private init(tensor: Tensor, indices: [EinsumEquation.Index]) { (self.tensor, self.indices) = (tensor, indices) }

  /// An operand, with the diagonals that its indices ask for, and without dimensions that are to be broadcast.
  init(_ operand: Tensor, _ indices: [EinsumEquation.Index], sizes: [EinsumEquation.Index: Int]) {
    var (tensor, rest) = (operand, indices)
    while let second = rest.indices.first(where: { rest[..<$0].contains(rest[$0]) }) {
      let index = rest.remove(at: second)
      let first = rest.firstIndex(of: index) ?? 0
      rest.remove(at: first)
      // The diagonal comes last.
      tensor = tensor.diagonal(along: first, second)
      rest.append(index)
    }
    let kept = rest.indices.filter { tensor.shape[$0] == sizes[rest[$0]] }
    self.init(tensor: tensor.reshaped(kept.map { tensor.shape[$0] }), indices: kept.map { rest[$0] })
  }

  /// The sum over all indices but those that are needed.
  func summed(keeping needed: Set<EinsumEquation.Index>) -> IndexedFactor {
    let dimensions = indices.indices.filter { !needed.contains(indices[$0]) }
    guard !dimensions.isEmpty else { return self }
    return IndexedFactor(tensor: tensor.sum(dimensions), indices: indices.filter(needed.contains))
  }

  /// The product with another factor, summed over all indices that are not needed.
  func multiplied(by other: IndexedFactor, keeping needed: Set<EinsumEquation.Index>) -> IndexedFactor {
    let a = summed(keeping: needed.union(other.indices)), b = other.summed(keeping: needed.union(indices))
    let shared = a.indices.filter(b.indices.contains)
    let (batch, inner) = (shared.filter(needed.contains), shared.filter { !needed.contains($0) })
    let rows = a.indices.filter { !shared.contains($0) }, columns = b.indices.filter { !shared.contains($0) }
    let product: Tensor
    if inner.isEmpty || (rows.isEmpty && columns.isEmpty) {
      let order = batch + inner
      let left = a.arranged(order + rows).reshaped(a.sizes(order + rows) + columns.map { _ in 1 })
      let right = b.arranged(order + columns).reshaped(b.sizes(order) + rows.map { _ in 1 } + b.sizes(columns))
      let elements = left * right
      product = inner.isEmpty ? elements : elements.sum(Array(batch.count..<order.count))
    } else {
      let (n, k) = (Shape.count(a.sizes(batch)), Shape.count(a.sizes(inner)))
      let left = a.arranged(batch + rows + inner).reshaped([n, Shape.count(a.sizes(rows)), k])
      let right = b.arranged(batch + inner + columns).reshaped([n, k, Shape.count(b.sizes(columns))])
      product = left.matmul(right).reshaped(a.sizes(batch + rows) + b.sizes(columns))
    }
    return IndexedFactor(tensor: product, indices: batch + rows + columns)
  }

  /// The tensor with its dimensions in the order of `wanted`.
  func arranged(_ wanted: [EinsumEquation.Index]) -> Tensor {
    wanted == indices ? tensor : tensor.permuted(wanted.map(place))
  }

  private func sizes(_ wanted: [EinsumEquation.Index]) -> [Int] {
    wanted.map { index in tensor.shape[place(of: index)] }
  }

  private func place(of index: EinsumEquation.Index) -> Int {
    guard let place = indices.firstIndex(of: index) else { preconditionFailure("no dimension has \(index)") }
    return place
  }
}
