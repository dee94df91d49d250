import Autograd
import Foundation
import Testing

/// Whether `launch/test --cuda-compile` runs the tests.
private let isAskedFor = ProcessInfo.processInfo.environment["DISTTRAIN_COMPILE_KERNELS"] != nil

/// Every kernel through NVRTC, which needs no GPU. `launch/test --cuda-compile` installs it and runs this, in a process
/// of its own because a process uses one NVRTC.
@Suite(.enabled(if: isAskedFor, "runs by launch/test --cuda-compile"))
struct KernelCompilationTests {
  private static let compiler = Result { try KernelCompiler(newestVersion: nil) }

  @Test(arguments: KernelModule.allCases, [80, 90])
  func compilesWithoutSpills(module: KernelModule, architecture: Int) throws {
    let (image, log) = try Self.compiler.get().compile(
      module, for: .machine(architecture), options: ["--ptxas-options=--verbose"])
    #expect(image.starts(with: Array("\u{7f}ELF".utf8)))
    var kernels = 0
    for line in log.split(separator: "\n") where line.contains("bytes spill stores") {
      kernels += 1
      #expect(line.contains(" 0 bytes spill stores, 0 bytes spill loads"), "\(module.fileName): \(log)")
    }
    #expect(kernels > 0, "\(log)")
  }
}
