import Autograd
import Collective
import DistTrain
import Testing

struct TensorCollectiveTests {
  @Test(arguments: 1...4)
  func `tensors are reduced in place`(_ ranks: Int) throws {
    let found = try ThreadCommunicator.run(size: ranks) { communicator in
      let rank = Double(communicator.rank)
      return try [DataType.float32, .float64, .int64].map { dtype in
        let (sum, most) = (Tensor([1, rank]).cast(to: dtype), Tensor([-rank, rank]).cast(to: dtype))
        try communicator.allReduce(sum)
        try communicator.allReduce(most, .maximum)
        return (sum.array(of: Double.self), most.array(of: Double.self))
      }
    }
    let last = Double(ranks - 1)
    for (sum, most) in found.flatMap({ $0 }) {
      #expect(sum == [Double(ranks), last * Double(ranks) / 2] && most == [0, last])
    }
  }

  @Test func `what is gathered is of no graph, and may be differentiated beside it`() throws {
    let x = Tensor([[1.0, 2]], dtype: .float64, requiresGrad: true)
    let output = x.exp()
    let all = try LocalCommunicator().allGather(output)
    #expect(!all.requiresGrad)
    try output.sum().backward()
    #expect(x.grad?.array(of: Double.self) == output.array(of: Double.self))
  }

  @Test(arguments: 1...4)
  func `rows of all ranks are gathered, of ranks without any too`(_ ranks: Int) throws {
    let found = try ThreadCommunicator.run(size: ranks) { communicator in
      let own = Tensor(
        [Int](repeating: communicator.rank, count: 2 * communicator.rank), shape: [communicator.rank, 2])
      let all = try communicator.allGather(own)
      return (all.shape, all.array(of: Int.self))
    }
    let expected = (0..<ranks).flatMap { [Int](repeating: $0, count: 2 * $0) }
    for (shape, values) in found { #expect(shape == [expected.count / 2, 2] && values == expected) }
  }

  @Test(arguments: 1...4, [DataType.float32, .int64, .bool])
  func `rows go from all ranks to all`(_ ranks: Int, _ dtype: DataType) throws {
    // Rank r has s rows of two numbers for rank s, so that rank 0 gets none.
    let found = try ThreadCommunicator.run(size: ranks) { communicator in
      let counts = Array(0..<ranks)
      let numbers = counts.flatMap { target in
        [Int](repeating: (communicator.rank + target) % 2 + (dtype == .bool ? 0 : 10 * target), count: 2 * target)
      }
      let rows = Tensor(numbers, shape: [numbers.count / 2, 2]).cast(to: dtype)
      let (all, from) = try communicator.allToAll(rows, counts: counts)
      return (all.shape, all.dtype, all.array(of: Int.self), from)
    }
    for (rank, (shape, foundType, values, from)) in found.enumerated() {
      let expected = (0..<ranks).flatMap { source in
        [Int](repeating: (source + rank) % 2 + (dtype == .bool ? 0 : 10 * rank), count: 2 * rank)
      }
      #expect(shape == [rank * ranks, 2] && foundType == dtype && values == expected)
      #expect(from == [Int](repeating: rank, count: ranks))
    }
  }

  @Test func `rows for other than all ranks are refused`() throws {
    #expect(throws: CollectiveError.wrongCounts([2], total: 3, size: 1)) {
      try LocalCommunicator().allToAll(Tensor.zeros([3, 2]), counts: [2])
    }
  }
}
