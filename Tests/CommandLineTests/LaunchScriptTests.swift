import DistTrain
import Foundation
import Testing
import TestSupport

/// What the scripts of `launch` say before they install or build anything.
@Suite struct LaunchScriptTests {
  private static let launch = VirtualCluster.launcher.deletingLastPathComponent()

  @Test(arguments: [
    ("bench", ["--peer"], "usage: launch/bench [--peers [argument ...]], found: --peer"),
    ("pack", [], "usage: launch/pack FOLDER\n"), ("pack", ["--out"], "usage: launch/pack FOLDER, found: '--out'"),
  ])
  func `a wrong argument is told, through a link and without a home`(
    _ script: String, _ arguments: [String], _ message: String
  ) throws {
    let folder = try TemporaryFolder()
    let link = "\(folder.path)/a link"
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: Self.launch.appending(path: script).path)
    let run = try ProcessRun.run(
      URL(filePath: "/usr/bin/env"), ["-u", "HOME", link] + arguments, timeout: 30)
    #expect(run.status == 1 && run.errorOutput.contains(message), "\(run.report)")
  }

  @Test func `a folder for the peers that has no Python is not made`() throws {
    let folder = try TemporaryFolder()
    let run = try ProcessRun.run(
      Self.launch.appending(path: "bench"), ["--peers"], environment: ["DISTTRAIN_PEERS": "\(folder.path)/none"],
      timeout: 30)
    #expect(run.status == 1 && run.errorOutput.contains("there is no \(folder.path)/none/bin/python3"), "\(run.report)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/none"))
  }

  @Test func `a library is found in a list that is longer than a pipe holds`() throws {
    let folder = try TemporaryFolder()
    try Self.writeProgram(
      """
      echo "\tlibturbojpeg.so.0 (libc6,x86-64) => /first/libturbojpeg.so.0"
      echo "\tlibturbojpeg.so.0 (libc6) => /second/libturbojpeg.so.0"
      yes "\tlibother.so.1 (libc6,x86-64) => /first/libother.so.1" | head -n 10000
      """, to: "\(folder.path)/ldconfig")
    let run = try ProcessRun.run(
      URL(filePath: "/bin/bash"),
      ["-c", "set -euo pipefail; . \"$0/setup.sh\"; PATH=$1:$PATH; turbojpeg", Self.launch.path, folder.path],
      timeout: 30)
    #expect(run.status == 0 && run.output == "/first/libturbojpeg.so.0\n", "\(run.report)")
  }

  @Test(arguments: [
    ("", "zlib1g-dev", "install zlib1g-dev libturbojpeg0\n"),
    ("/lib/libturbojpeg.so.0", "zlib1g-dev", "install zlib1g-dev\n"),
    ("", "none", ""),
  ])
  func `with what a build misses comes what reads JPEG pictures`(
    _ found: String, _ missing: String, _ installed: String
  ) throws {
    let script = """
      set -euo pipefail
      . "$0/setup.sh"
      can_become_root() { :; }
      apt_knows() { :; }
      apt_get() { echo "$@"; }
      turbojpeg() { echo "\(found)"; }
      is_present() { [[ $1 != \(missing) ]]; }
      require_packages
      """
    let run = try ProcessRun.run(URL(filePath: "/bin/bash"), ["-c", script, Self.launch.path], timeout: 30)
    #expect(run.status == 0 && run.output == installed, "\(run.report)")
  }

  /// As on a cluster, whose administrator has installed none of Debian's packages.
  @Test(arguments: [
    ("mpirun (Open MPI) 5.0.11", "openblas ompi-c", "/", ""),
    ("HYDRA build details:", "openblas", "/nowhere", "libopenmpi-dev openmpi-bin dataset-fashion-mnist "),
    ("", "ompi-c", "/", "libopenblas-dev openmpi-bin "),
  ])
  func `what modules bring is found without packages`(
    _ launcher: String, _ libraries: String, _ images: String, _ missing: String
  ) throws {
    let script = """
      set -euo pipefail
      export DISTTRAIN_DATA=\(images)
      . "$0/setup.sh"
      dpkg-query() { false; }
      mpirun() { echo "\(launcher)"; }
      pkg-config() { [[ $1 == --exists && " \(libraries) " == *" $2 "* ]]; }
      for package in pkg-config libopenblas-dev libopenmpi-dev openmpi-bin dataset-fashion-mnist; do
        is_present $package || printf '%s ' $package
      done
      if is_present slurm-wlm; then echo slurm-wlm; fi
      """
    let run = try ProcessRun.run(URL(filePath: "/bin/bash"), ["-c", script, Self.launch.path], timeout: 30)
    #expect(run.status == 0 && run.output == missing, "\(run.report)")
  }

  @Test func `no images are written of a folder that has none`() throws {
    let folder = try TemporaryFolder()
    let run = try ProcessRun.run(
      URL(filePath: "/bin/bash"),
      ["-c", "set -euo pipefail; . \"$0/setup.sh\"; write_images \"$1\" \"$1/few\" 16", Self.launch.path, folder.path],
      timeout: 30)
    let message = "\(folder.path) has no file train-images-idx3-ubyte or train-images-idx3-ubyte.gz: "
    #expect(run.status == 1 && run.errorOutput.hasPrefix(message), "\(run.report)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/few"))
  }

  @Test func `a compiler without headers of C++ is noticed`() throws {
    let folder = try TemporaryFolder()
    try Self.writeProgram("", to: "\(folder.path)/swift")
    for (status, isComplete) in [("1", false), ("0", true)] {
      // As clang, it reads what is to be compiled.
      try Self.writeProgram("grep -q include && exit \(status)", to: "\(folder.path)/clang")
      let run = try ProcessRun.run(
        URL(filePath: "/bin/bash"),
        ["-c", ". \"$0/setup.sh\"; PATH=$1:$PATH; compiles_cpp", Self.launch.path, folder.path],
        timeout: 30)
      #expect(run.succeeded == isComplete, "\(run.report)")
    }
  }

  @Test(arguments: [
    ("x86_64", "11", "-Xlinker\n/clang/builtins.a\n"), ("x86_64", "12", ""), ("aarch64", "11", ""), ("x86_64", "", ""),
  ])
  func `clang's library is linked where gcc's does not know the levels of processors`(
    _ machine: String, _ version: String, _ flags: String
  ) throws {
    let folder = try TemporaryFolder()
    try Self.writeProgram("", to: "\(folder.path)/swift")
    try Self.writeProgram("echo \(machine)", to: "\(folder.path)/uname")
    try Self.writeProgram(
      "[ $1 = --rtlib=compiler-rt ] && echo /clang/builtins.a || echo /usr/lib/gcc/linux/\(version)/libgcc.a",
      to: "\(folder.path)/clang")
    let run = try ProcessRun.run(
      URL(filePath: "/bin/bash"),
      [
        "-c", "set -euo pipefail; . \"$0/setup.sh\"; PATH=$1:$PATH; echo \"$(link_flags)\"", Self.launch.path,
        folder.path,
      ],
      timeout: 30)
    #expect(run.status == 0 && run.output == (flags.isEmpty ? "\n" : flags), "\(run.report)")
  }

  /// Here all processors that this process may use are threads of one core, and there is another core that it may not use.
  @Test func `ranks are bound to cores that they may run on`() throws {
    let folder = try TemporaryFolder()
    let allowed = Processor.allowedCores
    let processors = allowed.map { "echo \($0),0,0" } + ["echo \((allowed.max() ?? 0) + 1),1,0"]
    try Self.writeProgram(processors.joined(separator: "\n"), to: "\(folder.path)/lscpu")
    try Self.writeProgram("echo flags \"$@\"", to: "\(folder.path)/mpirun")
    for (ranks, flags) in [("1", "--map-by slot:PE=1 --bind-to core"), ("2", "--oversubscribe --bind-to none")] {
      let run = try ProcessRun.run(
        URL(filePath: "/bin/bash"),
        ["-c", "PATH=$1:$PATH; exec \"$0/mpi\" $2 true", Self.launch.path, folder.path, ranks], timeout: 30)
      #expect(run.succeeded && run.output.hasSuffix(" \(flags) true\n"), "\(run.report)")
    }
  }

  /// Writes a shell script as a program. Another process does: a program cannot be started ("Text file busy") as long as a
  /// process that another test starts at that moment has the file open for writing, which it gets from this one.
  private static func writeProgram(_ script: String, to path: String) throws {
    let run = try ProcessRun.run(
      URL(filePath: "/bin/bash"), ["-c", "printf '#!/bin/sh\n%s\n' \"$1\" >\"$0\" && chmod +x \"$0\"", path, script],
      timeout: 30)
    #expect(run.succeeded, "\(run.report)")
  }
}
