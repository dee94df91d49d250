import Autograd
import Collective

extension ParameterArena {
  /// What sums the gradients of all ranks. Collective.
  ///
  /// - Parameters:
  ///   - shards: The logical shards that every rank computes in a step; nil where sums may depend on the number of ranks.
  ///   - scattersSums: Whether a rank needs its part of the sums only.
  ///   - compression: How gradients are made smaller between nodes, which takes an arena of float32.
  func makeReduction(
    _ communicator: any Communicator, plan: BucketPlan, shards: Int?, scattersSums: Bool,
    compression: GradientCompression?
  ) throws -> any GradientReduction {
    precondition(compression == nil || dtype == .float32, "gradients of \(dtype) cannot be compressed")
    precondition(compression == nil || shards == nil, "gradients of logical shards cannot be compressed")
    let scattersSums = scattersSums && shards == nil
    switch (dtype, compression) {
    case (.float64, _):
      return GradientReducer(
        communicator: communicator, arena: gradientBuffer(of: Double.self), plan: plan, shards: shards,
        scattersSums: scattersSums)
    case (_, nil):
      return GradientReducer(
        communicator: communicator, arena: gradientBuffer(of: Float.self), plan: plan, shards: shards,
        scattersSums: scattersSums)
    case (_, .half(let format)):
      return GradientReducer(
        communicator: try communicator.compressing(format), arena: gradientBuffer(of: Float.self), plan: plan)
    case (_, .powerSGD(let rank)):
      return GradientReducer(
        communicator: communicator, arena: gradientBuffer(of: Float.self), plan: plan,
        shapes: parameters.map(\.parameter.shape), powerSGDRank: rank)
    }
  }
}
