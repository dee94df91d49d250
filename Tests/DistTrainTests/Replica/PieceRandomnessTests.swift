import Autograd
import Collective
import DistTrain
import Testing

struct PieceRandomnessTests {
  @Test(arguments: 1...3)
  func `draws follow from rank 0's seed, the step and the piece`(_ ranks: Int) throws {
    let found = try ThreadCommunicator.run(size: ranks) { communicator in
      manualSeed(UInt64(10 + communicator.rank))
      let random = try PieceRandomness(communicator)
      return [(2, 0), (3, 0), (2, 1), (2, 0)].map { step, part in
        random.draw(step: step, part: part) { Tensor.rand([4]).array(of: Float.self) }
      }
    }
    for draws in found {
      #expect(draws == found[0] && draws[0] == draws[3])
      #expect(Set(draws).count == 3)
    }
  }
}
