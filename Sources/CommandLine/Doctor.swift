import ArgumentParser
import Autograd
import Collective
import DistTrain
import Foundation

/// `disttrain doctor`.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what this machine has for training, and what is wrong with it.",
    discussion: """
      Run it by itself, and under mpirun as a job will be run. It ends with status 1 when something would keep \
      `disttrain train` from working.
      """)

  @Option(help: ArgumentHelp("The folder with the images. DISTTRAIN_DATA gives another default.", valueName: "folder"))
  var data = MNISTFolder.defaultPath

  func run() throws {
    runAsRank(collective: .mpi) { world in
      var refusal: String?
      let communicator = try world.sharingMemory { refusal = $0 }
      let placements = try communicator.gatherTexts(Self.placement(communicator))
      let problems = try communicator.gatherLines(Self.problems(communicator, data: data))
      let warnings = try communicator.gatherLines(Self.warnings(communicator))
      if communicator.rank == 0 {
        for (name, value) in facts(communicator, placements: placements, refusal: refusal) {
          print("\(name.padding(toLength: 12, withPad: " ", startingAt: 0))\(value)")
        }
        if !warnings.isEmpty { print("\nWhat makes training slower:") }
        for warning in warnings { print("  - \(warning)") }
        print(problems.isEmpty ? "\nNothing is wrong." : "\nWhat is wrong:")
        for problem in problems { print("  - \(problem)") }
      }
      guard !problems.isEmpty else { return }
      // All ranks fail, once it is told: mpirun hangs now and then where others are in MPI_Finalize already.
      try communicator.barrier()
      throw ReportedFailure()
    }
  }

  /// The GPUs that can be used, or why there are none.
  private static var gpus: String {
    guard Device.cudaCount > 0 else {
      do { try Device.cuda().open() } catch { return "none: \(error)" }
      return "none"
    }
    let devices = (0..<Device.cudaCount).map { index in
      do { return try Device.cuda(index).summary() } catch { return "cuda:\(index) cannot be used: \(error)" }
    }
    return (devices + [gradientSums]).joined(separator: "; ")
  }

  /// What adds up gradients of several GPUs.
  private static var gradientSums: String {
    do {
      guard let version = try NCCLGroup.version() else { return "no NCCL: gradients go through the processor's memory" }
      return "NCCL \(version)"
    } catch { return "\(error)" }
  }

  private func facts(
    _ communicator: any Communicator, placements: [String], refusal: String?
  ) -> [(String, String)] {
    let launch = communicator.launch
    let (model, flags) = Processor.description
    let features = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "sve"].filter(flags.contains)
    var facts = [
      ("processor", "\(model), \(Processor.onlineCores) core(s)"),
      ("features", features.isEmpty ? "none that matter here" : features.joined(separator: " ")),
      ("memory", String(format: "%.1f GiB", Double(ProcessInfo.processInfo.physicalMemory) / 0x1p30)),
      ("kernels", Kernels.summary),
      ("BLAS", BLAS.summary.trimmingCharacters(in: .whitespaces)),
      ("MPI", launch.mpiLibrary ?? "none: this program was built without it"),
      ("launched by", launch.launcher ?? "hand, as one process"),
      ("ranks", "\(launch.size), \(launch.localSize) on this node"),
      ("all-reduce", refusal ?? (communicator.size > 1 ? "in memory that the ranks share" : "not needed")),
      ("GPU", Self.gpus),
    ]
    for (rank, placement) in placements.enumerated() { facts.append(("rank \(rank)", placement)) }
    do {
      facts.append(("data", "\(data): \(try Self.summary(of: data))"))
    } catch {
      facts.append(("data", "\(data): not usable"))
    }
    return facts
  }

  /// The images of one split, for whichever model, and what they are.
  private static func images(_ split: MNISTFolder.Split, in data: String) throws -> (any Dataset, kind: String) {
    let folder = ImageFolder(path: data)
    if let names = try folder.classNames() {
      let pictures = try folder.images(split, for: ImageModel(.resnet18, classNames: names))
      return (pictures, "pictures of \(names.count) classes")
    }
    let images = try folder.load(split)
    return (images, "images of \(images.imageShape.map(String.init).joined(separator: "×"))")
  }

  private static func summary(of data: String) throws -> String {
    let ((training, kind), (test, _)) = (try images(.train, in: data), try images(.test, in: data))
    return "\(training.count) + \(test.count) \(kind)"
  }

  private static func placement(_ communicator: any Communicator) -> String {
    let threads = BLAS.threadCount
    let bound = Processor.allowedCores.count
    let cores = bound < Processor.onlineCores ? "bound to \(bound) core(s)" : "not bound to cores"
    return "\(communicator.launch.processorName), \(cores), \(threads) thread(s)"
  }

  /// What keeps `disttrain train` from working, as the first rank of each node finds it.
  private static func problems(_ communicator: any Communicator, data: String) -> [String] {
    guard communicator.localRank == 0 else { return [] }
    return MNISTFolder.Split.allCases.compactMap { split in
      do {
        let (images, _) = try Self.images(split, in: data)
        if let images = images as? LabeledImages {
          try ImageModel(images.channels == 1 ? .cnn : .resnet18).check(imageShape: images.imageShape, in: data)
        }
        if split == .train { try images.checkCount(in: data, ranks: communicator.size) }
        return nil
      } catch { return "\(error)" }
    }
  }

  private static func warnings(_ communicator: any Communicator) -> [String] {
    var warnings: [String] = []
    if communicator.localRank == 0 {
      let loops = Kernels.warning(instructions: Kernels.instructions, flags: Processor.description.flags)
      warnings += [loops, BLAS.warning].compactMap(\.self)
    }
    if communicator.localRank == 0 && communicator.localSize > Processor.onlineCores {
      warnings.append(
        "\(communicator.localSize) ranks share \(Processor.onlineCores) core(s): they will wait for each other")
    }
    if BLAS.threadCount > Processor.allowedCores.count {
      warnings.append("\(BLAS.threadCount) threads on \(Processor.allowedCores.count) core(s)")
    }
    return warnings
  }
}

extension Communicator {
  /// The texts of all ranks, in the order of the ranks. Collective.
  func gatherTexts(_ text: String) throws -> [String] {
    try (0..<size).map { try broadcast(text, from: $0) }
  }

  /// The lines of all ranks, with the rank's number where there are several. Collective.
  func gatherLines(_ lines: [String]) throws -> [String] {
    try gatherTexts(lines.joined(separator: "\n")).enumerated().flatMap { rank, text in
      text.split(separator: "\n").map { size == 1 ? String($0) : "rank \(rank): \($0)" }
    }
  }
}
