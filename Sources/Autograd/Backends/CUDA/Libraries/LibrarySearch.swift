import Foundation
import Synchronization

/// Where CUDA's libraries are looked for, in order.
package struct LibrarySearch: Sendable {
  /// A folder, or the search of the system's loader.
  package enum Place: CustomStringConvertible, Sendable {
    case folder(String)
    case loader

    var isLoader: Bool { if case .loader = self { true } else { false } }

    package var description: String {
      switch self {
      case .folder(let folder): folder
      case .loader: "the loader's search path (LD_LIBRARY_PATH, ldconfig)"
      }
    }

    /// What to give `dlopen` for a file of this name; `nil` where there is none.
    func path(of name: String) -> String? {
      guard case .folder(let folder) = self else { return name }
      let path = "\(folder)/\(name)"
      return access(path, F_OK) == 0 ? path : nil
    }

    /// Opens the files of a folder whose names begin with `stem`, so that a library finds them by name.
    func openCompanion(_ stem: String) {
      guard case .folder(let folder) = self else { return }
      // A folder that cannot be read has none.
      let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      for file in files.sorted() where file.hasPrefix("\(stem).so") {
        _ = dlopen("\(folder)/\(file)", RTLD_NOW | RTLD_GLOBAL)
      }
    }
  }

  package let places: [Place]

  /// A search of these places alone.
  package init(places: [Place]) { self.places = places }

  /// The search with this process's environment.
  static var shared: LibrarySearch {
    LibrarySearch(environment: ProcessInfo.processInfo.environment, preferring: preferred.withLock { $0 })
  }

  private static let preferred = Mutex<[String]>([])

  /// Makes the search of this process begin in `folder`, for the libraries that are not open yet.
  package static func prefer(_ folder: String) { preferred.withLock { $0.insert(folder, at: 0) } }

  /// `DISTTRAIN_CUDA_PATH`, a list of folders or Python environments, then the loader's path, then the usual folders of
  /// a toolkit and of a container's driver, and last the `nvidia-…` packages of the Python environment.
  package init(environment: [String: String], preferring preferred: [String] = []) {
    let given = preferred + (environment["DISTTRAIN_CUDA_PATH"] ?? "").split(separator: ":").map(String.init)
    let system = [
      "/usr/local/cuda/lib64", "/usr/local/nvidia/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
      "/usr/lib/wsl/lib",
    ]
    var environments = environment["VIRTUAL_ENV"].map { [$0] } ?? []
    for folder in (environment["PATH"] ?? "").split(separator: ":")
    where access("\(folder)/python3", X_OK) == 0 && folder.hasSuffix("/bin") {
      environments.append(String(folder.dropLast("/bin".count)))
      break
    }
    var folders: [String] = []
    for root in environments { folders += Self.packageFolders(in: root) }
    places =
      given.flatMap { [$0] + Self.packageFolders(in: $0) }.map(Place.folder) + [.loader]
      + system.filter { access($0, F_OK) == 0 }.map(Place.folder) + folders.map(Place.folder)
  }

  /// The folders of the `nvidia-…` packages in a Python environment or its site-packages.
  private static func packageFolders(in root: String) -> [String] {
    let lib = "\(root)/lib"
    let versions = subfolders(of: lib).filter { $0.hasPrefix("python3") }
    let sites = [root] + versions.flatMap { ["\(lib)/\($0)/site-packages", "\(lib)/\($0)/dist-packages"] }
    return sites.flatMap { site in
      subfolders(of: "\(site)/nvidia").map { "\(site)/nvidia/\($0)/lib" }.filter { access($0, F_OK) == 0 }
    }
  }

  private static func subfolders(of folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }
}
