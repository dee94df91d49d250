/// What arguments of calls must be.
extension Communicator {
  func checkRoot(_ root: Int) throws {
    guard root >= 0 && root < size else { throw CollectiveError.rootOutOfRange(root: root, size: size) }
  }

  func checkPeer(_ peer: Int, tag: Int) throws {
    guard peer >= 0 && peer < size else { throw CollectiveError.peerOutOfRange(rank: peer, size: size) }
    guard peer != rank else { throw CollectiveError.messageToSelf(rank: rank) }
    guard MessageTag.all.contains(tag) else { throw CollectiveError.tagOutOfRange(tag: tag) }
  }

  func checkSplit(color: Int?, key: Int) throws {
    guard (0...Int(Int32.max)).contains(color ?? 0), Int32(exactly: key) != nil else {
      throw CollectiveError.splitOutOfRange(color: color ?? 0, key: key)
    }
  }

  func checkPart(_ found: Int, of total: Int) throws {
    let expected = ShardCut(count: total, size: size).range(of: rank).count
    guard found == expected else {
      throw CollectiveError.wrongPartCount(found: found, expected: expected, total: total, rank: rank, size: size)
    }
  }
}
