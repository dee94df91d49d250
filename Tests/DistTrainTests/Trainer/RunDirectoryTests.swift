import DistTrain
import Foundation
import Testing
import TestSupport

struct RunDirectoryTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `folders are made on the way`() throws {
    let directory = RunDirectory(path: "\(folder.path)/a/b/run")
    try directory.create()
    #expect(FileManager.default.fileExists(atPath: directory.path))
    #expect(!directory.holdsRun)
  }

  @Test func `a folder without a run may hold other files`() throws {
    try folder.write([1], to: "notes.txt")
    try RunDirectory(path: folder.path).create()
    #expect(try contents("\(folder.path)/notes.txt") == [1])
  }

  @Test func `a run that ended before its first step is no obstacle to another`() throws {
    try folder.write([], to: "metrics.jsonl")
    try folder.write([1], to: "config.yaml")
    try RunDirectory(path: folder.path).create()
  }

  @Test(arguments: ["config.yaml", "metrics.jsonl", "checkpoint.safetensors"])
  func `a run that is there is not overwritten`(_ name: String) throws {
    try folder.write([1], to: name)
    let directory = RunDirectory(path: folder.path)
    #expect(directory.holdsRun)
    #expect(
      fileErrorMessage { try directory.create() }
        == "\(folder.path): holds a run already: continue it with --resume, or choose another folder with --output")
  }

  /// Permissions do not stop the super-user, so the folders are ones that nobody can make.
  @Test(arguments: ["file/run", "file", String(repeating: "n", count: 300)])
  func `a folder that cannot be made is an error`(_ name: String) throws {
    try folder.write([1], to: "file")
    let path = "\(folder.path)/\(name)"
    let message = fileErrorMessage { try RunDirectory(path: path).create() }
    #expect(message.contains(": cannot make the output folder: "), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test func `a folder that cannot be written to is an error`() {
    let message = fileErrorMessage { try RunDirectory(path: "/proc/self").create() }
    #expect(message.hasPrefix("/proc/self: "), "\(message)")
  }

  @Test func `runs without a name of their own are numbered`() throws {
    for name in ["mlp", "mlp-2", "mlp-3"] {
      #expect(
        try RunDirectory.makeUnused(named: "mlp", in: "\(folder.path)/runs").path == "\(folder.path)/runs/\(name)")
    }
  }

  @Test func `runs that start at the same time have folders of their own`() async throws {
    let path = folder.path
    let paths = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<20 { group.addTask { try RunDirectory.makeUnused(named: "mlp", in: "\(path)/runs").path } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(paths.count == 20)
  }
}
