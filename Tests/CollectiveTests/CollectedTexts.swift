import Foundation

/// Texts that the threads of a test collect.
final class CollectedTexts: @unchecked Sendable {
  private let lock = NSLock()
  private var collected: [String] = []

  func append(_ text: String) { lock.withLock { collected.append(text) } }

  var texts: [String] { lock.withLock { collected } }
}
