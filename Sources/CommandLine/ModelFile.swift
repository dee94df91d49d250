import ArgumentParser
import Autograd
import DistTrain

/// A trained model as `disttrain train` writes it.
struct ModelFile {
  let model: any Layer

  /// Reads the parameters; which model they belong to is in the file, or else the one whose parameters fit.
  init(path: String) throws {
    let file = try SafetensorsFile(path: path)
    let name = file.metadata.first { $0.key == "model" }?.value
    let shapes = Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, $0.shape) })
    for kind in TrainingConfiguration.Model.allCases where name == nil || name == kind.rawValue {
      let candidate = Workload(kind).makeModel()
      let state = candidate.stateDictionary()
      let fits = state.count == shapes.count && state.allSatisfy { shapes[$0.name] == $0.tensor.shape }
      guard fits || name != nil else { continue }
      try TensorFile.readState(of: candidate, from: path)
      model = candidate.evaluate()
      return
    }
    let known = TrainingConfiguration.Model.allCases.map(\.rawValue).joined(separator: " or ")
    throw FileError(path, "holds no model that disttrain knows: expected the parameters of \(known)")
  }
}
