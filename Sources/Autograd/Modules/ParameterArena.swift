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
  /// All weights, flat, as a leaf whose `grad` is the flat array of all gradients: what an optimizer steps over.
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
    self.init(module, tailCount: tailCount) { _ in nil }
  }

  /// Moves the parameters of `module` into one array, and their gradients into memory from elsewhere.
  ///
  /// - Parameters:
  ///   - module: Its parameters must have one element type and one device; anything else traps.
  ///   - tailCount: Elements to reserve after the last gradient.
  ///   - gradientMemory: Gives memory for so many bytes, aligned to 64 bytes and filled with zeros, and what keeps it
  ///     alive; where it gives nil, and for parameters that are not on the CPU, the arena takes its own.
  /// - Throws: What `gradientMemory` throws.
  public init(
    _ module: Module, tailCount: Int,
    gradientMemory: (_ byteCount: Int) throws -> (start: UnsafeMutableRawPointer, owner: AnyObject)?
  ) rethrows {
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
    self.ranges = ranges
    tail = end..<end + tailCount
    flat = Tensor.zeros([end], dtype: dtype, device: device)
    let byteCount = (end + tailCount) * dtype.byteCount
    if device == .cpu, let (start, owner) = try gradientMemory(byteCount) {
      let storage = Storage(borrowing: start, byteCount: byteCount, from: owner)
      gradients = Tensor(storage: storage, shape: [end + tailCount], dtype: dtype)
    } else {
      gradients = Tensor.zeros([end + tailCount], dtype: dtype, device: device)
    }
    tailElements = gradients.part(at: end, shape: [tailCount])
    flat.accumulatedGradient = gradients.part(shape: [end])
    for (range, (_, parameter)) in zip(ranges, parameters) {
      func place(in array: Tensor) -> Tensor { array.part(at: range.lowerBound, shape: parameter.shape) }
      parameter.move(to: place(in: flat), gradientSlot: place(in: gradients))
    }
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

  /// The elements of parameter `index` in an array of the arena's layout, such as an optimizer's state, in its memory.
  public func view(of array: Tensor, at index: Int) -> Tensor {
    precondition(array.shape == flat.shape, "an array of shape \(array.shape) has not the arena's \(flat.shape)")
    return array.part(at: ranges[index].lowerBound, shape: parameters[index].parameter.shape)
  }

  /// Forgets all gradients. Nothing is written: the next backward pass overwrites what is there.
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
    precondition(T.dataType == gradients.dtype, "gradients of \(gradients.dtype) were read as \(T.dataType)")
    precondition(device == .cpu, "gradients on \(device) were asked for as memory of the processor")
    return UnsafeMutableBufferPointer(start: gradients.pointer(T.self), count: gradients.count)
  }
}
