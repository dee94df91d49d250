/// How far an ``ExchangeQueue`` is with one phase of its exchanges.
struct ExchangeCursor {
  /// The exchange, as an index into those that are not complete.
  var exchange = 0
  var step = ExchangeStep()
  /// The ranks below this one were seen to have done their part of the step.
  var peer = 0

  /// Goes on to the next step.
  mutating func move(past exchange: some NodeExchange) {
    peer = 0
    step.sequence += 1
    if exchange.usesSlots { step.slot += 1 }
    step.index += 1
    if step.index == exchange.stepCount {
      step.index = 0
      self.exchange += 1
    }
  }
}
