extension Tensor {
  /// A tensor of the given value or nested array of values.
  ///
  /// Values with a fraction become `float32`, whole numbers `int64`, truth values `bool`, as in PyTorch:
  ///
  ///     Tensor([[3, 2, 1], [1.3, 2.4, 3.7]])   // float32, shape [2, 3]
  ///     Tensor([1, 2])                         // int64, shape [2]
  ///
  /// - Parameters:
  ///   - values: A number, truth value, or nested arrays of equal lengths; ragged arrays trap.
  ///   - dtype: The element type, when it should not follow from the values.
  ///   - device: Where the elements are to be.
  ///   - requiresGrad: Whether operations on the tensor are recorded.
  public convenience init<Values: TensorValues>(
    _ values: Values, dtype: DataType? = nil, device: Device = .cpu, requiresGrad: Bool = false
  ) {
    let shape = values.tensorShape
    var elements: [Values.Scalar] = []
    elements.reserveCapacity(Shape.count(shape))
    values.appendElements(to: &elements, shape: shape[...])
    let given = Tensor(elements, shape: shape)
    let wanted = dtype ?? (Values.Scalar.self == Double.self ? .float32 : Values.Scalar.dataType)
    self.init(sharing: given.cast(to: wanted).to(device))
    if requiresGrad { self.requiresGrad = true }
  }

  /// A tensor of the given elements in row-major order, of their own type: `[Double]` gives `float64`, where nested
  /// arrays give `float32`.
  ///
  /// - Parameters:
  ///   - elements: As many elements as `shape` holds; any other number traps.
  ///   - shape: The size of each dimension.
  public convenience init<T: TensorElement>(_ elements: [T], shape: [Int]) {
    self.init(uninitialized: shape, dtype: T.dataType, device: .cpu)
    precondition(elements.count == count, "\(elements.count) elements given for shape \(shape), which holds \(count)")
    elements.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { address.copyMemory(from: base, byteCount: bytes.count) }
    }
  }

  /// A tensor whose elements are written by `body` before anything reads them.
  ///
  /// - Parameters:
  ///   - shape: The size of each dimension.
  ///   - body: Initializes the whole buffer, row-major.
  public convenience init<T: TensorElement>(
    shape: [Int], of type: T.Type = T.self, initializingWith body: (UnsafeMutableBufferPointer<T>) throws -> Void
  ) rethrows {
    self.init(uninitialized: shape, dtype: T.dataType, device: .cpu)
    try body(UnsafeMutableBufferPointer(start: pointer(T.self), count: count))
  }

  /// A tensor of the given shape with every element equal to `value`, of `float32` also for a whole number.
  public static func full(
    _ shape: [Int], _ value: Double, dtype: DataType = .float32, device: Device = .cpu, requiresGrad: Bool = false
  ) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: dtype, device: device)
    result.backend.fill(result, with: value)
    if requiresGrad { result.requiresGrad = true }
    return result
  }

  /// A tensor of zeros of the given shape.
  public static func zeros(
    _ shape: [Int], dtype: DataType = .float32, device: Device = .cpu, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, 0, dtype: dtype, device: device, requiresGrad: requiresGrad)
  }

  /// A tensor of ones of the given shape.
  public static func ones(
    _ shape: [Int], dtype: DataType = .float32, device: Device = .cpu, requiresGrad: Bool = false
  ) -> Tensor {
    full(shape, 1, dtype: dtype, device: device, requiresGrad: requiresGrad)
  }

  /// Zeros of the shape and type of `other`, on its device.
  public static func zerosLike(_ other: Tensor) -> Tensor {
    zeros(other.shape, dtype: other.dtype, device: other.device)
  }

  /// Ones of the shape and type of `other`, on its device.
  public static func onesLike(_ other: Tensor) -> Tensor {
    ones(other.shape, dtype: other.dtype, device: other.device)
  }

  /// The integers of a range in steps of at least 1, as `torch.arange`; `int64`.
  public static func arange(_ range: Range<Int>, step: Int = 1, device: Device = .cpu) -> Tensor {
    precondition(step > 0, "arange over \(range) in steps of \(step), expected at least 1")
    let count = range.isEmpty ? 0 : (range.count - 1) / step + 1
    guard device != .cpu else {
      return Tensor(shape: [count], of: Int.self) { values in
        for index in values.indices { values.initializeElement(at: index, to: range.lowerBound + index * step) }
      }
    }
    // Made there: a copy would keep the step that it is part of from being recorded.
    let steps = full([count], Double(step), dtype: .int64, device: device)
    return steps.cumulativeSum(0) + Tensor(range.lowerBound - step)
  }

  /// The integers 0 ..< count, as `torch.arange`; `int64`.
  public static func arange(_ count: Int, device: Device = .cpu) -> Tensor {
    precondition(count >= 0, "arange of \(count) integers")
    return arange(0..<count, device: device)
  }

  /// start, start + step, … up to but not including `end`, each rounded once; `torch.arange` may differ in the last bits.
  public static func arange(
    from start: Double, to end: Double, step: Double, dtype: DataType = .float32, device: Device = .cpu
  ) -> Tensor {
    let count = ((end - start) / step).rounded(.up)
    precondition(
      step != 0 && count >= 0 && count < 0x1p53,
      "arange from \(start) to \(end) in steps of \(step), which are \(count)")
    let values = Tensor(shape: [Int(count)], of: Double.self) { values in
      for index in values.indices { values.initializeElement(at: index, to: start + Double(index) * step) }
    }
    return values.cast(to: dtype).to(device)
  }

  /// `count` numbers at even distances from `start` to `end`, both included, the bits those of `torch.linspace`.
  public static func linspace(
    from start: Double, to end: Double, count: Int, dtype: DataType = .float32, device: Device = .cpu
  ) -> Tensor {
    precondition(count >= 0, "linspace of \(count) numbers")
    func numbers<T: TensorElement & BinaryFloatingPoint>(_: T.Type) -> Tensor {
      Tensor(shape: [count], of: T.self) { values in
        for i in values.indices {
          values.initializeElement(at: i, to: .evenlySpaced(i, of: count, from: T(start), to: T(end)))
        }
      }
    }
    return (dtype == .float32 ? numbers(Float.self) : numbers(Double.self).cast(to: dtype)).to(device)
  }

  /// Ones on the diagonal and zeros elsewhere: [rows, columns], square if the columns are left out.
  public static func eye(
    _ rows: Int, _ columns: Int? = nil, dtype: DataType = .float32, device: Device = .cpu
  ) -> Tensor {
    (arange(rows, device: device).unsqueezed(1) .== arange(columns ?? rows, device: device)).cast(to: dtype)
  }

  /// A scalar for arithmetic with a Swift number: of this tensor's type, but for integers that do not hold the number
  /// `int64` or, for a fraction, `float32`. It is on the CPU, wherever this tensor is: a kernel is given its value.
  func scalar(_ value: Double) -> Tensor {
    let fits =
      switch dtype {
      case .float32, .float64: true
      case .int64: Int64(exactly: value) != nil
      case .uint8: UInt8(exactly: value) != nil
      case .bool: false
      }
    return .full([], value, dtype: fits ? dtype : Int64(exactly: value) == nil ? .float32 : .int64)
  }

  /// The same for an integer, which a tensor of `int64` holds exactly.
  func scalar(_ value: Int) -> Tensor { dtype == .int64 ? Tensor(value) : scalar(Double(value)) }
}

