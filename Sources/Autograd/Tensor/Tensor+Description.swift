extension Tensor: CustomStringConvertible {
  /// The elements as PyTorch prints them: in aligned columns, with four digits after the point, in scientific notation
  /// where magnitudes differ much, and beyond 1,000 elements with the first and last three along each dimension.
  ///
  ///     tensor([[ 5.0100],
  ///             [ 7.4800]], grad_fn=<MulBackward0>)
  ///
  /// Types other than the default ones are named as in Swift: `dtype=float64` where PyTorch has `dtype=torch.float64`.
  public var description: String {
    let isDefaultType = [.float32, .int64, .bool].contains(dtype)
    var suffixes: [String] = device == .cpu ? [] : ["device='\(device)'"]
    if count == 0 && rank != 1 { suffixes.append("size=(\(shape.map(String.init).joined(separator: ", ")))") }
    if !isDefaultType || (count == 0 && dtype != .float32) { suffixes.append("dtype=\(dtype)") }
    if let gradientFunction {
      suffixes.append("grad_fn=\(gradientFunction)")
    } else if requiresGrad {
      suffixes.append("requires_grad=True")
    }
    let prefix = "tensor("
    let title = self is Parameter ? "Parameter containing:\n" : ""
    return title
      + Self.text(
        prefix + TensorText(detached().cpu(), indentation: prefix.count).text, suffixes, indentation: prefix.count)
  }

  /// `text` with `suffixes` after it, on new lines where they would not fit.
  private static func text(_ text: String, _ suffixes: [String], indentation: Int) -> String {
    var result = text
    // As PyTorch counts, which is two more than there are when all is on one line.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var lastLineLength = (lines.last?.count ?? 0) + 2
    for suffix in suffixes {
      if lastLineLength + suffix.count + 2 > TensorText.lineWidth {
        result += ",\n" + String(repeating: " ", count: indentation) + suffix
        lastLineLength = indentation + suffix.count
      } else {
        result += ", " + suffix
        lastLineLength += suffix.count + 2
      }
    }
    return result + ")"
  }
}

/// The elements of a tensor as text, by the rules of PyTorch's `torch/_tensor_str.py`.
private struct TensorText {
  static let lineWidth = 80
  private static let edgeCount = 3
  private static let longestWhole = 1000

  private let shape: [Int]
  private let strides: [Int]
  private let isElided: Bool
  private let indentation: Int
  /// The text of the elements that are shown, by their position.
  private var texts: [Int: String] = [:]
  private var width = 0

  init(_ tensor: Tensor, indentation: Int) {
    shape = tensor.shape
    strides = Shape.strides(tensor.shape)
    isElided = tensor.count > Self.longestWhole
    self.indentation = indentation
    let positions = tensor.count == 0 ? [] : shownPositions(dimension: 0, offset: 0)
    let format = NumberFormat(tensor, at: positions)
    width = format.width
    for position in positions { texts[position] = format.text(of: tensor, at: position) }
  }

  /// All of it in brackets.
  var text: String {
    shape.contains(0) ? "[]" : text(dimension: 0, offset: 0, indentation: indentation)
  }

  /// The indices along a dimension that are shown, in the parts before and after what is left out.
  private func shown(_ dimension: Int) -> (first: Range<Int>, last: Range<Int>) {
    let size = shape[dimension]
    guard isElided && size > 2 * Self.edgeCount else { return (0..<size, size..<size) }
    return (0..<Self.edgeCount, size - Self.edgeCount..<size)
  }

  private func shownPositions(dimension: Int, offset: Int) -> [Int] {
    guard dimension < shape.count else { return [offset] }
    let (first, last) = shown(dimension)
    return (Array(first) + Array(last)).flatMap { index in
      shownPositions(dimension: dimension + 1, offset: offset + index * strides[dimension])
    }
  }

  private func text(dimension: Int, offset: Int, indentation: Int) -> String {
    guard dimension < shape.count else { return texts[offset] ?? "" }
    let (first, last) = shown(dimension)
    let isRow = dimension == shape.count - 1
    func parts(_ indices: Range<Int>) -> [String] {
      indices.map {
        text(dimension: dimension + 1, offset: offset + $0 * strides[dimension], indentation: indentation + 1)
      }
    }
    let dots = last.isEmpty ? [] : [isRow ? " ..." : "..."]
    let all = parts(first) + dots + parts(last)
    let margin = String(repeating: " ", count: indentation + 1)
    guard isRow else {
      let newlines = String(repeating: "\n", count: shape.count - dimension - 1)
      return "[" + all.joined(separator: "," + newlines + margin) + "]"
    }
    let perLine = max(1, (Self.lineWidth - indentation) / (width + 2))
    let lines = stride(from: 0, to: all.count, by: perLine).map {
      all[$0..<min($0 + perLine, all.count)].joined(separator: ", ")
    }
    return "[" + lines.joined(separator: ",\n" + margin) + "]"
  }
}
