/// The parameters of a model in one flat array, and their gradients in another of the same layout.
///
/// The layout is the reverse of declaration order, which is the order in which the backward pass finishes gradients.
/// A parameter's place in it, its *index*, names the parameter everywhere: here, in the reducer, in messages. The
/// backward pass writes gradients into the array directly, a bucket of an all-reduce is a range of it, and the
/// optimizer makes one pass over both arrays.
public final class ParameterArena {
  /// The parameters with their names, by index.
  public let parameters: [(name: String, parameter: Parameter)]
  /// Where the arrays are.
  public var device: Device { flat.device }
  /// The type of all elements.
  public var dtype: DataType { flat.dtype }
  /// Where each parameter's elements are, by index. Ranges are adjacent and begin at multiples of 64 bytes, so the end
  /// of each may hold zeros that belong to no parameter.
  public let ranges: [Range<Int>]
  /// All weights, flat, as a leaf whose `grad` is the flat array of all gradients: what an optimizer steps over. That
  /// gradient stays: to set it to `nil`, as the optimizer's `zeroGrad()` does, fills it with zeros.
  public let flat: Tensor
  /// Elements after the last parameter that take part in every all-reduce of gradients.
  public let tail: Range<Int>
  private let tailElements: Tensor
  /// All gradients and the tail.
  private let gradients: Tensor

  /// Moves the parameters of `module` into one array, with memory of its own.
  ///
  /// - Parameters:
  ///   - module: Its parameters must have one element type and one device; anything else traps.
  ///   - tailCount: Elements to reserve after the last gradient.
  public convenience init(_ module: Module, tailCount: Int = 0) {
    self.init(module, tailCount: tailCount) { _, _ in nil }
  }

  /// The two arrays.
  public enum Contents: Sendable {
    /// The parameters.
    case weights
    /// Their gradients and the tail.
    case gradients
  }

  /// Moves the parameters of `module` and their gradients into memory from elsewhere.
  ///
  /// - Parameters:
  ///   - module: Its parameters must have one element type and one device; anything else traps.
  ///   - tailCount: Elements to reserve after the last gradient.
  ///   - partCount: Into how many equal parts, of whole 64 bytes, the arrays can be cut: zeros after the last parameter
  ///     make it so.
  ///   - memory: Gives memory for so many bytes of contents, aligned to 64 bytes and filled with zeros, and what keeps
  ///     it alive; where it gives nil, and for parameters that are not on the CPU, the arena takes its own.
  /// - Throws: What `memory` throws.
  public init<Failure>(
    _ module: Module, tailCount: Int, partCount: Int = 1,
    memory: (Contents, _ byteCount: Int) throws(Failure) -> (start: UnsafeMutableRawPointer, owner: AnyObject)?
  ) throws(Failure) {
    parameters = module.namedParameters().filter { $0.parameter.requiresGrad }.reversed()
    precondition(!parameters.isEmpty, "\(type(of: module)) has no parameters to train")
    let (dtype, device) = (parameters[0].parameter.dtype, parameters[0].parameter.device)
    let granule = 64 / dtype.byteCount
    var end = 0
    var ranges: [Range<Int>] = []
    for (name, parameter) in parameters {
      precondition(parameter.dtype == dtype, "parameter \(name) is \(parameter.dtype), others are \(dtype)")
      precondition(parameter.device == device, "parameter \(name) is on \(parameter.device), others are on \(device)")
      let padded = (parameter.count + granule - 1) / granule * granule
      ranges.append(end..<end + padded)
      end += padded
    }
    end = (end + partCount * granule - 1) / (partCount * granule) * partCount * granule
    ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<end
    self.ranges = ranges
    tail = end..<end + tailCount
    func array(of contents: Contents, count: Int) throws(Failure) -> Tensor {
      let byteCount = count * dtype.byteCount
      guard device == .cpu, let (start, owner) = try memory(contents, byteCount) else {
        return Tensor.zeros([count], dtype: dtype, device: device)
      }
      let storage = Storage(borrowing: start, byteCount: byteCount, from: owner)
      return Tensor(storage: storage, shape: [count], dtype: dtype)
    }
    let weights = try array(of: .weights, count: end)
    gradients = try array(of: .gradients, count: end + tailCount)
    flat = weights.keeping(gradient: gradients.part(shape: [end]))
    tailElements = gradients.part(at: end, shape: [tailCount])
    for (range, (_, parameter)) in zip(ranges, parameters) {
      func place(in array: Tensor) -> Tensor { array.part(at: range.lowerBound, shape: parameter.shape) }
      parameter.move(to: place(in: flat), gradientSlot: place(in: gradients))
    }
  }

  /// The name of a parameter whose elements have left the array, as it was converted, moved to another device or taken into
  /// another arena; `nil` where all are here.
  package var strayParameter: String? {
    let (start, size) = (flat.address, dtype.byteCount)
    return zip(ranges, parameters).first { range, entry in
      entry.parameter.address != start + range.lowerBound * size
    }?.1.name
  }

