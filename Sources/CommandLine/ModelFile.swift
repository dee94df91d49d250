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
  /// parameters fit, its classes as many as its last layer has outputs, two or more: one alone is no probability.
  init(path: String) throws {
    let path = RunDirectory.weights(at: path)
    let file = try TensorFile.open(path: path)
    let prefix = file.entries.contains { $0.name.hasPrefix("model.") } ? "model." : ""
    let entries = file.entries.filter { $0.name.hasPrefix(prefix) }
    let shapes = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.shape) })
    let named = try ImageModel(of: file)
    let known = TrainingConfiguration.Model.allCases
    let large = ImageModel(.resnet18, imageSize: 224)
    for usual in named.map({ [$0] }) ?? (known.map { ImageModel(Workload($0)) } + [large]) {
      let last = usual.make().stateDictionary().last { $0.tensor.rank == 2 }
      let outputs = last.flatMap { name, weight in
        shapes[prefix + name].flatMap { $0.dropFirst() == weight.shape.dropFirst() && $0[0] > 1 ? $0[0] : nil }
      }
      let kind = named ?? ImageModel(usual.workload, imageSize: usual.imageSize, classCount: outputs)
      let candidate = kind.make()
      if entries.first?.elementType == .float64 { candidate.convert(to: .float64) }
      let state = candidate.stateDictionary().filter {
        !TensorFile.mayBeMissing($0.name) || shapes[prefix + $0.name] != nil
      }
      let fits = state.count == shapes.count && state.allSatisfy { shapes[prefix + $0.name] == $0.tensor.shape }
      guard fits || named != nil else { continue }
      try TensorFile.readState(of: candidate, from: path, prefix: prefix)
      model = candidate.evaluate()
      self.kind = kind
      return
    }
    let names = known.map(\.rawValue).joined(separator: " or ")
    throw FileError(
      path,
      "holds no model that disttrain knows, at its top or under 'model': expected the parameters of \(names), for two classes or more"
    )
  }
}
