import DistTrain
import Foundation
import Testing
import TestSupport

struct AtomicFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }

  @Test func appearsOnlyWhenCommitted() throws {
    let path = try folder.write([1, 2, 3], to: "model")
    do {
      let file = try AtomicFile(path: path)
      try file.write([9] as [UInt8])
      #expect(try contents(path) == [1, 2, 3])
    }
    #expect(try contents(path) == [1, 2, 3])
    #expect(try names() == ["model"])

    let file = try AtomicFile(path: path)
    try file.write([9, 8] as [UInt8])
    try file.commit()
    #expect(try contents(path) == [9, 8])
    #expect(try names() == ["model"])
  }

  @Test func `a link to a file stays, and one to nothing is replaced`() throws {
    let files = FileManager.default
    try files.createDirectory(atPath: "\(folder.path)/disk", withIntermediateDirectories: false)
    let target = try folder.write([1], to: "disk/target")
    for (name, destination) in [("near", "disk/target"), ("far", "near"), ("nowhere", "none")] {
      try files.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: destination)
    }
    for (byte, name) in [(UInt8(7), "near"), (8, "far")] {
      let file = try AtomicFile(path: "\(folder.path)/\(name)")
      try file.write([byte])
      try file.commit()
      #expect(try contents(target) == [byte])
    }
    try AtomicFile(path: "\(folder.path)/nowhere").commit()
    #expect(try files.destinationOfSymbolicLink(atPath: "\(folder.path)/near") == "disk/target")
    #expect(try files.destinationOfSymbolicLink(atPath: "\(folder.path)/far") == "near")
    #expect(throws: (any Error).self) { try files.destinationOfSymbolicLink(atPath: "\(folder.path)/nowhere") }
    #expect(try files.contentsOfDirectory(atPath: "\(folder.path)/disk") == ["target"])
  }

  @Test func `threads that write one name write whole files`() async throws {
    let path = "\(folder.path)/model"
    await withTaskGroup(of: Void.self) { group in
      for writer in UInt8(1)...8 {
        group.addTask {
          for _ in 0..<20 {
            do {
              let file = try AtomicFile(path: path)
              for _ in 0..<4 { try file.write([writer, writer]) }
              try file.commit()
              let found = try contents(path)
              #expect(found.count == 8 && Set(found).count == 1)
            } catch {
              Issue.record(error)
            }
          }
        }
      }
    }
    #expect(try names() == ["model"])
  }

  @Test func `what a process left that was killed is removed, and nothing else`() throws {
    // Numbers of processes are no larger than 2²² on Linux.
    let here = ".model.\(ProcessInfo.processInfo.hostName)"
    let left = [
      "\(here).4194305-1.tmp", ".model.elsewhere.4194305.tmp", "\(here).1.tmp", "\(here).txt.tmp", "model.4194305.tmp",
    ]
    for name in left { _ = try folder.write([1], to: name) }
    try AtomicFile(path: "\(folder.path)/model").commit()
    #expect(try Set(names()) == Set(left.dropFirst() + ["model"]))
  }

  @Test func namesAFolderThatCannotBeWrittenTo() throws {
    let message = fileErrorMessage { _ = try AtomicFile(path: "\(folder.path)/none/model") }
    #expect(
      message
        == "\(folder.path)/none/model: cannot write in the folder \(folder.path)/none: No such file or directory")
  }

  @Test func `only a file is replaced`() throws {
    for path in [folder.path, "\(folder.path)/", "\(folder.path)/none/", "/", "/dev/full"] {
      #expect(fileErrorMessage { _ = try AtomicFile(path: path) } == "\(path): is not a regular file")
    }
    #expect(try names().isEmpty)
  }

  @Test func aFullDiskIsAnError() throws {
    let full = open("/dev/full", O_WRONLY)
    try #require(full >= 0)
    defer { close(full) }
    let message = fileErrorMessage {
      try [UInt8](repeating: 0, count: 10).withUnsafeBytes { try writeAll($0, to: full, path: "model") }
    }
    #expect(message == "model: cannot write: No space left on device")
  }
}
