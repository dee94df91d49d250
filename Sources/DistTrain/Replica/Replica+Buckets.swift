import Autograd
import Collective

extension Replica {
  /// Whether steps are still being measured to choose the sizes of buckets.
  public var isTuningBuckets: Bool { tuning != nil }

  /// Ends the search for sizes, if one is under way, with these. Collective, between steps.
  func use(_ chosen: ChosenBuckets) throws {
    tuning = nil
    buckets = chosen
    let plan = arena.plan(of: chosen.sizes)
    if optimizer.partsFollowBuckets && plan != arena.plan(of: .standard) {
      let (state, learningRates) = (try optimizer.gatherState(), self.learningRates)
      optimizer = makeOptimizer(plan)
      self.learningRates = learningRates
      try restoreOptimizer(communicator.broadcast(state))
    }
    reducer.use(plan, scattersSums: scattersSums)
    recorder?.forget()
  }

  /// Takes note of what a step cost, and chooses the sizes of the next step's buckets. Collective.
  func tuneBuckets(after step: TrainingRecord.Seconds) throws {
    guard var tuning else { return }
    tuning.add(step.forward + step.backward + step.communication)
    guard !tuning.isComplete else {
      return try use(ChosenBuckets(sizes: tuning.best(communicator), origin: .measured))
    }
    self.tuning = tuning
    // A sharded optimizer keeps its parts meanwhile, so that all sums go everywhere.
    reducer.use(arena.plan(of: tuning.current), scattersSums: false)
  }
}

extension BucketChoice {
  /// The sizes to begin with.
  var firstSizes: BucketSizes { if case .sizes(let sizes) = self { sizes } else { .standard } }

  /// What is known of the sizes at first, and the search for better ones, where there can be any.
  ///
  /// - Parameter changesBits: Whether a step has other bits with other sizes.
  func start(
    _ arena: ParameterArena, _ communicator: any Communicator, changesBits: Bool
  ) -> (buckets: ChosenBuckets, tuning: BucketTuning?) {
    if case .sizes = self { return (ChosenBuckets(sizes: firstSizes, origin: .given), nil) }
    guard communicator.size > 1, let tuning = BucketTuning(plan: arena.plan) else {
      return (ChosenBuckets(sizes: .standard, origin: .standard), nil)
    }
    guard self == .measured || !changesBits else {
      return (ChosenBuckets(sizes: .standard, origin: .unmeasured), nil)
    }
    return (ChosenBuckets(sizes: .standard, origin: .measuring), tuning)
  }
}

extension ParameterArena {
  /// The cut of the gradients by the sizes of buckets.
  func plan(of sizes: BucketSizes) -> BucketPlan {
    BucketPlan(parameters: ranges, tailCount: tail.count, bytesPerElement: dtype.byteCount, sizes: sizes)
  }
}
