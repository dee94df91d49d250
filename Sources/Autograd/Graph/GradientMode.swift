/// Runs `body` without recording: tensors computed in it have no graph, and leaves may be changed in place.
///
///     try noGrad { try weight -= 0.1 * weight.grad! }
public func noGrad<R>(_ body: () throws -> R) rethrows -> R {
  try recording(false, body)
}

/// Runs `body` with recording on, also inside ``noGrad(_:)``.
public func enableGrad<R>(_ body: () throws -> R) rethrows -> R {
  try recording(true, body)
}

/// Whether operations on this thread are being recorded.
public var isGradEnabled: Bool { ThreadState.current.isRecording }

/// Runs `body` with recording switched on or off.
func recording<R>(_ enabled: Bool, _ body: () throws -> R) rethrows -> R {
  try ThreadState.with(\.isRecording, enabled, body)
}
