extension Module {
  /// The module with all modules in it, but for those in `path`, which hold it.
  func described(path: [Module] = []) -> String {
    let name = "\(type(of: self))"
    guard !path.contains(where: { $0 === self }) else { return name + "(…)" }
    let own = ownProperties.joined(separator: ", ")
    let inner = members().compactMap { member -> String? in
      guard case (let name, .module(let module)) = member else { return nil }
      return "(\(name)): " + module.described(path: path + [self])
    }
    guard !inner.isEmpty else { return "\(name)(\(own))" }
    let lines = ((own.isEmpty ? [] : [own]) + inner).flatMap { $0.split(separator: "\n") }
    return "\(name)(\n" + lines.map { "  \($0)\n" }.joined() + ")"
  }

  /// What this module itself holds, with names.
  private var ownProperties: [String] {
    let tensors = members().compactMap { name, member -> String? in
      switch member {
      case .parameter(let tensor as Tensor), .buffer(let tensor as Tensor): "\(name): \(tensor.shape)"
      case .module: nil
      }
    }
    let levels = sequence(first: Mirror(reflecting: self), next: \.superclassMirror)
      .prefix { $0.subjectType != Module.self }
    let numbers = levels.reversed().flatMap(\.children).compactMap { child -> String? in
      let mirror = Mirror(reflecting: child.value)
      let value: Any? = if mirror.displayStyle == .optional { mirror.children.first?.value } else { child.value }
      guard let label = child.label, let value, Self.isPlain(value) else { return nil }
      return "\(label): \(value)"
    }
    return tensors + numbers
  }

  /// Whether a value is a number or a truth value, or a few of them.
  private static func isPlain(_ value: Any) -> Bool {
    if value is any Numeric || value is Bool { return true }
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .tuple || mirror.displayStyle == .collection else { return false }
    return (1...8).contains(mirror.children.count) && mirror.children.allSatisfy { isPlain($0.value) }
  }
}
