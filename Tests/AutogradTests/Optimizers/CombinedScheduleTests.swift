import Autograd
import Testing

/// Schedules that are made of others, with PyTorch's numbers.
@Suite struct CombinedScheduleTests {
  private func rates(_ schedule: any LearningRateSchedule, base: Double = 0.1, _ count: Int = 12) -> [Double] {
    (0..<count).map { schedule.learningRate(at: $0, base: base) }
  }

  private func close(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-14 }
  }

  @Test func oneAfterTheOther() {
    let schedule = SequentialLR(
      [
        LinearLR(from: 0.25, stepCount: 4), CosineAnnealingLR(halfPeriod: 5, minimum: 0.01), ExponentialLR(factor: 0.5),
      ],
      milestones: [4, 9])
    #expect(
      close(
        rates(schedule),
        [
          0.025000000000000001, 0.043750000000000004, 0.062500000000000014, 0.081250000000000017, 0.10000000000000001,
          0.091405764746872634, 0.068905764746872628, 0.041094235253127359, 0.018594235253127367, 0.10000000000000001,
          0.050000000000000003, 0.025000000000000001,
        ]))
  }

  @Test func allAtOnce() {
    let schedule = ChainedScheduler([
      ConstantLR(factor: 0.1, stepCount: 3), ExponentialLR(factor: 0.9), MultiStepLR(milestones: [2, 6], factor: 0.5),
    ])
    #expect(
      close(
        rates(schedule),
        [
          0.010000000000000002, 0.0090000000000000028, 0.0040500000000000015, 0.036450000000000017,
          0.032805000000000015, 0.029524500000000013, 0.013286025000000005, 0.011957422500000005, 0.010761680250000006,
          0.009685512225000005, 0.0087169610025000042, 0.0078452649022500032,
        ]))
  }

  @Test func cycles() {
    #expect(
      close(
        rates(CyclicLR(maximum: 0.5, risingSteps: 4)), [0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2, 0.1, 0.2, 0.3, 0.4]))
    #expect(
      close(
        rates(CyclicLR(maximum: 0.5, risingSteps: 2, fallingSteps: 3, scaling: .halving)),
        [
          0.1, 0.29999999999999993, 0.4999999999999999, 0.3666666666666666, 0.2333333333333333, 0.1, 0.2000000000000001,
          0.29999999999999993, 0.2333333333333333, 0.16666666666666674, 0.1, 0.15000000000000005,
        ]))
    #expect(
      close(
        rates(CyclicLR(maximum: 0.5, risingSteps: 3, fallingSteps: 1, scaling: .exponential(factor: 0.9))),
        [
          0.1, 0.22, 0.316, 0.39160000000000006, 0.1, 0.178732, 0.2417176, 0.29131876, 0.1, 0.15165606520000002,
          0.19298091736000003, 0.22552423843600003,
        ]))
  }

  @Test func factors() {
    #expect(
      close(
        rates(PolynomialLR(stepCount: 8, power: 1.5), 10),
        [
          0.10000000000000001, 0.081848755335679979, 0.064951905283832906, 0.049410588440130937, 0.03535533905932739,
          0.022963966338592302, 0.012500000000000004, 0.0044194173824159237, 0, 0,
        ]))
    #expect(
      close(
        rates(ConstantLR(), 7),
        [
          0.033333333333333333, 0.033333333333333333, 0.033333333333333333, 0.033333333333333333, 0.033333333333333333,
          0.10000000000000001, 0.10000000000000001,
        ]))
    #expect(
      close(
        rates(LambdaLR { 1 / (1 + 0.5 * Double($0)) }, 4),
        [0.10000000000000001, 0.066666666666666666, 0.050000000000000003, 0.040000000000000008]))
  }

  @Test func schedulesThatDoNotFitTrap() async {
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = SequentialLR([LinearLR(), LinearLR()], milestones: [])
    }
    expect(count, says: "2 schedules and 0 milestones")
    let order = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = SequentialLR([LinearLR(), LinearLR(), LinearLR()], milestones: [5, 5])
    }
    expect(order, says: "[5, 5]")
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ChainedScheduler([])
    }
    expect(none, says: "ChainedScheduler of no schedule")
    let factor = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConstantLR(factor: 2)
    }
    expect(factor, says: "a factor of 2.0")
    let steps = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = PolynomialLR(stepCount: 0)
    }
    expect(steps, says: "PolynomialLR: 0 steps")
    let falling = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = CyclicLR(maximum: 1, risingSteps: 5, fallingSteps: 0)
    }
    expect(falling, says: "CyclicLR: 5 steps up and 0 down")
  }
}
