import Testing

/// Checks what a process has said on standard error before it ended.
func expect(
  _ result: ExitTest.Result?, says words: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
  let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  for word in words { #expect(message.contains(word), "\(message.prefix(400))", sourceLocation: sourceLocation) }
}
