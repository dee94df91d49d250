/// What a property of a module holds.
enum ModuleMember {
  case parameter(Parameter)
  case buffer(Buffer)
  case module(Module)
}

extension Module {
  /// The parameters, buffers and modules in this module's properties, in declaration order, superclasses first.
  ///
  /// Elements of arrays are named by their index. Anything else that holds any of them and is no array, optional or
  /// module traps, rather than being skipped.
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
    case .tuple, .dictionary, .set, .struct, .enum, .class:
      var seen: Set = [ObjectIdentifier(self)]
      precondition(
        !Self.holdsMembers(value, &seen),
        "\(owner).\(name): parameters in a \(type(of: value)) cannot be named; use an array, or a class that inherits Module"
      )
      return []
    default:
      return []
    }
  }

  /// Whether there are parameters, buffers or modules not `seen` in a value, or in what it holds, a few levels deep.
  private static func holdsMembers(_ value: Any, depth: Int = 3, _ seen: inout Set<ObjectIdentifier>) -> Bool {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      return mirror.children.contains { holdsMembers($0.value, depth: depth, &seen) }
    }
    if mirror.displayStyle == .class, !seen.insert(ObjectIdentifier(value as AnyObject)).inserted { return false }
    switch value {
    case is Parameter, is Buffer, is Module: return true
    // Other tensors and random numbers hold none, and optimizers and arenas those that a model has elsewhere.
    case is Tensor, is RandomGenerator, is any Optimizer, is ParameterArena: return false
    default: break
    }
    // Of a long list, which is one of data, the first elements tell.
    return depth > 0
      && sequence(first: mirror, next: \.superclassMirror).contains { level in
        level.children.prefix(64).contains { holdsMembers($0.value, depth: depth - 1, &seen) }
      }
  }
}
