/// Something with parameters: a layer, a model, or any part of one.
///
/// Subclass it and store parameters and other modules in properties, also in arrays and optionals. They are found by
/// reflection, in declaration order, and named as in PyTorch (`encoder.0.weight`). In a structure, tuple, dictionary or
/// plain class they could not be named, and trap.
///
///     final class Perceptron: Module, Layer {
///       let hidden = Linear(784, 128)
///       let output = Linear(128, 10)
///
///       func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
///     }
open class Module: CustomStringConvertible {
  /// Whether layers that behave differently while training, such as dropout, do so now.
  public private(set) var isTraining = true

  /// A module in training mode.
  public init() {}

  /// Names for properties that are called otherwise in PyTorch, as `["runningMean": "running_mean"]`; an empty name
  /// leaves an array's elements with their index alone.
  open class var stateNames: [String: String] { [:] }

  /// The module as PyTorch prints it, with all modules in it:
  ///
  ///     Sequential(
  ///       (0): Linear(weight: [8, 4], bias: [8])
  ///       (1): Dropout(probability: 0.5)
  ///     )
  ///
  /// In place of the arguments it was made with there are the shapes of its parameters and buffers, and its properties
  /// that are numbers or truth values, or arrays or tuples of them.
  open var description: String { described() }

  /// The function that this layer is, when the layer before it can apply it in the same pass.
  var linearActivation: LinearActivation? { nil }

  /// This layer's result for `x` with `activation` applied, when both can be computed as one operation.
  func activated(_ x: Tensor, by activation: LinearActivation) -> Tensor? { nil }

  /// Switches this module and all in it to training or evaluation mode.
  @discardableResult
  public func train(_ training: Bool = true) -> Self {
    for (_, module) in namedModules() { module.isTraining = training }
    return self
  }

  /// Switches this module and all in it to evaluation mode.
  @discardableResult
  public func evaluate() -> Self { train(false) }

  /// Runs `body` with this module and all in it in evaluation mode, and then puts each back into the mode it had: a part
  /// that was in evaluation mode before, as frozen batch normalization, stays in it.
  ///
  /// - Throws: What `body` throws.
  public func evaluating<Result>(_ body: () throws -> Result) rethrows -> Result {
    let modes = namedModules().map { ($0.module, $0.module.isTraining) }
    defer { for (module, wasTraining) in modes { module.isTraining = wasTraining } }
    evaluate()
    return try body()
  }

  /// Converts all floating-point parameters and buffers to another floating-point type, and forgets their gradients.
  @discardableResult
  public func convert(to dtype: DataType) -> Self {
    precondition(dtype.isFloatingPoint, "a module's parameters cannot be \(dtype)")
    for tensor in parametersAndBuffers where tensor.dtype.isFloatingPoint { tensor.convert(to: dtype) }
    return self
  }

  /// Where the parameters and buffers are; the CPU where there are none.
  public var device: Device { parametersAndBuffers.first?.device ?? .cpu }

  /// Moves all parameters and buffers, and the parameters' gradients, to a device.
  ///
  /// Do this before an optimizer or a ``ParameterArena`` is made of them. A device that cannot be used traps;
  /// ``Device/open()`` gives the reason as an error.
  @discardableResult
  public func to(_ device: Device) -> Self {
    for tensor in parametersAndBuffers { tensor.move(to: device) }
    return self
  }

  private var parametersAndBuffers: [Tensor] {
    namedModules().flatMap { _, module in
      module.members().compactMap { _, member in
        switch member {
        case .parameter(let parameter): parameter
        case .buffer(let buffer): buffer
        case .module: nil
        }
      }
    }
  }

  /// Keeps the parameters of this module and all in it out of training, or takes them back in.
  ///
  /// A ``ParameterArena`` holds the parameters that are not frozen when it is made.
  @discardableResult
  public func freeze(_ frozen: Bool = true) -> Self {
    for parameter in parameters { parameter.requiresGrad = !frozen }
    return self
  }

  /// Forgets the gradients of all parameters; those in a ``ParameterArena`` become zeros.
  public func zeroGrad() {
    for parameter in parameters { parameter.grad = nil }
  }

  /// All parameters in declaration order, each once, with dotted names.
  public func namedParameters() -> [(name: String, parameter: Parameter)] {
    var seen: Set<ObjectIdentifier> = []
    return namedModules().flatMap { prefix, module in
      module.members().compactMap { name, member in
        guard case .parameter(let parameter) = member, seen.insert(ObjectIdentifier(parameter)).inserted else {
          return nil
        }
        return (Self.joined(prefix, name), parameter)
      }
    }
  }

  /// All buffers in declaration order, each once, with dotted names.
  public func namedBuffers() -> [(name: String, buffer: Buffer)] {
    var seen: Set<ObjectIdentifier> = []
    return namedModules().flatMap { prefix, module in
      module.members().compactMap { name, member in
        guard case .buffer(let buffer) = member, seen.insert(ObjectIdentifier(buffer)).inserted else { return nil }
        return (Self.joined(prefix, name), buffer)
      }
    }
  }

  /// All parameters in declaration order, each once.
  public var parameters: [Parameter] { namedParameters().map(\.parameter) }

  /// This module, with an empty name, and all modules in it, each once, with dotted names.
  public func namedModules() -> [(name: String, module: Module)] {
    var result: [(name: String, module: Module)] = []
    var seen: Set<ObjectIdentifier> = []
    collect(prefix: "", into: &result, &seen)
    return result
  }

  /// This module and all modules in it, each once, as to initialize those of a type anew.
  ///
  ///     for case let linear as Linear in model.modules { linear.weight.initialize(.xavierUniform()) }
  public var modules: [Module] { namedModules().map(\.module) }

  private func collect(
    prefix: String, into result: inout [(name: String, module: Module)], _ seen: inout Set<ObjectIdentifier>
  ) {
    guard seen.insert(ObjectIdentifier(self)).inserted else { return }
    result.append((prefix, self))
    for (name, member) in members() {
      if case .module(let module) = member {
        module.collect(prefix: Self.joined(prefix, name), into: &result, &seen)
      }
    }
  }

  /// A dotted name.
  static func joined(_ prefix: String, _ name: String) -> String { prefix.isEmpty ? name : "\(prefix).\(name)" }
}
