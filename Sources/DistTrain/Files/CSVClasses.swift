/// The numbers of the classes whose names a column of a ``CSVFile`` holds.
struct CSVClasses {
  /// In the order of their numbers.
  private(set) var names: [String]
  private var numbers: [String: Int]
  /// Whether there are no others than those that were given.
  private let isComplete: Bool

  /// Classes that are known, or none where those of the file are to be found.
  init(_ names: [String]) {
    self.names = names
    numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    isComplete = !names.isEmpty
  }

  /// The number of a class that was given.
  func given(_ name: String) -> Int? { isComplete ? numbers[name] : nil }

  /// The number of a class, which is the next one where it is new; nil where there is no such class.
  mutating func number(_ name: String) -> Int? {
    if let number = numbers[name] { return number }
    guard !isComplete else { return nil }
    numbers[name] = names.count
    names.append(name)
    return names.count - 1
  }

  /// Numbers the classes that were found anew, in the order of their names and without those that are not `used`; the new
  /// number of each old one that is.
  mutating func sort(used: Set<Int>) -> [Int: Int] {
    guard !isComplete else { return Dictionary(uniqueKeysWithValues: used.map { ($0, $0) }) }
    let order = used.sorted { names[$0] < names[$1] }
    names = order.map { names[$0] }
    return Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
  }
}
