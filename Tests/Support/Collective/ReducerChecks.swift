import Collective

extension CollectiveConformance {
  static let reducerChecks: [Check] = []
  static let diagnosisChecks: [Check] = []
}
