import Autograd

/// What all ranks' models must have alike.
extension Module {
  /// What updates some parameters, one a line.
  func description(ofOptimizer options: some UpdateRule, of parameters: [Tensor]) -> String {
    let own = Set(parameters.map(ObjectIdentifier.init))
    return namedParameters().filter { own.contains(ObjectIdentifier($0.parameter)) }
      .map { "optimizer of \($0.name): \(options)" }.joined(separator: "\n")
  }

  /// Names, types and shapes of all parameters and buffers, one a line.
  package var fingerprint: String {
    func line(_ kind: String, _ name: String, _ tensor: Tensor) -> String {
      "\(kind) \(name): \(tensor.dtype.rawValue) \(tensor.shape)"
    }
    let parameters = namedParameters().map { name, parameter in
      line(parameter.requiresGrad ? "parameter" : "frozen parameter", name, parameter)
    }
    return (parameters + namedBuffers().map { line("buffer", $0, $1) }).joined(separator: "\n")
  }
}
