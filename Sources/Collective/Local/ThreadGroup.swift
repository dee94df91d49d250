import Foundation

/// What a rank brings to a collective call: where it reads and where it writes.
struct Contribution {
  let input: UnsafeRawBufferPointer
  let output: UnsafeMutableRawBufferPointer
}

/// A call in which threads of a group meet; the job's lock protects it.
class Meeting {
  let call: String
  /// The ranks of the job that have not come.
  fileprivate(set) var awaited: [Int]
  fileprivate(set) var isComplete = false

  init(call: String, awaited: [Int]) {
    self.call = call
    self.awaited = awaited
  }
}

/// A collective call of all ranks.
private final class Exchange: Meeting {
  let firstRank: Int
  var contributions: [Contribution?]

  init(call: String, firstRank: Int, members: [Int]) {
    self.firstRank = firstRank
    contributions = Array(repeating: nil, count: members.count)
    super.init(call: call, awaited: members)
  }
}

/// A message from one rank to another, of which one of the two has come.
private final class Message: Meeting {
  let place: Contribution
  let count: Int

  init(call: String, awaited: Int, _ place: Contribution, count: Int) {
    self.place = place
    self.count = count
    super.init(call: call, awaited: [awaited])
  }
}

/// The meeting place of a ``ThreadCommunicator``'s ranks.
///
/// The n-th collective calls of all ranks meet. The rank that comes last does the work for all, in an order that does
/// not depend on timing. It works under the lock and never after a failure: a rank that was released by an error may
/// free its buffers.
final class ThreadGroup: @unchecked Sendable {
  /// The ranks of the job that are in the group, in the order of the group.
  let members: [Int]
  let job: ThreadJob
  private var exchanges: [Int: Exchange] = [:]
  /// Sends and receives that have not met, oldest first.
  private var sends: [Envelope: [Message]] = [:]
  private var receives: [Envelope: [Message]] = [:]
  /// The groups into which a split cuts this one, until all their ranks have taken them.
  private var parts: [PartName: (group: ThreadGroup, missing: Int)] = [:]

  /// What a message must have in common with the receive that takes it.
  struct Envelope: Hashable {
    let source: Int
    let destination: Int
    let tag: Int
    let element: ElementType
  }

  private struct PartName: Hashable {
    let call: Int
    let firstMember: Int
  }

  init(_ job: ThreadJob, members: [Int]) {
    self.job = job
    self.members = members
  }

  /// Takes part in call number `index`, and does the work when all other ranks already take part.
  func join(
    _ index: Int, as rank: Int, call: String, _ contribution: Contribution, work: ([Contribution]) -> Void
  ) throws -> Meeting {
    try job.condition.withLock {
      if let failure = job.failure { throw failure.forPeers }
      let exchange = exchanges[index] ?? Exchange(call: call, firstRank: rank, members: members)
      exchanges[index] = exchange
      guard exchange.call == call else {
        try job.end(
          with: CollectiveError.mismatchedCalls(
            rank: exchange.firstRank, call: exchange.call, otherRank: rank, otherCall: call))
      }
      exchange.contributions[rank] = contribution
      exchange.awaited.removeAll { $0 == members[rank] }
      if exchange.awaited.isEmpty {
        work(exchange.contributions.compactMap { $0 })
        exchanges[index] = nil
        complete(exchange)
      }
      return exchange
    }
  }

  /// Sends a message, which is copied once it is received.
  func send(_ envelope: Envelope, _ buffer: UnsafeRawBufferPointer, count: Int) throws -> Meeting {
    let place = Contribution(input: buffer, output: UnsafeMutableRawBufferPointer(start: nil, count: 0))
    return try job.condition.withLock {
      try meet(envelope, place, count: count, awaiting: envelope.destination, in: \.receives, else: \.sends) {
        sent, received in (sent, received)
      }
    }
  }

  /// Receives a message.
  func receive(_ envelope: Envelope, _ buffer: UnsafeMutableRawBufferPointer, count: Int) throws -> Meeting {
    let place = Contribution(input: UnsafeRawBufferPointer(start: nil, count: 0), output: buffer)
    return try job.condition.withLock {
      try meet(envelope, place, count: count, awaiting: envelope.source, in: \.sends, else: \.receives) {
        received, sent in (sent, received)
      }
    }
  }

  /// Meets the oldest counterpart of a message, or waits for one.
  private func meet(
    _ envelope: Envelope, _ place: Contribution, count: Int, awaiting peer: Int,
    in counterparts: ReferenceWritableKeyPath<ThreadGroup, [Envelope: [Message]]>,
    else own: ReferenceWritableKeyPath<ThreadGroup, [Envelope: [Message]]>,
    sentAndReceived: (_ own: Message, _ counterpart: Message) -> (Message, Message)
  ) throws -> Meeting {
    if let failure = job.failure { throw failure.forPeers }
    let call = "a message of \(count) \(envelope.element.name) from rank \(envelope.source) to \(envelope.destination)"
    let message = Message(call: call, awaited: members[peer], place, count: count)
    guard let counterpart = self[keyPath: counterparts][envelope]?.first else {
      self[keyPath: own][envelope, default: []].append(message)
      return message
    }
    self[keyPath: counterparts][envelope]?.removeFirst()
    let (sent, received) = sentAndReceived(message, counterpart)
    guard sent.count == received.count else {
      try job.end(
        with: CollectiveError.wrongMessageCount(
          found: sent.count, expected: received.count, source: envelope.source, tag: envelope.tag))
    }
    received.place.output.copyMemory(from: sent.place.input)
    complete(message)
    complete(counterpart)
    return message
  }

  private func complete(_ meeting: Meeting) {
    meeting.isComplete = true
    meeting.awaited.removeAll()
    job.condition.broadcast()
  }

  func isComplete(_ meeting: Meeting) throws -> Bool {
    try job.condition.withLock {
      if !meeting.isComplete { try job.checkArePresent(meeting.awaited, call: meeting.call) }
      return meeting.isComplete
    }
  }

  /// Returns once the meeting is complete, or throws because it never will be.
  func wait(for meeting: Meeting) throws {
    try job.condition.withLock {
      while !meeting.isComplete {
        try job.checkArePresent(meeting.awaited, call: meeting.call)
        job.condition.wait()
      }
    }
  }

  /// The group of some of the ranks, of which each takes it once: the same for all of them.
  func part(ofCall call: Int, members: [Int]) -> ThreadGroup {
    job.condition.withLock {
      let name = PartName(call: call, firstMember: members[0])
      var part = parts[name] ?? (ThreadGroup(job, members: members), members.count)
      part.missing -= 1
      parts[name] = part.missing == 0 ? nil : part
      return part.group
    }
  }
}
