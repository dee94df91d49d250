/// A layer one of whose parameters is computed anew in every call, from others that are trained in its place: what
/// ``WeightNorm`` and ``SpectralNorm`` have in common, as `torch.nn.utils.parametrize`.
///
/// Parameters and buffers have PyTorch's names: those of the layer, and `parametrizations.weight.original` and so on in
/// place of `weight`. The layer is called through this module only, and is none of ``Module/modules``.
public class ParametrizedLayer<Wrapped: Layer>: Module, Layer, CustomReflectable {
  private let layer: Wrapped
  private let name: String
  /// The layer's parameter, whose elements are trained without being those that the layer computes with.
  let original: Parameter

  /// - Parameters:
  ///   - layer: Whose parameter `original` is.
  ///   - name: What the parameter is called in the layer.
  init(_ layer: Wrapped, _ name: String, _ original: Parameter) {
    self.layer = layer
    self.name = name
    self.original = original
    super.init()
    train(layer.isTraining)
  }

  /// The parameter and the buffers that stand for the layer's own, with what comes after `parametrizations.weight.` in
  /// their names.
  var stateOfParameter: [(name: String, tensor: Tensor)] { [] }

  /// What the layer computes with in a call, or at any other time if `isCall` is false.
  func computedParameter(isCall: Bool) -> Tensor { preconditionFailure("\(type(of: self)) computes no parameter") }

  /// Makes what is computed from the parameter the parameter itself, now that they have the same elements.
  func originalDidBecomeComputed() {}

  /// All parameters and buffers by PyTorch's names.
  public var customMirror: Mirror {
    let others = layer.members().compactMap { name, member -> Mirror.Child? in
      switch member {
      case .parameter(let parameter): parameter === original ? nil : (name, parameter)
      case .buffer(let buffer): (name, buffer)
      case .module: nil
      }
    }
    let own = stateOfParameter.map { suffix, tensor -> Mirror.Child in ("parametrizations.\(name).\(suffix)", tensor) }
    return Mirror(self, children: others + own, ancestorRepresentation: .suppressed)
  }

  /// The layer's result.
  public func callAsFunction(_ x: Tensor) -> Tensor { withLayer { $0(x) } }

  /// Runs `body` with the layer while it has the parameter that is computed for this call, as for one that is called with
  /// more than a tensor:
  ///
  ///     let (output, state) = recurrent.withLayer { $0(x, state: nil) }
  ///
  /// - Throws: What `body` throws.
  public func withLayer<Result>(_ body: (_ layer: Wrapped) throws -> Result) rethrows -> Result {
    if layer.isTraining != isTraining { layer.train(isTraining) }
    return try Substitution.run([original], as: [computedParameter(isCall: true)]) { try body(layer) }
  }

  /// The layer with the parameter that it computes with now, as an ordinary one: what
  /// `torch.nn.utils.parametrize.remove_parametrizations` leaves of a module in evaluation mode.
  ///
  ///     let plain = Sequential(normalized.withoutParametrization(), ReLU())
  ///
  /// The layer shares the memory of this module, which still computes the same, and is made for use in its place.
  public func withoutParametrization() -> Wrapped {
    noGrad { original.replaceElements(by: computedParameter(isCall: false)) }
    original.grad = nil
    originalDidBecomeComputed()
    return layer
  }
}

extension Module {
  /// The parameter of this name, for a module that computes it from others.
  func parameter(named name: String, for operation: StaticString) -> Parameter {
    let members = members()
    precondition(
      !(self is BatchNorm) && !members.contains { if case .module = $0.member { true } else { false } },
      "\(operation) of a \(type(of: self)), expected a layer that is no batch normalization and has no modules in it")
    guard case .parameter(let parameter) = members.first(where: { $0.name == name })?.member else {
      preconditionFailure("\(operation): '\(name)' is no parameter of \(self)")
    }
    return parameter
  }
}
