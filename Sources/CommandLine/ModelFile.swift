import ArgumentParser
import Autograd
import DistTrain
import Foundation

/// A trained model as `disttrain train` writes it: of a run that has ended, or in a checkpoint; or as PyTorch saves one of
/// the same layers.
struct ModelFile {
  let model: any Layer
  /// The kind of model.
  let kind: ImageModel

  /// Reads the parameters from a file or a run's folder. Which model they belong to is in the file, or else the one whose
  /// parameters fit.
  init(path: String) throws {
    let path = RunDirectory.weights(at: path)
    let file = try TensorFile.open(path: path)
    let prefix = file.entries.contains { $0.name.hasPrefix("model.") } ? "model." : ""
    let entries = file.entries.filter { $0.name.hasPrefix(prefix) }
    let shapes = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.shape) })
    let named = try ImageModel(of: file)
    let kinds = named.map { [$0] } ?? TrainingConfiguration.Model.allCases.map { ImageModel(Workload($0)) }
    for kind in kinds {
      let candidate = kind.make()
      if entries.first?.elementType == .float64 { candidate.convert(to: .float64) }
      let state = candidate.stateDictionary()
      let fits = state.count == shapes.count && state.allSatisfy { shapes[prefix + $0.name] == $0.tensor.shape }
      guard fits || named != nil else { continue }
      try TensorFile.readState(of: candidate, from: path, prefix: prefix)
      model = candidate.evaluate()
      self.kind = kind
      return
    }
    let known = TrainingConfiguration.Model.allCases.map(\.rawValue).joined(separator: " or ")
    throw FileError(path, "holds no model that disttrain knows: expected the parameters of \(known), for ten classes")
  }
}
