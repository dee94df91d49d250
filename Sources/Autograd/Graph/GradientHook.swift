/// A function that sees, and may replace, a gradient on its way; made by ``Tensor/registerHook(_:)``.
public final class GradientHook {
  private var body: ((Tensor) -> Tensor?)?

  fileprivate init(_ body: @escaping (Tensor) -> Tensor?) { self.body = body }

  /// Calls the function no longer.
  public func remove() { body = nil }

  fileprivate var isRemoved: Bool { body == nil }

  /// What becomes of `gradient`.
  fileprivate func callAsFunction(_ gradient: Tensor) -> Tensor {
    guard let replaced = body?(gradient) else { return gradient }
    precondition(
      replaced.shape == gradient.shape && replaced.dtype == gradient.dtype,
      "a hook gave shape \(replaced.shape), \(replaced.dtype) for a gradient of \(gradient.shape), \(gradient.dtype)")
    return replaced
  }
}

extension [GradientHook] {
  /// What becomes of `gradient` in all hooks, first to last.
  func applied(to gradient: Tensor) -> Tensor { reduce(gradient) { $1($0) } }
}

extension Tensor {
  /// Calls `hook` in every backward pass with the gradient of this tensor, once that is complete; what it returns, if
  /// anything, replaces the gradient.
  ///
  /// For a leaf this is the gradient of the pass, before it is added to `grad`.
  ///
  /// - Returns: A handle by which the hook can be removed.
  @discardableResult
  public func registerHook(_ hook: @escaping (_ gradient: Tensor) -> Tensor?) -> GradientHook {
    precondition(requiresGrad, "a hook on a tensor that requires no gradient would never be called")
    let handle = GradientHook(hook)
    func add(to hooks: inout [GradientHook]) {
      hooks.removeAll(where: \.isRemoved)
      hooks.append(handle)
    }
    if let node { add(to: &node.hooks) } else { add(to: &leafHooks) }
    return handle
  }
}
