import Autograd

extension Module {
  /// Takes the weights of a model of the same layers, which a run or PyTorch has written, alone in a file or under a key, as
  /// `model` or `state_dict`. Where they were for another number of classes, the last layer stays as it is.
  ///
  /// - Returns: What became of the file's weights, for a person.
  /// - Throws: ``FileError`` where they are of another model or cannot be read. Nothing is changed then.
  func begin(withWeightsOf path: String) throws -> String {
    let file = try TensorFile.open(path: path)
    var state = stateDictionary()
    let prefix = try file.prefix(ofState: state.map(\.name).filter { !TensorFile.mayBeMissing($0) })
    try file.requireNothing(under: prefix, but: state.map(\.name))
    let head = namedParameters().suffix(2)
    let otherClasses = file.otherClasses(ofLayer: head.map { (prefix + $0.name, $0.parameter.shape) })
    if otherClasses != nil { state.removeAll { name, _ in head.contains { $0.name == name } } }
    state.removeAll { TensorFile.mayBeMissing($0.name) && file.entry(prefix + $0.name) == nil }
    let contents = try state.map { name, tensor in
      let found = try TensorFile.read(prefix + name, from: file)
      guard found.shape == tensor.shape, found.dtype.isFloatingPoint == tensor.dtype.isFloatingPoint else {
        throw FileError(
          path,
          "tensor '\(prefix + name)' is \(found.dtype) of shape \(found.shape), expected \(tensor.dtype) of shape "
            + "\(tensor.shape): it is of another model")
      }
      return (name: name, tensor: found.cast(to: tensor.dtype))
    }
    try load(stateDictionary: contents, strict: false)
    let beginning = "the model begins with the weights of \(path)"
    guard let otherClasses, let classes = head.last?.parameter.shape[0] else { return beginning }
    return "\(beginning), but for its last layer, which is for \(otherClasses) classes there and for \(classes) here"
  }
}

extension TensorSource {
  /// What stands before the names of a model's state.
  ///
  /// - Throws: ``FileError`` where some are missing, or there are several models of which none is the model beyond doubt.
  fileprivate func prefix(ofState names: [String]) throws -> String {
    guard let first = entries.first else { throw FileError(path, "holds no tensors") }
    let starts = entries.map(\.name).filter { $0 == names[0] || $0.hasSuffix(".\(names[0])") }
      .map { String($0.dropLast(names[0].count)) }
    let prefixes = starts.filter { start in names.allSatisfy { entry(start + $0) != nil } }
    // Of a run's checkpoint the second: what the optimizer keeps has the same names after others.
    let usual = ["", "model."]
    if let known = usual.first(where: prefixes.contains) { return known }
    guard let prefix = prefixes.first else {
      let missing = starts.map { start in names.map { start + $0 }.filter { entry($0) == nil } }
        .min { $0.count < $1.count }
      guard let missing, missing.count < names.count / 2 || usual.contains(where: starts.contains) else {
        throw FileError(
          path,
          "is of another model: its tensors are '\(first.name)' and others, expected '\(names[0])' and others")
      }
      throw FileError(path, "has no tensor '\(missing[0])': it is of another model")
    }
    guard prefixes.count == 1 else {
      let found = prefixes.map { "\($0)\(names[0])" }.joined(separator: " and ")
      throw FileError(path, "holds \(found), expected one model")
    }
    return prefix
  }

  /// How many outputs a layer of such weights and biases has in the file; nil where they are as many, or it is another layer.
  fileprivate func otherClasses(ofLayer expected: [(name: String, shape: [Int])]) -> Int? {
    let shapes = expected.compactMap { entry($0.name)?.shape }
    guard shapes.count == expected.count, let classes = shapes.first?.first, classes != expected[0].shape[0],
      zip(shapes, expected).allSatisfy({ $0 == [classes] + $1.shape.dropFirst() })
    else { return nil }
    return classes
  }
}
