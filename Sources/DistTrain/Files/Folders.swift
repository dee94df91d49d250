import Foundation

/// The folder that a path lies in and its name there: `.` and `a` of `a`, `/` and nothing of `/`.
///
/// Foundation's functions for this trap on a path of one character.
package func folderAndName(_ path: String) -> (folder: String, name: String) {
  let isSlash = { (character: Character) in character == "/" }
  guard let last = path.lastIndex(where: { !isSlash($0) }) else { return (path.isEmpty ? "." : "/", "") }
  let trimmed = path[...last]
  guard let slash = trimmed.lastIndex(where: isSlash) else { return (".", String(trimmed)) }
  let name = String(trimmed[trimmed.index(after: slash)...])
  guard let end = trimmed[..<slash].lastIndex(where: { !isSlash($0) }) else { return ("/", name) }
  return (String(trimmed[...end]), name)
}

/// Whether there is a folder at `path`, or a link to one.
func isFolder(_ path: String) -> Bool {
  var isFolder: ObjCBool = false
  return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
}
