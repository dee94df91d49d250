// swift-tools-version: 6.2
import PackageDescription

/// `DISTTRAIN_WITHOUT_MPI=1 swift build` leaves MPI out: everything then runs in one process.
let withMPI = Context.environment["DISTTRAIN_WITHOUT_MPI"] == nil

let collectiveDependencies: [Target.Dependency] = ["CSharedMemory", "Preconditions"] + (withMPI ? ["CMPI"] : [])
let collectiveExclusions = withMPI ? [] : ["MPI"]

var targets: [Target] = [
  .systemLibrary(
    name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
  .target(name: "CKernels"),
  .target(name: "CCUDA"),
  .target(name: "CSharedMemory"),
  .target(name: "Preconditions"),
  .target(
    name: "Autograd", dependencies: ["CCUDA", "CKernels", "COpenBLAS", "Preconditions"],
    // Part of CCUDA, as text.
    exclude: ["Backends/CUDA/Kernels"]),
  .target(name: "Collective", dependencies: collectiveDependencies, exclude: collectiveExclusions),
  .target(
    name: "DistTrain",
    dependencies: [
      "Autograd", "CKernels", "Collective", "CZlib", "Preconditions",
      .product(name: "Yams", package: "Yams"),
      .product(name: "Logging", package: "swift-log"),
    ]),
  .executableTarget(
    name: "disttrain",
    dependencies: [
      "DistTrain",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    path: "Sources/CommandLine"),

  .executableTarget(
    name: "example-gradient-descent", dependencies: ["Autograd"], path: "Examples/GradientDescent"),
  .executableTarget(
    name: "example-loss-against-weight", dependencies: ["DistTrain"], path: "Examples/LossAgainstWeight"),
  .executableTarget(name: "example-classifier", dependencies: ["DistTrain"], path: "Examples/Classifier"),
  .executableTarget(name: "example-neurons", dependencies: ["DistTrain"], path: "Examples/Neurons"),
  .executableTarget(name: "example-graph", dependencies: ["Autograd"], path: "Examples/Graph"),
  .executableTarget(name: "example-own-model", dependencies: ["DistTrain"], path: "Examples/OwnModel"),

  .target(
    name: "CUDAEmulator", path: "Tests/CUDAEmulator",
    // What a GPU faults at or has no result for, and this processor has, ends the process (Faults.cpp).
    cxxSettings: [
      .unsafeFlags([
        "-fsanitize=alignment,bounds,bool,float-cast-overflow,integer-divide-by-zero,null,shift,signed-integer-overflow",
        "-fsanitize-minimal-runtime", "-fno-sanitize-recover=all",
      ])
    ]),
  .target(name: "IncompleteCUDA", path: "Tests/IncompleteCUDA"),
  .target(name: "FaultyFiles", path: "Tests/FaultyFiles"),
  .target(name: "TestSupport", dependencies: ["Autograd", "Collective"], path: "Tests/Support"),
  .testTarget(name: "AutogradTests", dependencies: ["Autograd", "CCUDA", "TestSupport"]),
  .testTarget(name: "CollectiveTests", dependencies: ["Collective", "TestSupport", "conformance-ranks"]),
  .testTarget(
    name: "DistTrainTests", dependencies: ["DistTrain", "TestSupport", "ReplicaChecks", "replica-ranks"]),
  .testTarget(
    name: "CommandLineTests", dependencies: ["disttrain", "DistTrain", "TestSupport"]),
  .testTarget(
    name: "ExamplesTests",
    dependencies: [
      "Autograd", "DistTrain", "TestSupport", "example-gradient-descent", "example-loss-against-weight",
      "example-classifier", "example-neurons", "example-graph", "example-own-model",
    ]),
  .target(name: "ReplicaChecks", dependencies: ["DistTrain", "TestSupport"], path: "Tests/ReplicaChecks"),
  .executableTarget(name: "replica-ranks", dependencies: ["ReplicaChecks"], path: "Tests/ReplicaRanks"),
  .executableTarget(
    name: "conformance-ranks", dependencies: ["Collective", "TestSupport"], path: "Tests/ConformanceRanks"),
]

if withMPI {
  targets += [
    .systemLibrary(
      name: "COpenMPI", pkgConfig: "ompi-c",
      providers: [.apt(["libopenmpi-dev", "openmpi-bin"]), .brew(["open-mpi"])]),
    .target(name: "CMPI", dependencies: ["COpenMPI"]),
  ]
}

for target in targets where target.type != .system {
  target.swiftSettings = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]
}

let package = Package(
  name: "DistTrain",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "disttrain", targets: ["disttrain"]),
    .library(name: "DistTrain", targets: ["DistTrain", "Autograd", "Collective"]),
    // Opened by tests in place of a GPU's driver and libraries.
    .library(name: "CUDAEmulator", type: .dynamic, targets: ["CUDAEmulator"]),
    .library(name: "IncompleteCUDA", type: .dynamic, targets: ["IncompleteCUDA"]),
    // Loaded by tests before the C library.
    .library(name: "FaultyFiles", type: .dynamic, targets: ["FaultyFiles"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: targets,
  cxxLanguageStandard: .cxx17
)
