import Autograd

/// A model for images of one size, in classes that may have names: what a run trains and what a file of weights is of.
package struct ImageModel: Equatable, Sendable {
  /// Rows and columns that pictures may be resized to, for the models that take any.
  package static let imageSizes = 32...1024

  /// The kind of model.
  package let workload: Workload
  /// The size of the images, [channels, height, width].
  package let imageShape: [Int]
  /// What the classes are called; nil for the ten of MNIST's and CIFAR-10's formats, which are numbers.
  package let classNames: [String]?
  /// How many classes there are.
  package let classCount: Int

  /// - Parameters:
  ///   - workload: One that is for images.
  ///   - imageSize: Rows and columns; those that the kind of model is made for where none are given.
  ///   - classCount: As many as there are names, where there are any; ten where neither is given.
  package init(
    _ workload: Workload, imageSize: Int? = nil, classNames: [String]? = nil, classCount: Int? = nil
  ) {
    guard let usual = workload.imageShape else { preconditionFailure("\(workload) is no model for images") }
    self.workload = workload
    imageShape = imageSize.map { [usual[0], $0, $0] } ?? usual
    self.classNames = classNames
    self.classCount = classNames?.count ?? classCount ?? Self.usualClassCount
  }

  /// Rows and columns of the images.
  package var imageSize: Int { imageShape[1] }

  /// Whether it is for pictures of any size in folders, and not for images in MNIST's and CIFAR-10's formats.
  package var takesPictures: Bool {
    classNames != nil || classCount != Self.usualClassCount || imageShape != workload.imageShape
  }

  /// What becomes of the values of pictures in folders, which are from 0 to 1: in color, what `torchvision`'s models expect, so
  /// that a run can begin with their weights.
  package var normalization: PictureNormalization? {
    takesPictures && imageShape[0] == 3 ? .imageNet : nil
  }

  /// How many images are evaluated at a time: of large ones fewer, for all that a model makes of them is in memory at once.
  package var evaluationBatch: Int { min(500, max(16, 500 * 3 * 32 * 32 / imageShape.reduce(1, *))) }

  /// A new model, its parameters drawn from the thread's default generator.
  package func make() -> any Layer {
    workload.makeModel(imageSize: imageSize, classCount: classCount)
  }

  /// Checks that the model takes images of a shape, [channels, height, width], which come from `path`.
  ///
  /// - Throws: ``FileError`` for another one.
  package func check(imageShape found: [Int], in path: String) throws {
    func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "×") }
    guard found == imageShape else {
      throw FileError(path, "the images are \(text(found)), expected \(text(imageShape)) for \(workload.rawValue)")
    }
  }
}

extension ImageModel {
  private static let (kindKey, sizeKey, classesKey) = ("model", "image-size", "classes")
  /// That of MNIST's and CIFAR-10's formats.
  private static let usualClassCount = 10
  /// No model has fewer inputs of its last layer.
  private static let leastWidth = 128

  /// Writes the weights of a model of this kind, with what ``init(of:)`` reads.
  func write(_ model: Module, to path: String) throws {
    try TensorFile.write(model.stateDictionary(), to: path, metadata: metadata.map(Safetensors.Metadata.init))
  }

  /// What a file of weights says about their model. What is as usual is left out.
  var metadata: [(key: String, value: String)] {
    var result = [(key: Self.kindKey, value: workload.rawValue)]
    if imageShape != workload.imageShape { result.append((Self.sizeKey, "\(imageSize)")) }
    if let classNames { result.append((Self.classesKey, JSON.array(classNames.map(JSON.string)).text)) }
    return result
  }

  /// The model that a file says its weights are of; nil where it does not.
  ///
  /// - Throws: ``FileError`` where it says what no run has written.
  package init?(of file: any TensorSource) throws {
    func value(_ key: String) -> String? { file.metadata.first { $0.key == key }?.value }
    guard let name = value(Self.kindKey) else { return nil }
    let known = TrainingConfiguration.Model.allCases.map(\.rawValue).joined(separator: ", ")
    guard let kind = TrainingConfiguration.Model(rawValue: name) else {
      throw FileError(file.path, "is of the model '\(name)', expected one of \(known)")
    }
    let imageSize = try value(Self.sizeKey).map { text in
      guard let size = Int(text), kind == .resnet18 && Self.imageSizes.contains(size) else {
        throw FileError(file.path, "is of a \(name) for images of \(text) rows, which there is not")
      }
      return size
    }
    let classNames = try value(Self.classesKey).map { text in
      // There is a row of weights for each class, so that a file cannot ask for much more than it holds. Folders are sorted:
      // in another order their pictures would be counted as those of other classes.
      guard case .array(let values)? = try? JSON(parsing: Array(text.utf8)),
        case let names = values.compactMap(\.stringValue), names.count == values.count, !names.isEmpty,
        file.entries.contains(where: {
          $0.shape.count == 2 && $0.shape[0] == names.count && $0.shape[1] >= Self.leastWidth
        }),
        names.allSatisfy(ClassFolders.isClassName), ClassFolders.areSorted(names)
      else { throw FileError(file.path, "is of a model whose classes cannot be read from its metadata") }
      return names
    }
    self.init(Workload(kind), imageSize: imageSize, classNames: classNames)
  }
}
