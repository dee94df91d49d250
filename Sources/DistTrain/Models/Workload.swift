import Autograd

/// The reference models, on which speed is compared and the main job runs.
public enum Workload: String, CaseIterable, Sendable {
  /// A perceptron 20-13-8-3 without biases in its first two layers.
  case tiny
  /// A perceptron 784-512-256-10.
  case mlp
  /// Two convolutions with pooling and two linear layers, for images of 28×28.
  case cnn
  /// A perceptron 784-4096-4096-10.
  case wide
  /// A perceptron 784-4096-4096-4096-10, in batches for a GPU.
  case deep
  /// A residual network of 18 layers for images of 3×32×32, in batches for a GPU, and for larger ones.
  case resnet18
  /// A vision transformer of 4 layers for images of 28×28: 49 patches, 128 wide, 4 heads.
  case vit

  /// The samples that one rank takes in a benchmark step.
  public var benchmarkBatch: Int {
    switch self {
    case .tiny: 50
    case .mlp: 128
    case .cnn: 64
    case .wide: 32
    case .deep: 4096
    case .resnet18: 512
    case .vit: 64
    }
  }

  /// The size of the images in ten classes that the model is for, [channels, height, width]; nil where it is for something
  /// else.
  public var imageShape: [Int]? {
    switch self {
    case .tiny: nil
    case .mlp, .cnn, .wide, .deep, .vit: [1, 28, 28]
    case .resnet18: [3, 32, 32]
    }
  }

  /// The places of the sequence that a transformer makes of a sample; 1 for other models.
  package var placesOfSample: Int { self == .vit ? 49 : 1 }

  /// The multiply-adds of products and convolutions in a step, for each sample: those of the forward pass, as many for
  /// the gradients of the weights, and but for the first layer as many for those of its inputs.
  public var multiplyAddsPerSample: Int {
    let counts = forwardMultiplyAdds
    return 3 * counts.reduce(0, +) - counts[0]
  }

  /// The multiply-adds of each layer's product or convolution in the forward pass of one sample.
  private var forwardMultiplyAdds: [Int] {
    func products(_ widths: Int...) -> [Int] { zip(widths, widths.dropFirst()).map { $0 * $1 } }
    // A filter is used at every place of its output, which is square.
    func convolution(_ inputs: Int, _ outputs: Int, kernel: Int = 3, size: Int) -> Int {
      inputs * outputs * kernel * kernel * size * size
    }
    // Two blocks, the first of which doubles the channels, halves the image and has a convolution beside it.
    func blocks(_ channels: Int, size: Int) -> [Int] {
      [
        convolution(channels / 2, channels, size: size), convolution(channels / 2, channels, kernel: 1, size: size),
        3 * convolution(channels, channels, size: size),
      ]
    }
    // At each place the three projections and the output's, and the network; products of places with keys and values.
    func encoder(_ places: Int, width: Int) -> [Int] {
      [places * 4 * width * width, 2 * places * places * width, places * 2 * width * 4 * width]
    }
    return switch self {
    case .tiny: products(20, 13, 8, 3)
    case .mlp: products(784, 512, 256, 10)
    case .cnn: [convolution(1, 32, size: 28), convolution(32, 64, size: 14)] + products(3136, 128, 10)
    case .wide: products(784, 4096, 4096, 10)
    case .deep: products(784, 4096, 4096, 4096, 10)
    case .resnet18:
      [
        [convolution(3, 64, size: 32), 4 * convolution(64, 64, size: 32)],
        blocks(128, size: 16), blocks(256, size: 8), blocks(512, size: 4), products(512, 10),
      ].flatMap { $0 }
    case .vit:
      [convolution(1, 128, kernel: 4, size: 7)] + (0..<4).flatMap { _ in encoder(placesOfSample, width: 128) }
        + products(128, 10)
    }
  }

  /// A new model, its parameters drawn from the thread's default generator as PyTorch would draw them.
  ///
  /// - Parameters:
  ///   - imageSize: Rows and columns of images; those of ``imageShape`` where none are given. Only ``resnet18`` takes others.
  ///   - classCount: The number of outputs; ten where none is given, and three of ``tiny``.
  public func makeModel(imageSize: Int? = nil, classCount: Int? = nil) -> any Layer {
    precondition(
      imageSize == nil || imageSize == imageShape?[1] || self == .resnet18,
      "\(rawValue) for images of \(imageSize ?? 0)×\(imageSize ?? 0), expected its own size")
    let classes = classCount ?? (self == .tiny ? 3 : 10)
    return switch self {
    case .tiny:
      Sequential(
        Linear(20, 13, bias: false), ReLU(), Linear(13, 8, bias: false), Sigmoid(), Linear(8, classes))
    case .mlp:
      Sequential(Flatten(), Linear(784, 512), ReLU(), Linear(512, 256), ReLU(), Linear(256, classes))
    case .cnn:
      Sequential(
        GreyChannel(), Conv2d(1, 32, kernel: 3, padding: 1), ReLU(), MaxPool2d(2),
        Conv2d(32, 64, kernel: 3, padding: 1), ReLU(), MaxPool2d(2), Flatten(), Linear(3136, 128), ReLU(),
        Linear(128, classes))
    case .wide:
      Sequential(Flatten(), Linear(784, 4096), ReLU(), Linear(4096, 4096), ReLU(), Linear(4096, classes))
    case .deep:
      Sequential(
        Flatten(), Linear(784, 4096), ReLU(), Linear(4096, 4096), ReLU(), Linear(4096, 4096), ReLU(),
        Linear(4096, classes))
    case .resnet18: ResidualNetwork(imageSize: imageSize ?? 32, classes: classes)
    case .vit:
      Sequential(
        GreyChannel(),
        VisionTransformer(channels: 1, size: 28, patch: 4, width: 128, layers: 4, heads: 4, classes: classes))
    }
  }
}