extension BinaryFloatingPoint {
  /// Number `index` of ``Tensor/linspace(from:to:count:dtype:device:)``.
  package static func evenlySpaced(_ index: Int, of count: Int, from first: Self, to last: Self) -> Self {
    let step = count > 1 ? (last - first) / Self(count - 1) : 0
    // From both ends, so that the last number is exactly `last`; each is rounded once.
    return index < max(count / 2, 1)
      ? first.addingProduct(step, Self(index)) : last.addingProduct(-step, Self(count - 1 - index))
  }
}

/// A number, a truth value, or nested arrays of them, from which a tensor can be made.
public protocol TensorValues {
  /// The type of the innermost values.
  associatedtype Scalar: TensorElement
  /// The size of each level of nesting.
  var tensorShape: [Int] { get }
  /// Appends the values in row-major order; traps when the nesting is ragged.
  func appendElements(to elements: inout [Scalar], shape: ArraySlice<Int>)
}

extension TensorValues where Self: TensorElement, Scalar == Self {
  /// A single value has no dimensions.
  public var tensorShape: [Int] { [] }
  /// Appends the value.
  public func appendElements(to elements: inout [Self], shape: ArraySlice<Int>) { elements.append(self) }
}

extension Double: TensorValues {}
extension Float: TensorValues {}
extension Int: TensorValues {}
extension Int64: TensorValues {}
extension UInt8: TensorValues {}
extension Bool: TensorValues {}

extension Array: TensorValues where Element: TensorValues {
  /// The type of the innermost values.
  public typealias Scalar = Element.Scalar
  /// The array's count, then the shape of its elements.
  public var tensorShape: [Int] { [count] + (first?.tensorShape ?? []) }
  /// Appends the elements of every element, in order.
  public func appendElements(to elements: inout [Scalar], shape: ArraySlice<Int>) {
    precondition(count == shape.first, "ragged nested arrays: a row of \(count) where others have \(shape.first ?? 0)")
    for element in self { element.appendElements(to: &elements, shape: shape.dropFirst()) }
  }
}
