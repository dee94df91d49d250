import Foundation

/// Texts that the threads of a test collect.
public final class CollectedTexts: @unchecked Sendable {
  private let lock = NSLock()
  private var collected: [String] = []

  /// No texts.
  public init() {}

  /// Adds a text.
  public func append(_ text: String) { lock.withLock { collected.append(text) } }

  /// The texts in the order in which they came.
  public var texts: [String] { lock.withLock { collected } }
}