  /// Calls `handler` with a parameter's index when the backward pass has finished its gradient.
  public func onGradientReady(_ handler: @escaping (_ index: Int) -> Void) {
    for (index, (_, parameter)) in parameters.enumerated() {
      parameter.gradientDidBecomeReady = { [unowned parameter] in
        // Reached by a graph through which no gradient flowed: what is in its place is of an earlier step.
        if parameter.grad == nil { parameter.grad = .zerosLike(parameter) }
        handler(index)
      }
    }
  }

  /// The values after the last gradient, which belong to no parameter.
  public var tailValues: [Double] {
    get { tailElements.array() }
    set { tailElements.assign(newValue) }
  }

  /// The values after the last gradient, in the arena's memory.
  package var tailArray: Tensor { tailElements }

  /// Sets some of the values after the last gradient to those of tensors of one element, and the others to zero, without
  /// waiting for a GPU that is still computing them.
  package func setTail(_ values: [(index: Int, value: Tensor)]) {
    tailElements.backend.fill(tailElements, with: 0)
    for (index, value) in values { tailElement(index).assign(value) }
  }

  /// One of the values after the last gradient, in the arena's memory.
  package func tailElement(_ index: Int) -> Tensor { tailElements.part(at: index, shape: [1]) }

  /// All gradients, as one array of the arena's layout in its memory.
  package var flatGradients: Tensor { gradients.part(shape: flat.shape) }

  /// All gradients and the tail, as one array in the arena's memory.
  package var gradientsAndTail: Tensor { gradients }

  /// The elements of parameter `index` in an array of the arena's layout, such as an optimizer's state, in its memory.
  public func view(of array: Tensor, at index: Int) -> Tensor {
    precondition(array.shape == flat.shape, "an array of shape \(array.shape) has not the arena's \(flat.shape)")
    return array.part(at: ranges[index].lowerBound, shape: parameters[index].parameter.shape)
  }

  /// The elements of a range in an array of the arena's layout, in its memory.
  package func view(of array: Tensor, _ range: Range<Int>) -> Tensor {
    precondition(array.shape == flat.shape, "an array of shape \(array.shape) has not the arena's \(flat.shape)")
    return array.part(at: range.lowerBound, shape: [range.count])
  }

  /// A range of ``flat`` as a leaf whose `grad` is that range of the gradients: what an optimizer of a part steps over.
  public func part(_ range: Range<Int>) -> Tensor {
    flat.part(at: range.lowerBound, shape: [range.count])
      .keeping(gradient: gradients.part(at: range.lowerBound, shape: [range.count]))
  }

  /// Parameter `index` as a leaf of its own shape whose `grad` is in the array of gradients: what an optimizer of whole
  /// parameters steps over.
  package func whole(_ index: Int) -> Tensor {
    view(of: flat, at: index).keeping(gradient: view(of: flatGradients, at: index))
  }

  /// Forgets all gradients. Nothing is written: the next backward pass overwrites what is there. An optimizer of
  /// ``flat`` has a `zeroGrad()` too, which writes zeros.
  public func zeroGrad() {
    for (_, parameter) in parameters { parameter.grad = nil }
  }

  /// Writes zeros for the parameters that have got no gradient since ``zeroGrad()``, and gives their indices.
  @discardableResult
  public func fillMissingGradients() -> [Int] {
    var missing: [Int] = []
    for (index, (_, parameter)) in parameters.enumerated() where parameter.grad == nil {
      parameter.grad = .zerosLike(parameter)
      missing.append(index)
    }
    return missing
  }

  /// The memory of all gradients and the tail, for all-reduce by the processor. Valid as long as the arena lives.
  public func gradientBuffer<T: TensorElement>(of type: T.Type = T.self) -> UnsafeMutableBufferPointer<T> {
    buffer(of: gradients)
  }

  /// The memory of all weights. Valid as long as the arena lives.
  public func weightBuffer<T: TensorElement>(of type: T.Type = T.self) -> UnsafeMutableBufferPointer<T> {
    buffer(of: flat)
  }

  private func buffer<T: TensorElement>(of array: Tensor) -> UnsafeMutableBufferPointer<T> {
    precondition(T.dataType == dtype, "an arena of \(dtype) was read as \(T.dataType)")
    precondition(device == .cpu, "an arena on \(device) was asked for as memory of the processor")
    return UnsafeMutableBufferPointer(start: array.pointer(T.self), count: array.count)
  }
}

extension Tensor {
  /// Weights of an arena, with the part of its gradients that is theirs: no backward pass would give them another.
  fileprivate func keeping(gradient: Tensor) -> Tensor {
    (gradientSlot, accumulatedGradient, keepsGradient) = (gradient, gradient, true)
    return self
  }
}
