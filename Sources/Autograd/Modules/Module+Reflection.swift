/// What a property of a module holds.
enum ModuleMember {
  case parameter(Parameter)
  case buffer(Buffer)
  case module(Module)
}

extension Module {
  /// The parameters, buffers and modules in this module's properties, in declaration order, superclasses first.
  ///
  /// Elements of arrays are named by their index. A container that holds any of them and is neither an array nor an
  /// optional traps, rather than being skipped.
  func members() -> [(name: String, member: ModuleMember)] {
    var mirrors: [Mirror] = []
    var mirror: Mirror? = Mirror(reflecting: self)
    while let current = mirror, current.subjectType != Module.self {
      mirrors.append(current)
      mirror = current.superclassMirror
    }
    return mirrors.reversed().flatMap { level in
      level.children.flatMap { child in
        let label = child.label ?? ""
        return members(of: child.value, name: Self.stateNames[label] ?? label, in: level.subjectType)
      }
    }
  }

  private func members(of value: Any, name: String, in owner: Any.Type) -> [(name: String, member: ModuleMember)] {
    switch value {
    case let parameter as Parameter: return [(name, .parameter(parameter))]
    case let buffer as Buffer: return [(name, .buffer(buffer))]
    case let module as Module: return [(name, .module(module))]
    default: break
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.flatMap { members(of: $0.value, name: name, in: owner) }
    case .collection:
      return mirror.children.enumerated().flatMap { index, child in
        members(of: child.value, name: Self.joined(name, "\(index)"), in: owner)
      }
    case .tuple, .dictionary, .set, .struct, .enum:
      precondition(
        !Self.holdsMembers(value), "\(owner).\(name): parameters in a \(type(of: value)) cannot be named; use an array")
      return []
    default:
      return []
    }
  }

  private static func holdsMembers(_ value: Any, depth: Int = 3) -> Bool {
    if value is Parameter || value is Module || value is Buffer { return true }
    return depth > 0 && Mirror(reflecting: value).children.contains { holdsMembers($0.value, depth: depth - 1) }
  }
}
